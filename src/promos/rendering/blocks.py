"""A promo block on each surface, always from the same `BlockContent` and in the same order: the label comes first."""

from typing import Final

from promos.rendering import markdown
from promos.rendering.jinja import render
from promos.rendering.language import language
from promos.rules.blocks import BlockContent

RULE = "-" * 40

# Every ink on every ground it stands on is at least 4.5 : 1, also with all colours inverted; the button is light, so
# that a mail program that throws the styles away and keeps `bgcolor` shows its own blue link on it legibly.
PAINT: Final = {"ink": "#1B1F27", "paper": "#FFFFFF", "wash": "#F4F5F7", "button": "#E9EFFC", "link": markdown.LINK}


def email_html(block: BlockContent) -> str:
    """One table for any place in a mail: styles inline, no picture, nothing to load."""
    return _render("block.html", block, markdown.html(block.body))


def email_text(block: BlockContent) -> str:
    """Between two rules, so that one sees where it ends."""
    return _render("block.txt", block, markdown.text(block.body))


def web(block: BlockContent) -> str:
    return _render("block.web.html", block, markdown.html(block.body))


def _render(template: str, block: BlockContent, body: str) -> str:
    action = f"{block.word} – {block.call_to_action}" if block.word else block.call_to_action
    return render(template, language(block.language), block=block, body=body, action=action, paint=PAINT, rule=RULE)
