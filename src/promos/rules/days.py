"""Days on the clocks of a place: when each begins, and where these clocks are moved."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def begins(day: date, zone: str) -> datetime:
    """The first instant of `day` on the clocks of the IANA zone `zone`; a midnight that is skipped moves on."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def of(instant: datetime, zone: str) -> date:
    """The day that it is in `zone` at `instant`."""
    return instant.astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=256)
def offsets(zone: str, since: date, until: date) -> tuple[tuple[datetime | None, int], ...]:
    """How many minutes the clocks of `zone` are ahead of UTC, each with the first instant at which they no longer are.

    The last one has no such instant; before `since` and after `until` nobody looked.
    """
    clock = ZoneInfo(zone)

    def ahead(instant: datetime) -> timedelta:
        return instant.astimezone(clock).utcoffset() or timedelta()

    at, end = datetime.combine(since, time(), UTC), datetime.combine(until, time(), UTC)
    found: list[tuple[datetime | None, int]] = []
    while at < end:
        following = min(at + _DAY, end)
        if ahead(following) != ahead(at):
            early, late = at, following
            while late - early > _SECOND:
                middle = early + (late - early) // 2
                early, late = (middle, late) if ahead(middle) == ahead(at) else (early, middle)
            found.append((late.replace(microsecond=0), int(ahead(at).total_seconds() // 60)))
        at = following
    return (*found, (None, int(ahead(end).total_seconds() // 60)))
