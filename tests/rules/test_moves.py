from datetime import UTC, datetime, timedelta

import pytest

from promos.rules import moves, offers

NOON = datetime(2026, 12, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(("since_first", "told_in"), [(0, 5), (4, 5), (26, 4), (31, 0)])
def test_readers_are_told_after_a_quiet_time_and_not_kept_waiting_for_ever(since_first: int, told_in: int) -> None:
    assert moves.tell_at(NOON - since_first * MINUTE, NOON) == NOON + told_in * MINUTE


def test_what_was_changed_back_is_nothing_to_tell() -> None:
    before = moves.stored({"starts_at": NOON, "venue": "Palais"})

    assert moves.differing(before, {"starts_at": NOON, "venue": "Grand Palais"}) == {"venue": "Palais"}
    assert moves.differing(before, {"starts_at": NOON, "venue": "Palais"}) == {}
    assert moves.differing(before, {"starts_at": NOON + MINUTE, "venue": "Palais"}) == {"starts_at": NOON}


def test_a_window_beside_its_event() -> None:
    starts, ends, day = NOON, NOON + 8 * 60 * MINUTE, timedelta(days=1)

    assert not offers.is_odd(NOON - day, ends, starts, ends)
    assert offers.is_odd(NOON - day, ends + MINUTE, starts, ends)
    assert offers.is_odd(starts, ends, starts, ends)
