"""One event held against another: at the same distance from each, and in percent of the other."""

from collections.abc import Iterable, Mapping
from decimal import Decimal


def held_at(*left: int | None) -> int | None:
    """With how many days to go events are held against each other: as many as the one that is furthest from its own.

    `left`: of each, negative once it began, `None` when it is over. `None`: all are over, and are held whole.
    """
    return max((days for days in left if days is not None), default=None)


def difference(here: int | None, there: int | None) -> Decimal | None:
    """By what share of `there` it is more or less here; none from nothing, nor from what nobody knows."""
    if here is None or not there:
        return None
    return round(Decimal(here - there) / there, 3)


def so_far(counts: Mapping[int, int], at: Iterable[int]) -> list[int]:
    """The sum of all `counts`, each by the days that were left, up to each of `at`."""
    return [sum(count for left, count in counts.items() if left >= then) for then in at]
