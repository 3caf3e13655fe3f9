"""A block of any length is judged in a moment: nobody keeps the checks busy."""

from datetime import date

import pytest

from promos.parsing import Unreadable
from promos.parsing.issues import HTML, MAIL, TEXT
from promos.parsing.lint import lint
from promos.parsing.rules import rule_set

RULES = rule_set()
LONG = {
    "labels": "Publicité\n" * 190_000,
    "numbers": "1 " * 1_000_000,
    "names": "Aa Bb " * 300_000,
    "vague words": "quelques a " * 100_000,
    "unpaid words": "collaboration commerciale non rémunérée " * 40_000,
    "blanks": " " * 2_000_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_a_long_block_is_judged_in_a_moment(text: str) -> None:
    report = lint(
        f"{text}\nFree passes with the code SPRING24", "text/plain", RULES, audience=["FR", "DE"], at=date.max
    )

    assert [block.code for block in report.blocks] == ["SPRING24"]


def test_more_blocks_than_any_issue_has_are_refused() -> None:
    texts = "\n\n".join(f"Free passes with the code SPRING{number}" for number in range(101))

    with pytest.raises(Unreadable, match="100 promo blocks"):
        lint(texts, "text/plain", RULES, audience=["FR"], at=date.max)


PROMO = "<p>Publicité</p><h2>Venez</h2><p>Dix accès gratuits avec le code SPRING24</p>"


def nested(parts: int, html: str) -> str:
    part = f"Content-Type: text/html; charset=utf-8\n\n{html}"
    for number in range(parts):
        inner = f"--b{number}\n{part}\n--b{number}--\n"
        part = f"Content-Type: multipart/mixed; boundary=b{number}\n\n{inner}"
    return f"MIME-Version: 1.0\nSubject: =?x?b?a?=\n{part}"


LARGE = {
    "a page of one paragraph": (HTML, "<p>" + "mot " * 1_250_000 + "</p>" + PROMO),
    "a picture in the page": (HTML, f'<img src="data:image/png;base64,{"A" * 5_000_000}">{PROMO}'),
    "a mail of ten nested parts": (MAIL, nested(10, PROMO)),
    "a large mail of ten nested parts": (MAIL, nested(10, "<p>" + "mot " * 1_250_000 + "</p>" + PROMO)),
    "brackets in a style": (HTML, f'<p style="font-size:{"calc(" * 5_000}1px{")" * 5_000}">x</p>{PROMO}'),
    "rules in rules": (HTML, f"<style>{'a{' * 20_000}{'}' * 20_000}</style>{PROMO}"),
    "selectors in rules": (HTML, f"<style>{'a,' * 1_500}b{{{'c,' * 1_500}d{{display:none}}}}</style>{PROMO}"),
    "no selector": (HTML, f"<style>& b, 5, {{}} p:x({{display:none}}</style>{PROMO}"),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize(("media_type", "content"), LARGE.values(), ids=LARGE.keys())
def test_a_large_page_and_a_mail_in_a_mail_are_judged_in_a_moment(media_type: str, content: str) -> None:
    report = lint(content, media_type, RULES, audience=["FR", "DE", "US"], at=date(2026, 11, 23))

    assert {block.code for block in report.blocks} == {"SPRING24"}


@pytest.mark.parametrize(("media_type", "content"), [(HTML, "<p>one</p>" * 500_000), (TEXT, "mot " * 1_250_000)])
def test_what_is_too_large_is_refused_in_words(media_type: str, content: str) -> None:
    with pytest.raises(Unreadable, match="more than"):
        lint(content, media_type, RULES, audience=["FR"], at=date(2026, 11, 23))
