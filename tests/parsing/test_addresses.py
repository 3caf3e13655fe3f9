"""What a page does with its readers' addresses: forms that take a consent, and links that carry an address."""

from datetime import date

import pytest

from promos.parsing.issues import HTML
from promos.parsing.lint import Report, lint
from promos.parsing.rules import rule_set
from promos.rules.disclosure.checks.readers import has_address
from promos.rules.disclosure.findings import Finding
from promos.rules.disclosure.vocabulary import Verdict

RULES = rule_set()
BLOCK = "<p>Publicité – Salon SAS</p><h2>Venez</h2><p>Dix accès gratuits avec le code GENERATION</p>"


def judged(html: str, country: str = "FR") -> Report:
    return lint(f"<html lang=fr><body>{html}</body></html>", HTML, RULES, audience=[country], at=date(2026, 11, 23))


def of(check: str, html: str) -> Finding | None:
    return next((one for one in judged(html).findings if one.check == check), None)


def form(inner: str) -> str:
    return f"{BLOCK}<form><input type=email name=a>{inner}<button>Je prends mon accès</button></form>"


TAKEN = {
    "ticked": "<label><input type=checkbox checked> Je reçois la suite</label>",
    "ticked, label apart": "<input id=x type=checkbox checked><label for=x>Les offres de Salon SAS</label>",
    "required": "<label><input type=checkbox required> Je reçois les offres de Salon SAS</label>",
    "by sending": "<p>En validant, vous acceptez de recevoir les offres de Salon SAS.</p>",
}
ASKED = {
    "nothing": "",
    "a box that is free": "<label><input type=checkbox> Je reçois les offres de Salon SAS</label>",
    "the conditions": "<label><input type=checkbox required> J'accepte les conditions du salon</label>",
}


@pytest.mark.parametrize("inner", TAKEN.values(), ids=TAKEN.keys())
def test_a_consent_that_nobody_gave_is_found(inner: str) -> None:
    finding = of("DAT-1", form(inner))

    assert finding is not None
    assert finding.verdict is Verdict.FAIL
    assert finding.where["segments"]  # it is told beside the block


@pytest.mark.parametrize("inner", ASKED.values(), ids=ASKED.keys())
def test_a_consent_that_is_asked_for_is_none_of_these(inner: str) -> None:
    finding = of("DAT-1", form(inner))

    assert finding is not None
    assert finding.verdict is Verdict.PASS


def test_a_form_without_an_address_and_readers_elsewhere_are_not_judged() -> None:
    assert of("DAT-1", f"{BLOCK}<form><input type=search><input type=checkbox checked></form>") is None
    assert not [one for one in judged(form(TAKEN["ticked"]), "US").findings if one.check == "DAT-1"]


def test_a_form_is_judged_where_no_promo_block_stands() -> None:
    (finding,) = judged(f"<p>Bonjour</p>{form(TAKEN['ticked']).removeprefix(BLOCK)}").findings

    assert (finding.check, finding.verdict, finding.where) == ("DAT-1", Verdict.FAIL, {"form": 1})


@pytest.mark.parametrize(
    ("inner", "says"),
    [
        ("<p>Nous transmettons votre adresse à nos partenaires.</p>", Verdict.FAIL),
        ("<p>Nous transmettons votre adresse à nos partenaires : Salon SAS.</p>", Verdict.PASS),
        ("<p><a href='https://a.example/partenaires'>La liste de nos partenaires</a></p>", Verdict.PASS),
        ("<p>Votre adresse reste chez nous.</p>", None),
    ],
)
def test_who_gets_an_address_is_named(inner: str, says: Verdict | None) -> None:
    finding = of("DAT-2", form(inner))

    assert (finding.verdict if finding else None) is says


@pytest.mark.parametrize(
    "link",
    [
        "https://a.example/?email=ada@mail.example",
        "https://a.example/?e=ada%40mail.example&b=1",
        "https://a.example/#ada@mail.example",
        "https://a.example/?r={{ subscriber.email }}",
        "https://a.example/?r={{ .Subscriber.Email }}",
        "https://a.example/?r={{%20contact.EMAIL%20}}",
        "https://a.example/?r=*|EMAIL|*",
        "https://a.example/?r=%%{email}%%",
        "https://a.example/?r=[subscriber:email]",
        "https://a.example/?r=%EMAIL%",
        "https://a.example/?r={{ subscriber.email_address }}",
    ],
)
def test_a_link_with_an_address_is_found(link: str) -> None:
    assert has_address(link)
    finding = of("DAT-3", f'{BLOCK}<p><a href="{link}">ici</a></p>')
    assert finding is not None
    assert finding.stops


@pytest.mark.parametrize(
    "link",
    [
        "https://a.example/?r={{ subscriber.id }}",
        "https://a.example/?r=*|UNIQID|*",
        "https://a.example/?utm_medium=email&utm_source=letter",
        "https://a.example/email?tab=email",
        "https://social.example/@ada@mail.example",
        "mailto:ada@mail.example?subject=pass",
        "https://a.example/?q=100%25+%2B+email",
        "https://[",
    ],
)
def test_a_link_without_one_is_not(link: str) -> None:
    assert not has_address(link)
