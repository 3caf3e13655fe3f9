"""A crowd on one code while one of the processes dies."""

import asyncio

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Claim, Pass, PromoCode
from promos.queries import recount
from tests.race.conftest import House

LIMIT, PEOPLE, CLAIMS = 20, 45, 60
LIMITS = httpx.Limits(max_connections=64)


async def press(client: httpx.AsyncClient, port: int, secret: str) -> httpx.Response:
    """Confirm a claim; who hears nothing or "we cannot tell" asks again, as the answer says."""
    while True:
        answer = await client.post(f"http://127.0.0.1:{port}/api/v1/claims/{secret}/confirm")
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(float(answer.headers["Retry-After"]) * 0.1)


async def claimed(house: House, code: PromoCode) -> dict[str, str]:
    """Secrets and whose they are: 60 claims of 45 people; an earlier one of a person is superseded by the later."""
    async with house.database.writing() as session:
        names = [f"reader{number % PEOPLE}" for number in range(CLAIMS)]
        return {await house.claim_of(session, code, name): name for name in names}


async def test_a_process_killed_in_the_crowd_takes_nothing_along(house: House) -> None:
    code = await house.code(limit=LIMIT)
    secrets = await claimed(house, code)
    await house.start(2)
    yes: dict[str, str] = {}
    somebody = asyncio.Event()

    async def insist(client: httpx.AsyncClient, secret: str, number: int) -> None:
        port = house.ports[number % 2]
        while True:
            try:
                answer = await press(client, port, secret)
            except httpx.TransportError:  # it died, or is not back yet
                await asyncio.sleep(0.05)
                continue
            if answer.is_success:
                yes.setdefault(secret, answer.json()["pass"]["id"])
                somebody.set()
                assert yes[secret] == answer.json()["pass"]["id"]
            return

    async with httpx.AsyncClient(timeout=60, limits=LIMITS) as client:
        pressing = [asyncio.create_task(insist(client, secret, number)) for number, secret in enumerate(secrets)]
        await somebody.wait()
        house.kill(house.ports[0])
        await house.restart(house.ports[0])
        await asyncio.gather(*pressing)

    assert len(yes) == LIMIT
    async with house.database.reading() as session:
        live = set(await session.scalars(sa.select(Pass.id).where(Pass.state == "live")))
        assert {str(each) for each in live} == set(yes.values())
        assert await recount.differences(session) == []
        assert await _proven(session) == LIMIT


async def _proven(session: AsyncSession) -> int:
    return await session.scalar(sa.select(sa.func.count()).select_from(Claim).where(Claim.state == "proven")) or 0
