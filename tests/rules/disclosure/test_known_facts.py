"""What the checks say where Promos knows more than the text: declarations, approvals, tools, sendings."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from promos.parsing.issues import TEXT, read_issue
from promos.parsing.rules import rule_set
from promos.rules.disclosure.checks import check
from promos.rules.disclosure.declarations import Benefit, Declaration, Worth, worth
from promos.rules.disclosure.findings import Finding
from promos.rules.disclosure.label import given_sentence
from promos.rules.disclosure.subject import (
    Facts,
    Loss,
    Observation,
    Redeemable,
    Sending,
    Subject,
    Tool,
    of_rendering,
)
from promos.rules.disclosure.vocabulary import (
    BenefitKind,
    EditorialControl,
    Obligation,
    ReceivedBy,
    RelationshipKind,
    Severity,
    Vat,
    Verdict,
)

RULES = rule_set()
DAY = date(2026, 11, 23)
SENT = datetime(2026, 11, 23, 7, tzinfo=UTC)
LABEL = "Publicité – Generation Events SAS\n\n"
REST = "Venez\n\n20 accès à 999 € TTC, jusqu'au 1er décembre, conditions en ligne.\n\nAvec le code GENERATION\n"


def declared(*kinds: RelationshipKind, contract: str = "") -> Declaration:
    return Declaration(frozenset(kinds), (), EditorialControl.NONE, Obligation.NONE, contract)


BOTH = declared(RelationshipKind.PASSES_FOR_READERS)


def facts(said: Declaration = BOTH, **known: Any) -> Facts:
    return Facts(said, said, (), "Generation Events SAS", 20, **known)


def found(
    known: Facts,
    text: str = LABEL + REST,
    *,
    beside: Mapping[str, str] | None = None,
    audience: tuple[str, ...] = ("FR",),
    at: date = DAY,
) -> dict[str, Finding]:
    block = of_rendering(read_issue(text, TEXT).segments, "GENERATION", "Venez", known, {"block": "b"})
    if beside is not None:
        block = replace(block, beside={name: tuple(read_issue(each, TEXT).segments) for name, each in beside.items()})
    return {one.check: one for one in check(Subject((block,), "fr", is_styled=False), RULES, audience, at)}


def verdict(name: str, *given: Any, **rest: Any) -> Verdict | None:
    finding = found(*given, **rest).get(name)
    return finding.verdict if finding else None


def a_pass(value: int | None = 99_900, vat: Vat = Vat.INCLUDED, **rest: Any) -> Benefit:
    rate = Decimal(20) if vat is Vat.INCLUDED else None
    given = {"received_by": ReceivedBy.AUTHOR, "quantity": 1, "vat_rate": rate, "unit_value": value, "vat": vat}
    return Benefit(BenefitKind.PASS, **{**given, **rest})


def test_what_nobody_knows_of_a_block_of_ours_stops_nothing() -> None:
    said = found(facts())

    assert not any(one.stops for one in said.values())
    assert {one.check for one in said.values() if one.verdict is Verdict.CANNOT_TELL} == {"REL-4", "VIS-2", "VIS-3"}
    assert not said.keys() & {
        "OFF-4",
        "OFF-5",
        "PAR-1",
        "PAR-2",
        "PAR-3",
        "ESP-1",
        "EVI-1",
        "EVI-2",
        "DAT-1",
        "DAT-2",
        "POS-5",
    }


def test_a_declaration_of_nothing_does_not_fit_a_block_that_gives_a_code() -> None:
    nothing = found(facts(declared(RelationshipKind.NONE_DECLARED)), LABEL + "Venez\n\nJ’y serai. Code GENERATION\n")

    assert nothing["REL-3"].stops
    assert nothing["REL-3"].facts["what"] == ("a code", "the author will be there")
    assert "REL-3" not in found(facts())


def test_nothing_is_said_of_a_declaration_that_is_not_made_by_both() -> None:
    one = Facts(None, declared(RelationshipKind.NONE_DECLARED), (), "Generation Events SAS", 20)

    assert "REL-3" not in found(one)


def test_999_euros_with_twenty_per_cent_are_832_50_without() -> None:
    assert worth([a_pass()]) == Worth(83_250, 83_250, 0)
    assert worth([a_pass(vat=Vat.EXCLUDED)]) == Worth(99_900, 99_900, 0)
    assert worth([a_pass(vat=Vat.UNKNOWN)]) == Worth(0, 99_900, 0)
    assert worth([a_pass(None), a_pass(currency="USD")]) == Worth(0, 0, 2)
    assert worth([a_pass(received_by=ReceivedBy.READERS)]) == Worth(0, 0, 0)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([a_pass()], Verdict.PASS),
        ([a_pass(quantity=2)], Verdict.FAIL),  # 1,665
        ([a_pass(vat=Vat.EXCLUDED)], Verdict.PASS),  # one euro below
        ([a_pass(100_000, Vat.EXCLUDED)], Verdict.FAIL),
        ([a_pass(vat=Vat.UNKNOWN, quantity=2)], Verdict.CANNOT_TELL),
        ([a_pass(), a_pass(None)], Verdict.CANNOT_TELL),
        ([a_pass(quantity=9, received_by=ReceivedBy.READERS)], Verdict.PASS),
    ],
)
def test_a_thousand_euros_a_year_ask_for_a_contract_in_france(given: list[Benefit], says: Verdict) -> None:
    known = facts(given_this_year=tuple(given))

    assert found(known)["REL-4"].verdict is says
    assert found(known)["REL-4"].severity is Severity.WARN  # the decree is known second-hand
    assert "REL-4" not in found(known, audience=("DE",))
    assert "REL-4" not in found(known, at=date(2025, 12, 31))


def test_a_contract_that_both_name_is_enough() -> None:
    signed = declared(RelationshipKind.PAID_FIXED, contract="2026-7")

    assert verdict("REL-4", facts(signed, given_this_year=(a_pass(quantity=9),))) is Verdict.PASS


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("Publicité – Generation Events SAS\n\n", Verdict.PASS),
        ("Publicité – collaboration commerciale avec Generation Events SAS\n\n", Verdict.FAIL),
        ("Publicité\n\n", Verdict.FAIL),  # whose?
    ],
)
def test_an_event_of_ones_own_names_its_owner_and_no_sponsor(label: str, says: Verdict) -> None:
    finding = found(facts(declared(RelationshipKind.OWN_EVENT)), label + REST)["REL-5"]

    assert (finding.verdict, finding.severity, finding.stops) == (says, Severity.INFO, False)
    assert "REL-5" not in found(facts(), label + REST)


OWN = "Notre propre événement – organisé par Generation Events SAS\n\n"


def test_an_event_of_ones_own_needs_no_other_label() -> None:
    own = found(facts(declared(RelationshipKind.OWN_EVENT)), OWN + REST, audience=("FR", "DE"))

    assert {own[name].verdict for name in ("REL-5", "LBL-1", "LBL-2", "LBL-3", "LBL-4", "POS-1")} == {Verdict.PASS}
    assert not any(one.stops for one in found(facts(declared(RelationshipKind.OWN_EVENT)), OWN + REST).values())


@pytest.mark.parametrize(
    "said",
    [
        BOTH,
        declared(RelationshipKind.OWN_EVENT, RelationshipKind.CO_ORGANISED),
        declared(RelationshipKind.OWN_EVENT, RelationshipKind.PAID_FIXED),
        replace(
            declared(RelationshipKind.OWN_EVENT), benefits=(Benefit(BenefitKind.MONEY, ReceivedBy.PUBLICATION, 1),)
        ),
    ],
)
def test_nothing_else_passes_for_an_event_of_ones_own(said: Declaration) -> None:
    finding = found(facts(said), OWN + REST)["LBL-1"]

    assert (finding.verdict, finding.severity) == (Verdict.FAIL, Severity.BLOCK)


def test_an_event_is_ones_own_only_if_both_say_so() -> None:
    own = declared(RelationshipKind.OWN_EVENT)

    for partner, editor in ((own, None), (None, own), (own, BOTH)):
        assert found(Facts(partner, editor, (), "Generation Events SAS", 20), OWN + REST)["LBL-1"].stops
    assert found(facts(own), REST)["LBL-1"].stops


def test_a_country_that_nobody_looked_at_does_not_pass_for_own_events() -> None:
    finding = found(facts(declared(RelationshipKind.OWN_EVENT)), OWN + REST, audience=("BE",))["LBL-2"]

    assert (finding.verdict, finding.severity) == (Verdict.FAIL, Severity.WARN)


@pytest.mark.parametrize("language", sorted(RULES.wording))
@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (RelationshipKind.PRESS_ACCREDITATION, "press"),
        (RelationshipKind.UNSOLICITED_GIFT, "gift"),
        (RelationshipKind.OWNERSHIP_EMPLOYMENT_FAMILY, "tie"),
        (RelationshipKind.PAST_RELATIONSHIP_12M, "past"),
    ],
)
def test_accreditations_gifts_and_ties_are_said_and_still_labelled(
    language: str, kind: RelationshipKind, named: str
) -> None:
    said = given_sentence(RULES, language, "Generation Events SAS", declared(kind), 20)

    assert getattr(RULES.wording[language], named) in said
    judged = found(facts(declared(kind)), f"Publicité – Generation Events SAS\n{said}\n\n" + REST)
    assert judged["REL-2"].verdict is Verdict.PASS
    assert found(facts(declared(kind)), f"{said}\n\n" + REST)["LBL-1"].stops


@pytest.mark.parametrize("kind", [RelationshipKind.PRESS_ACCREDITATION, RelationshipKind.UNSOLICITED_GIFT])
def test_what_came_unasked_was_given_all_the_same(kind: RelationshipKind) -> None:
    text = "Publicité – Generation Events SAS\nPas de paiement.\n\nVenez\n\nAvec le code GENERATION\n"

    assert verdict("REL-2", facts(declared(kind)), text) is Verdict.FAIL
    assert verdict("REL-2", facts(declared(RelationshipKind.OWN_EVENT)), text) is Verdict.PASS


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (Redeemable(SENT, SENT, 20, 20, used=20), Verdict.PASS),
        (Redeemable(SENT, SENT - timedelta(days=1), 20, 5), Verdict.PASS),
        (Redeemable(None, None, None, None), Verdict.PASS),
        (Redeemable(SENT, SENT + timedelta(seconds=1), 20, 20), Verdict.FAIL),
        (Redeemable(SENT, None, 20, 20), Verdict.FAIL),
        (Redeemable(SENT, SENT, 20, 21), Verdict.FAIL),
        (Redeemable(SENT, SENT, 20, None), Verdict.FAIL),
        (Redeemable(SENT, SENT, 20, 20, used=21), Verdict.FAIL),
    ],
)
def test_a_code_ends_with_what_readers_are_told(code: Redeemable, says: Verdict) -> None:
    assert verdict("OFF-4", facts(redeemable=code)) is says


@pytest.mark.parametrize(
    ("beside", "says"),
    [
        ({"email_text": LABEL + REST, "web": LABEL + REST}, Verdict.PASS),
        ({"email_text": REST}, Verdict.FAIL),
        ({"email_text": LABEL + REST, "web": "Sponsorisé : X SAS\n\n" + REST}, Verdict.FAIL),
        ({}, Verdict.PASS),
    ],
)
def test_every_form_of_a_block_has_the_same_label(beside: dict[str, str], says: Verdict) -> None:
    assert verdict("PAR-1", facts(), beside=beside) is says


def test_a_label_that_stands_in_no_form_is_no_difference() -> None:
    assert verdict("PAR-1", facts(), REST, beside={"web": REST}) is None


@pytest.mark.parametrize(("approved", "says"), [("a", Verdict.PASS), ("b", Verdict.FAIL), (None, None)])
def test_what_goes_out_is_what_the_partner_approved(approved: str | None, says: Verdict | None) -> None:
    assert verdict("PAR-2", facts(content_hash="a", approved_hash=approved)) is says


def test_a_tool_that_can_lose_the_label_is_named_with_how() -> None:
    slot = found(facts(tool=Tool("Buttondown", (Loss.EMPTY_SLOT,))))["ESP-1"]

    assert slot.stops
    assert "Buttondown can lose the label: where the slot" in slot.told(str)["why"]
    assert verdict("ESP-1", facts(tool=Tool("listmonk"))) is Verdict.PASS


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("looks", "now", "within", "drift"),
    [
        ([(2, True)], 30, Verdict.PASS, Verdict.PASS),
        ([(24, True)], 30, Verdict.PASS, Verdict.PASS),
        ([(25, True)], 30, Verdict.FAIL, Verdict.PASS),
        ([(-1, True)], 30, Verdict.FAIL, Verdict.PASS),  # of a draft
        ([], 24, Verdict.CANNOT_TELL, None),
        ([], 25, Verdict.FAIL, None),
        ([(2, True), (900, False)], 901, Verdict.PASS, Verdict.FAIL),
        ([(900, True), (2, False)], 901, Verdict.PASS, Verdict.PASS),  # put back
    ],
)
def test_a_sent_issue_is_looked_at_and_keeps_its_label(
    looks: list[tuple[int, bool]], now: int, within: Verdict, drift: Verdict | None
) -> None:
    seen = tuple(Observation(SENT + hours * HOUR, is_labelled) for hours, is_labelled in looks)
    known = facts(sending=Sending(SENT, SENT + now * HOUR, seen))

    assert (verdict("EVI-1", known), verdict("EVI-2", known)) == (within, drift)


@pytest.mark.parametrize("halted", ["", "suspended", "cancelled"])
def test_a_code_that_gives_nothing_is_not_published(halted: str) -> None:
    assert verdict("OFF-5", replace(facts(), halted=halted)) is (Verdict.FAIL if halted else Verdict.PASS)
