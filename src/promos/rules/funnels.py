"""What a funnel says: counts from the issue sent to the person at the door, and the money that was given away.

Money stays apart by currency and by VAT basis: nothing here adds two of them together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import NamedTuple


class Split(StrEnum):
    OFFER = "offer"
    CODE = "code"
    ISSUE = "issue"
    PUBLICATION = "publication"
    DAY = "day"  # in the event's zone; visits only are counted by days in UTC


@dataclass(slots=True)
class Counts:
    visits: int = 0  # people
    machines: int = 0  # prefetches and link scanners, apart
    unserved: int = 0  # who asked when nothing was left, each time they did
    claims: int = 0  # all who asked by mail, whatever came of it
    passes: int = 0  # confirmed now
    given_back: int = 0  # cancelled or given back, by whomever
    arrivals: int = 0  # inside, or were
    no_shows: int = 0  # passes that nobody came with; none before the event is over

    def add(self, more: "Counts") -> None:
        for name in Counts.__slots__:
            if count := getattr(more, name):
                setattr(self, name, getattr(self, name) + count)


@dataclass(frozen=True, slots=True)
class Sent:
    """To how many people issues went, as their editors told it. `untold`: issues of which nobody did."""

    recipients: int = 0
    told: int = 0  # issues
    untold: int = 0

    @property
    def known(self) -> int | None:
        """`None` where nothing is known: that is not zero."""
        return self.recipients if self.told else None


def sent(issues: Iterable[int | None]) -> Sent:
    """`issues`: the recipients of each, `None` where nobody told."""
    counted = list(issues)
    told = [each for each in counted if each is not None]
    return Sent(sum(told), len(told), len(counted) - len(told))


class Basis(NamedTuple):
    """In what a sum of money is told."""

    currency: str  # ISO 4217
    vat: str  # included | excluded | unknown
    vat_rate: Decimal | None = None  # percent


@dataclass(slots=True)
class Given:
    """What was given away in one basis: the face value of free passes, of discounts the difference. Minor units."""

    basis: Basis
    amount: int = 0
    passes: int = 0
    arrivals: int = 0

    @property
    def per_pass(self) -> int | None:
        return _share(self.amount, self.passes)

    @property
    def per_arrival(self) -> int | None:
        """What was given away in all, for each who came."""
        return _share(self.amount, self.arrivals)


class Purse:
    """Sums of money, each basis by itself."""

    def __init__(self) -> None:
        self._given: dict[Basis, Given] = {}

    def add(self, basis: Basis, *, amount: int = 0, passes: int = 0, arrivals: int = 0) -> None:
        given = self._given.setdefault(basis, Given(basis))
        given.amount += amount
        given.passes += passes
        given.arrivals += arrivals

    @property
    def given(self) -> list[Given]:
        """Sorted; a basis in which there is no pass and nobody came is none."""
        return [self._given[basis] for basis in sorted(self._given, key=_order) if _is_there(self._given[basis])]


def _order(basis: Basis) -> tuple[str, str, Decimal]:
    return basis.currency, basis.vat, basis.vat_rate or Decimal(0)


def _is_there(given: Given) -> bool:
    return bool(given.passes or given.arrivals or given.amount)


def _share(amount: int, among: int) -> int | None:
    return int((Decimal(amount) / among).quantize(Decimal(1), rounding=ROUND_HALF_UP)) if among else None
