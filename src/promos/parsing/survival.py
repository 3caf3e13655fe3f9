"""What mail programs, newsletter tools and readers do to a promo block, and whether its label outlives each of it.

Twelve transformations, each written down as it is known of the programs that do it. They are models: what they break
is broken, what they leave whole may still break in a program that nobody here has seen.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Final, Literal

from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser, LexborNode

from promos.parsing import Unreadable
from promos.parsing.html import read_html
from promos.parsing.issues import TEXT, read_issue
from promos.parsing.lengths import pixels
from promos.parsing.styles import parsed_style
from promos.rules.blocks import BlockContent
from promos.rules.disclosure.checks import contrast
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.subject import Facts, label_lines, of_rendering
from promos.rules.issues import Look, Segment
from promos.rules.language import N_

CLIPPED_AT = 102_000  # bytes of HTML that Gmail shows
EXTRACT = 140  # characters of a preview line
LEGIBLE = 4.5  # contrast, WCAG 2.2, 1.4.3
_DARK, _BRIGHT = "#1e1e1e", "#ffffff"  # a mail program's own ground and ink at night
_NARROW = 300  # CSS pixels that a mail of 600 has for its text at 200 %
_NOT_HEARD = frozenset({"aria-hidden", "display:none", "visibility:hidden", "hidden", "content-visibility:hidden"})
_SHEETS = "style, link, meta, title"
_PICTURES = "img, picture, svg, video, canvas"
_LOOKS = ("style", "class", "id", "bgcolor", "background", "color", "face", "size", "align", "width", "height")

Verdict = Literal["survives", "lost", "does not apply"]
Transformation = Callable[[str], list[Segment]]


@dataclass(frozen=True, slots=True)
class Cell:
    """Whether the label of one rendering outlives one transformation; `reason`, with `facts` in it, where it does not.

    Lost: no label of the catalogue is seen, or a heading, a link or the code is seen before it.
    """

    surface: str
    transformation: str
    verdict: Verdict
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def matrix(block: BlockContent, drawn: Mapping[str, str], rule_set: RuleSet) -> tuple[Cell, ...]:
    """Every rendering (its text, by the name of its surface) of a block under every transformation."""
    return tuple(
        _cell(block, surface, text, name, rule_set) for surface, text in drawn.items() for name in TRANSFORMATIONS
    )


def reading(surface: str, text: str, transformation: str) -> list[Segment] | None:
    """What a reader meets of a rendering after a transformation; `None` where the two never meet."""
    if transformation in _NEVER.get(surface, {}):
        return None
    if surface != "email_text":
        return TRANSFORMATIONS[transformation](as_html(surface, text))
    if transformation == "forwarded":
        return _plain("\n".join(f"> {line}".rstrip() for line in text.split("\n")))
    return _extract(_plain(text)) if transformation == "first_sentence" else _plain(text)


def as_html(surface: str, text: str) -> str:
    """The HTML that a newsletter tool makes of a rendering."""
    if surface == "markdown":
        return str(MarkdownIt("commonmark", {"html": True}).render(text))
    if surface == "lexical":
        cards = json.loads(text)["root"]["children"]
        return "\n".join(str(card["html"]) for card in cards if card.get("type") == "html")
    return _compiled(text) if surface == "mjml" else text


def styles_stripped(html: str) -> list[Segment]:
    """No style element, no style or class attribute, no colour: beehiiv, La Poste, GMX, Gmail in part."""
    return _read(html, drops=_SHEETS, attributes=_LOOKS)


def images_off(html: str) -> list[Segment]:
    """No picture, in the text or behind it. Alternative texts count for nothing: not every program shows them."""
    page = _without(html, drops=_PICTURES, attributes=("background",))
    for node in page.css("[style*='url(']"):
        node.attrs["style"] = re.sub(r"url\([^)]*\)", "none", str(node.attributes["style"]))
    return read_html(page.html or "")[0]


def clipped(html: str) -> list[Segment]:
    """The first 102 KB, where Gmail puts a link to the rest."""
    return read_html(html.encode()[:CLIPPED_AT].decode(errors="ignore"))[0]


def plain_text(html: str) -> list[Segment]:
    """The plain part that tools make of an HTML mail: all its words in their order, with addresses, hidden or not."""
    bare = _read(html, drops=f"{_SHEETS}, {_PICTURES}", attributes=(*_LOOKS, "hidden", "aria-hidden"))
    return _plain("\n\n".join("\n".join([segment.text, *segment.links]) for segment in bare))


def dark(html: str) -> list[Segment]:
    """At night: grounds that nobody set turn dark (Apple Mail), or every colour is turned round (Gmail's apps)."""
    return [replace(segment, look=_worse_at_night(segment.look)) for segment in read_html(html)[0]]


def rich_paste(html: str) -> list[Segment]:
    """What is copied from the page and pasted into an editor such as Substack's: words that are seen, and links."""
    return [
        replace(segment, look=Look())
        for segment in read_html(html)[0]
        if not (_unseen(segment) or segment.look.is_image)
    ]


def forwarded(html: str) -> list[Segment]:
    """Below a line of the program's own; the sheet, classes and identifiers of the first mail are gone."""
    return _read(f"<p>———</p>{html}", drops=_SHEETS, attributes=("class", "id"))


def feed(html: str) -> list[Segment]:
    """In a feed reader: a CDATA section ends at its first `]]>`; no style, no class, no part of another page."""
    return _read(html.partition("]]>")[0], drops=f"{_SHEETS}, iframe, form, object", attributes=("style", "class"))


def read_aloud(html: str) -> list[Segment]:
    """A screen reader: the order of the source, pictures by their alternative text, whatever size and colour."""
    return [
        segment if segment.look.hidden_by in _NOT_HEARD else replace(segment, look=Look())
        for segment in read_html(html)[0]
    ]


def zoomed(html: str) -> list[Segment]:
    """At 200 % (WCAG 2.2, 1.4.4): a box of fixed size that hides what overflows loses it. Sizes are estimated."""
    page = LexborHTMLParser(html)
    for node in page.css("[style]"):
        if _overflows(node):
            node.attrs["style"] = "display:none"
    return read_html(page.html or "")[0]


def first_sentence(html: str) -> list[Segment]:
    """What inboxes and summaries quote: the first sentence that is seen, or the beginning of it."""
    return _extract(read_html(html)[0])


def comments_stripped(html: str) -> list[Segment]:
    """As listmonk and simple filters do it: from each `<!--` to the next `-->`, wherever they stand."""
    return read_html(re.sub(r"<!--.*?(?:-->|\Z)", "", html, flags=re.DOTALL))[0]


TRANSFORMATIONS: Final[Mapping[str, Transformation]] = {
    each.__name__: each
    for each in (
        styles_stripped,
        images_off,
        clipped,
        plain_text,
        dark,
        rich_paste,
        forwarded,
        feed,
        read_aloud,
        zoomed,
        first_sentence,
        comments_stripped,
    )
}
_TEXT_ONLY = N_("Plain text has neither styles nor pictures, colours, boxes or comments.")
_PAGE = N_("A page is not mailed.")
_NEVER: Final[Mapping[str, Mapping[str, str]]] = {
    "email_text": {
        **dict.fromkeys(("styles_stripped", "images_off", "dark", "zoomed", "comments_stripped"), _TEXT_ONLY),
        "clipped": N_("It is HTML that is clipped, and the plain part is another."),
        "feed": N_("A feed is made of HTML."),
    },
    "web": {"clipped": _PAGE, "forwarded": _PAGE},
}


def _cell(block: BlockContent, surface: str, text: str, name: str, rule_set: RuleSet) -> Cell:
    met = reading(surface, text, name)
    if met is None:
        return Cell(surface, name, "does not apply", _NEVER[surface][name])
    reason, facts = broken(block, met, rule_set)
    return Cell(surface, name, "lost" if reason else "survives", reason, facts)


def broken(block: BlockContent, met: Sequence[Segment], rule_set: RuleSet) -> tuple[str, dict[str, Any]]:
    """Why the label fails those who meet these segments, with its facts; empty where it does not fail."""
    seen = [each for each in met if not _unseen(each)]
    first = _first_label(block, seen, rule_set)
    after: str | None = None
    if first is not None:
        after = next((what for what, at in _others(block, seen).items() if at is not None and at < first), None)
        pale = _pale(seen[first[0]].look)
        if after is None and pale is None:
            return "", {}
        if after is None:
            return N_("The label is too pale: its contrast is %(ratio)s : 1."), {"ratio": pale}
    written = _first_label(block, met, rule_set)
    look = met[written[0]].look if written else Look()
    if look.is_image:
        return N_("The label is in a picture only."), {}
    if look.hidden_by:
        return N_("The label is hidden: %(by)s."), {"by": look.hidden_by}
    return after or N_("No label is left."), {}


def _first_label(block: BlockContent, segments: Sequence[Segment], rule_set: RuleSet) -> tuple[int, int] | None:
    """The segment in which the first line begins that is a label, and the character."""
    nobody = Facts(None, None, (), block.advertiser, None)
    lines = label_lines(rule_set.with_owners(), of_rendering(segments, block.code, block.heading, nobody, {}))
    return (lines[0].at, segments[lines[0].at].text.index(lines[0].line)) if lines else None


def _others(block: BlockContent, segments: Sequence[Segment]) -> dict[str, tuple[int, int] | None]:
    """Where the heading, the code and the first link begin, by what is said if the label comes after."""
    return {
        N_("The heading stands before the label."): _place(segments, block.heading),
        N_("The code stands before the label."): _place(segments, block.code),
        N_("A link stands before the label."): next(
            ((at, max(0, each.text.find("://"))) for at, each in enumerate(segments) if each.links), None
        ),
    }


def _place(segments: Iterable[Segment], words: str) -> tuple[int, int] | None:
    if not words:
        return None
    return next(((at, each.text.index(words)) for at, each in enumerate(segments) if words in each.text), None)


def _unseen(segment: Segment) -> bool:
    return segment.look.hidden_by is not None or segment.look.is_image


def _pale(look: Look) -> float | None:
    if look.color is None or look.background is None:
        return None
    ratio = contrast(look.color, look.background)
    return math.floor(ratio * 10) / 10 if ratio < LEGIBLE else None


def _worse_at_night(look: Look) -> Look:
    """Colours that are set stay where the program only darkens its own; or all of them are turned round."""
    darkened = replace(look, color=look.color or _BRIGHT, background=look.background or _DARK)
    turned = replace(look, color=_inverse(look.color or "#000000"), background=_inverse(look.background or "#ffffff"))
    return min(darkened, turned, key=lambda each: contrast(each.color or "", each.background or ""))


def _inverse(color: str) -> str:
    return f"#{0xFFFFFF - int(color[1:], 16):06x}"


def _extract(segments: Sequence[Segment]) -> list[Segment]:
    said = " ".join(" ".join(each.text.split()) for each in segments if not _unseen(each))
    first = re.split(r"(?<=[.!?…])\s", said, maxsplit=1)[0][:EXTRACT]
    return [Segment("", "paragraph", first, f"<p>{escape(first)}</p>")] if first else []


def _plain(text: str) -> list[Segment]:
    try:
        return read_issue(text, TEXT).segments
    except Unreadable:
        return []


def _read(html: str, *, drops: str, attributes: Iterable[str]) -> list[Segment]:
    return read_html(_without(html, drops=drops, attributes=attributes).html or "")[0]


def _without(html: str, *, drops: str, attributes: Iterable[str]) -> LexborHTMLParser:
    page = LexborHTMLParser(html)
    for node in page.css(drops):
        node.decompose()
    for name in attributes:
        for node in page.css(f"[{name}]"):
            del node.attrs[name]
    return page


def _overflows(node: LexborNode) -> bool:
    """Whether twice as large letters need more room than a box has that cuts them off."""
    style = {name: value for name, (value, _) in parsed_style(str(node.attributes["style"] or "")).items()}
    cuts = any(style.get(name) in ("hidden", "clip") for name in ("overflow", "overflow-x", "overflow-y"))
    text = (node.text() or "").strip()
    if not cuts or not text:
        return False
    letter = 2 * (pixels(style.get("font-size", ""), 16.0) or 16.0)
    width = pixels(style.get("width", style.get("max-width", ""))) or 2 * _NARROW
    height = pixels(style.get("height", style.get("max-height", "")))
    if style.get("white-space") == "nowrap":
        return len(text) * letter / 2 > width
    lines = math.ceil(len(text) * letter / 2 / width)
    return height is not None and lines * letter * 1.2 > height


_MJ = re.compile(r"<(/?)mj-([a-z]+)((?:\s+[\w-]+=\"[^\"]*\")*)\s*(/?)>")
_MJ_ATTRIBUTE = re.compile(r"([\w-]+)=\"([^\"]*)\"")
_MJ_STYLES = {"color": "color", "font-size": "font-size", "container-background-color": "background-color"}
_MJ_STYLES |= {"background-color": "background-color"}


def _compiled(mjml: str) -> str:
    """A section of MJML with the words, links, order and colours that its compiler gives them; not the layout."""

    def tag(found: re.Match[str]) -> str:
        closes, name = found[1], found[2]
        said = dict(_MJ_ATTRIBUTE.findall(found[3]))
        style = ";".join(f"{_MJ_STYLES[key]}:{value}" for key, value in said.items() if key in _MJ_STYLES)
        if name == "image":
            return f'<img src="{said.get("src", "")}" alt="{said.get("alt", "")}">'
        if name == "button":
            return "</a></div>" if closes else f'<div><a href="{said.get("href", "")}" style="{style}">'
        return "</div>" if closes or found[4] else f'<div style="{style}">'

    return _MJ.sub(tag, mjml)
