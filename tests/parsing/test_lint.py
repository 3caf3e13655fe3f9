"""A file of any kind is judged as one issue, and the report says it the way the API does."""

from datetime import date

import pytest

from promos.parsing import Unreadable
from promos.parsing.issues import HTML, MAIL, MARKDOWN, TEXT
from promos.parsing.lint import Report, lint, media_type_of
from promos.parsing.rules import rule_set
from promos.rules.disclosure.vocabulary import Verdict

RULES = rule_set()
TODAY = date(2026, 11, 23)

PROMO = """\
Bonjour, et merci de nous lire.

Venez au salon*

Nous avons quelques accès gratuits pour vous.

Réservez avec le code SALONIA :

*Collaboration commerciale non rémunérée
"""
WEB = """\
<html lang="fr"><body><p>Bonjour.</p>
<p>Publicité – collaboration commerciale avec Salon SAS</p><h2>Venez au salon</h2>
<p>20 accès gratuits, avec le code SALONIA</p></body></html>
"""


def judged(content: str | bytes, media_type: str = TEXT, audience: list[str] | None = None) -> Report:
    return lint(content, media_type, RULES, audience=audience, at=TODAY)


def mail(html: str) -> bytes:
    head = "From: a@example.org\r\nSubject: 42\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    return (head + html).encode()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("issue.txt", TEXT),
        ("issue.md", MARKDOWN),
        ("issue.html", HTML),
        ("ISSUE.HTM", HTML),
        ("42.eml", MAIL),
    ],
)
def test_the_ending_of_a_name_says_what_a_file_is(name: str, media_type: str) -> None:
    assert media_type_of(name) == media_type


@pytest.mark.parametrize("name", ["issue.pdf", "issue", ".txt.zip"])
def test_a_file_of_another_kind_is_not_read(name: str) -> None:
    with pytest.raises(Unreadable):
        media_type_of(name)


def test_a_report_has_the_members_of_the_api() -> None:
    told = judged(PROMO).as_json(str)

    assert set(told) == {"verdict", "language", "audience", "date", "blocks", "findings"}
    assert (told["verdict"], told["language"], told["audience"], told["date"]) == ("fail", "fr", ["FR"], "2026-11-23")
    (block,) = told["blocks"]
    assert (block["code"], block["heading"]) == ("SALONIA", "Venez au salon*")
    assert block["lines"] == [3, 9]
    assert all(
        set(one) == {"check", "severity", "verdict", "where", "why", "source", "fix"} for one in told["findings"]
    )
    assert all(one["where"]["segments"] == block["segments"] for one in told["findings"] if one["where"])


def test_what_a_file_cannot_say_is_told_once_however_many_blocks_it_has() -> None:
    report = judged(PROMO + "\nEncore un salon\n\nDix accès gratuits avec le code AUTRESALON\n")

    whole = [one for one in report.findings if not one.where]

    assert len(report.blocks) == 2
    assert sorted(one.check for one in whole) == sorted({one.check for one in whole})
    assert {one.verdict for one in whole} == {Verdict.CANNOT_TELL}
    assert sum("REL-3, REL-4: A file says nothing" in line for line in report.as_text(str)) == 1


def test_every_sentence_goes_through_the_catalogue() -> None:
    told = judged(PROMO).as_json(lambda text: f"‹{text}›")

    assert all(one["why"].startswith("‹") for one in told["findings"])
    assert all(one["fix"].startswith("‹") for one in told["findings"] if one["verdict"] == "fail")


def test_for_a_terminal_the_gravest_comes_first() -> None:
    lines = judged(PROMO).as_text(str)

    assert lines[0] == "SALONIA:3"
    assert "FAIL BLOCK" in lines[1]
    assert lines[-1] == "fail (FR, 2026-11-23)"


@pytest.mark.parametrize(("content", "media_type"), [(WEB, HTML), (mail(WEB), MAIL), (WEB.encode(), HTML)])
def test_a_label_in_a_page_or_mail_is_found(content: str | bytes, media_type: str) -> None:
    passed = {one.check for one in judged(content, media_type).findings if one.verdict is Verdict.PASS}

    assert {"LBL-1", "LBL-2", "LBL-3", "LBL-4", "POS-1", "ID-1", "VIS-1"} <= passed


def test_only_what_weighs_makes_a_report_fail() -> None:
    assert judged(PROMO).has_errors
    assert not judged(WEB, HTML).has_errors


def test_without_an_audience_the_language_says_where_it_is_read() -> None:
    german = "Das ist die Zeitung und wir sind auf der Messe.\n\nKommt mit\n\nFreikarte mit dem Code MESSEKARTE\n"

    assert judged(german).audience == ("DE",)
    assert judged(PROMO).audience == ("FR",)


def test_a_country_may_be_written_as_people_write_it_and_counts_once() -> None:
    assert judged(PROMO, audience=["uk", "GB", " fr "]).audience == ("GB", "FR")


def test_a_country_without_rules_is_said_and_not_passed_over() -> None:
    with pytest.raises(ValueError, match="FR, DE, GB, US"):
        judged(PROMO, audience=["FR", "XX"])


def test_an_issue_without_a_promo_block_passes() -> None:
    report = judged("Bonjour.\n\nRien à vendre cette semaine.\n")

    assert (report.verdict, report.findings, report.has_errors) == (Verdict.PASS, (), False)
    assert report.as_text(str) == ["No promo block found."]


def test_a_file_without_any_text_is_not_an_issue_that_passes() -> None:
    with pytest.raises(Unreadable):
        judged("\n \n")
