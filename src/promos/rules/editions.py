"""The edition after this one, as one would first think of it: its name, its days, the words of its codes."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

A_YEAR = 364  # days: the same day of the week
LONGEST = 40  # letters and digits of a code
TRIES = 20


def named(name: str, edition: str | None, year: int) -> tuple[str, str | None]:
    """Name and edition of the next one: `2026` → `2027`, `12e édition` → `13e édition`.

    The last number of the edition goes up by one, else that of the name if it is a year; without either, the edition is
    the `year` in which it begins.
    """
    if edition and re.search(r"\d", edition):
        return name, _up(edition)
    if re.search(r"\b(19|20)\d\d\b", name):
        return _up(name), edition
    return name, edition or str(year)


def shifted(instant: datetime, zone: str, by: timedelta) -> datetime:
    """The instant at which the clocks of `zone` show so much more.

    Of an hour that comes twice the first is meant; one that the clocks skip moves on by what they skip.
    """
    clock = ZoneInfo(zone)
    local = instant.astimezone(clock).replace(tzinfo=None, fold=0) + by
    return local.replace(tzinfo=clock).astimezone(UTC)


def between(before: datetime, after: datetime, zone: str) -> timedelta:
    """What the clocks of `zone` show between the two."""
    clock = ZoneInfo(zone)
    one, two = (each.astimezone(clock).replace(tzinfo=None, fold=0) for each in (before, after))
    return two - one


def days(before: datetime, after: datetime, zone: str) -> timedelta:
    """The same in whole days, so that what ended at midnight ends at midnight again."""
    clock = ZoneInfo(zone)
    return after.astimezone(clock).date() - before.astimezone(clock).date()


def texts(spelled: str, before: int, year: int) -> Iterator[str]:
    """Words for a code of the edition of `year`, the best first: FREEAGENAI → FREEAGENAI27, FREEAGENAI27-2 …

    The year `before`, at its end, is left out; another number there, as in SAVE20, is a part of the word.
    """
    stem = spelled
    for old in (f"-{before}", str(before), f"-{before % 100:02}", f"{before % 100:02}"):
        if spelled.endswith(old) and len(spelled) > len(old) + 2:
            stem = spelled.removesuffix(old)
            break
    stem = _short(stem, 6)
    yield f"{stem}{year % 100:02}"
    for number in range(2, TRIES):
        yield f"{stem}{year % 100:02}-{number}"


def _short(stem: str, room: int) -> str:
    """Cut so that `room` letters more fit behind; dashes do not count, and none stays at the end."""
    while len(stem.replace("-", "")) > LONGEST - room:
        stem = stem[:-1]
    return stem.rstrip("-")


def _up(text: str) -> str:
    """The last number in `text`, one higher, as wide as it was."""
    return re.sub(r"\d+(?=\D*$)", lambda found: f"{int(found[0]) + 1:0{len(found[0])}}", text)
