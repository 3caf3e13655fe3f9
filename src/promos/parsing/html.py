"""HTML as a reader meets it: blocks in order, how each is shown, and a copy that is safe to show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from promos.parsing import Unreadable
from promos.parsing.styles import UNREAD, Shown, Styles
from promos.rules.blocks import seen
from promos.rules.issues import Look, Segment

_BLOCKS = frozenset(
    "address article aside blockquote body center details dd div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_UNREAD = frozenset(
    "head script style template noscript title meta link svg math iframe object embed audio video canvas select option "
    "textarea datalist rp -comment -doctype".split()
)
_WHOLE = {"ul": "list", "ol": "list", "dl": "list", "blockquote": "quote", "hr": "rule"}
MOST = 5000  # segments
# A parser looks upwards from each element, so very many open ones would take it minutes.
_MOST_ELEMENTS = 30_000
_MOST_NESTED = 5_000
_DEEPEST = 400  # nested elements; what is deeper is read as text of the last one
_OPENED = re.compile(r"<([a-zA-Z][a-zA-Z0-9]{0,20})")
_FLAT = frozenset("p br img a td tr th tbody thead tfoot hr meta link col input wbr span b i u em strong font".split())
_MOST_ATTRIBUTES = 500  # of one element; each is compared with all before it
_ATTRIBUTE = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"?+|'[^']*+'?+|[^\s>"'][^\s>]*+)?+)?+"""
_EACH_ATTRIBUTE = re.compile(_ATTRIBUTE)
_OPENING = re.compile(rf"<[a-zA-Z][^\s/>]*+(?:{_ATTRIBUTE})*+")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|<![^<>]*>")

_TAGS = set(
    "a abbr b bdi blockquote br caption center code dd del div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i "
    "img ins li mark ol p pre s section small span strong sub sup table tbody td tfoot th thead tr u ul".split()
)
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "title", "valign", "bgcolor", "width", "height", "role"},
    "a": {"href"},
    "img": {"src", "alt", "border"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start", "type"},
    "font": {"color", "face", "size"},
}
_STYLES = set(
    "background-color border border-bottom border-collapse border-color border-left border-radius border-right "
    "border-style border-top border-width color display font font-family font-size font-style font-weight height "
    "letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right margin-top max-width "
    "min-width padding padding-bottom padding-left padding-right padding-top text-align text-decoration "
    "text-transform vertical-align white-space width word-break".split()
)
_BLANKS = re.compile(r"[ \t\n\r\f\xa0]+")
DIRECTION = "direction override"
_OVERRIDE = re.compile("[\u202d\u202e]")  # LRO, RLO: what is stored is not what is read
_ORDINARY = re.compile("[ -~\n\xa0-\xac\xae-\xffŒœŠšŽžŸ‐-‧‰-⁞€™•]*")


def safe(html: str) -> str:
    """The same HTML without anything that runs, loads a frame, sends a form or leaves the page by itself."""
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "template", "title", "noscript", "iframe", "object", "svg", "math"},
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        filter_style_properties=_STYLES,
        link_rel=None,
    ).strip()


def read_html(text: str) -> tuple[list[Segment], str | None]:
    """The segments of a page or fragment, unnumbered, and the language it says it is in; raises `Unreadable`."""
    if not is_parsed_in_time(text):
        return _flat(text), None
    parser = LexborHTMLParser(text)
    root = parser.root
    if root is None:
        return [], None
    spoken = root.attributes.get("lang") or next((each.attributes.get("lang") for each in parser.css("[lang]")), None)
    reading = _Reading(Styles(parser))
    reading.walk(parser.body or root)
    return reading.segments, spoken.replace("_", "-").split("-")[0].lower()[:3] if spoken else None


def is_parsed_in_time(text: str) -> bool:
    """Whether no parser needs more than a moment for it: HTML has several ways to keep one busy for minutes."""
    opened = list(_OPENED.finditer(text))
    if len(opened) > _MOST_ELEMENTS or sum(each[1].lower() not in _FLAT for each in opened) > _MOST_NESTED:
        return False
    budget = 10 * len(text)
    for each in opened:
        tag = _OPENING.match(text, each.start())
        length = tag.end() - tag.start() if tag else 0
        budget -= length
        if budget < 0:
            return False
        if tag and length > 3 * _MOST_ATTRIBUTES and len(_EACH_ATTRIBUTE.findall(tag[0])) > _MOST_ATTRIBUTES:
            return False
    return True


def read_as_text(text: str) -> str:
    """What of a text is shown, without characters that nobody sees or that turn its order round."""
    return text if _ORDINARY.fullmatch(text) else seen(text)


def overrides_direction(text: str) -> bool:
    """Whether characters in it make a reader see another order than the one that is stored."""
    return _OVERRIDE.search(text) is not None


@dataclass(slots=True)
class _Piece:
    """Text of one look within a segment."""

    text: str
    look: Look
    is_gone: bool


@dataclass(slots=True)
class _Open:
    """A segment that is being read."""

    kind: str
    around: Shown
    nodes: list[LexborNode] = field(default_factory=list)  # the outermost ones that it is made of
    pieces: list[_Piece] = field(default_factory=list)
    gone: list[LexborNode] = field(default_factory=list)  # nodes inside it that nobody sees
    images: list[LexborNode] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


class _Reading:
    """One walk over a document, without recursion: an element is entered, its children read, and left again."""

    def __init__(self, styles: Styles) -> None:
        self.styles = styles
        self.segments: list[Segment] = []
        self._holding: frozenset[int] = frozenset()

    def walk(self, body: LexborNode) -> None:
        self._holding = _holders_of_blocks(body)
        loose: _Open | None = None  # inline content that stands between blocks
        page = self.styles.shown(body, Shown())
        stack: list[tuple[LexborNode | None, Shown, int]] = [(child, page, 1) for child in reversed(_children(body))]
        while stack:
            node, around, depth = stack.pop()
            if node is None:  # a block ends here
                self._close(loose)
                loose = None
                continue
            tag = node.tag or ""
            if tag in _UNREAD:
                continue
            if tag not in _BLOCKS and node.mem_id not in self._holding:
                loose = loose or _Open("paragraph", around)
                self._take(node, around, loose)
                continue
            self._close(loose)
            loose = None
            shown = self.styles.shown(node, around)
            whole = _WHOLE.get(tag) or ("table" if tag == "table" and _is_data(node) else None)
            if whole or node.mem_id not in self._holding or depth > _DEEPEST:
                kind = "heading" if re.fullmatch("h[1-6]", tag) else whole or "paragraph"
                opened = _Open(kind, around)
                self._take(node, around, opened)
                self._close(opened)
            else:
                stack.append((None, around, depth))
                stack.extend((child, shown, depth + 1) for child in reversed(_children(node)))
        self._close(loose)

    def _take(self, top: LexborNode, around: Shown, into: _Open) -> None:
        """Read one outermost node of a segment, all that is in it, in order."""
        into.nodes.append(top)
        stack: list[tuple[LexborNode | str, Shown]] = [(top, around)]
        while stack:
            node, outer = stack.pop()
            if isinstance(node, str):
                _say(into, node, outer)
                continue
            tag = node.tag or ""
            if tag == "-text":
                _say(into, _BLANKS.sub(" ", node.text_content or ""), outer)
                if not outer.gone and outer.look()[1]:
                    into.gone.append(node)
            elif tag == "br":
                _say(into, "\n", outer)
            elif tag not in _UNREAD:
                stack.extend(reversed(self._inside(node, tag, outer, into)))

    def _inside(self, node: LexborNode, tag: str, around: Shown, into: _Open) -> list[tuple[LexborNode | str, Shown]]:
        shown = self.styles.shown(node, around)
        if shown.gone and not around.gone:
            into.gone.append(node)
        if tag == "img":
            into.images.append(node)
        if tag == "a" and (href := node.attributes.get("href")):
            into.links.append(href.strip())
        inside: list[tuple[LexborNode | str, Shown]] = [(child, shown) for child in _children(node)]
        if tag == "li":
            return [("\n• ", shown), *inside, ("\n", shown)]
        if tag in ("td", "th") and into.kind == "table":
            return [*inside, (" ", shown)]
        return [("\n", shown), *inside, ("\n", shown)] if tag in _BLOCKS else inside

    def _close(self, read: _Open | None) -> None:
        if read is None:
            return
        said = [piece for piece in read.pieces if piece.text.strip()]
        visible = [piece for piece in said if not piece.is_gone]
        # Where nothing of it is seen, its words are told all the same: a check has to find the label that is hidden.
        pieces = [piece for piece in read.pieces if not piece.is_gone] if visible else read.pieces
        whole = "".join(piece.text for piece in pieces)
        lines = (_BLANKS.sub(" ", line).strip() for line in read_as_text(whole).split("\n"))
        text = "\n".join(line for line in lines if line.strip("• "))
        look = _worst([piece.look for piece in visible or said], whole)
        kind = read.kind
        if not text and read.images:
            kind, text = "image", " ".join(filter(None, (image.attributes.get("alt") for image in read.images)))
            look = Look(None, is_image=True)
        if not text and kind not in ("rule", "image"):
            return
        if self.styles.too_many:
            look = Look(look.hidden_by or UNREAD, look.font_size, look.color, look.background, look.is_image)
        markup = _markup(read, is_gone=not visible and bool(said))
        self.segments.append(Segment("", kind, text, markup, tuple(read.links), None, look))
        if len(self.segments) > MOST:
            raise Unreadable(f"more than {MOST} parts")


def _say(into: _Open, text: str, shown: Shown) -> None:
    look, is_gone = shown.look()
    if into.pieces and into.pieces[-1].look == look and into.pieces[-1].is_gone == is_gone:
        into.pieces[-1].text += text
    else:
        into.pieces.append(_Piece(text, look, is_gone))


def _worst(looks: list[Look], text: str) -> Look:
    """One look for a segment: hidden if all of it is, else the smallest size and the palest colour in it."""
    if not looks:
        return Look()
    hidden = looks[0].hidden_by if all(look.hidden_by for look in looks) else None
    if overrides_direction(text):
        hidden = hidden or DIRECTION
    sizes = [look.font_size for look in looks if look.font_size is not None]
    palest = min(looks, key=_difference)
    return Look(hidden, min(sizes, default=None), palest.color, palest.background)


def _difference(look: Look) -> int:
    if look.color is None or look.background is None:
        return 1000
    return sum(abs(int(look.color[at : at + 2], 16) - int(look.background[at : at + 2], 16)) for at in (1, 3, 5))


def _markup(read: _Open, *, is_gone: bool) -> str:
    """The segment as it was written, without what nobody sees in it, on the ground that it stood on."""
    outermost = {node.mem_id for node in read.nodes}
    unseen = set() if is_gone else {node.mem_id for node in read.gone}
    for node in read.gone:
        if node.mem_id in unseen - outermost:
            node.decompose()
    raw = "".join(node.html or "" for node in read.nodes if node.mem_id not in unseen)
    markup = safe(raw if read.nodes[0].tag in _BLOCKS else f"<p>{raw}</p>")
    if is_gone:
        return f'<div style="display:none">{markup}</div>'
    ground, ink = read.around.background, read.around.color
    if ground and ground != "#ffffff":
        return f'<div style="background-color:{ground}{f";color:{ink}" if ink else ""}">{markup}</div>'
    return markup


def _children(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=True))


def _is_data(table: LexborNode) -> bool:
    """Whether a table holds data rather than the layout of a mail."""
    if table.attributes.get("role") == "presentation" or table.css_first("table table") is not None:
        return False
    return table.css_first("th") is not None


def _holders_of_blocks(body: LexborNode) -> frozenset[int]:
    """The elements with a block somewhere inside them, and what stands between them and it."""
    holding: set[int] = set()
    path: list[tuple[LexborNode, Iterator[LexborNode]]] = [(body, iter(_elements(body)))]
    while path:
        node = next(path[-1][1], None)
        if node is None:
            path.pop()
            continue
        if node.tag in _BLOCKS:
            for above, _ in reversed(path):
                if above.mem_id in holding:
                    break
                holding.add(above.mem_id)
        path.append((node, iter(_elements(node))))
    return frozenset(holding)


def _elements(node: LexborNode) -> list[LexborNode]:
    return [child for child in node.iter() if (child.tag or "") not in _UNREAD]


def _flat(text: str) -> list[Segment]:
    """The words of a document that has too many elements to say how it shows them."""
    look = Look(hidden_by=UNREAD)
    segments = []
    for line in _MARKUP.sub("\n", _without_comments(text)).split("\n"):
        words = read_as_text(_BLANKS.sub(" ", unescape(line))).strip()
        if words:
            segments.append(Segment("", "paragraph", words, f"<p>{escape(words)}</p>", (), None, look))
            if len(segments) > MOST:
                raise Unreadable(f"more than {MOST} parts")
    return segments


def _without_comments(text: str) -> str:
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0:
        kept.append(text[at:start])
        end = text.find("-->", start + 4)
        at = len(text) if end < 0 else end + 3
    return "".join([*kept, text[at:]])
