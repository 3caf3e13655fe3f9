"""When a report is due by mail: at eight in the morning of the event's zone."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

EIGHT = time(8)
SENT_FOR = timedelta(days=30)  # after the event


class Every(StrEnum):
    WEEK = "week"  # on Mondays
    MONTH = "month"  # on the first day of each
    ONCE = "once"  # on the day after the event's end


def following(every: Every, ends_at: datetime, zone: str, now: datetime) -> datetime | None:
    """The first moment after `now` at which a report is due; `None` if none comes any more."""
    today = now.astimezone(ZoneInfo(zone)).date()
    if every is Every.ONCE:
        days = [day_of(ends_at, zone) + timedelta(days=1)]
    elif every is Every.WEEK:
        monday = today - timedelta(days=today.weekday())
        days = [monday, monday + timedelta(days=7)]
    else:
        first = today.replace(day=1)
        days = [first, (first + timedelta(days=32)).replace(day=1)]
    moments = [datetime.combine(day, EIGHT, ZoneInfo(zone)) for day in days]
    return next((moment for moment in moments if now < moment <= ends_at + SENT_FOR), None)


def day_of(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()
