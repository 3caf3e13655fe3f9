"""HTML as a reader meets it: blocks in order, what hides them, and a copy that is safe to show."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import nh3
import tinycss2
from selectolax.lexbor import LexborHTMLParser, LexborNode

from promos.parsing import Unreadable
from promos.rules.blocks import seen
from promos.rules.issues import Look, Segment

_BLOCKS = frozenset(
    "address article aside blockquote body center details dd div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_UNREAD = frozenset("head script style template noscript title meta link svg math iframe object".split())
_KINDS = {"ul": "list", "ol": "list", "blockquote": "quote", "hr": "rule", "li": "list"}
_INNER = 12
_MOST = 5000  # segments
_DEEPEST = 400  # nested elements; what is deeper is read as text of the last one
_TAGS = set(
    "a abbr b blockquote br caption center code dd div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img li "
    "ol p pre s section small span strong sub sup table tbody td tfoot th thead tr u ul".split()
)
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "title", "valign", "bgcolor", "width", "height", "role"},
    "a": {"href"},
    "img": {"src", "alt", "border"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "font": {"color", "face", "size"},
}
_STYLES = set(
    "background-color border border-bottom border-collapse border-color border-left border-radius border-right "
    "border-style border-top border-width color display font-family font-size font-style font-weight height "
    "letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right margin-top max-width "
    "min-width padding padding-bottom padding-left padding-right padding-top text-align text-decoration "
    "text-transform vertical-align white-space width word-break".split()
)
_BLANKS = re.compile(r"[ \t\n\r\f\xa0]+")
_LENGTH = re.compile(r"(-?\d{0,6}(?:\.\d{1,6})?)\s{0,2}(px|pt|em|rem|%|)")
_PIXELS = {"px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "": 1.0}
_NAMED = {"white": "#ffffff", "black": "#000000", "red": "#ff0000", "gray": "#808080", "grey": "#808080"}
_NAMED |= {"silver": "#c0c0c0", "transparent": ""}


@dataclass(frozen=True)
class Shown:
    """What the elements around a piece of text make of it."""

    look: Look = field(default_factory=Look)
    tag: str = "body"


Styles = dict[str, dict[str, str]]  # selector: tag, .class or #id → declarations


def safe(html: str) -> str:
    """The same HTML without anything that runs, loads a frame, sends a form or leaves the page by itself."""
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "template", "title", "noscript", "iframe", "object", "svg", "math"},
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        filter_style_properties=_STYLES,
        link_rel=None,
    ).strip()


def read_html(text: str) -> tuple[list[Segment], str | None]:
    """The segments of a page or fragment, unnumbered, and the language it says it is in."""
    parser = LexborHTMLParser(text)
    root = parser.root
    if root is None:
        return [], None
    styles = _style_sheets(parser)
    said = root.attributes.get("lang") or next((node.attributes.get("lang") for node in parser.css("[lang]")), None)
    body = parser.body or root
    segments = list(islice(_walk(body, Shown(), styles, 0), _MOST + 1))
    if len(segments) > _MOST:
        raise Unreadable(f"more than {_MOST} parts")
    return segments, said.split("-")[0].lower()[:3] if said else None


def _walk(node: LexborNode, around: Shown, styles: Styles, depth: int) -> Iterator[Segment]:
    """One segment for each block that holds text itself; lists and quotes stay whole."""
    inline: list[LexborNode] = []
    for child in _children(node):
        tag = child.tag or ""
        if tag in _UNREAD or tag == "-comment":
            continue
        if tag in _BLOCKS and depth < _DEEPEST:
            yield from _flushed(inline, around, styles)
            inline = []
            shown = _shown(child, around, styles)
            if tag in _KINDS or not _has_blocks(child):
                yield from _one([child], shown, styles)
            else:
                yield from _walk(child, shown, styles, depth + 1)
        else:
            inline.append(child)
    yield from _flushed(inline, around, styles)


def _flushed(inline: list[LexborNode], around: Shown, styles: Styles) -> Iterator[Segment]:
    if any(_BLANKS.sub("", child.text() or "") or child.tag == "img" or child.css_first("img") for child in inline):
        yield from _one(inline, around, styles)


def _one(parts: list[LexborNode], shown: Shown, styles: Styles) -> Iterator[Segment]:
    tag = parts[0].tag if len(parts) == 1 else None
    raw = "".join(part.html or "" for part in parts)
    is_whole = tag in _BLOCKS
    look = shown.look
    if len(parts) == 1 and not is_whole and tag not in (None, "-text"):
        look = _shown(parts[0], shown, styles).look
    inner = _only_child(parts[0]) if len(parts) == 1 else None
    for _ in range(_INNER):  # <p><span style="display:none">…</span></p>
        if inner is None:
            break
        look = _shown(inner, Shown(look), styles).look
        inner = _only_child(inner)
    text = "\n".join(_lines(parts, styles))
    images = [image for part in parts for image in ([part] if part.tag == "img" else part.css("img"))]
    kind = _kind(tag)
    if not text.strip() and images:
        kind, text = "image", " ".join(filter(None, (image.attributes.get("alt") for image in images)))
        look = replace(look, is_image=True)
    if kind != "rule" and not text.strip():
        return
    links = tuple(
        href
        for part in parts
        for anchor in ([part] if part.tag == "a" else part.css("a[href]"))
        if (href := anchor.attributes.get("href"))
    )
    markup = safe(raw if is_whole else f"<p>{raw}</p>")
    yield Segment("", kind, seen(text).strip(), markup, links, None, look)


def _kind(tag: str | None) -> str:
    if tag and re.fullmatch("h[1-6]", tag):
        return "heading"
    return _KINDS.get(tag or "", "paragraph")


def _lines(parts: list[LexborNode], styles: Styles) -> list[str]:
    """The text of these nodes that is not hidden inside them, a line for each break or list entry."""
    whole = parts[0].mem_id if len(parts) == 1 else None  # its own hiding is the segment's, and known
    lines = [""]
    stack: list[LexborNode | str] = list(reversed(parts))
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            lines.append(current)
            continue
        tag = current.tag or ""
        if tag == "-text":
            lines[-1] += _BLANKS.sub(" ", current.text_content or "")
        elif tag == "br":
            lines.append("")
        elif tag not in _UNREAD and (current.mem_id == whole or not _hidden_by(current, styles)):
            if tag == "li":
                lines.append("• ")
                stack.append("")
            elif tag in _BLOCKS and lines[-1]:
                lines.append("")
            stack.extend(reversed(_children(current)))
    return [line.strip() for line in lines if line.strip()]


def _children(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=True))


def _only_child(node: LexborNode) -> LexborNode | None:
    """The one element that holds all of a node's text."""
    with_text = [child for child in _children(node) if (child.text() or "").strip() or child.tag == "img"]
    return with_text[0] if len(with_text) == 1 and with_text[0].tag not in ("-text", "img", "br") else None


def _has_blocks(node: LexborNode, deeper: int = 12) -> bool:
    """Whether a block stands in it, directly or inside something inline."""
    return any(
        (child.tag or "") in _BLOCKS or (deeper > 0 and child.tag != "-text" and _has_blocks(child, deeper - 1))
        for child in _children(node)
    )


def _shown(node: LexborNode, around: Shown, styles: Styles) -> Shown:
    style = _style(node, styles)
    size = _pixels(style.get("font-size", ""), around.look.font_size)
    look = Look(
        hidden_by=around.look.hidden_by or _hidden_by(node, styles),
        font_size=size if size is not None else around.look.font_size,
        color=_color(style.get("color")) or around.look.color,
        background=_color(style.get("background-color") or style.get("background")) or around.look.background,
    )
    if look.hidden_by is None and look.color and look.color == look.background:
        look = replace(look, hidden_by="colour of the background")
    return Shown(look, node.tag or "")


def _hidden_by(node: LexborNode, styles: Styles) -> str | None:
    """The technique that hides this element by itself, in the words of CSS."""
    attributes: Mapping[str, Any] = node.attributes or {}
    if "hidden" in attributes:
        return "hidden"
    if attributes.get("aria-hidden") == "true":
        return "aria-hidden"
    if node.tag == "details" and "open" not in attributes:
        return "closed details"
    style = _style(node, styles)
    for name, value in (("display", "none"), ("visibility", "hidden"), ("visibility", "collapse"), ("mso-hide", "all")):
        if style.get(name) == value:
            return f"{name}:{value}"
    return _too_small(style)


def _too_small(style: Mapping[str, str]) -> str | None:
    if (opacity := _number(style.get("opacity"))) is not None and opacity < 0.6:
        return "opacity"
    size = _pixels(style.get("font-size", ""), None)
    if size is not None and size < 10:
        return "font-size"
    for side in ("height", "max-height", "width", "max-width"):
        length = _pixels(style.get(side, ""), None)
        if length is not None and length <= 1:
            return side
    for side in ("left", "top", "text-indent", "margin-left", "margin-top"):
        length = _pixels(style.get(side, ""), None)
        if length is not None and length <= -500:
            return side
    if "clip" in style or style.get("clip-path", "none") not in ("none", ""):
        return "clip"
    return None


def _style(node: LexborNode, styles: Styles) -> dict[str, str]:
    attributes: Mapping[str, Any] = node.attributes or {}
    found = dict(styles.get(node.tag or "", {}))
    for name in (attributes.get("class") or "").split()[:50]:
        found |= styles.get(f".{name}", {})
    if attributes.get("id"):
        found |= styles.get(f"#{attributes['id']}", {})
    for old, new in (("bgcolor", "background-color"), ("color", "color")):
        if attributes.get(old) and node.tag in ("font", "table", "td", "tr", "body"):
            found.setdefault(new, str(attributes[old]))
    if attributes.get("style"):
        found |= _declarations(tinycss2.parse_blocks_contents(attributes["style"][:5000], skip_whitespace=True))
    return found


def _style_sheets(parser: LexborHTMLParser) -> Styles:
    """Rules of one tag, class or id; those of a media query may hide a label on some screen, so they count too."""
    styles: Styles = {}
    for sheet in parser.css("style")[:20]:
        rules = tinycss2.parse_stylesheet((sheet.text() or "")[:100_000], skip_comments=True, skip_whitespace=True)
        _collect(rules, styles)
    return styles


def _collect(rules: list[Any], styles: Styles) -> None:
    for rule in rules:
        if rule.type == "at-rule" and rule.content is not None and rule.lower_at_keyword == "media":
            _collect(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True), styles)
        elif rule.type == "qualified-rule":
            declared = _declarations(tinycss2.parse_blocks_contents(rule.content, skip_whitespace=True))
            for selector in tinycss2.serialize(rule.prelude).split(","):
                name = selector.strip().split()[-1] if selector.strip() else ""
                simple = re.fullmatch(r"(?:[a-z0-9]+)?([.#][\w-]+)|([a-z0-9]+)", name)
                if simple:
                    styles.setdefault(simple[1] or simple[2], {}).update(declared)


def _declarations(parsed: list[Any]) -> dict[str, str]:
    return {
        each.lower_name: tinycss2.serialize(each.value).strip().lower() for each in parsed if each.type == "declaration"
    }


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text and len(text) < 12 else None
    except ValueError:
        return None


def _pixels(text: str, around: float | None) -> float | None:
    match = _LENGTH.fullmatch(text.strip().removesuffix("!important").strip())
    number = _number(match[1]) if match else None
    if match is None or number is None or (match[2] == "" and number != 0):
        return None
    if match[2] == "%":
        return (around or 16.0) * number / 100 if around else None
    return number * ((around or 16.0) if match[2] == "em" else _PIXELS[match[2]])


def _color(text: str | None) -> str | None:
    if not text:
        return None
    text = text.strip().lower().removesuffix("!important").strip()
    if re.fullmatch("#[0-9a-f]{3}", text):
        return "#" + "".join(letter * 2 for letter in text[1:])
    if re.fullmatch("#[0-9a-f]{6}", text):
        return text
    match = re.fullmatch(r"rgba?\(\s{0,3}(\d{1,3})[\s,]{1,3}(\d{1,3})[\s,]{1,3}(\d{1,3})[^)]{0,20}\)", text)
    if match:
        return "#" + "".join(f"{min(255, int(part)):02x}" for part in match.groups())
    return _NAMED.get(text) or None
