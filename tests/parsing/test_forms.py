"""One verdict for an issue, in whichever form it comes."""

from datetime import date
from pathlib import Path

import pytest

from promos.parsing.issues import HTML, MAIL, MARKDOWN, TEXT
from promos.parsing.lint import Report, lint
from promos.parsing.rules import rule_set
from promos.rules.disclosure.vocabulary import Severity, Verdict

RULES = rule_set()
TODAY = date(2026, 11, 23)
ISSUES = Path(__file__).parent / "issues"
FORMS = {TEXT: "promo.txt", MARKDOWN: "promo.md", HTML: "promo.html", MAIL: "promo.eml"}
FOUND = {
    "REL-2": Severity.BLOCK,
    "LBL-2": Severity.WARN,
    "LBL-4": Severity.ERROR,
    "POS-1": Severity.ERROR,
    "ID-1": Severity.WARN,
    "OFF-1": Severity.WARN,
    "OFF-2": Severity.WARN,
    "OFF-3": Severity.WARN,
}


def judged(content: str | bytes, media_type: str) -> Report:
    return lint(content, media_type, RULES, audience=None, at=TODAY)


def failing(report: Report) -> dict[str, Severity]:
    return {one.check: one.severity for one in report.findings if one.verdict is Verdict.FAIL}


@pytest.mark.parametrize(("media_type", "name"), FORMS.items(), ids=FORMS.values())
def test_the_form_of_an_issue_changes_nothing_of_what_is_found(media_type: str, name: str) -> None:
    report = judged((ISSUES / name).read_bytes(), media_type)

    assert [block.code for block in report.blocks] == ["FREEAGENAI"]
    assert failing(report) == FOUND
    unsure = {one.check for one in report.findings if one.verdict is Verdict.CANNOT_TELL and one.where}
    assert unsure == {"REL-1", "VIS-2", "VIS-3"}


MAIL_OF_TWO = """\
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

{text}
--b
Content-Type: text/html; charset=utf-8

<html lang="fr"><p>Publicité – Potager SAS</p><h2>Venez</h2><p>Un accès gratuit avec le code GENERATION</p></html>
--b--
"""


def test_a_label_in_the_html_of_a_mail_does_not_speak_for_its_plain_part() -> None:
    bare = judged(MAIL_OF_TWO.format(text="Venez nous voir\n\nUn accès gratuit avec le code GENERATION"), MAIL)

    (unseen,) = (one for one in bare.findings if one.check == "LBL-1" and one.verdict is Verdict.FAIL)
    assert unseen.where["part"] == TEXT
    assert "GENERATION:1 (text/plain)" in bare.as_text(str)


def test_a_mail_that_says_the_same_twice_is_judged_once() -> None:
    plain = "Publicité – Potager SAS\n\nVenez nous voir\n\nUn accès gratuit avec le code GENERATION"

    report = judged(MAIL_OF_TWO.format(text=plain), MAIL)

    assert len(report.blocks) == 1
    assert "LBL-1" not in failing(report)
