"""A whole issue on each surface: its own paragraphs as they are, with the promo blocks in their places."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from promos.rendering import blocks
from promos.rendering.jinja import render
from promos.rendering.language import language
from promos.rules.blocks import BlockContent, clean_line
from promos.rules.issues import Segment

Part = BlockContent | Segment

RULE = "* * *"  # a rule of the issue's own, unlike those around a block


def email_html(parts: Sequence[Part], *, title: str, tag: str) -> str:
    """A document of its own; `tag` is the issue's language."""
    content = _joined(parts, blocks.email_html)
    return render("issue.html", language(tag), content=content, title=clean_line(title), tag=clean_line(tag))


def email_text(parts: Sequence[Part]) -> str:
    said = (blocks.email_text(part).strip() if isinstance(part, BlockContent) else _said(part) for part in parts)
    return "\n\n".join(text for text in said if text) + "\n"


def web(parts: Sequence[Part], *, tag: str) -> str:
    """An `article`, for a page that has a head already."""
    return render("issue.web.html", language(tag), content=_joined(parts, blocks.web), tag=clean_line(tag))


def _joined(parts: Sequence[Part], block: Callable[[BlockContent], str]) -> Markup:
    drawn = (block(part).strip() if isinstance(part, BlockContent) else part.html for part in parts)
    return Markup("\n".join(drawn))  # noqa: S704 -- a segment's HTML was sanitised when the issue came in


def _said(segment: Segment) -> str:
    return segment.text or (RULE if segment.kind == "rule" else "")
