"""Where in an HTML source each segment of it begins."""

from bisect import bisect
from collections.abc import Sequence
from html import escape

from promos.rules.issues import Segment

_NEEDLE = 24  # characters of a segment that are looked for
_LEAST = 3


def positions(source: str, segments: Sequence[Segment]) -> list[int | None]:
    """Characters before each segment; `None` for one whose words stand there otherwise, broken by tags at once."""
    found: list[int | None] = []
    floor = 0
    for segment in segments if source else ():
        place = _place(source, segment.text.lstrip("• "), floor)
        found.append(place)
        floor = floor if place is None else place + 1
    return found or [None] * len(segments)


def lines(source: str, places: Sequence[int | None]) -> list[int | None]:
    """The line of each place, from 1."""
    ends = [at for at, character in enumerate(source) if character == "\n"]
    return [None if place is None else bisect(ends, place - 1) + 1 for place in places]


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


def _place(source: str, text: str, floor: int) -> int | None:
    """The first words of a segment, as they are or with entities, in one piece of the text between two tags."""
    words = text.split()
    for wanted in (" ".join(words)[:_NEEDLE], " ".join(words[:2]), words[0] if words else ""):
        for spelled in dict.fromkeys((wanted, escape(wanted, quote=False))):
            at = source.find(spelled, floor) if len(spelled) >= _LEAST else -1
            while at >= 0 and _is_in_a_tag(source, at):
                at = source.find(spelled, at + 1)
            if at >= 0:
                return at
    return None


def _is_in_a_tag(source: str, at: int) -> bool:
    return source.rfind("<", max(0, at - 2000), at) > source.rfind(">", max(0, at - 2000), at)
