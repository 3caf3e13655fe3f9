"""A promo block on each surface, always from the same `BlockContent` and in the same order: the label comes first."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from markupsafe import Markup

from promos.rendering import lexical as ghost
from promos.rendering import markdown as bodies
from promos.rendering import paste
from promos.rendering.jinja import render
from promos.rendering.language import language
from promos.rules.blocks import BlockContent

RULE = "-" * 40

# Every ink on every ground it stands on is at least 4.5 : 1, also with all colours inverted; the button is light, so
# that a mail program that throws the styles away and keeps `bgcolor` shows its own blue link on it legibly.
PAINT: Final = {"ink": "#1B1F27", "paper": "#FFFFFF", "wash": "#F4F5F7", "button": "#E9EFFC", "link": bodies.LINK}

# What begins a field or a command in the tools that send newsletters: `{{ }}`, `{% %}`, `%%{ }%%`, `*| |*`,
# `[subscriber: ]`. A partner's words would be replaced there, or the whole issue be refused.
_COMMAND = re.compile(
    r"(?<=\{)(?=[{%#$])|(?<=%%)(?=\{)|(?<=\*)(?=\|)|(?<=\[)(?=\[|\w+:(?!/))|(?<=[$#])(?=\{)|(?:(?<=<)|(?<=&lt;))(?=%)"
)
_HAIR = "\u200a"  # the thinnest blank: the words look the same, and no tool takes them for a command


def email_html(block: BlockContent) -> str:
    """One table for any place in a mail: styles inline, no picture, no comment, nothing to load."""
    return _render("block.html", block, _html(block))


def email_text(block: BlockContent) -> str:
    """Between two rules, so that one sees where it ends."""
    return _render("block.txt", block, _apart(bodies.text(block.body)))


def web(block: BlockContent) -> str:
    return _render("block.web.html", block, _html(block))


def markdown(block: BlockContent) -> str:
    """For tools that read Markdown and HTML in it: there is none, and no text of a partner becomes any."""
    return _render("block.md.txt", block, paste.markdown(_html(block)), md=paste.escaped)


def rich_paste(block: BlockContent) -> str:
    """`p`, `h3`, `strong` and `a[href]`, for editors that keep nothing else of what is pasted."""
    return _render("block.paste.html", block, paste.paragraphs(_html(block)))


def mjml(block: BlockContent) -> str:
    """One `mj-section`, well-formed XML, to stand in an `mj-body`."""
    return _render("block.mjml", block, _html(block).replace(Markup("<br>"), Markup("<br/>")))


def lexical(block: BlockContent) -> str:
    """The mail's table as a Lexical document for Ghost, JSON."""
    return ghost.document(email_html(block))


SURFACES: Final[Mapping[str, Callable[[BlockContent], str]]] = {
    "email_html": email_html,
    "email_text": email_text,
    "web": web,
    "markdown": markdown,
    "rich_paste": rich_paste,
    "mjml": mjml,
    "lexical": lexical,
}


def _render(template: str, block: BlockContent, body: str, **more: object) -> str:
    block = _harmless(block)
    action = f"{block.word} – {block.call_to_action}" if block.word else block.call_to_action
    values = {"body": body, "action": action, "paint": PAINT, "rule": RULE, **more}
    return render(template, language(block.language), block=block, **values)


def _html(block: BlockContent) -> Markup:
    return Markup(_apart(bodies.html(block.body)))  # noqa: S704 -- blanks are all that is added to what was allowed


def _harmless(block: BlockContent) -> BlockContent:
    """The same block, without anything that a newsletter tool would take for a field of its own."""
    conditions = block.conditions_url
    words = (block.label, block.advertiser, block.given, block.heading, block.call_to_action, *block.terms)
    if not _COMMAND.search("\n".join(words)) and set("[]").isdisjoint(conditions or ""):
        return block  # as nearly all are; to make another one cleans it all anew
    if conditions is not None:
        origin, place, *rest = urlsplit(conditions)
        rest = [part.replace("[", "%5B").replace("]", "%5D") for part in rest]
        conditions = urlunsplit((origin, place, *rest))
    return replace(
        block,
        label=_apart(block.label),
        advertiser=_apart(block.advertiser),
        given=_apart(block.given),
        heading=_apart(block.heading),
        call_to_action=_apart(block.call_to_action),
        terms=tuple(map(_apart, block.terms)),
        conditions_url=conditions,
    )


def _apart(text: str) -> str:
    return _COMMAND.sub(_HAIR, str(text))
