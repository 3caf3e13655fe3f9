"""When a report is due by mail: at eight where the event is, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules.reports import SENT_FOR, Every, following

PARIS = "Europe/Paris"


def at(day: str, hour: int = 12, zone: str = PARIS) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00").replace(tzinfo=ZoneInfo(zone))


ENDS = at("2026-12-09", 18)


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        (Every.WEEK, at("2026-11-24"), "2026-11-30"),  # a Tuesday
        (Every.WEEK, at("2026-11-30", 7), "2026-11-30"),
        (Every.WEEK, at("2026-11-30", 8), "2026-12-07"),
        (Every.MONTH, at("2026-11-30"), "2026-12-01"),
        (Every.MONTH, at("2026-12-01", 8), "2027-01-01"),
        (Every.ONCE, at("2026-11-24"), "2026-12-10"),
        (Every.ONCE, at("2026-12-10", 7), "2026-12-10"),
        (Every.ONCE, at("2026-12-10", 8), None),
        (Every.WEEK, at("2027-01-08"), None),
        (Every.MONTH, at("2027-01-01", 8), None),
    ],
)
def test_the_next_one_is_the_first_that_is_still_to_come(every: Every, now: datetime, due: str | None) -> None:
    assert following(every, ENDS, PARIS, now) == (at(due, 8) if due else None)


def test_the_day_after_the_event_is_that_of_the_event_s_own_zone() -> None:
    ends = datetime(2026, 12, 9, 23, 30, tzinfo=UTC)  # already the tenth in Paris

    assert following(Every.ONCE, ends, PARIS, at("2026-11-24")) == at("2026-12-11", 8)


@given(
    every=st.sampled_from(Every),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    zone=st.sampled_from([PARIS, "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
)
def test_whatever_the_day_it_is_eight_o_clock_later_than_now_and_soon_enough(
    every: Every, now: datetime, zone: str
) -> None:
    ends = now + timedelta(days=3)

    due = following(every, ends, zone, now)

    if due is not None:
        assert due.astimezone(ZoneInfo(zone)).hour == 8
        assert now < due <= ends + SENT_FOR
        assert (every is Every.WEEK) <= (due.astimezone(ZoneInfo(zone)).weekday() == 0)
