"""What people type into a form, as the actions get it."""

from datetime import UTC, datetime

import pytest

from promos.rules import events
from promos.rules.refusals import InvalidRequest
from promos.web.pages.typed import Typed, local, zones


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-12-01T23:59", datetime(2026, 12, 1, 22, 59, tzinfo=UTC)),
        ("2026-07-01T09:00", datetime(2026, 7, 1, 7, 0, tzinfo=UTC)),
        ("2027-03-28T02:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),  # skipped: 03:30 on the new clocks
        ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # comes twice: the first
    ],
)
def test_a_local_time_is_meant_on_the_clocks_of_its_zone(typed: str, meant: datetime) -> None:
    form = Typed({"at": [typed]})

    assert form.moment("at", "Europe/Paris") == meant
    assert form.errors == {}


def test_a_time_that_nobody_touched_keeps_its_seconds_and_its_hour_of_two() -> None:
    second_half_past_two = datetime(2026, 10, 25, 1, 30, 59, tzinfo=UTC)
    form = Typed({"at": [local(second_half_past_two, "Europe/Paris")]})

    assert form.moment("at", "Europe/Paris", kept=second_half_past_two) == second_half_past_two


@pytest.mark.parametrize("typed", ["", "tomorrow", "2026-02-30T10:00", "9999-99-99", "\x00"])
def test_what_is_no_time_is_said_beside_its_field(typed: str) -> None:
    form = Typed({"at": [typed]})

    form.moment("at", "Europe/Paris")

    assert list(form.errors) == ["at"]


@pytest.mark.parametrize(("typed", "units"), [("999.00", 99900), ("12,5", 1250), ("1 200", 120000), ("0", 0)])
def test_an_amount_has_a_point_or_a_comma(typed: str, units: int) -> None:
    assert Typed({"worth_amount": [typed]}).amount("worth", "EUR") == units


@pytest.mark.parametrize("typed", ["", "-1", "1.234", "1e99", "NaN", "a lot", "9" * 50])
def test_what_is_no_amount_is_said_beside_its_field(typed: str) -> None:
    form = Typed({"worth_amount": [typed]})

    form.amount("worth", "EUR")

    assert list(form.errors) == ["worth"]


@pytest.mark.parametrize("typed", ["-3", "2.5", "twenty", "²", "٣", "9" * 30])
def test_what_is_no_whole_number_is_said_beside_its_field(typed: str) -> None:
    form = Typed({"limit": [typed]})

    assert form.whole("limit") is None
    assert list(form.errors) == ["limit"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    form = Typed({"starts_at": ["?"], "name": [""], "country": ["France"]})
    given = {name: form.text(name) for name in ("name", "country")}
    given |= {"starts_at": form.moment("starts_at", "Europe/Paris")}  # type: ignore[dict-item]

    with pytest.raises(InvalidRequest) as refused:
        form.checked(events.EVENT, given)

    assert {error["field"] for error in refused.value.errors} == {"name", "country", "starts_at"}


def test_every_zone_to_choose_from_is_one_that_an_event_can_have() -> None:
    given = {name: events.EVENT["timezone"](name, "timezone") for name, _ in zones()}

    assert "Europe/Paris" in given
    assert len(given) > 300
