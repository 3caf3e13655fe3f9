from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import comparisons

DAYS = st.dictionaries(st.integers(-5, 60), st.integers(0, 50), max_size=20)


@pytest.mark.parametrize(
    ("left", "held"),
    [
        ((19, None), 19),  # under way, and the one of last year
        ((19, 384), 384),  # and the one of next year, of which so little is known
        ((-1, None), -1),  # on its second day
        ((None, None), None),
    ],
)
def test_events_are_held_where_both_have_been(left: tuple[int | None, ...], held: int | None) -> None:
    assert comparisons.held_at(*left) == held


@pytest.mark.parametrize(
    ("here", "there", "share"),
    [(12, 30, "-0.6"), (30, 12, "1.5"), (1, 3, "-0.667"), (3, 3, "0"), (3, 0, None), (0, 0, None), (None, 3, None)],
)
def test_a_difference_from_nothing_is_none(here: int | None, there: int, share: str | None) -> None:
    assert comparisons.difference(here, there) == (None if share is None else Decimal(share))


def test_what_is_not_known_there_has_no_difference() -> None:
    assert comparisons.difference(3, None) is None


@given(DAYS)
def test_what_adds_up_never_falls_and_ends_with_all(counts: dict[int, int]) -> None:
    at = range(60, -6, -1)

    sums = comparisons.so_far(counts, at)

    assert sums == sorted(sums)
    assert sums[-1] == sum(counts.values())
