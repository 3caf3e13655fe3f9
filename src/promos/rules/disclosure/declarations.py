"""What one party says was exchanged for a promo block."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from promos.rules.disclosure.vocabulary import (
    BenefitKind,
    EditorialControl,
    Obligation,
    ReceivedBy,
    RelationshipKind,
    Vat,
)
from promos.rules.language import N_
from promos.rules.money import major, minor
from promos.rules.refusals import InvalidRequest

Word = TypeVar("Word", bound=StrEnum)
_MOST = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Benefit:
    """Something of value that somebody received; `unit_value` in minor units, `None` where nobody can say."""

    kind: BenefitKind
    received_by: ReceivedBy
    quantity: int
    unit_value: int | None = None
    currency: str = "EUR"
    vat: Vat = Vat.UNKNOWN
    vat_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    kinds: frozenset[RelationshipKind]
    benefits: tuple[Benefit, ...]
    editorial_control: EditorialControl
    obligation: Obligation
    contract: str = ""  # how the parties call the written contract, if there is one

    @property
    def is_paid(self) -> bool:
        """Whether money moves for the block."""
        paid = {RelationshipKind.PAID_FIXED, RelationshipKind.PAID_PERFORMANCE}
        paid |= {RelationshipKind.COMMISSION_AFFILIATE, RelationshipKind.REVENUE_SHARE}
        money = {BenefitKind.MONEY, BenefitKind.COMMISSION}
        return bool(self.kinds & paid) or any(benefit.kind in money for benefit in self.benefits)

    @property
    def is_own(self) -> bool:
        """Whether the event is the newsletter's own, and that is all: nobody else has anything to do with it."""
        return self.kinds == {RelationshipKind.OWN_EVENT} and not self.is_paid

    def passes_for(self, who: ReceivedBy) -> int:
        return sum(each.quantity for each in self.benefits if each.kind is BenefitKind.PASS and each.received_by is who)


@dataclass(frozen=True, slots=True)
class Worth:
    """Cents without VAT. `most` counts what nobody says the VAT of, as if none were in it; `uncounted` has no worth."""

    least: int
    most: int
    uncounted: int


def worth(benefits: Iterable[Benefit]) -> Worth:
    """What author and publication received, at the VAT rate that is stated: 999 EUR with 20 % included are 832.50."""
    least = most = uncounted = 0
    for each in benefits:
        if each.received_by is ReceivedBy.READERS:
            continue
        if each.unit_value is None or each.currency != "EUR":
            uncounted += 1
            continue
        whole = Decimal(each.unit_value * each.quantity)
        if each.vat is Vat.INCLUDED and each.vat_rate is not None:
            whole = (whole / (1 + each.vat_rate / 100)).quantize(Decimal(1), ROUND_HALF_UP)
            least += int(whole)
        elif each.vat is Vat.EXCLUDED:
            least += int(whole)
        most += int(whole)
    return Worth(least, most, uncounted)


def differences(one: Declaration, other: Declaration) -> list[str]:
    """The members on which two declarations disagree: `kinds`, `benefits`, …; order never matters."""
    pairs = {
        "kinds": (one.kinds, other.kinds),
        "benefits": (sorted(map(repr, one.benefits)), sorted(map(repr, other.benefits))),
        "editorial_control": (one.editorial_control, other.editorial_control),
        "obligation": (one.obligation, other.obligation),
        "contract": (bool(one.contract), bool(other.contract)),  # each may call it by a number of its own
    }
    return [name for name, (left, right) in pairs.items() if left != right]


def declaration(
    kinds: Sequence[str],
    benefits: Sequence[Mapping[str, Any]],
    editorial_control: str,
    obligation: str,
    contract: str = "",
) -> Declaration:
    """A declaration from what was typed; raises `InvalidRequest` naming each member that makes no sense."""
    if not kinds:
        raise InvalidRequest({"kinds": N_("Say what the relationship is; “nothing” is an answer too.")})
    known = frozenset(_word(RelationshipKind, kind, "kinds") for kind in kinds)
    if RelationshipKind.NONE_DECLARED in known and (len(known) > 1 or benefits):
        raise InvalidRequest({"kinds": N_("“Nothing” excludes every other kind and every benefit.")})
    if len(benefits) > 20:
        raise InvalidRequest({"benefits": N_("At most 20 benefits.")})
    return Declaration(
        kinds=known,
        benefits=tuple(_benefit(each) for each in benefits),
        editorial_control=_word(EditorialControl, editorial_control, "editorial_control"),
        obligation=_word(Obligation, obligation, "obligation"),
        contract=_contract(contract),
    )


def _contract(typed: str) -> str:
    kept = " ".join(typed.split())
    if len(kept) > 120 or not kept.isprintable():
        raise InvalidRequest({"contract": N_("Write at most 120 letters, on one line.")})
    return kept


def told(said: Declaration) -> dict[str, Any]:
    """As it is kept and compared; a contract's name stays with who declared it."""
    return {
        "kinds": sorted(map(str, said.kinds)),
        "benefits": [as_json(benefit) for benefit in sorted(said.benefits, key=repr)],
        "editorial_control": str(said.editorial_control),
        "obligation": str(said.obligation),
        "contract": bool(said.contract),
    }


def as_json(benefit: Benefit) -> dict[str, Any]:
    return {
        "kind": str(benefit.kind),
        "received_by": str(benefit.received_by),
        "quantity": benefit.quantity,
        "unit_value": None if benefit.unit_value is None else major(benefit.unit_value, benefit.currency),
        "currency": benefit.currency,
        "vat": str(benefit.vat),
        "vat_rate": None if benefit.vat_rate is None else f"{benefit.vat_rate:.2f}",
    }


def _benefit(given: Mapping[str, Any]) -> Benefit:
    unknown = set(given) - {"kind", "received_by", "quantity", "unit_value", "currency", "vat", "vat_rate"}
    if unknown:
        raise InvalidRequest({f"benefits.{sorted(unknown)[0]}": N_("There is no such member.")})
    quantity = given.get("quantity", 1)
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= _MOST:
        raise InvalidRequest({"benefits.quantity": N_("A whole number, 1 or more.")})
    currency = str(given.get("currency") or "EUR")
    value, rate = given.get("unit_value"), given.get("vat_rate")
    return Benefit(
        kind=_word(BenefitKind, given.get("kind", ""), "benefits.kind"),
        received_by=_word(ReceivedBy, given.get("received_by", ""), "benefits.received_by"),
        quantity=quantity,
        unit_value=None if value in (None, "") else minor(str(value), currency, field="benefits.unit_value"),
        currency=currency,
        vat=_word(Vat, given.get("vat") or "unknown", "benefits.vat"),
        vat_rate=None if rate in (None, "") else _rate(str(rate)),
    )


def _rate(typed: str) -> Decimal:
    try:
        rate = Decimal(typed) if len(typed) <= 10 else Decimal("NaN")
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or not 0 <= rate <= 100:
        raise InvalidRequest({"benefits.vat_rate": N_("A percentage between 0 and 100.")})
    return rate.quantize(Decimal("0.01"))


def _word(words: type[Word], typed: Any, field: str) -> Word:
    try:
        return words(typed)
    except ValueError:
        raise InvalidRequest({field: ", ".join(words)}) from None
