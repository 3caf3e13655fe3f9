"""Money as whole minor units of an ISO 4217 currency, and as people write it."""

from decimal import Decimal, InvalidOperation

from promos.rules.refusals import InvalidRequest

# ISO 4217: digits after the point; every other currency has two.
_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
_MOST = 10**12


def digits(currency: str) -> int:
    return _DIGITS.get(currency, 2)


def minor(amount: str, currency: str, *, field: str = "amount") -> int:
    """`"999.00"` in EUR → `99900`; raises `InvalidRequest` for what is negative, too fine, too large or no number."""
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise InvalidRequest({"currency": "ISO 4217, such as EUR"})
    try:
        value = Decimal(amount) if len(amount) <= 20 else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value.adjusted() > 12 or not 0 <= value * 10 ** digits(currency) <= _MOST:
        raise InvalidRequest({field: "a number such as 999.00, not negative"})
    units = value.scaleb(digits(currency))
    if units != units.to_integral_value():
        raise InvalidRequest({field: f"{currency} has {digits(currency)} digits after the point"})
    return int(units)


def major(units: int, currency: str) -> str:
    """`99900` in EUR → `"999.00"`."""
    return f"{Decimal(units).scaleb(-digits(currency)):.{digits(currency)}f}"
