from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import events
from promos.rules.refusals import InvalidRequest

NOON = datetime(2026, 12, 3, 12, tzinfo=UTC)


@given(st.timedeltas(min_value=timedelta(days=-900), max_value=timedelta(days=900)))
def test_an_event_lasts_some_time(length: timedelta) -> None:
    if length > timedelta():
        events.lasts(NOON, NOON + length)
    else:
        with pytest.raises(InvalidRequest):
            events.lasts(NOON, NOON + length)


def test_empty_highlights_are_left_out_and_twelve_are_enough() -> None:
    assert events.highlights(["1 200 participants", "", "  "], "highlights") == ["1 200 participants"]
    assert len(events.highlights(["x"] * 12, "highlights")) == 12
    with pytest.raises(InvalidRequest):
        events.highlights(["x"] * 13, "highlights")


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_a_rate_of_vat_is_a_percentage_with_two_digits(rate: Decimal) -> None:
    try:
        kept = events.vat_rate(rate, "vat_rate")
    except InvalidRequest:
        return

    assert kept == rate
    assert 0 <= kept <= 100
    assert kept.as_tuple().exponent == -2


@pytest.mark.parametrize("currency", ["EUR", "CHF", "JPY", "TND"])
def test_money_is_in_a_currency_one_can_pay_in(currency: str) -> None:
    assert events.currency(currency, "currency") == currency


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXX", "€"])
def test_nothing_else_is_a_currency(currency: str) -> None:
    with pytest.raises(InvalidRequest):
        events.currency(currency, "currency")


@pytest.mark.parametrize("units", [-1, 10**12 + 1, True])
def test_a_face_value_is_an_amount_that_exists(units: int) -> None:
    with pytest.raises(InvalidRequest):
        events.face_value(units, "face_value")


def test_a_free_event_may_have_a_pass_worth_nothing() -> None:
    assert events.face_value(0, "face_value") == 0
