"""Programs are killed, ended and left by those who asked them."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from promos.models import Offer, Redemption
from promos.queries import recount
from tests.faults.conftest import Gather
from tests.faults.crowd import Crowd, Found
from tests.faults.house import LONG, PATIENCE, Faulty

pytestmark = pytest.mark.timeout(900 if LONG else 120)

READERS, LIMIT = (2400, 1600) if LONG else (60, 40)


async def test_servers_killed_at_any_moment_take_nothing_along(house: Faulty, crowd: Gather) -> None:
    kills, dice = (20 if LONG else 1), random.Random(58)
    async with crowd(f"kill -9, {kills}×", readers=READERS, limit=LIMIT) as there:
        for number in range(kills):
            await there.reached(LIMIT * (number + 1) // (kills + 2))
            port = dice.choice(house.ports)
            house.kill(port)
            await house.restart(port)


async def test_servers_restarted_in_turn_fail_nobody_who_asks_again(house: Faulty, crowd: Gather) -> None:
    async with crowd("SIGTERM, one server after the other", readers=READERS, limit=LIMIT) as there:
        for number, port in enumerate(house.ports[: None if LONG else 1]):
            await there.reached(LIMIT * (number + 1) // 4)
            assert await house.end(port) == 0
            await house.restart(port)


async def test_a_server_that_is_ended_answers_all_who_wait(house: Faulty, tell: Callable[[Found], None]) -> None:
    waiting, limit, port = 40, 20, house.ports[0]
    crowd = Crowd(house, "SIGTERM while all wait", readers=waiting, limit=limit)
    await crowd.prepare()
    began = monotonic()

    async with house.codes_are_kept():
        sent = asyncio.Semaphore(0)

        async def is_sent(event: str, _: Any) -> None:
            if event == "http11.send_request_body.complete":
                sent.release()

        async def ask(reader: int) -> httpx.Response:
            path, headers, document = crowd.request(reader)
            address = f"http://127.0.0.1:{port}{path}"
            return await crowd.client.post(address, headers=headers, json=document, extensions={"trace": is_sent})

        asks = [asyncio.create_task(ask(reader)) for reader in range(waiting)]
        for _ in asks:
            await sent.acquire()
        assert (await crowd.client.get(f"http://127.0.0.1:{port}/health/live")).status_code == 200  # heard after them
        end = asyncio.create_task(house.end(port))
        done, _ = await asyncio.wait(asks, timeout=0.3)
        assert not done
    answers = await asyncio.gather(*asks)

    assert await end == 0
    for reader, answer in enumerate(answers):
        crowd.hear(reader, answer)
    assert crowd.unheard.total() + len(crowd.acknowledged) + len(crowd.refused) == waiting
    crowd.slowest = monotonic() - began
    await house.stand()
    await crowd.load()
    found = await crowd.found()
    await crowd.client.aclose()
    tell(found)
    assert found.is_well, found
    assert found.acknowledged == limit


async def test_clients_that_vanish_take_no_connection_along(house: Faulty, crowd: Gather) -> None:
    vanishing, dice, together = (1000 if LONG else 100), random.Random(64), asyncio.Semaphore(20)
    async with crowd(f"{vanishing} clients vanish", readers=READERS, limit=READERS) as there:
        await asyncio.gather(*(vanish(house, there, number, dice, together) for number in range(vanishing)))
    assert not there.unheard  # each connection to the database serves the next one


async def vanish(house: Faulty, crowd: Crowd, number: int, dice: random.Random, together: asyncio.Semaphore) -> None:
    """Ask as one of the readers, perhaps not to the end, and be gone before there is an answer or soon after."""
    path, headers, document = crowd.request(number % crowd.readers)
    address = f"http://127.0.0.1:{house.port(number)}{path}"
    request = httpx.Request("POST", address, headers=headers, json=document)
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items()), "", ""]
    whole = "\r\n".join(lines).encode() + request.content
    async with together:
        _, writer = await asyncio.open_connection("127.0.0.1", house.port(number))
        writer.write(whole[: dice.choice([len(whole), len(whole), dice.randrange(len(whole))])])
        await asyncio.sleep(dice.uniform(0, 0.05))
        writer.transport.abort()


async def test_requests_tripled_and_out_of_order_do_what_one_of_each_does(
    house: Faulty, tell: Callable[[Found], None]
) -> None:
    dice, readers = random.Random(69), 200 if LONG else 20
    code = await house.code(limit=readers)
    _, token = await house.token()
    answers: Counter[str] = Counter()
    again: Counter[str] = Counter()

    async def ask(at: int, path: str, **how: Any) -> httpx.Response:
        address = f"http://127.0.0.1:{house.port(at)}/api/v1/redemptions{path}"
        headers = {"Authorization": f"Bearer {token}"} | how.pop("headers", {})
        async with crowded:
            while (answer := await client.post(address, headers=headers, **how)).status_code == 503:
                again[answer.json()["code"]] += 1
                await asyncio.sleep(0.05)
        answers[str(answer.json().get("code", answer.status_code))] += 1
        return answer

    async def hold(reader: int, at: int) -> tuple[int, str]:
        document = {
            "code": code.text,
            "reader": {"email": f"{code.text.lower()}-{reader}@readers.example"},
            "hold_for": 600,
        }
        answer = await ask(at, "", json=document, headers={"Idempotency-Key": f"{code.text}-{reader}"})
        return reader, answer.json()["id"]

    crowded = asyncio.Semaphore(30)
    async with httpx.AsyncClient(timeout=PATIENCE, verify=False) as client:
        thrice = dice.sample([*range(readers)] * 3, readers * 3)
        held = set(await asyncio.gather(*(hold(reader, at) for at, reader in enumerate(thrice))))
        assert len(held) == readers
        ends = [f"/{redemption}/{word}" for _, redemption in held for word in ("confirm", "cancel")] * 3
        await asyncio.gather(*(ask(at, path) for at, path in enumerate(dice.sample(ends, len(ends)))))

    assert set(answers) <= {"200", "201", "redemption-ended"}
    async with house.database.reading() as session:
        states = await session.scalars(sa.select(Redemption.state).where(Redemption.code_id == code.id))
        assert Counter(states) == {"cancelled": readers}
        assert await session.scalar(sa.select(Offer.used).where(Offer.id == code.offer_id)) == 0
        assert await recount.differences(session) == []
    tell(Found("each request three times, out of order", answers.total(), readers, again, 0.0))
