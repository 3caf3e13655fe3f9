import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import money
from promos.rules.refusals import InvalidRequest

currencies = st.sampled_from(["EUR", "USD", "JPY", "TND", "CHF"])


@given(st.integers(0, 10**12), currencies)
def test_minor_units_are_written_and_read_back(units: int, currency: str) -> None:
    assert money.minor(money.major(units, currency), currency) == units


@given(st.text(max_size=25), currencies)
def test_whatever_is_typed_is_an_amount_or_refused(text: str, currency: str) -> None:
    try:
        units = money.minor(text, currency)
    except InvalidRequest:
        return

    assert 0 <= units <= 10**12


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("999.00", "EUR", 99900), ("999", "EUR", 99900), ("0", "EUR", 0), ("500", "JPY", 500), ("1.234", "TND", 1234)],
)
def test_digits_follow_the_currency(amount: str, currency: str, units: int) -> None:
    assert money.minor(amount, currency) == units


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("-1", "EUR"),
        ("1.001", "EUR"),
        ("1.5", "JPY"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("1e400", "EUR"),
        ("10000000001", "EUR"),
        ("", "EUR"),
        ("1,50", "EUR"),
        ("9" * 21, "EUR"),
        ("1", "euro"),
        ("1", "€€€"),
    ],
)
def test_what_is_no_amount_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(InvalidRequest):
        money.minor(amount, currency)


def test_an_amount_keeps_the_zeros_of_its_currency() -> None:
    assert money.major(99900, "EUR") == "999.00"
    assert money.major(500, "JPY") == "500"
    assert money.major(5, "TND") == "0.005"


@pytest.mark.parametrize(
    ("currency", "digits"), [("XOF", 0), ("XPF", 0), ("UGX", 0), ("IQD", 3), ("LYD", 3), ("UYW", 4)]
)
def test_every_currency_has_its_own_digits(currency: str, digits: int) -> None:
    amount = f"1.{'0' * digits}" if digits else "1"

    assert money.minor(amount, currency) == 10**digits
    with pytest.raises(InvalidRequest):
        money.minor(f"1.{'0' * digits}5", currency)


@pytest.mark.parametrize("amount", ["1e999999", "-1e999999", "9e13", "1e-999999"])
def test_an_amount_beyond_all_numbers_is_refused(amount: str) -> None:
    with pytest.raises(InvalidRequest):
        money.minor(amount, "EUR")
