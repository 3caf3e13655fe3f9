from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules.benefits import Price
from promos.rules.redemption import Tally, Terms, decide, grant, refusal, verdicts
from promos.rules.refusals import (
    AllotmentExhausted,
    BudgetExhausted,
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
    starts_at=ENDS + timedelta(days=9),
    on_cancel="return",
    on_expiry="return",
    is_reviewed=False,
    has_waiting_list=True,
    place_hours=24,
    price=Price(99900, 99900, "EUR"),
    event=Tally(UUID(int=4), None, 0),
    capacity=Tally(UUID(int=3), None, 0),
    offer=Tally(UUID(int=2), 20, 0),
    budget=Tally(UUID(int=2), None, 0, cost=99900),
    code=Tally(UUID(int=1), None, 0),
    version=1,
)
THREE_OF_THREE = Tally(UUID(int=9), 3, 3)
limits = st.builds(lambda limit, used: (limit, min(used, limit)), st.integers(1, 9), st.integers(0, 9)) | st.tuples(
    st.none(), st.integers(0, 9)
)


def _limited(
    event: tuple[int | None, int],
    capacity: tuple[int | None, int],
    offer: tuple[int | None, int],
    code: tuple[int | None, int],
    money: tuple[int | None, int],
    cost: int,
) -> Terms:
    return replace(
        TERMS,
        event=Tally(TERMS.event_id, *event),
        capacity=Tally(TERMS.pass_type_id, *capacity),
        offer=Tally(TERMS.offer_id, *offer),
        code=Tally(TERMS.code_id, *code),
        budget=Tally(TERMS.offer_id, *money, cost=cost),
    )


terms_with_limits = st.builds(_limited, limits, limits, limits, limits, limits, st.integers(0, 3))


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
        ({"capacity": THREE_OF_THREE}, CapacityExhausted),
        ({"event": THREE_OF_THREE}, CapacityExhausted),
        ({"offer": THREE_OF_THREE}, OfferExhausted),
        ({"budget": Tally(UUID(int=9), 99899, 0, cost=99900)}, BudgetExhausted),
        ({"budget": Tally(UUID(int=9), 99900, 0, cost=99900)}, type(None)),
        ({"budget": Tally(UUID(int=9), 0, 0, cost=0)}, type(None)),
        ({"offer": Tally(UUID(int=9), 9, 5, allotted=4)}, OfferExhausted),
        ({"offer": Tally(UUID(int=9), 9, 5, allotted=4, allotted_used=1)}, type(None)),
        ({"offer": THREE_OF_THREE, "allotments": (Tally(UUID(int=8), 3, 2),)}, type(None)),
        ({"allotments": (Tally(UUID(int=7), 9, 0), Tally(UUID(int=8), 3, 3))}, AllotmentExhausted),
        ({"code": THREE_OF_THREE}, CodeExhausted),
        ({"offer": Tally(UUID(int=9), 3, 2)}, type(None)),
        ({"status": "revoked", "offer": THREE_OF_THREE}, CodeRevoked),
        ({"status": "paused", "offer": THREE_OF_THREE}, CodePaused),
        ({"capacity": THREE_OF_THREE, "offer": THREE_OF_THREE}, CapacityExhausted),
    ],
)
def test_the_first_rule_that_says_no_is_the_answer(facts: dict[str, object], no: type) -> None:
    assert type(refusal(replace(TERMS, **facts), OPENS)) is no  # type: ignore[arg-type]


def test_who_comes_too_late_for_a_paused_code_is_told_that_it_is_over() -> None:
    assert isinstance(refusal(replace(TERMS, status="paused"), ENDS), CodeEnded)
    assert isinstance(refusal(replace(TERMS, status="revoked"), OPENS - MOMENT), CodeRevoked)


def test_every_rule_is_told_also_behind_the_first_no() -> None:
    told = list(verdicts(replace(TERMS, status="paused", offer=THREE_OF_THREE), OPENS))

    assert [each.rule for each in told] == [
        "revoked",
        "cancelled",
        "ended",
        "suspended",
        "opens",
        "paused",
        "event-capacity",
        "capacity",
        "offer-limit",
        "budget",
        "code-limit",
    ]
    assert [each.rule for each in told if each.refusal] == ["paused", "offer-limit"]


@given(terms_with_limits)
def test_there_is_a_refusal_just_when_nothing_is_left(terms: Terms) -> None:
    assert (refusal(terms, OPENS) is None) == (terms.left is None or terms.left > 0)


@given(terms_with_limits, st.lists(st.booleans(), max_size=40))
def test_deciding_one_after_another_never_passes_a_limit(terms: Terms, by_this_code: list[bool]) -> None:
    """Claims on this code (`True`) and on another one of the same offer, in one transaction."""
    granted: Counter[tuple[str, UUID]] = Counter()
    for this in by_this_code:
        asked = terms if this else replace(terms, code=Tally(UUID(int=99), None, 0))
        if decide(asked, granted, OPENS) is None:
            grant(asked, granted)

    for rule, tally in terms.tallies():
        assert tally.limit is None or tally.used + granted[rule, tally.id] * tally.cost <= max(tally.limit, tally.used)


@given(terms_with_limits, st.integers(0, 30))
def test_nobody_is_refused_while_a_pass_is_left(terms: Terms, number: int) -> None:
    granted: Counter[tuple[str, UUID]] = Counter()
    for _ in range(number):
        grant(terms, granted)

    no = decide(terms, granted, OPENS)

    assert (no is None) == (terms.left is None or number < terms.left)


def test_a_tally_never_shows_less_than_nothing() -> None:
    assert Tally(UUID(int=1), 3, 5).left == 0
    assert Tally(UUID(int=1), None, 5).left is None
