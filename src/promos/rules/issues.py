"""An issue as a row of segments, and the promo blocks in it, whoever wrote them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

# A word that looks like a code, where the text speaks of a code.
_NAMED = re.compile(
    r"(?:\bcodes?(?:[ -]promo)?|\bpromo(?:tion)?[ -]?codes?|\b\w{0,20}code|\bcoupons?|\bGutschein\w{0,12})"
    r"(?:\s{0,3}[:=«“\"'‘„(*_-]){0,4}\s{0,3}([A-Z0-9](?:-?[A-Z0-9]){3,39})(?![\w-])",
    re.IGNORECASE,
)
_OFFERED = re.compile(
    r"gratuit|offr(?:ir|e|ons|ez)|offert|accès|places?\b|billet|invitation|laissez-passer|remise|réduction|rabais|"
    r"\bfree\b|\bpass(?:es)?\b|tickets?\b|discount|\boff\b|give ?away|kostenlos|gratis|frei(?:e|karte)|rabatt|"
    r"\d\s?[€$£]|[€$£]\s?\d|-\s?\d{1,2}\s?%",
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(r"^\s{0,3}[*†‡¹](?!\*)\s{0,3}\w")
_SIGNS_OFF = '.!?…:;,)»”"'
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
    for index, segment in enumerate(segments):
        code = _code_in(segment.text, known_codes)
        if code is None or (found and index <= found[-1].last):
            continue
        floor = found[-1].last + 1 if found else 0
        first = _heading_above(segments, index, floor)
        last = _end_below(segments, index)
        text = "\n".join(each.text for each in segments[first : last + 1])
        if _OFFERED.search(text):
            heading = segments[first].text if is_heading(segments, first) else None
            found.append(FoundBlock(first, last, code, index, heading))
    return found


def is_heading(segments: Sequence[Segment], index: int) -> bool:
    """Whether a heading stands there; where the source marks none, a short line without an end of its own."""
    segment = segments[index]
    if segment.kind == "heading":
        return True
    if segment.kind != "paragraph" or any(each.kind == "heading" for each in segments):
        return False
    text = segment.text.strip()
    if not 3 <= len(text) <= 80 or "\n" in text or _FOOTNOTE.match(text):
        return False
    is_open = text[-1] not in _SIGNS_OFF and len(text.split()) > 1
    return is_open and index + 1 < len(segments) and segments[index + 1].kind != "rule"


def is_footnote(text: str) -> bool:
    """`*Commercial collaboration`: a note that some asterisk points to."""
    return bool(_FOOTNOTE.match(text))


def _code_in(text: str, known: Collection[str]) -> str | None:
    for match in _NAMED.finditer(text):
        word = match[1]
        if word == word.upper() and any(letter.isalpha() for letter in word):
            return word
    folded = {code.replace("-", "").upper(): code for code in known}
    for word in re.findall(r"[A-Z0-9](?:-?[A-Z0-9]){2,39}", text):
        if word.replace("-", "") in folded:
            return str(word)
    return None


def _heading_above(segments: Sequence[Segment], index: int, floor: int) -> int:
    if segments[index].kind == "heading":
        return index
    for above in range(index - 1, max(floor, index - _FURTHEST) - 1, -1):  # the line of the code is no heading
        if is_heading(segments, above):
            return above
    return max(floor, index - 2)


def _end_below(segments: Sequence[Segment], index: int) -> int:
    last = index
    for below in range(index + 1, min(len(segments), index + _FURTHEST)):
        if is_footnote(segments[below].text):
            return below
        if segments[below].kind == "rule" or is_heading(segments, below):
            break
        last = below
    return min(last, index + 3)
