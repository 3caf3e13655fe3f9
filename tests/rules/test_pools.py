from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import pools
from promos.rules.redemption import Low, Tally
from promos.rules.refusals import InvalidRequest, PoolCodeMalformed


def a_pool(codes: int, taken: int) -> Tally:
    return Tally(UUID(int=1), codes, taken)


@pytest.mark.parametrize("typed", ["VIP-2026", " vip_2026\n", "A1", "ÉTÉ2026", "9F:3/22?x=1"])
def test_a_shop_spells_its_codes_as_it_likes(typed: str) -> None:
    assert pools.code(typed) == typed.strip()


@pytest.mark.parametrize(
    "typed", ["", " ", "=1+1", "-A1", "@SUM(A1)", "+33", "\tA B", "A B", "A\u200bB", "A\ufffd", "x" * 201, "A\x00"]
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(PoolCodeMalformed):
        pools.code(typed)


def test_no_shop_tells_two_spellings_of_a_code_apart() -> None:
    assert pools.compared("vip-2026 ") == pools.compared("VIP-2026") == pools.compared("ＶＩＰ-2026")
    assert pools.compared("VIP2026") != pools.compared("VIP-2026")


@pytest.mark.parametrize(
    ("state", "is_returned", "becomes"),
    [("reserved", True, "free"), ("reserved", False, "burnt"), ("given", True, "burnt"), ("given", False, "burnt")],
)
def test_only_what_nobody_saw_is_given_again(state: str, is_returned: bool, becomes: str) -> None:
    assert pools.after_end(state, is_returned=is_returned) == becomes


@pytest.mark.parametrize(
    ("codes", "taken", "given_now", "left"),
    [
        (1000, 899, 1, 100),
        (1000, 898, 1, None),  # 101 are left
        (1000, 900, 1, None),  # it was told a code ago
        (100, 74, 1, 25),
        (100, 73, 1, None),
        (20, 9, 1, 10),  # a small pool says so at half
        (100, 99, 1, 0),
        (100, 60, 40, 0),  # one crossing, one word
        (1, 0, 1, 0),
    ],
)
def test_a_pool_says_once_that_it_runs_low(codes: int, taken: int, given_now: int, left: int | None) -> None:
    told = pools.running_low(a_pool(codes, taken), given_now)

    assert told == (None if left is None else Low("pool", left))


@given(st.integers(1, 400), st.lists(st.integers(1, 40), max_size=60))
def test_on_the_way_to_its_end_a_pool_speaks_twice_at_most(codes: int, batches: list[int]) -> None:
    taken, told = 0, []
    for number in batches:
        some = min(number, codes - taken)
        if some and (low := pools.running_low(a_pool(codes, taken), some)):
            told.append(low.left)
        taken += some

    assert len(told) <= 2
    assert (0 in told) == (taken == codes)


def test_the_code_goes_into_the_address_of_the_shop() -> None:
    assert pools.address("https://t.example/?d={code}&x=1", "A&B/1") == "https://t.example/?d=A%26B%2F1&x=1"
    assert pools.address("https://t.example/", "A") == "https://t.example/"
    assert pools.shop_url("https://t.example/{code}", "shop_url") == "https://t.example/{code}"


@pytest.mark.parametrize("typed", ["javascript:{code}", "https://t.example/{code}{code}", "https://t.example/{kode}"])
def test_an_address_that_no_code_fits_into_is_refused(typed: str) -> None:
    with pytest.raises(InvalidRequest):
        pools.shop_url(typed, "shop_url")
