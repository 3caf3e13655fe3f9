"""What a pass costs its reader: list price, reduction and price, in whole minor units of the pass type's currency."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from promos.rules.language import N_
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
        errors["benefit"] = N_("This is not one of the possible choices.")
    if (percent is not None) != (kind == "percent"):
        errors["percent"] = N_("A percentage belongs to a benefit in percent, and to no other.")
    elif percent is not None and not _is_percentage(percent):
        errors["percent"] = N_("Write a percentage above 0 and up to 100, with at most two digits after the point.")
    if (amount is not None) != (kind in ("amount", "fixed_price")):
        errors["amount"] = N_("An amount belongs to a reduction in money or a fixed price, and to no other benefit.")
    if errors:
        raise InvalidRequest(errors)
    return Benefit(kind, percent, amount)


def _is_percentage(percent: Decimal) -> bool:
    return percent.is_finite() and 0 < percent <= 100 and percent == percent.quantize(Decimal("0.01"))
