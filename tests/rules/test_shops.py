"""What a code does to the price in a shop, and how many are made."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import shops
from promos.rules.benefits import Benefit

SOME = st.none() | st.integers(1, 20_000)


@pytest.mark.parametrize(
    ("benefit", "currency", "worth"),
    [
        (Benefit("free_pass"), "EUR", ("set", "0.00")),
        (Benefit("percent", percent=Decimal("12.5")), "EUR", ("percent", "12.50")),
        (Benefit("amount", amount=1050), "EUR", ("subtract", "10.50")),
        (Benefit("fixed_price", amount=4900), "EUR", ("set", "49.00")),
        (Benefit("fixed_price", amount=4900), "JPY", ("set", "4900")),
        (Benefit("access"), "EUR", ("none", None)),
    ],
)
def test_each_benefit_is_said_as_the_shop_says_it(
    benefit: Benefit, currency: str, worth: tuple[str, str | None]
) -> None:
    assert shops.worth(benefit, currency) == worth


@given(SOME, SOME, st.integers(0, 30_000))
def test_there_are_never_more_codes_than_the_limit_allows(most: int | None, limit: int | None, there: int) -> None:
    missing = shops.missing(most, limit, there=there)

    assert missing >= 0
    for bound in (most, limit, shops.AT_MOST):
        assert bound is None or missing == 0 or there + missing <= bound
    assert missing == 0 or (most, limit) != (None, None)


def test_a_shop_that_restarts_is_no_news_and_a_token_that_is_gone_is() -> None:
    assert shops.patience("shop-unreachable") == timedelta(hours=1)
    assert shops.patience("shop-token-refused") == timedelta(0)
