from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules.redemption import Tally, Terms, decide, refusal, verdicts
from promos.rules.refusals import (
    CapacityExhausted,
    CodeEnded,
    CodeExhausted,
    CodeNotOpen,
    CodePaused,
    CodeRevoked,
    OfferExhausted,
    Refusal,
)

OPENS = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENDS = OPENS + timedelta(days=7)
MOMENT = timedelta(microseconds=1)
TERMS = Terms(
    code_id=UUID(int=1),
    offer_id=UUID(int=2),
    pass_type_id=UUID(int=3),
    event_id=UUID(int=4),
    partner_id=UUID(int=5),
    status="active",
    opens_at=OPENS,
    ends_at=ENDS,
    returns=True,
    capacity=Tally(None, 0),
    offer=Tally(20, 0),
    code=Tally(None, 0),
    version=1,
)
tallies = st.builds(
    lambda limit, used: Tally(limit, min(used, limit)), st.integers(1, 9), st.integers(0, 9)
) | st.builds(Tally, st.none(), st.integers(0, 9))
terms_with_limits = st.builds(
    lambda capacity, offer, code: replace(TERMS, capacity=capacity, offer=offer, code=code), tallies, tallies, tallies
)


@pytest.mark.parametrize(
    ("now", "no"),
    [
        (OPENS - MOMENT, CodeNotOpen),
        (OPENS, None),
        (ENDS - MOMENT, None),
        (ENDS, CodeEnded),
        (ENDS + MOMENT, CodeEnded),
    ],
)
def test_the_window_is_half_open(now: datetime, no: type[Refusal] | None) -> None:
    answer = refusal(TERMS, now)

    assert (type(answer) if answer else None) is no


@pytest.mark.parametrize(
    ("facts", "no"),
    [
        ({"status": "paused"}, CodePaused),
        ({"status": "revoked"}, CodeRevoked),
        ({"capacity": Tally(3, 3)}, CapacityExhausted),
        ({"offer": Tally(3, 3)}, OfferExhausted),
        ({"code": Tally(3, 3)}, CodeExhausted),
        ({"offer": Tally(3, 2)}, type(None)),
        ({"status": "revoked", "offer": Tally(3, 3)}, CodeRevoked),
        ({"status": "paused", "offer": Tally(3, 3)}, CodePaused),
        ({"capacity": Tally(3, 3), "offer": Tally(3, 3)}, CapacityExhausted),
    ],
)
def test_the_first_rule_that_says_no_is_the_answer(facts: dict[str, object], no: type) -> None:
    assert type(refusal(replace(TERMS, **facts), OPENS)) is no  # type: ignore[arg-type]


def test_who_comes_too_late_for_a_paused_code_is_told_that_it_is_over() -> None:
    assert isinstance(refusal(replace(TERMS, status="paused"), ENDS), CodeEnded)
    assert isinstance(refusal(replace(TERMS, status="revoked"), OPENS - MOMENT), CodeRevoked)


def test_every_rule_is_told_also_behind_the_first_no() -> None:
    told = list(verdicts(replace(TERMS, status="paused", offer=Tally(1, 1)), OPENS))

    assert [each.rule for each in told] == [
        "revoked",
        "ended",
        "opens",
        "paused",
        "capacity",
        "offer-limit",
        "code-limit",
    ]
    assert [each.rule for each in told if each.refusal] == ["paused", "offer-limit"]


@given(terms_with_limits)
def test_there_is_a_refusal_just_when_nothing_is_left(terms: Terms) -> None:
    assert (refusal(terms, OPENS) is None) == (terms.left is None or terms.left > 0)


@given(terms_with_limits, st.lists(st.booleans(), max_size=40))
def test_deciding_one_after_another_never_passes_a_limit(terms: Terms, by_this_code: list[bool]) -> None:
    """Claims on this code (`True`) and on another one of the same offer, in one transaction."""
    of_code = of_offer = 0
    for this in by_this_code:
        asked = terms if this else replace(terms, code=Tally(None, 0))
        if decide(asked, of_code=of_code if this else 0, of_offer=of_offer, now=OPENS) is None:
            of_offer += 1
            of_code += this

    for tally, more in ((terms.capacity, of_offer), (terms.offer, of_offer), (terms.code, of_code)):
        assert tally.limit is None or tally.used + more <= tally.limit


@given(terms_with_limits, st.integers(0, 30))
def test_nobody_is_refused_while_a_pass_is_left(terms: Terms, granted: int) -> None:
    no = decide(terms, of_code=granted, of_offer=granted, now=OPENS)

    assert (no is None) == (terms.left is None or granted < terms.left)


def test_a_tally_never_shows_less_than_nothing() -> None:
    assert Tally(3, 5).left == 0
    assert Tally(None, 5).left is None
