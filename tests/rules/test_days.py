from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import days

ZONES = ("Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC")


@given(
    zone=st.sampled_from(ZONES),
    since=st.dates(date(2015, 1, 1), date(2030, 1, 1)),
    span=st.integers(1, 800),
    minutes=st.integers(0, 800 * 1440),
)
def test_the_table_of_clocks_says_what_the_zone_says(zone: str, since: date, span: int, minutes: int) -> None:
    instant = datetime(since.year, since.month, since.day, tzinfo=UTC) + timedelta(minutes=minutes % (span * 1440))

    table = days.offsets(zone, since, since + timedelta(days=span))
    ahead = next(minutes for until, minutes in table if until is None or instant < until)

    assert timedelta(minutes=ahead) == instant.astimezone(ZoneInfo(zone)).utcoffset()


def test_clocks_that_are_never_moved_have_one_line() -> None:
    assert days.offsets("Asia/Kathmandu", date(2026, 1, 1), date(2027, 1, 1)) == ((None, 345),)


@pytest.mark.parametrize(
    ("day", "zone", "first"),
    [
        (date(2026, 3, 29), "Europe/Paris", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (date(2026, 10, 26), "Europe/Paris", datetime(2026, 10, 25, 23, tzinfo=UTC)),
        (date(2018, 11, 4), "America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),  # its midnight is skipped
    ],
)
def test_a_day_begins_on_the_clocks_of_its_place(day: date, zone: str, first: datetime) -> None:
    assert days.begins(day, zone) == first
    assert days.of(first, zone) == day
    assert days.of(first - timedelta(seconds=1), zone) == day - timedelta(days=1)
