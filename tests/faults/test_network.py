"""Between the program and PostgreSQL, the network does what networks do."""

import asyncio
import itertools
from collections import Counter

import pytest

from tests.faults.conftest import Gather
from tests.faults.house import LONG, Faulty

pytestmark = [
    pytest.mark.parametrize("standing", ["postgresql"], indirect=True),
    pytest.mark.timeout(600 if LONG else 120),
]

READERS, LIMIT = (1200, 800) if LONG else (60, 40)


async def test_a_commit_or_its_answer_that_gets_lost_loses_and_doubles_nothing(house: Faulty, crowd: Gather) -> None:
    fates = itertools.cycle(["", "before", "", "after", ""])
    for proxy in house.proxies:
        proxy.ended, proxy.fate = Counter(), lambda: next(fates)

    async with crowd("cut before or after COMMIT, 40 of 100", readers=READERS, limit=LIMIT) as there:
        await there.until(lambda crowd: crowd.are_done)

    assert sum((proxy.ended for proxy in house.proxies), Counter()).keys() == {"before", "after"}


async def test_a_database_that_answers_late_delays_nobody_beyond_the_time_outs(house: Faulty, crowd: Gather) -> None:
    clients = 200 if LONG else 24
    async with crowd("answers come late", readers=READERS, limit=LIMIT, at_once=clients) as there:
        await there.reached(LIMIT // 4)
        for proxy in house.proxies:
            proxy.delay = 5 if LONG else 0.8
        await there.failed(clients)
        assert await house.lives()


async def test_a_silent_network_holds_nobody(house: Faulty, crowd: Gather) -> None:
    async with crowd("silence", readers=READERS, limit=LIMIT) as there:
        await there.reached(LIMIT // 4)
        for proxy in house.proxies:
            proxy.silence()
        until = asyncio.get_running_loop().time() + (60 if LONG else 0)
        await there.failed(24)
        assert await house.lives()
        while asyncio.get_running_loop().time() < until:
            await there.failed(24)


async def test_one_server_cut_off_leaves_the_work_to_the_other(house: Faulty, crowd: Gather) -> None:
    async with crowd("one of two servers is cut off", readers=READERS // 2, limit=LIMIT // 2) as there:
        await there.reached(LIMIT // 8)
        house.proxies[0].silence()
        if LONG:
            await there.until(lambda crowd: crowd.unheard.total() > 200)
        await there.until(lambda crowd: crowd.are_done)


async def test_connections_cut_at_any_moment_lose_nothing(house: Faulty, crowd: Gather) -> None:
    async with crowd("connections cut at any moment", readers=READERS, limit=LIMIT) as there:
        for number in range(LIMIT // 4, LIMIT, 7):
            await there.reached(number)
            house.proxies[number % 2].cut()
