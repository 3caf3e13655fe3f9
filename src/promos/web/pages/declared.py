"""The form in which partner and editor each say what was exchanged for a promo block, and its plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from promos.models import Declaration
from promos.queries.contents import Placed, declared_in
from promos.rendering.language import Language
from promos.rules.disclosure import declarations
from promos.rules.disclosure.vocabulary import (
    BenefitKind,
    EditorialControl,
    Obligation,
    ReceivedBy,
    RelationshipKind,
    Vat,
)
from promos.rules.language import N_
from promos.rules.money import major
from promos.rules.refusals import InvalidRequest
from promos.web.pages.typed import Typed

EMPTY_ROWS = 3
CELLS = ("kind", "received_by", "quantity", "unit_value", "currency", "vat", "vat_rate")

KINDS: dict[StrEnum, str] = {
    RelationshipKind.PASSES_FOR_READERS: N_("The organiser gives passes for readers"),
    RelationshipKind.PASS_FOR_AUTHOR: N_("The author gets a pass"),
    RelationshipKind.PRESS_ACCREDITATION: N_("The author gets a press accreditation"),
    RelationshipKind.PAID_FIXED: N_("A fixed price is paid for the block"),
    RelationshipKind.PAID_PERFORMANCE: N_("Money is paid by clicks, sign-ups or passes"),
    RelationshipKind.COMMISSION_AFFILIATE: N_("A commission is paid on sales"),
    RelationshipKind.REVENUE_SHARE: N_("The revenue is shared"),
    RelationshipKind.TRAVEL_HOSPITALITY: N_("Travel, hotel or meals are paid for"),
    RelationshipKind.GOODS_SERVICES_FREE: N_("Goods or services are given for free"),
    RelationshipKind.BARTER_CROSS_PROMO: N_("Each side advertises the other"),
    RelationshipKind.CO_ORGANISED: N_("The publication helps to organise the event"),
    RelationshipKind.OWN_EVENT: N_("It is the publication’s own event"),
    RelationshipKind.OWNERSHIP_EMPLOYMENT_FAMILY: N_("Somebody owns, works for or is related to the other side"),
    RelationshipKind.PAST_RELATIONSHIP_12M: N_("There was something of this kind in the last twelve months"),
    RelationshipKind.UNSOLICITED_GIFT: N_("Something came that nobody had asked for"),
    RelationshipKind.NONE_DECLARED: N_("Nothing at all"),
}
BENEFITS: dict[StrEnum, str] = {
    BenefitKind.PASS: N_("passes"),
    BenefitKind.MONEY: N_("money"),
    BenefitKind.TRAVEL: N_("travel or hotel"),
    BenefitKind.GOODS: N_("goods"),
    BenefitKind.SERVICE: N_("a service"),
    BenefitKind.COMMISSION: N_("a commission"),
    BenefitKind.OTHER: N_("something else"),
}
RECEIVED: dict[StrEnum, str] = {
    ReceivedBy.READERS: N_("the readers"),
    ReceivedBy.AUTHOR: N_("the author"),
    ReceivedBy.PUBLICATION: N_("the publication"),
}
CONTROL: dict[StrEnum, str] = {
    EditorialControl.NONE: N_("The partner does not see it before it is out"),
    EditorialControl.FACT_CHECK: N_("The partner checks facts only"),
    EditorialControl.APPROVAL: N_("The partner approves it"),
    EditorialControl.VETO: N_("The partner can stop it"),
    EditorialControl.SUPPLIED_COPY: N_("The partner wrote it"),
}
OBLIGATION: dict[StrEnum, str] = {
    Obligation.NONE: N_("Nobody expects it to appear"),
    Obligation.INFORMAL: N_("It was agreed informally"),
    Obligation.CONTRACTUAL: N_("A contract says so"),
}
VAT: dict[StrEnum, str] = {
    Vat.INCLUDED: N_("included"),
    Vat.EXCLUDED: N_("excluded"),
    Vat.UNKNOWN: N_("not known"),
}
MEMBERS = {
    "kinds": N_("The relationship"),
    "benefits": N_("What was given"),
    "editorial_control": N_("Say over the text"),
    "obligation": N_("Duty to publish"),
    "contract": N_("Written contract"),
}


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the form's fields."""

    kinds: Sequence[str]
    rows: Sequence[Mapping[str, str]]
    editorial_control: str = ""
    obligation: str = ""
    contract: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """One member of both declarations, in words."""

    name: str
    mine: Sequence[str]
    theirs: Sequence[str]
    differs: bool


def choices(language: Language) -> dict[str, list[tuple[str, str]]]:
    tables = {
        "kinds": KINDS,
        "benefits": BENEFITS,
        "received": RECEIVED,
        "control": CONTROL,
        "obligation": OBLIGATION,
        "vat": VAT,
    }
    return {name: [(str(value), language.gettext(word)) for value, word in of.items()] for name, of in tables.items()}


def from_offer(placed: Placed) -> Filled:
    """What the offer itself says was given. How much say and duty there is, only a person knows."""
    kind = placed.pass_type
    row = {
        "kind": str(BenefitKind.PASS),
        "received_by": str(ReceivedBy.READERS),
        "quantity": "" if placed.quantity is None else str(placed.quantity),
        "unit_value": major(kind.face_value, kind.currency),
        "currency": kind.currency,
        "vat": kind.vat,
        "vat_rate": "" if kind.vat_rate is None else f"{kind.vat_rate.normalize():f}",
    }
    return Filled([str(RelationshipKind.PASSES_FOR_READERS)], [row])


def from_row(made: Declaration) -> Filled:
    """A declaration that was made before."""
    rows = [{cell: "" if each.get(cell) is None else str(each[cell]) for cell in CELLS} for each in made.benefits]
    return Filled(made.kinds, rows, made.editorial_control, made.obligation, made.contract)


def from_typed(typed: Typed) -> Filled:
    """The form as it came, without the rows that are empty."""
    rows = [_row(typed, number) for number in _numbers(typed)]
    said = (typed.text(name) for name in ("editorial_control", "obligation", "contract"))
    return Filled(typed.all("kinds"), rows, *said)


def read(typed: Typed) -> dict[str, Any]:
    """What `declarations.declare` takes; raises `InvalidRequest` with the field, and the row, of all that is wrong."""
    errors: dict[str, str] = {}
    benefits = []
    for place, number in enumerate(_numbers(typed)):
        row: dict[str, Any] = _row(typed, number)
        row["quantity"] = int(row["quantity"]) if row["quantity"].isascii() and row["quantity"].isdigit() else None
        row["unit_value"], row["vat_rate"] = row["unit_value"].replace(",", "."), row["vat_rate"].replace(",", ".")
        row["currency"] = row["currency"].upper()
        try:
            declarations.declaration(["own_event"], [row], "none", "none")
        except InvalidRequest as refusal:
            fields = [each["field"].rpartition(".")[2] for each in refusal.errors]
            errors |= {f"{field}_{place}": _WRONG[field] for field in fields}
        benefits.append(row)
    given = {
        "kinds": typed.all("kinds"),
        "benefits": benefits,
        "editorial_control": typed.text("editorial_control"),
        "obligation": typed.text("obligation"),
        "contract": typed.text("contract"),
    }
    for name, words in (("editorial_control", CONTROL), ("obligation", OBLIGATION)):
        if given[name] not in list(words):
            errors[name] = N_("Choose one: only you know it.")
    if errors:
        raise InvalidRequest(errors)
    return given


def compared(mine: Declaration, theirs: Declaration, language: Language) -> list[Compared]:
    said = [_words(each, language) for each in (mine, theirs)]
    differ = declarations.differences(declared_in(mine), declared_in(theirs))
    return [
        Compared(language.gettext(word), said[0][name], said[1][name], name in differ) for name, word in MEMBERS.items()
    ]


_WRONG = {
    "kind": N_("Choose what was given."),
    "received_by": N_("Choose who received it."),
    "quantity": N_("How many? A whole number, 1 or more."),
    "unit_value": N_("Write an amount such as 999.00, or nothing if nobody can say."),
    "currency": N_("Write a currency as three letters, such as EUR."),
    "vat": N_("Choose one."),
    "vat_rate": N_("Write a percentage between 0 and 100, such as 20 or 5.5."),
}


def _numbers(typed: Typed) -> list[int]:
    """The rows in which something stands that was not there before anybody typed."""
    cells = ("kind", "received_by", "quantity", "unit_value")
    return [number for number in range(20 + EMPTY_ROWS) if any(typed.text(f"{cell}_{number}") for cell in cells)]


def _row(typed: Typed, number: int) -> dict[str, str]:
    return {cell: typed.text(f"{cell}_{number}")[:40] for cell in CELLS}


def _words(made: Declaration, language: Language) -> dict[str, list[str]]:
    said = declared_in(made)
    return {
        "kinds": sorted(language.gettext(KINDS[kind]) for kind in said.kinds),
        "benefits": [_benefit(each, language) for each in sorted(said.benefits, key=repr)],
        "editorial_control": [language.gettext(CONTROL[said.editorial_control])],
        "obligation": [language.gettext(OBLIGATION[said.obligation])],
        "contract": [said.contract] if said.contract else [],
    }


def _benefit(each: declarations.Benefit, language: Language) -> str:
    what = language.gettext(N_("%(count)s × %(what)s for %(whom)s")) % {
        "count": language.number(each.quantity),
        "what": language.gettext(BENEFITS[each.kind]),
        "whom": language.gettext(RECEIVED[each.received_by]),
    }
    if each.unit_value is None:
        return what
    rate = "" if each.vat_rate is None else f" {language.percent(each.vat_rate / 100)}"
    worth = language.gettext(N_("worth %(amount)s each, VAT%(rate)s %(vat)s")) % {
        "amount": language.money(each.unit_value, each.currency),
        "rate": rate,
        "vat": language.gettext(VAT[each.vat]),
    }
    return f"{what}, {worth}"
