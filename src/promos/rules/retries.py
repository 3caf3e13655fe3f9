"""What came of one try to send something, and when the next one is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

JITTER: Final = 0.2  # of a pause, to either side


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


def next_try(failures: int, pauses: Sequence[int], now: datetime, random: Random | None = None) -> datetime | None:
    """When to try again after the `failures`th failure, `pauses` being seconds; `None` when all are used up.

    With `random`, those who failed together do not come back together.
    """
    if failures > len(pauses):
        return None
    stretch = random.uniform(1 - JITTER, 1 + JITTER) if random else 1
    return now + timedelta(seconds=pauses[failures - 1] * stretch)
