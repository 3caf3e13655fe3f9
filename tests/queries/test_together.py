"""Looks that many need at once are one look, which begins after they came."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from promos.database import Database
from promos.queries.together import MOST, Together, padded


async def test_who_comes_while_one_looks_is_in_the_next_look(database: Database) -> None:
    looked: list[list[str]] = []
    first, go_on = asyncio.Event(), asyncio.Event()

    async def look(_: AsyncSession, keys: Sequence[str]) -> dict[str, int]:
        looked.append(sorted(set(keys)))
        first.set()
        await go_on.wait()
        return {key: len(key) for key in keys if key != "none"}

    together = Together(database, look)
    early = asyncio.create_task(together.find("a"))
    await first.wait()
    late = [asyncio.create_task(together.find(key)) for key in ("a", "bb", "bb", "none")]
    go_on.set()

    assert await early == 1
    assert await asyncio.gather(*late) == [1, 2, 2, None]
    assert looked == [["a"], ["a", "bb", "none"]]


async def test_a_look_that_fails_fails_for_those_it_was_for_and_no_others(database: Database) -> None:
    async def look(_: AsyncSession, keys: Sequence[str]) -> dict[str, int]:
        if "bad" in keys:
            raise ValueError("bad")
        return dict.fromkeys(keys, 1)

    together = Together(database, look)
    with pytest.raises(ValueError, match="bad"):
        await together.find("bad")

    assert await together.find("good") == 1


async def test_one_who_goes_away_takes_nobody_along(database: Database) -> None:
    go_on = asyncio.Event()

    async def look(_: AsyncSession, keys: Sequence[str]) -> dict[str, int]:
        await go_on.wait()
        return dict.fromkeys(keys, 1)

    together = Together(database, look)
    gone, stays = asyncio.create_task(together.find("a")), asyncio.create_task(together.find("a"))
    await asyncio.sleep(0)
    gone.cancel()
    go_on.set()

    assert await stays == 1
    assert gone.cancelled() or gone.cancelling()


@given(st.lists(st.integers(), max_size=2 * MOST))
def test_padding_adds_nothing_new_and_few_lengths(keys: list[int]) -> None:
    longer = padded(keys)

    assert longer[: len(keys)] == keys
    assert set(longer) == set(keys)
    assert len(longer) in {0, *(1 << power for power in range(9))}
