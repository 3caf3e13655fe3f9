"""An issue as a row of segments, and the promo blocks in it, whoever wrote them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase, digits

# A word that looks like a code, where the text speaks of a code.
_NAMED = re.compile(
    r"(?:\bcodes?(?:[ -]promo)?|\bpromo(?:tion)?[ -]?codes?|\b\w{0,20}code|\bcoupons?|\bGutschein\w{0,12}|"
    r"\bc[oó]digos?(?: promocional(?:es)?| de descuento)?|\bcup[oó]n|\bcodic[ei](?: sconto| promo\w{0,8})?|\bbuono)"
    r"(?:\s{1,3}(?:is|est|ist|es|è|lautet|luidt|heißt)(?=\W))?"
    r"(?:\s{0,3}[:=«“\"'‘„(*_-]){0,4}\s{0,3}([A-Z0-9](?:-?[A-Z0-9]){3,39})(?![\w-])",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(
    r"\b(?:codes?(?:[ -]promo)?|c[oó]digo|codice)\s{0,3}(?:[:=]|→|est|is|es|è|lautet|luidt)?\s{0,3}$|code:\s{0,3}$",
    re.IGNORECASE,
)
# A code is in capitals and digits; two letters beyond ASCII count as ASCII ones where case makes no difference.
_CAPITAL = (ascii_uppercase + digits + "\N{KELVIN SIGN}İ").encode()
_CAPITALS = bytes(ord("A") if byte in _CAPITAL else ord(" ") for byte in range(256))
_ALONE = re.compile(r"\W{0,5}([A-Z0-9](?:-?[A-Z0-9]){3,39})\W{0,5}")
# Words that stand after "code" and open nothing.
_NO_CODES = re.compile(
    r"HTML\d?|XHTML|JSON|YAML|TOML|HTTPS?|ASCII|UTF-?\d+|IBAN|SWIFT|SEPA|MORSE|PYTHON|JAVA(?:SCRIPT)?|RUST|COBOL|PERL|"
    r"RUBY|LATEX|OPENAI|CLAUDE|GITHUB|LINUX|(?:ERR|ERROR|HTTP|ISO|GPT|EAN|PIN|RFC)-?\d+|\d+-\d+"
)
_PRICE = r"\d\s?[€$£]|[€$£]\s?\d|-\s?\d{1,2}\s?%"
_PRICED = re.compile(_PRICE)
_OFFERED = re.compile(
    r"gratuit|offr(?:ir|e|ons|ez)|offert|accès|places?\b|billet|invitation|laissez-passer|remise|réduction|rabais|"
    r"moitié prix|\bfree\b|\bpass(?:es)?\b|tickets?\b|seats?\b|half price|discount|\boff\b|give ?away|"
    r"kostenlos|gratis|frei(?:e|karte)|\bfrei\b|rabatt|\bPl(?:atz|ätze)\b|Eintritt|"
    r"kaart(?:en|je|jes)?\b|korting|toegang|"
    r"gratuit[ao]s?|entradas?\b|descuento|\bpases?\b|invitaci|plazas?\b|regal[oa]|"
    r"sconto|omaggio|bigliett|ingress[oi]\b|\bposti\b|" + _PRICE,
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(r"^\s{0,3}[*†‡¹](?!\*)\s{0,3}\w")
_SIGNS_OFF = '.!?…:;,)»”"'
_SHORT = 120  # characters of a closing line, or a label under the block
_FURTHEST = 30  # segments between a heading and its code, a code and its footnote


@dataclass(frozen=True, slots=True)
class Look:
    """How a segment is shown, as far as the source says; `None` where it does not."""

    hidden_by: str | None = None  # the technique, such as display:none
    font_size: float | None = None  # CSS pixels
    color: str | None = None  # #rrggbb
    background: str | None = None
    is_image: bool = False  # its words stand in a picture only


UNKNOWN_LOOK = Look()


@dataclass(frozen=True, slots=True)
class Segment:
    """A paragraph, heading, list, image, table, quote or rule. `html` is safe to show; `text` is what is read."""

    id: str  # s1, s2, … in the order of the issue
    kind: str
    text: str
    html: str
    links: tuple[str, ...] = ()
    line: int | None = None  # of the source, from 1
    look: Look = field(default=UNKNOWN_LOOK)


@dataclass(frozen=True, slots=True)
class FoundBlock:
    """A promo block somebody wrote: segment indexes, both ends included."""

    first: int
    last: int
    code: str
    code_at: int
    heading: str | None

    @property
    def span(self) -> range:
        return range(self.first, self.last + 1)


def find_blocks(segments: Sequence[Segment], known_codes: Collection[str] = ()) -> list[FoundBlock]:
    """The promo blocks of any newsletter issue, in order.

    A block is a code that the text names as one (or that is in `known_codes`), with words of an offer around it, from
    the heading above it to the footnote below it, or to the next heading.
    """
    found: list[FoundBlock] = []
    are_marked = any(segment.kind == "heading" for segment in segments)
    codes, offers = _codes(segments, known_codes), _Offers(segments)
    for index, code in enumerate(codes):
        if code is None or (found and index <= found[-1].last):
            continue
        floor = found[-1].last + 1 if found else 0
        first = _heading_above(segments, index, floor, are_marked)
        last = _end_below(segments, index, codes, offers, are_marked)
        if offers.between(first, last):
            heading = segments[first].text if _is_heading(segments, first, are_marked=are_marked) else None
            found.append(FoundBlock(first, last, code, index, heading))
    return found


class _Offers:
    """Which segments have words of an offer in them; each is looked through once, and only when somebody asks."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._known: dict[int, bool] = {}

    def at(self, index: int) -> bool:
        if index not in self._known:
            self._known[index] = _OFFERED.search(self._segments[index].text) is not None
        return self._known[index]

    def between(self, first: int, last: int) -> bool:
        """Both ends included. A price may stand in two segments, `99` in one and `€` in the next; a word does not."""
        if any(self.at(index) for index in range(first, last + 1)):
            return True
        return _PRICED.search("\n".join(each.text for each in self._segments[first : last + 1])) is not None


def is_heading(segments: Sequence[Segment], index: int) -> bool:
    """Whether a heading stands there; where the source marks none, a short line without an end of its own."""
    return _is_heading(segments, index, are_marked=any(each.kind == "heading" for each in segments))


def _is_heading(segments: Sequence[Segment], index: int, *, are_marked: bool) -> bool:
    segment = segments[index]
    if segment.kind == "heading":
        return True
    if segment.kind != "paragraph" or are_marked:
        return False
    text = segment.text.strip()
    if not 3 <= len(text) <= 80 or "\n" in text or _FOOTNOTE.match(text):
        return False
    is_open = text[-1] not in _SIGNS_OFF and len(text.split()) > 1
    return is_open and index + 1 < len(segments) and segments[index + 1].kind != "rule"


def is_footnote(text: str) -> bool:
    """`*Commercial collaboration`: a note that some asterisk points to."""
    return bool(_FOOTNOTE.match(text))


def _codes(segments: Sequence[Segment], known_codes: Collection[str]) -> list[str | None]:
    """The code that each segment opens with. Most have no word like one, and a glance tells."""
    known = {code.replace("-", "").upper() for code in known_codes}
    least = b"AAA" if known else b"AAAA"
    return [
        _code_in(segment.text, known) or _code_below(segments, index)
        if least in segment.text.encode(errors="replace").translate(_CAPITALS, b"-")
        else None
        for index, segment in enumerate(segments)
    ]


def _code_in(text: str, known: Collection[str]) -> str | None:
    for match in _NAMED.finditer(text):
        if _may_open(match[1]):
            return match[1]
    if not known:
        return None
    for word in re.findall(r"[A-Z0-9](?:-?[A-Z0-9]){2,39}", text):
        if word.replace("-", "") in known:
            return str(word)
    return None


def _code_below(segments: Sequence[Segment], index: int) -> str | None:
    """`Votre code :` in one segment, and the code in large letters in the next."""
    above = segments[index - 1].text[-40:] if index else ""
    match = _ALONE.fullmatch(segments[index].text.strip()[:60]) if _ASKED_FOR.search(above) else None
    return match[1] if match and _may_open(match[1]) else None


def _may_open(word: str) -> bool:
    has_letters = any(letter.isalpha() for letter in word)
    return word == word.upper() and has_letters and _NO_CODES.fullmatch(word) is None


def _heading_above(segments: Sequence[Segment], index: int, floor: int, are_marked: bool) -> int:
    if segments[index].kind == "heading":
        return index
    for above in range(index - 1, max(floor, index - _FURTHEST) - 1, -1):  # the line of the code is no heading
        if _is_heading(segments, above, are_marked=are_marked):
            return above
    return max(floor, index - 2)


def _end_below(
    segments: Sequence[Segment], index: int, codes: Sequence[str | None], offers: _Offers, are_marked: bool
) -> int:
    last = index
    for below in range(index + 1, min(len(segments), index + _FURTHEST)):
        segment = segments[below]
        if codes[below] not in (None, codes[index]):
            break
        if is_footnote(segment.text):
            return below
        if segment.kind == "rule" or _is_heading(segments, below, are_marked=are_marked):
            break
        is_next = last == below - 1 and below <= index + 3
        if is_next and (segment.links or len(segment.text) <= _SHORT or offers.at(below)):
            last = below
    return last
