import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import crowds
from promos.rules.crowds import PROVIDERS, K

GROUPS = st.dictionaries(st.text(max_size=3), st.integers(1, 40), max_size=12)


@given(GROUPS, st.integers(1, 9))
def test_no_group_of_readers_under_k_is_shown(groups: dict[str, int], k: int) -> None:
    told = crowds.merged(groups, k)

    assert all(groups[name] == count >= k for name, count in told.shown)


@given(GROUPS, st.integers(1, 9))
def test_what_is_left_of_the_total_is_nobody_or_a_crowd(groups: dict[str, int], k: int) -> None:
    told = crowds.merged(groups, k)

    left = sum(groups.values()) - sum(count for _, count in told.shown)

    assert left == told.others
    assert left == 0 or left >= k or (not told.shown and sum(groups.values()) < k)


@given(GROUPS)
def test_those_who_stand_together_are_of_two_kinds_at_least_if_one_is_small(groups: dict[str, int]) -> None:
    told = crowds.merged(groups)

    hidden = groups.keys() - dict(told.shown)

    assert len(hidden) != 1 or sum(groups.values()) < K


@given(st.integers(0, 10**6), st.integers(0, 30), st.integers(1, 9))
def test_looking_again_shows_no_reader_more_or_as_many_as_make_a_group(readers: int, more: int, k: int) -> None:
    before, after = crowds.whole(readers, k), crowds.whole(readers + more, k)

    assert 0 <= readers - before < k
    assert after == before or after - before >= k


@pytest.mark.parametrize(
    ("groups", "shown", "others"),
    [
        ({"fr": 20, "en": 5}, [("fr", 20), ("en", 5)], 0),
        ({"fr": 20, "en": 4}, [], 24),
        ({"fr": 20, "nl": 6, "en": 4}, [("fr", 20)], 10),
        ({"fr": 20, "en": 4, "nl": 1}, [("fr", 20)], 5),
        ({"fr": 3}, [], 3),
        ({}, [], 0),
    ],
)
def test_small_groups_stand_with_others(groups: dict[str, int], shown: list[tuple[str, int]], others: int) -> None:
    told = crowds.merged(groups)

    assert (told.shown, told.others) == (shown, others)


def test_a_public_provider_has_one_name_whatever_its_domain() -> None:
    assert crowds.provider("googlemail.com") == crowds.provider("gmail.com") == "Gmail"
    assert crowds.provider("generation.example") == "generation.example"
    domains = [domain for each in PROVIDERS.values() for domain in each]
    assert len(domains) == len(set(domains))
