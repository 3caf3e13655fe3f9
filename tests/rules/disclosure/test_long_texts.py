"""A block of any length is judged in a moment: nobody keeps the checks busy."""

from datetime import date

import pytest

from promos.app import rule_set
from promos.parsing import Unreadable
from promos.parsing.lint import lint

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
