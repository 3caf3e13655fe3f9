"""What the checks say of an issue: the real one where it is at hand, and our own in its shape."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.parsing import Unreadable
from promos.parsing.lint import Report, lint
from promos.parsing.rules import rule_set
from promos.rules.disclosure.declarations import declaration
from promos.rules.disclosure.label import given_sentence
from promos.rules.disclosure.lexicon import names_what_was_given
from promos.rules.disclosure.vocabulary import Severity, Verdict

RULES = rule_set()
TODAY = date(2026, 11, 23)
REAL = Path(__file__).parents[4] / "shared" / "real" / "freea-issue.txt"
OWN = Path(__file__).parents[3] / "src" / "promos" / "demo" / "issue.txt"

OURS = """\
Publicité – collaboration commerciale avec Generation Events SAS
Pas de paiement ; l'organisateur nous fournit 20 accès à offrir à nos lecteurs.

Retrouvez-nous à GenerationAI

20 accès d'une valeur de 999 € TTC chacun, jusqu'au 1er décembre. Conditions : https://generation.example/conditions

Réservez avec le code FREEAGENAI
"""


def judged(text: str, media_type: str = "text/plain", *, audience: list[str] | None = None, at: date = TODAY) -> Report:
    return lint(text, media_type, RULES, audience=audience, at=at)


def failing(report: Report) -> dict[str, Severity]:
    return {one.check: one.severity for one in report.findings if one.verdict is Verdict.FAIL}


def told(report: Report, verdict: Verdict) -> set[str]:
    return {one.check for one in report.findings if one.verdict is verdict}


OF_THE_WHOLE_FILE = {"REL-3", "REL-4", "OFF-4", "OFF-5", "PAR-1", "PAR-2", "ESP-1", "EVI-1", "EVI-2"}
GOLDEN: Mapping[str, Severity] = {
    "REL-2": Severity.BLOCK,
    "LBL-2": Severity.WARN,  # known second-hand only
    "LBL-4": Severity.ERROR,
    "POS-1": Severity.ERROR,
    "ID-1": Severity.WARN,
    "OFF-1": Severity.WARN,
    "OFF-2": Severity.WARN,
    "OFF-3": Severity.WARN,
}


@pytest.mark.parametrize("path", [pytest.param(REAL, id="real"), pytest.param(OWN, id="own")])
def test_a_footnote_under_a_friendly_promo_is_found_wanting(path: Path) -> None:
    if not path.exists():
        pytest.skip("the real issue is not at hand")

    report = judged(path.read_text(encoding="utf-8"))

    assert [block.code for block in report.blocks] == ["FREEAGENAI"]
    assert failing(report) == GOLDEN
    assert told(report, Verdict.CANNOT_TELL) == {"REL-1", "VIS-2", "VIS-3", *OF_THE_WHOLE_FILE}
    assert {"LBL-1", "LBL-3"} <= told(report, Verdict.PASS)


def test_our_own_block_leaves_nothing_to_find() -> None:
    assert failing(judged(OURS)) == {}


@pytest.mark.parametrize(
    ("sentence", "fails"),
    [
        ("No payment; the organiser provides 5 passes for our readers.", False),
        ("Pas de paiement ; l'organisateur nous fournit 5 accès à offrir à nos lecteurs.", False),
        ("Unbezahlte Werbung.", True),
        ("Unpaid collaboration.", True),
    ],
)
def test_denying_payment_is_fine_only_beside_what_was_given(sentence: str, fails: bool) -> None:
    text = f"Werbung – {sentence}\n\nCome with us\n\nFree passes with the code GENERATION\n"

    assert ("REL-2" in failing(judged(text, audience=["DE"]))) is fails


def test_a_german_reader_makes_a_footnote_graver() -> None:
    text = OWN.read_text(encoding="utf-8")

    assert failing(judged(text, audience=["DE"]))["LBL-4"] is Severity.BLOCK
    assert failing(judged(text, audience=["FR"]))["LBL-4"] is Severity.ERROR


def test_german_readers_need_the_label_beside_the_code() -> None:
    text = OWN.read_text(encoding="utf-8")

    assert failing(judged(text, audience=["FR", "DE"]))["POS-3"] is Severity.ERROR
    assert "POS-3" not in failing(judged(text, audience=["FR"]))


@pytest.mark.parametrize(
    ("line", "is_label"),
    [
        ("Ad: for you", True),
        ("Ad blockers are free this week.", False),
        ("PUBLICITE – pour X SAS", True),
        ("Publicite\u0301 – pour X SAS", True),
        ("[Anzeige] Kommt mit", True),
        ("Annonce de la semaine : rien.", False),
    ],
)
def test_a_label_is_set_apart_from_prose(line: str, is_label: bool) -> None:
    html = f"<h2>Venez</h2><p>{line}</p><p>Un accès gratuit avec le code GENERATION</p>"

    assert ("LBL-1" not in failing(judged(html, "text/html"))) is is_label


def test_a_note_under_one_block_says_nothing_of_the_next() -> None:
    note = "<p>*Collaboration commerciale</p>"
    html = f"<h2>A</h2><p>Un accès gratuit, code FIRSTONE</p>{note}<h2>B</h2><p>Un accès gratuit, code OTHERONE</p>"

    last = [one for one in judged(html, "text/html").findings if one.check == "LBL-1"][-1]

    assert last.verdict is Verdict.FAIL


def test_no_country_of_readers_is_without_a_rule_for_labels() -> None:
    assert RULES.rule("LBL-1", ["BE"], TODAY) is not None


@pytest.mark.parametrize("who", ["author", "publication"])
def test_passes_for_the_newsletter_alone_are_named_and_can_be_published(who: str) -> None:
    passes = [{"kind": "pass", "received_by": who, "quantity": 1}]
    said = given_sentence(RULES, "fr", "X SAS", declaration(["pass_for_author"], passes, "none", "none"), 20)

    assert names_what_was_given(said, RULES.lexicon)


def test_an_issue_is_judged_by_the_rules_of_its_day() -> None:
    bare = "Come with us\n\nFree passes with the code GENERATION, un accès gratuit pour vous\n"

    assert "LBL-1" in failing(judged(bare, audience=["FR"], at=date(2024, 1, 1)))
    assert "LBL-1" not in failing(judged(bare, audience=["FR"], at=date(2020, 1, 1)))


HIDDEN = {
    "display": '<p style="display:none">Publicité</p>',
    "size": '<p style="font-size:0">Publicité</p>',
    "tiny": '<p style="font-size:4px">Publicité</p>',
    "white on white": '<div style="background:#fff"><p style="color:#ffffff">Publicité</p></div>',
    "opacity": '<p style="opacity:.1">Publicité</p>',
    "off screen": '<p style="position:absolute;left:-9999px">Publicité</p>',
    "indent": '<p style="text-indent:-9999px">Publicité</p>',
    "clip": '<p style="clip:rect(0,0,0,0)">Publicité</p>',
    "aria": '<p aria-hidden="true">Publicité</p>',
    "attribute": "<p hidden>Publicité</p>",
    "details": "<details><summary>x</summary><p>Publicité</p></details>",
    "style sheet": "<style>.x{display:none}</style><p class=x>Publicité</p>",
    "ancestor": '<div style="display:none"><div><p>Publicité</p></div></div>',
    "span": '<p><span style="visibility:hidden">Publicité</span></p>',
    "image": '<p><img src="https://a.example/b.png" alt="Publicité"></p>',
    "comment": "<!-- Publicité -->",
    "word by word": '<p>Pub<span style="display:none">lic</span>ité</p>',
}


@pytest.mark.parametrize("label", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_label_that_nobody_sees_is_no_label(label: str) -> None:
    html = f"<body>{label}<h2>Venez</h2><p>Un accès gratuit avec le code GENERATION</p></body>"

    assert "LBL-1" in failing(judged(html, "text/html"))


def test_pale_and_small_labels_are_measured_where_the_source_says_how_they_look() -> None:
    html = '<div style="background:#ffffff"><p style="color:#aaaaaa;font-size:11px">Publicité</p><h2>Venez</h2>'

    found = failing(judged(html + "<p>Un accès gratuit avec le code GENERATION</p></div>", "text/html"))

    assert found["VIS-2"] is Severity.ERROR
    assert found["VIS-3"] is Severity.WARN


def test_an_issue_without_a_promo_has_nothing_to_disclose() -> None:
    report = judged("Bonjour,\n\nIl fait beau, et le code source est ouvert.\n")

    assert report.blocks == ()
    assert report.verdict is Verdict.PASS


@given(st.text(max_size=400), st.sampled_from(["text/plain", "text/markdown", "text/html", "message/rfc822"]))
def test_nothing_that_anybody_types_breaks_it(text: str, media_type: str) -> None:
    with suppress(Unreadable):
        judged(f"{text}\n\ncode ABCD free pass {text}", media_type).as_json(str)
