"""The little Markdown that partners and editors may use: paragraphs, line breaks, emphasis, lists, links."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from promos.rendering.paint import PAINT
from promos.rules.blocks import seen

TAGS = {"p", "br", "strong", "em", "a", "ul", "ol", "li"}
SCHEMES = {"http", "https", "mailto"}
_LINK = f"color:{PAINT['link']}"
INDENT = "padding:0 20px"  # less than the 40 of browsers, which is a tenth of a phone; Outlook keeps its own

_READER = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(
    # What is not read stays as it was typed. Entities would bring back characters that cleaning took out.
    [
        "backticks",
        "blockquote",
        "code",
        "entity",
        "fence",
        "heading",
        "html_block",
        "html_inline",
        "lheading",
        "reference",
    ]
)
_READER.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005 -- `_kept` decides, and keeps the words
_RULE = re.compile(r"[\s\-=_*~#·•–—─━]{3,}")


@lru_cache(maxsize=256)  # one block is shown again and again, and reading it is most of the work
def html(source: str, rel: str | None = "sponsored noopener") -> Markup:
    """`source` as HTML of the allowed tags alone; what else was meant as HTML is shown as it was typed.

    `rel` is for search engines, so for pages: in a mail it would be weight.
    """
    drawn = _READER.renderer.render(_read(source), _READER.options, {})
    allowed = nh3.clean(
        drawn,
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes=SCHEMES,
        url_relative="deny",
        link_rel=rel,
        set_tag_attribute_values={
            "a": {"style": _LINK},
            "ul": {"style": INDENT},
            "ol": {"style": INDENT},
        },
    )
    return Markup(allowed.strip())  # noqa: S704 -- the one place where HTML is trusted, straight from the allow-list


def text(source: str) -> str:
    """`source` for the plain part of a mail: links behind their words; no line looks like a rule of ours."""
    said = ""
    markers: list[Iterator[str]] = []
    marker, gap = "", ""
    for token in _read(source):
        match token.type:
            case "bullet_list_open":
                markers.append(iter(lambda: "- ", ""))
            case "ordered_list_open":
                markers.append(f"{number}. " for number in range(int(token.attrGet("start") or 1), 10**9))
            case "bullet_list_close" | "ordered_list_close":
                markers.pop()
                gap = gap if markers else "\n\n"
            case "list_item_open":
                marker = next(markers[-1])
            case "inline":
                lines = [line for line in _words(token.children or []).split("\n") if not _RULE.fullmatch(line)]
                indent = "  " * (len(markers) - 1)
                marker = marker or "  " * bool(markers)  # a second paragraph of the same entry
                said += gap + indent + marker + f"\n{indent}{' ' * len(marker)}".join(lines)
                marker, gap = "", "\n" if markers else "\n\n"
    return said.strip("\n")


def _read(source: str) -> Sequence[Token]:
    tokens = [token for token in _READER.parse(source) if token.type != "hr"]
    for token in tokens:
        token.children = list(_kept(token.children)) if token.children else token.children
    return tokens


def _kept(children: Sequence[Token]) -> Iterator[Token]:
    """Without pictures and without links to anything but http, https and mailto; their words stay."""
    opened: list[bool] = []
    for token in children:
        if token.type == "link_open":
            opened.append(str(token.attrGet("href")).partition(":")[0].lower() in SCHEMES)
            token.attrs.pop("title", None)
        keep = token.type != "image"
        if token.type in {"link_open", "link_close"}:
            keep = opened[-1] if token.type == "link_open" else opened.pop()
        if token.markup.startswith("_"):  # `snake_case` and `__class__` are words; emphasis is written with asterisks
            yield Token("text", "", 0, content=token.markup)
        elif keep:
            token.content = seen(token.content)  # an address shown as words is decoded
            yield token


def _words(children: Sequence[Token]) -> str:
    said = ""
    target, since = "", 0
    for token in children:
        match token.type:
            case "softbreak" | "hardbreak":
                said += "\n"
            case "link_open":
                target, since = str(token.attrGet("href")).removeprefix("mailto:"), len(said)
            case "link_close" if said[since:] != target:
                said += f" ({target})"
            case _:
                said += token.content if token.type == "text" else ""
    return said
