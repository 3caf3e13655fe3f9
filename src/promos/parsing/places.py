"""Where in an HTML source each segment of it begins."""

import re
from collections.abc import Sequence
from html import escape

from promos.rules.issues import Segment

_NEEDLE = 24  # characters of a segment that are looked for
_WORDS = _NEEDLE // 2 + 1  # that are as long in any case
_LEAST = 3
_NEAR = 2000  # characters before a place in which a tag around it begins
_TAG = re.compile(rf"<[^<>]{{0,{_NEAR - 100}}}>")
_ANGLES = re.compile("[<>]")


def positions(source: str, segments: Sequence[Segment]) -> list[int | None]:
    """Characters before each segment; `None` for one whose words stand there otherwise, broken by tags at once."""
    found: list[int | None] = []
    floor, said = 0, _TAG.sub("<", source)
    for segment in segments if source else ():
        place = _place(source, said, segment.text.lstrip("• "), floor)
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


def _place(source: str, said: str, text: str, floor: int) -> int | None:
    """The first words of a segment, as they are or with entities, in one piece of the text between two tags.

    `said`: the source without its tags, where it is known in less time that they stand nowhere.
    """
    words = text.split(None, _WORDS)
    for wanted in (" ".join(words)[:_NEEDLE], " ".join(words[:2]), words[0] if words else ""):
        for spelled in dict.fromkeys((wanted, escape(wanted, quote=False))):
            if len(spelled) < _LEAST or (spelled not in said and not _ANGLES.search(spelled)):
                continue
            at = source.find(spelled, floor)
            while at >= 0 and _is_in_a_tag(source, at):
                at = source.find(spelled, at + 1)
            if at >= 0:
                return at
    return None


def _is_in_a_tag(source: str, at: int) -> bool:
    start = max(0, at - _NEAR)
    return source.rfind("<", start, at) > source.rfind(">", start, at)
