"""A crowd on one code, over two processes: exactly the limit, nobody turned away while a pass is left."""

import asyncio
import random
from collections import Counter

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.database import Database
from promos.models import Claim, Delivery, Offer, Pass, PromoCode, Redemption
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


async def count(database: Database, table: type, *where: sa.ColumnElement[bool]) -> int:
    async with database.reading() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0


async def test_sixty_claims_of_forty_five_people_get_twenty_passes_and_everybody_is_told(house: House) -> None:
    code = await house.code(limit=LIMIT)
    secrets = await claimed(house, code)
    await house.start(2)

    async with httpx.AsyncClient(timeout=60, limits=LIMITS) as client:
        order = list(secrets)
        random.Random(7).shuffle(order)
        answers = await asyncio.gather(
            *(press(client, house.ports[number % 2], secret) for number, secret in enumerate(order))
        )
    told = Counter(answer.json().get("code", answer.status_code) for answer in answers)

    assert told[201] == LIMIT
    assert told["link-superseded"] == CLAIMS - PEOPLE
    assert told["offer-exhausted"] == PEOPLE - LIMIT
    assert await count(house.database, Pass, Pass.state == "live") == LIMIT
    assert await count(house.database, Delivery, Delivery.kind == "pass") == LIMIT
    async with house.database.reading() as session:
        assert await recount.differences(session) == []
        assert await session.scalar(sa.select(Offer.used)) == LIMIT


async def test_passes_given_back_are_taken_again_to_the_last_one(house: House) -> None:
    code = await house.code(limit=LIMIT)
    secrets = await claimed(house, code)
    await house.start(2)

    async with httpx.AsyncClient(timeout=60, limits=LIMITS) as client:
        first = await asyncio.gather(*(press(client, house.ports[0], secret) for secret in secrets))
        links = [answer.json()["pass"]["url"].rpartition("/")[2] for answer in first if answer.status_code == 201]
        losers = [
            secret
            for secret, answer in zip(secrets, first, strict=True)
            if answer.json().get("code") == "offer-exhausted"
        ]
        back = await asyncio.gather(
            *(
                client.post(f"http://127.0.0.1:{house.ports[number % 2]}/api/v1/passes/{link}/give-back")
                for number, link in enumerate([*links, *links])  # each twice: a use returns once
            )
        )
        second = await asyncio.gather(
            *(press(client, house.ports[number % 2], secret) for number, secret in enumerate(losers))
        )

    assert len(links) == LIMIT
    assert {answer.status_code for answer in back} == {200}
    assert Counter(answer.status_code for answer in second) == {201: LIMIT, 409: PEOPLE - 2 * LIMIT}
    assert await count(house.database, Redemption, Redemption.state == "confirmed") == LIMIT
    async with house.database.reading() as session:
        assert await recount.differences(session) == []


async def test_nobody_is_turned_away_while_passes_are_left(house: House) -> None:
    code = await house.code(limit=PEOPLE)
    secrets = await claimed(house, code)
    await house.start(2)

    async with httpx.AsyncClient(timeout=60, limits=LIMITS) as client:
        answers = await asyncio.gather(
            *(press(client, house.ports[number % 2], secret) for number, secret in enumerate(secrets))
        )

    assert Counter(answer.status_code for answer in answers) == {201: PEOPLE, 410: CLAIMS - PEOPLE}


async def test_one_link_pressed_twenty_times_over_two_processes_is_one_pass(house: House) -> None:
    code = await house.code(limit=LIMIT)
    async with house.database.writing() as session:
        secret = await house.claim_of(session, code, "ada")
    await house.start(2)

    async with httpx.AsyncClient(timeout=60, limits=LIMITS) as client:
        answers = await asyncio.gather(*(press(client, house.ports[number % 2], secret) for number in range(20)))

    assert len({answer.json()["pass"]["id"] for answer in answers}) == 1
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 19}
    assert await count(house.database, Pass) == 1


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
