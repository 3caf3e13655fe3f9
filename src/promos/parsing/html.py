"""HTML as a reader meets it: blocks in order, and how each is shown."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape, unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from promos.parsing import Unreadable
from promos.parsing.markup import safe
from promos.parsing.styles import UNREAD, Shown, Sight, Styles
from promos.rules.blocks import seen
from promos.rules.issues import Look, Segment

_BLOCKS = frozenset(
    "address article aside blockquote body center details dd div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_UNREAD = frozenset(
    "head script style template noscript title meta link svg math iframe object embed audio video canvas select option "
    "textarea datalist progress meter rp -comment -doctype".split()
)
_WHOLE = {"ul": "list", "ol": "list", "dl": "list", "blockquote": "quote", "hr": "rule"}
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
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
# What may make a tag long, or let a quoted value reach beyond the next `>`; an ordinary page has neither.
_WILD_TAG = re.compile(rf"<[^<>]{{0,{3 * _MOST_ATTRIBUTES}}}+(?!>)")
_WILD_QUOTE = re.compile(r"""=\s*+(?:"[^">]*+(?!")|'[^'>]*+(?!'))""")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|<![^<>]*>")

_BLANKS = re.compile(r"[ \t\n\r\f\xa0]+")
_RUN = re.compile(" {2,}")
DIRECTION = "direction override"
_OVERRIDE = re.compile("[\u202d\u202e]")  # LRO, RLO: what is stored is not what is read
_ORDINARY = re.compile("[ -~\n\xa0-\xac\xae-\xffŒœŠšŽžŸ‐-‧‰-⁞€™•]*")


def read_html(text: str, *, keeps_markup: bool = True) -> tuple[list[Segment], str | None]:
    """The segments of a page or fragment and the language it says it is in; raises `Unreadable`.

    Without `keeps_markup` their `html` stays empty: cleaning it takes longer than all the rest.
    """
    if not is_parsed_in_time(text):
        return _flat(text), None
    parser = LexborHTMLParser(text)
    root = parser.root
    if root is None:
        return [], None
    spoken = root.attributes.get("lang") or next((each.attributes.get("lang") for each in parser.css("[lang]")), None)
    reading = _Reading(Styles(parser), keeps_markup=keeps_markup)
    reading.walk(parser.body or root)
    return reading.segments, spoken.replace("_", "-").split("-")[0].lower()[:3] if spoken else None


def is_parsed_in_time(text: str) -> bool:
    """Whether no parser needs more than a moment for it: HTML has several ways to keep one busy for minutes."""
    if text.count("<") <= _MOST_NESTED and not (_WILD_TAG.search(text) or _WILD_QUOTE.search(text)):
        return True
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
class _Open:
    """A segment that is being read. `texts` and `sights` go together; a `Sight` is made once for each look."""

    kind: str
    around: Shown
    texts: list[str] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    nodes: list[LexborNode] = field(default_factory=list)  # the outermost ones that it is made of
    gone: list[LexborNode] = field(default_factory=list)  # nodes inside it that nobody sees
    images: list[LexborNode] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def say(self, text: str, sight: Sight) -> None:
        self.texts.append(text)
        self.sights.append(sight)


class _Reading:
    """One walk over a document, without recursion: an element is entered, its children read, and left again."""

    def __init__(self, styles: Styles, *, keeps_markup: bool) -> None:
        self.styles = styles
        self.segments: list[Segment] = []
        self._keeps_markup = keeps_markup

    def walk(self, body: LexborNode) -> None:
        content = _Content(body, self.styles)
        holding = content.holding
        loose: _Open | None = None  # inline content that stands between blocks
        path = [(_children(body), self.styles.shown(body, Shown()))]
        while path:
            children, around = path[-1]
            for node in children:
                tag = node.tag or ""
                if tag in _UNREAD:
                    continue
                if tag not in _BLOCKS and (tag == "-text" or node.mem_id not in holding):
                    if loose is None:
                        if tag == "-text" and not self._keeps_markup and (node.text_content or "").isspace():
                            continue
                        loose = _Open("paragraph", around)
                    self._take(node, around, loose)
                    continue
                self._close(loose)
                loose = None
                whole = _WHOLE.get(tag) or ("table" if tag == "table" and _is_data(node) else None)
                here = node.mem_id
                if not whole and here in holding and len(path) <= _DEEPEST:
                    path.append((_children(node), self.styles.shown(node, around)))
                    break
                kind = "heading" if tag in _HEADINGS else whole or "paragraph"
                if not (self._keeps_markup or whole or tag == "li" or here in content.mixed or here in holding):
                    shown = self.styles.shown(node, around, times=2)
                    said = (node.text() or "").replace("\n", " ")
                    self._add(kind, said, [shown.sight.look], content.links.get(here, ()))
                    continue
                opened = _Open(kind, around)
                self._take(node, around, opened, times=2)
                self._close(opened)
            else:
                path.pop()
                self._close(loose)
                loose = None

    def _take(self, top: LexborNode, around: Shown, into: _Open, times: int = 1) -> None:
        """Read one outermost node of a segment, all that is in it, in order."""
        if self._keeps_markup:
            into.nodes.append(top)
        path: list[tuple[Iterator[LexborNode], Shown, str]] = [(iter((top,)), around, "")]
        while path:
            children, outer, end = path[-1]
            sight = outer.sight
            for node in children:
                tag = node.tag or ""
                if tag == "-text":
                    into.say((node.text_content or "").replace("\n", " "), sight)
                    if sight.is_gone and self._keeps_markup and not outer.gone:
                        into.gone.append(node)
                elif tag == "br":
                    into.say("\n", sight)
                elif tag not in _UNREAD:
                    shown = self.styles.shown(node, outer, times)
                    times = 1
                    path.append((_children(node), shown, self._begin(node, tag, shown, outer, into)))
                    break
            else:
                path.pop()
                if end:
                    into.say(end, sight)

    def _begin(self, node: LexborNode, tag: str, shown: Shown, outer: Shown, into: _Open) -> str:
        """What is said where an element begins; gives what is said where it ends."""
        if self._keeps_markup and shown.gone and not outer.gone:
            into.gone.append(node)
        if tag == "a":
            href = node.attributes.get("href")
            if href:
                into.links.append(href.strip())
        elif tag == "img":
            into.images.append(node)
        elif tag in _BLOCKS:
            if tag in ("td", "th") and into.kind == "table":
                return " "
            into.say("\n• " if tag == "li" else "\n", shown.sight)
            return "\n"
        return ""

    def _close(self, read: _Open | None) -> None:
        if read is None:
            return
        whole, looks, is_gone = _seen(read.texts, read.sights)
        alternative = " ".join(filter(None, (image.attributes.get("alt") for image in read.images)))
        markup = _markup(read, is_gone=is_gone) if self._keeps_markup else ""
        self._add(read.kind, whole, looks, read.links, alternative if read.images else None, markup)

    def _add(
        self,
        kind: str,
        whole: str,
        looks: Sequence[Look],
        links: Sequence[str],
        alternative: str | None = None,  # what stands for its pictures, if it has any
        markup: str = "",
    ) -> None:
        """A segment, unless nothing is said in it."""
        is_ordinary = _ORDINARY.fullmatch(whole) is not None
        text = _as_lines(whole, is_ordinary=is_ordinary)
        look = looks[0] if len(looks) == 1 else _worst(looks)
        if not is_ordinary and look.hidden_by is None and overrides_direction(whole) and looks:
            look = replace(look, hidden_by=DIRECTION)
        if not text and alternative is not None:
            kind, text, look = "image", alternative, Look(None, is_image=True)
        if not text and kind not in ("rule", "image"):
            return
        if self.styles.too_many:
            look = Look(look.hidden_by or UNREAD, look.font_size, look.color, look.background, look.is_image)
        self.segments.append(Segment(f"s{len(self.segments) + 1}", kind, text, markup, tuple(links), None, look))
        if len(self.segments) > MOST:
            raise Unreadable(f"more than {MOST} parts")


def _seen(texts: list[str], sights: list[Sight]) -> tuple[str, list[Look], bool]:
    """What is read of a segment, its looks, and whether nothing of it is seen.

    Then its words are told all the same: a check has to find the label that is hidden.
    """
    if sights and sights.count(sights[0]) == len(sights):
        whole = "".join(texts)
        said = [] if not whole or whole.isspace() else sights[:1]
        visible = [] if sights[0].is_gone else said
    else:
        said = [sight for text, sight in zip(texts, sights, strict=True) if text and not text.isspace()]
        visible = [sight for sight in said if not sight.is_gone]
        pairs = zip(texts, sights, strict=True)
        whole = "".join([text for text, sight in pairs if not sight.is_gone] if visible else texts)
    return whole, [sight.look for sight in visible or said], bool(said) and not visible


def _as_lines(whole: str, *, is_ordinary: bool) -> str:
    if not is_ordinary:
        for blank in "\t\r\f\xa0":
            whole = whole.replace(blank, " ")
        whole = read_as_text(whole)
    elif "\xa0" in whole:
        whole = whole.replace("\xa0", " ")
    if "  " in whole:
        whole = _RUN.sub(" ", whole)
    if "\n" not in whole:
        return whole.strip() if whole.strip("• ") else ""
    lines = [line.strip() for line in whole.split("\n")]
    return "\n".join([line for line in lines if line.strip("• ")])


def _worst(looks: Sequence[Look]) -> Look:
    """One look for a segment: hidden if all of it is, else the smallest size and the palest colour in it."""
    if not looks:
        return Look()
    hidden = looks[0].hidden_by if all(look.hidden_by for look in looks) else None
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


def _children(node: LexborNode) -> Iterator[LexborNode]:
    return iter(node.iter(include_text=True))


def _is_data(table: LexborNode) -> bool:
    """Whether a table holds data rather than the layout of a mail."""
    if table.attributes.get("role") == "presentation" or table.css_first("table table") is not None:
        return False
    return table.css_first("th") is not None


class _Content:
    """What the elements of a document hold, from one look at each of them.

    `holding`: the elements with a block somewhere inside them, and what stands between them and it. `mixed`: those with
    more in them than words that look as the element does. `links`: of those without a block, by element.
    """

    def __init__(self, body: LexborNode, styles: Styles) -> None:
        self.holding, self.mixed = {body.mem_id}, set[int]()
        self.links: dict[int, list[str]] = {}
        unread, within = set[int](), dict[int, int]()  # within: of an inline element, the block that it is in
        for node in list(body.traverse())[1:]:
            tag, above = node.tag or "", node.parent
            over = above.mem_id if above is not None else 0
            if over in unread:
                unread.add(node.mem_id)
            elif tag in _BLOCKS:
                while above is not None and above.mem_id not in self.holding:
                    self.holding.add(above.mem_id)
                    above = above.parent
            elif tag != "-comment":
                here = node.mem_id
                block = within[here] = within.get(over, over)
                attributes = node.attributes
                if tag in _UNREAD:
                    unread.add(here)
                    self.mixed.add(block)
                elif tag in ("br", "img") or styles.speak_of(node, tag, attributes):
                    self.mixed.add(block)
                elif tag == "a" and (href := attributes.get("href")):
                    self.links.setdefault(block, []).append(href.strip())


def _flat(text: str) -> list[Segment]:
    """The words of a document that has too many elements to say how it shows them."""
    look = Look(hidden_by=UNREAD)
    segments: list[Segment] = []
    for line in _MARKUP.sub("\n", _without_comments(text)).split("\n"):
        words = read_as_text(_BLANKS.sub(" ", unescape(line))).strip()
        if words:
            number = len(segments) + 1
            segments.append(Segment(f"s{number}", "paragraph", words, f"<p>{escape(words)}</p>", (), None, look))
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
