"""A promo block on each surface, always from the same `BlockContent` and in the same order: the label comes first."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from unicodedata import bidirectional, east_asian_width
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from markupsafe import Markup

from promos.rendering import lexical as ghost
from promos.rendering import markdown as bodies
from promos.rendering import paste
from promos.rendering.jinja import render
from promos.rendering.language import direction, language
from promos.rules.blocks import BlockContent

RULE = "-" * 40

PICTURE = (400, 44)  # CSS pixels, of how many are left
QR = 104  # CSS pixels; each module of a usual address is more than two of them, half a millimetre

# What begins a field or a command in the tools that send newsletters: `{{ }}`, `{% %}`, `%%{ }%%`, `*| |*`,
# `[subscriber: ]`. A partner's words would be replaced there, or the whole issue be refused.
_COMMAND = re.compile(
    r"(?<=\{)(?=[{%#$])|(?<=%%)(?=\{)|(?<=\*)(?=\|)|(?<=\[)(?=\[|\w+:(?!/))|(?<=[$#])(?=\{)|(?:(?<=<)|(?<=&lt;))(?=%)"
)
_HAIR = "\u200a"  # the thinnest blank: the words look the same, and no tool takes them for a command


def email_html(block: BlockContent) -> str:
    """One table for any place in a mail: styles inline, a button of Outlook's own, two pictures that nothing needs."""
    return _render("block.html", block, _html(block, rel=None), shape=_shape, is_page=False)


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
    return _render("block.mjml", block, _html(block, rel=None).replace(Markup("<br>"), Markup("<br/>")))


def lexical(block: BlockContent) -> str:
    """The mail's table as a Lexical document for Ghost, JSON: a mail and a page at once."""
    return ghost.document(_render("block.html", block, _html(block), shape=_shape, is_page=True))


SURFACES: Final[Mapping[str, Callable[[BlockContent], str]]] = {
    "email_html": email_html,
    "email_text": email_text,
    "web": web,
    "markdown": markdown,
    "rich_paste": rich_paste,
    "mjml": mjml,
    "lexical": lexical,
}


def picture(block: BlockContent, ending: str) -> str:
    """An address of this installation that is the same for every reader: `.png`, `.svg`, `-qr.png`."""
    return urljoin(block.url, f"../b/{quote(block.block_id, safe='')}{ending}")


def _render(template: str, block: BlockContent, body: str, **more: object) -> str:
    block = _harmless(block)
    action = f"{block.word} – {block.call_to_action}" if block.word else block.call_to_action
    values = {"body": body, "action": action, "rule": RULE, **more}
    values |= {"pictures": picture(block, ""), "room": PICTURE, "qr": QR, "host": urlsplit(block.url).hostname}
    values["facing"] = partial(_facing, direction(block.language))
    return render(template, language(block.language), block=block, **values)


def _facing(around: str, text: str) -> Markup:
    """The attribute for a text whose first letter runs the other way than what is around it."""
    strong = next((bidirectional(letter) for letter in text if bidirectional(letter) in {"L", "R", "AL"}), None)
    own = around if strong is None else "ltr" if strong == "L" else "rtl"
    return Markup("") if own == around else Markup(' dir="{}"').format(own)


def _html(block: BlockContent, rel: str | None = "sponsored noopener") -> Markup:
    return Markup(_apart(bodies.html(block.body, rel)))  # noqa: S704 -- blanks are all that is added to what was allowed


@dataclass(frozen=True, slots=True)
class _Shape:
    """Of a button that does not grow with its words; in points, which Word scales like letters."""

    width: int
    height: int


def _shape(words: str) -> _Shape:
    letters = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)
    asked = 7.5 * letters  # wider than Arial Bold at 12 points is on average, capitals among them
    lines = math.ceil(asked / 372)
    return _Shape(min(408, math.ceil(asked) + 36), 18 * lines + 21)


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
