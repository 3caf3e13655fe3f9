"""Where in an HTML source each segment of it begins."""

from collections.abc import Sequence
from html import escape

from promos.rules.issues import Segment

_NEEDLE = 24  # characters of a segment that are looked for
_WORDS = _NEEDLE // 2 + 1  # that are as long in any case
_LEAST = 3


def positions(source: str, segments: Sequence[Segment]) -> list[int | None]:
    """Characters before each segment; `None` for one whose words stand there otherwise, broken by tags at once."""
    found: list[int | None] = []
    floor, absent = 0, set[str]()
    for segment in segments if source else ():
        place = _place(source, segment.text.lstrip("• "), floor, absent)
        found.append(place)
        floor = floor if place is None else place + 1
    return found or [None] * len(segments)


def lines(source: str, places: Sequence[int | None]) -> list[int | None]:
    """The line of each place, from 1. Places in the order of the source are counted once."""
    numbers: list[int | None] = []
    at, number = 0, 1
    for place in places:
        if place is not None:
            at, number = (at, number) if place >= at else (0, 1)
            number += source.count("\n", at, place)
            at = place
        numbers.append(None if place is None else number)
    return numbers


def byte_offsets(source: str, places: Sequence[int | None]) -> list[int | None]:
    """Bytes of UTF-8 before each place."""
    offsets: list[int | None] = []
    at = size = 0
    for place in places:
        if place is not None and place >= at:
            size += len(source[at:place].encode("utf-8", "replace"))
            at = place
        offsets.append(None if place is None else size)
    return offsets


def _place(source: str, text: str, floor: int, absent: set[str]) -> int | None:
    """The first words of a segment, as they are or with entities, in one piece of the text between two tags.

    `absent`: what does not stand behind `floor`, and so behind no later one; “Read more” is looked for once.
    """
    words = text.split(None, _WORDS)
    for wanted in (" ".join(words)[:_NEEDLE], " ".join(words[:2]), words[0] if words else ""):
        for spelled in dict.fromkeys((wanted, escape(wanted, quote=False))):
            if len(spelled) < _LEAST or spelled in absent:
                continue
            at = source.find(spelled, floor)
            while at >= 0 and _is_in_a_tag(source, at):
                at = source.find(spelled, at + 1)
            if at >= 0:
                return at
            absent.add(spelled)
    return None


def _is_in_a_tag(source: str, at: int) -> bool:
    start = max(0, at - 2000)
    return source.rfind("<", start, at) > source.rfind(">", start, at)
