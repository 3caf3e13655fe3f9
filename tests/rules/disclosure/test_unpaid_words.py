"""Who denies a payment says what was given instead: six languages, however it is written."""

from datetime import date

import pytest

from promos.parsing.issues import TEXT
from promos.parsing.lint import lint
from promos.parsing.rules import rule_set
from promos.rules.disclosure.lexicon import contains
from promos.rules.disclosure.vocabulary import Verdict

RULES = rule_set()
BLOCK = "\n\nVenez\n\nDix accès gratuits avec le code GENERATION\n"
LABELS = {
    "fr": "Publicité",
    "en": "Advertisement",
    "de": "Anzeige",
    "es": "Publicidad",
    "it": "Pubblicità",
    "nl": "Advertentie",
}

DENIED = {
    "fr": [
        "collaboration non rémunérée",
        "COLLABORATION NON-RÉMUNÉRÉE",
        "collaboration non remuneree",
        "non\u00a0rémunéré",
        "non‑rémunérée",
        "sans contrepartie",
        "prestation offerte",
        "non ré\u00admunérée",
    ],
    "en": ["unpaid", "Un-paid collaboration", "this is not paid", "no money changed hands", "UNPAID!", "un\u200bpaid"],
    "de": ["unbezahlte Werbung", "Unbezahlt", "UNVERGUTET", "ohne Gegenleistung", "nicht-bezahlt", "keine Vergütung"],
    "es": ["colaboración no remunerada", "NO-REMUNERADA", "sin contraprestacion", "no pagado", "sin retribución"],
    "it": ["collaborazione non retribuita", "non-pagata", "a titolo gratuito", "senza compenso", "nessun pagamento"],
    "nl": ["onbetaald", "on\u00adbetaalde samenwerking", "zonder vergoeding", "geen betaling", "onvergoed"],
}
SAID = {
    "fr": [
        "Pas de paiement ; l'organisateur nous fournit 10 accès.",
        "Collaboration rémunérée.",
        "Salon SAS nous paie.",
    ],
    "en": [
        "No payment; the organiser gives us 10 passes.",
        "Paid by Salon Ltd.",
        "Unpaidable bills are another thing.",
    ],
    "de": ["Unbezahlt; der Veranstalter stellt uns 10 Freikarten.", "Bezahlte Anzeige von Salon GmbH."],
    "es": ["Sin pago; el organizador nos facilita 10 pases.", "Colaboración remunerada por Salón SL."],
    "it": ["Nessun pagamento; l'organizzatore ci fornisce 10 ingressi.", "Collaborazione retribuita da Salone SpA."],
    "nl": ["Onbetaald; de organisator geeft ons 10 kaarten.", "Betaald door Salon BV."],
}


def rel_2(language: str, sentence: str) -> Verdict:
    text = f"{LABELS[language]} – {sentence}{BLOCK}"
    found = lint(text, TEXT, RULES, audience=["FR", "GB"], at=date(2026, 11, 23)).findings
    return next(one.verdict for one in found if one.check == "REL-2")


@pytest.mark.parametrize(("language", "sentence"), [(code, each) for code, some in DENIED.items() for each in some])
def test_a_denied_payment_alone_is_found(language: str, sentence: str) -> None:
    assert rel_2(language, sentence) is Verdict.FAIL


@pytest.mark.parametrize(("language", "sentence"), [(code, each) for code, some in SAID.items() for each in some])
def test_what_was_given_is_said_beside_it_or_nothing_is_denied(language: str, sentence: str) -> None:
    assert rel_2(language, sentence) is Verdict.PASS


def test_every_word_is_found_as_it_is_folded_and_hyphenated() -> None:
    for words in RULES.lexicon.unpaid:
        assert contains(f"({words.upper()})", words)
        assert contains(words.replace(" ", "-"), words)
