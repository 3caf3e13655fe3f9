"""A partner's ticket shop: what a code is worth there, how many are made, and when its owners hear of trouble."""

from datetime import timedelta
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from promos.rules import money
from promos.rules.benefits import Benefit
from promos.rules.patterns import DEFAULT, pattern

KINDS: Final = ("pretix",)
CODE: Final = pattern(DEFAULT)  # 80 bits of chance in each code: a reader's code is as good as money
AT_MOST: Final = 10_000  # codes of one offer
LARGEST: Final = 2**63 - 1  # number of a thing there that we can keep
OVERLAP: Final = timedelta(minutes=10)  # read again each time: what was written while we read is not missed
CALLED_EVERY: Final = timedelta(seconds=30)  # at most, however often the shop calls

PriceMode = Literal["none", "set", "subtract", "percent"]

_PATIENCE = dict.fromkeys(("shop-unreachable", "shop-misunderstood", "shop-not-read"), timedelta(hours=1))


def worth(benefit: Benefit, currency: str) -> tuple[PriceMode, str | None]:
    """What a code does to the price there, and the number for it, in major units or percent."""
    if benefit.kind == "free_pass":
        return "set", money.major(0, currency)
    if benefit.kind == "percent":
        return "percent", f"{benefit.percent or Decimal(0):.2f}"
    if benefit.kind in {"amount", "fixed_price"}:
        return "subtract" if benefit.kind == "amount" else "set", money.major(benefit.amount or 0, currency)
    return "none", None


def tag(offer_id: UUID) -> str:
    """Under which the codes of an offer stand in the shop."""
    return f"promos-{offer_id}"


def missing(most: int | None, limit: int | None, *, there: int) -> int:
    """How many codes are still to be made, beside those `there` in the pool, on their way to it, or deleted in the shop
    though a reader has them.

    Never more than the offer's limit allows passes; an offer without one says how many (`most`).
    """
    bound = min((each for each in (most, limit) if each is not None), default=0)
    return max(0, min(bound, AT_MOST) - there)


def patience(trouble: str) -> timedelta:
    """For how long it may last before the owners are told: a shop that restarts is no news, a token that is gone is."""
    return _PATIENCE.get(trouble, timedelta(0))
