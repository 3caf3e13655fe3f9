"""What a pass costs its reader: list price, reduction and price, in whole minor units of the pass type's currency."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from promos.rules.money import digits
from promos.rules.refusals import InvalidRequest

KINDS = ("free_pass", "percent", "amount", "fixed_price", "access")


@dataclass(frozen=True, slots=True)
class Benefit:
    """`percent` off, `amount` off, a fixed price of `amount`, nothing to pay, or the mere right to buy.

    `amount` is in minor units.
    """

    kind: str = "free_pass"
    percent: Decimal | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    list_price: int
    reduction: int
    currency: str

    @property
    def price(self) -> int:
        return self.list_price - self.reduction


def price(benefit: Benefit, face_value: int, currency: str) -> Price:
    """What the reader pays: half up at the currency's own precision, never below zero, never above the list price."""
    if benefit.kind == "free_pass":
        reduction = face_value
    elif benefit.kind == "percent" and benefit.percent is not None:
        exact = Decimal(face_value) * benefit.percent / 100
        reduction = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    elif benefit.kind == "amount" and benefit.amount is not None:
        reduction = min(benefit.amount, face_value)
    elif benefit.kind == "fixed_price" and benefit.amount is not None:
        reduction = max(face_value - benefit.amount, 0)
    else:
        reduction = 0
    return Price(face_value, reduction, currency)


def benefit(kind: str, *, percent: Decimal | None = None, amount: int | None = None) -> Benefit:
    """A benefit that says all it needs and nothing else; raises `InvalidRequest`."""
    errors = {}
    if kind not in KINDS:
        errors["kind"] = f"one of {', '.join(KINDS)}"
    if (percent is not None) != (kind == "percent"):
        errors["percent"] = "given for percent, and for nothing else"
    elif percent is not None and (not 0 < percent <= 100 or percent != percent.quantize(Decimal("0.01"))):
        errors["percent"] = "above 0, at most 100, with at most two digits after the point"
    if (amount is not None) != (kind in ("amount", "fixed_price")):
        errors["amount"] = "given for amount and fixed_price, and for nothing else"
    if errors:
        raise InvalidRequest(errors)
    return Benefit(kind, percent, amount)


def is_whole(amount: Decimal, currency: str) -> bool:
    """Whether `amount`, in major units, can be paid in `currency`."""
    return amount == amount.quantize(Decimal(1).scaleb(-digits(currency)))
