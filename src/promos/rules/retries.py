"""What came of one try to send something, and when the next one is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took it over."""

    said: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not. `permanent`: it never will, so there is nothing to try again."""

    permanent: bool
    said: str


Answer = Sent | Failed


def next_try(failures: int, pauses: Sequence[int], now: datetime) -> datetime | None:
    """When to try again after the `failures`th failure, `pauses` being seconds; `None` when all are used up."""
    return now + timedelta(seconds=pauses[failures - 1]) if failures <= len(pauses) else None
