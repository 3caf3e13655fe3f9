"""A label further down, in the plain part, behind what a mail program shows, and in the subject."""

from datetime import date

import pytest

from promos.parsing.issues import HTML, MAIL
from promos.parsing.lint import lint
from promos.parsing.rules import rule_set
from promos.rules.disclosure.vocabulary import Verdict

RULES = rule_set()
LABEL = "<p>Advertisement – on behalf of Salon Ltd</p>"
CODE = "<p>Ten free passes with the code GENERATION</p>"


def verdict(check: str, content: str, media_type: str = HTML, country: str = "US") -> Verdict | None:
    found = lint(content, media_type, RULES, audience=[country], at=date(2026, 11, 23)).findings
    return next((one.verdict for one in reversed(found) if one.check == check), None)


def mail(subject: str, html: str) -> str:
    return (
        f"MIME-Version: 1.0\nSubject: {subject}\nContent-Type: text/html; charset=utf-8\n\n<html lang=en>{html}</html>"
    )


@pytest.mark.parametrize(
    ("words", "again", "says"),
    [(100, "", Verdict.PASS), (200, "", Verdict.FAIL), (200, "<p>Advertisement: the code</p>", Verdict.PASS)],
)
def test_a_long_block_repeats_its_label(words: int, again: str, says: Verdict) -> None:
    block = f"{LABEL}<h2>Come</h2><p>{'word ' * words}</p>{again}{CODE}"

    assert verdict("POS-4", block) is says
    assert verdict("POS-4", block, country="GB") is None


def test_a_second_block_needs_a_label_of_its_own() -> None:
    second = "<h2>Another</h2><p>Ten free passes with the code SECONDONE</p>"

    assert verdict("POS-4", f"{LABEL}<h2>Come</h2>{CODE}{second}") is Verdict.FAIL
    assert verdict("POS-4", f"{LABEL}<h2>Come</h2>{CODE}{LABEL}{second}") is Verdict.PASS


@pytest.mark.parametrize(
    ("subject", "html", "says"),
    [
        ("Something bright", f"{LABEL}<h2>Come</h2>{CODE}", Verdict.FAIL),
        ("Advertisement: something bright", f"{LABEL}<h2>Come</h2>{CODE}", Verdict.PASS),
        ("=?utf-8?q?Ad=3A?= bright", f"{LABEL}<h2>Come</h2>{CODE}", Verdict.PASS),
        ("Bright", f'<div style="display:none">Ad: come</div>{LABEL}<h2>Come</h2>{CODE}', Verdict.PASS),
        ("Our letter", f"<p>It rains.</p>{LABEL}<h2>Come</h2>{CODE}", None),
        ("Our letter", f"{LABEL}<h2>Come</h2>{CODE}<h2>In the shed</h2><p>Sharpen the hoe.</p>", None),
    ],
)
def test_a_mail_that_is_one_advertisers_says_so_before_it_is_opened(
    subject: str, html: str, says: Verdict | None
) -> None:
    assert verdict("POS-5", mail(subject, html), MAIL, "GB") is says


def test_a_page_that_is_one_advertisers_has_no_subject_to_look_at() -> None:
    assert verdict("POS-5", f"<html lang=en>{LABEL}<h2>Come</h2>{CODE}", HTML, "GB") is Verdict.CANNOT_TELL


@pytest.mark.parametrize(("size", "says"), [(10, Verdict.PASS), (99_000, Verdict.PASS), (101_000, Verdict.FAIL)])
def test_a_label_behind_a_hundred_kilobytes_is_cut_off(size: int, says: Verdict) -> None:
    html = f'<html lang=en><p>x</p><img src="data:image/png;base64,{"A" * size}">{LABEL}<h2>Come</h2>{CODE}'

    assert verdict("PAR-3", html + f"<!--{'x' * 10_000}-->") is says
