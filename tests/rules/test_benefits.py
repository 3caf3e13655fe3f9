from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules.benefits import Benefit, Price, benefit, price
from promos.rules.refusals import InvalidRequest


@pytest.mark.parametrize(
    ("given_away", "face_value", "currency", "paid"),
    [
        (Benefit("free_pass"), 99900, "EUR", 0),
        (Benefit("percent", Decimal("25")), 99900, "EUR", 74925),
        (Benefit("percent", Decimal("12.50")), 1001, "EUR", 876),  # 125.125 off, half up at the cent: 125
        (Benefit("percent", Decimal("50")), 333, "EUR", 166),  # 166.5 off is 167
        (Benefit("percent", Decimal("33.33")), 1000, "JPY", 667),
        (Benefit("percent", Decimal("0.5")), 12345, "KWD", 12283),
        (Benefit("amount", amount=20000), 99900, "EUR", 79900),
        (Benefit("amount", amount=20000), 15000, "EUR", 0),
        (Benefit("fixed_price", amount=9900), 99900, "EUR", 9900),
        (Benefit("fixed_price", amount=9900), 5000, "EUR", 5000),
        (Benefit("access"), 99900, "EUR", 99900),
    ],
)
def test_what_the_reader_pays(given_away: Benefit, face_value: int, currency: str, paid: int) -> None:
    assert price(given_away, face_value, currency).price == paid


@given(
    st.builds(Benefit, st.just("percent"), st.decimals("0.01", "100", places=2))
    | st.builds(lambda amount: Benefit("amount", amount=amount), st.integers(0, 10**9))
    | st.builds(lambda amount: Benefit("fixed_price", amount=amount), st.integers(0, 10**9)),
    st.integers(0, 10**9),
)
def test_nobody_pays_less_than_nothing_or_more_than_the_list_price(given_away: Benefit, face_value: int) -> None:
    asked = price(given_away, face_value, "EUR")

    assert 0 <= asked.price <= face_value
    assert asked == Price(face_value, face_value - asked.price, "EUR")


@pytest.mark.parametrize(
    ("kind", "facts", "field"),
    [
        ("percent", {}, "percent"),
        ("percent", {"percent": Decimal("0")}, "percent"),
        ("percent", {"percent": Decimal("100.01")}, "percent"),
        ("percent", {"percent": Decimal("12.345")}, "percent"),
        ("percent", {"percent": Decimal("NaN")}, "percent"),
        ("percent", {"percent": Decimal("1e400")}, "percent"),
        ("free_pass", {"percent": Decimal("10")}, "percent"),
        ("amount", {}, "amount"),
        ("access", {"amount": 100}, "amount"),
        ("gift", {}, "benefit"),
    ],
)
def test_a_benefit_that_says_too_little_or_too_much_is_refused(kind: str, facts: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        benefit(kind, **facts)  # type: ignore[arg-type]

    assert [error["field"] for error in refused.value.errors] == [field]
