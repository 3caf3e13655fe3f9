from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import offers
from promos.rules.refusals import InvalidRequest, LimitBelowUsed, TermsFrozen

NOON = datetime(2026, 12, 3, 12, tzinfo=UTC)


def test_a_window_opens_before_it_ends() -> None:
    offers.window(NOON, NOON + timedelta(microseconds=1))
    for end in (NOON, NOON - timedelta(days=1)):
        with pytest.raises(InvalidRequest):
            offers.window(NOON, end)


@given(st.integers(1, 50), st.integers(0, 50))
def test_a_limit_never_falls_below_what_is_used(limit: int, used: int) -> None:
    offers.fits(None, used)
    if used <= limit:
        offers.fits(limit, used)
    else:
        with pytest.raises(LimitBelowUsed) as refused:
            offers.fits(limit, used)
        assert refused.value.used == used


def test_what_was_promised_stands_from_the_first_redemption_on() -> None:
    promised = frozenset({"face_value", "vat"})

    offers.keep_promised(["face_value"], promised, redeemed=False)
    offers.keep_promised(["name"], promised, redeemed=True)
    with pytest.raises(TermsFrozen) as refused:
        offers.keep_promised(["vat", "name", "face_value"], promised, redeemed=True)
    assert refused.value.fields == ["face_value", "vat"]
