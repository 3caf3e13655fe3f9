"""The database stops, takes nobody in, or is kept busy by somebody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from promos.database import connect
from tests.faults.conftest import Gather
from tests.faults.house import LONG, PATIENCE, Faulty
from tests.postgres import Server

pytestmark = pytest.mark.timeout(600 if LONG else 120)

READERS, LIMIT = (1200, 800) if LONG else (60, 40)
only_postgresql = pytest.mark.parametrize("standing", ["postgresql"], indirect=True)


@only_postgresql
async def test_a_database_that_crashes_keeps_what_was_acknowledged(
    house: Faulty, crowd: Gather, durable: Server
) -> None:
    crashes = 5 if LONG else 1
    async with crowd(f"PostgreSQL stops at once, {crashes} times", readers=READERS, limit=LIMIT) as there:
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


async def test_a_pool_that_is_used_up_is_told_and_fills_again(
    house: Faulty, crowd: Gather, request: pytest.FixtureRequest
) -> None:
    async with crowd("every connection of the pools in use", readers=READERS, limit=LIMIT) as there:
        await there.reached(LIMIT // 4)
        async with somebody_keeps_the_codes(house, request):
            looks = asyncio.create_task(look(house, there.code.text, 60))
            await there.failed(100 if LONG else 20)
            assert await house.lives()
            assert set(await looks) <= {200, 503}
        async with asyncio.timeout(BACK):  # those who were told 503 come again at the same moment
            while set(await look(house, there.code.text, 60)) != {200}:
                pass


@asynccontextmanager
async def somebody_keeps_the_codes(house: Faulty, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """On SQLite nobody else can write, on PostgreSQL nobody even read them."""
    settings = msgspec.structs.replace(house.settings, database_idle_timeout=PATIENCE * 20)  # no server of ours
    if not house.database.is_sqlite:
        server: Server = request.getfixturevalue("durable")
        settings = msgspec.structs.replace(settings, database_url=server.url("faults"))
    database = connect(settings)
    try:
        async with database.writing() as session:
            if not database.is_sqlite:
                await session.execute(sa.text("LOCK TABLE promo_codes IN ACCESS EXCLUSIVE MODE"))
            yield
    finally:
        await database.close()


async def look(house: Faulty, code: str, times: int) -> list[int]:
    """How `times` who look at the code's page at once are answered."""
    async with httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=None), verify=False) as client:
        addresses = [f"http://127.0.0.1:{house.port(at)}/c/{code}" for at in range(times)]
        return [answer.status_code for answer in await asyncio.gather(*map(client.get, addresses))]
