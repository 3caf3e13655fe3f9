"""The database stops, takes nobody in, or is kept busy by somebody else."""

import asyncio

import pytest

from tests.faults.conftest import Gather
from tests.faults.house import LONG, Faulty
from tests.postgres import Server

pytestmark = pytest.mark.timeout(600 if LONG else 120)

READERS, LIMIT = (1200, 800) if LONG else (60, 40)
only_postgresql = pytest.mark.parametrize("standing", ["postgresql"], indirect=True)


@only_postgresql
async def test_a_database_that_crashes_keeps_what_was_acknowledged(
    house: Faulty, crowd: Gather, durable: Server
) -> None:
    crashes = 5 if LONG else 1
    async with crowd(f"PostgreSQL stops at once, {crashes}×", readers=READERS, limit=LIMIT) as there:
        for number in range(crashes):
            await there.reached(LIMIT * (number + 1) // (crashes + 2))
            await asyncio.to_thread(durable.kill)
            await there.failed(10)
            assert await house.lives()
            await asyncio.to_thread(durable.restart)


@only_postgresql
async def test_a_database_that_takes_no_more_connections_is_waited_for(
    house: Faulty, crowd: Gather, durable: Server
) -> None:
    async with crowd("no connection to be had", readers=READERS, limit=LIMIT) as there:
        await there.reached(LIMIT // 4)
        durable.execute("ALTER ROLE promos_web CONNECTION LIMIT 0")
        try:
            for proxy in house.proxies:
                proxy.cut()
            await there.failed(100 if LONG else 20)
            assert await house.lives()
        finally:
            durable.execute("ALTER ROLE promos_web CONNECTION LIMIT -1")


BACK = 30  # seconds after which everything answers again


async def test_a_pool_that_is_used_up_is_told_and_fills_again(house: Faulty, crowd: Gather) -> None:
    async with crowd("every connection of the pools in use", readers=READERS, limit=LIMIT) as there:
        await there.reached(LIMIT // 4)
        async with house.codes_are_kept():
            looks = asyncio.create_task(house.look(there.code.text, 60))
            await there.failed(100 if LONG else 10)
            assert await house.lives()
            assert set(await looks) <= {200, 503}
        async with asyncio.timeout(BACK):  # those who were told 503 come again at the same moment
            while set(await house.look(there.code.text, 60)) != {200}:
                pass
