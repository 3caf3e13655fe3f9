"""What is forbidden is forbidden in every process from the moment in which the answer says so."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx
import sqlalchemy as sa

from promos.actions import sign_in
from promos.crowd.wire import Heard, Wire
from promos.models import PromoCode, StaffRole
from promos.rules.people import Role
from tests import world
from tests.race.conftest import House

BEFORE = 10  # requests to each process before there is a fence
AFTERWARDS = 6  # requests that each connection still sends behind it
Ask = Callable[[Wire, int], Awaitable[Heard]]


@asynccontextmanager
async def flood(
    house: House, ask: Ask, token: str | None = None, *, connections: int = 3
) -> AsyncIterator[list[Heard]]:
    """Requests over some connections to each process, without a pause, until a few after the block has ended."""
    heard: list[Heard] = []
    is_on, is_over = asyncio.Event(), asyncio.Event()
    numbers = count()

    async def keep_asking(port: int) -> None:
        wire = Wire(f"http://127.0.0.1:{port}", token)
        left = AFTERWARDS
        while left:
            left -= is_over.is_set()
            heard.append(await ask(wire, next(numbers)))
            if len(heard) >= BEFORE * len(house.ports):
                is_on.set()
        wire.close()

    asking = [asyncio.create_task(keep_asking(port)) for port in house.ports * connections]
    try:
        await is_on.wait()
        yield heard
    finally:
        is_over.set()
        await asyncio.gather(*asking)


def redeeming(code: PromoCode) -> Ask:
    """One reader after the other redeems."""

    async def ask(wire: Wire, number: int) -> Heard:
        reader = {"email": f"reader{number}@readers.example"}
        return await wire.ask("POST", "/api/v1/redemptions", {"code": code.text, "reader": reader})

    return ask


async def change(house: House, token: str, code: PromoCode, status: str) -> Heard:
    wire = Wire(f"http://127.0.0.1:{house.port(1)}", token)
    answer = await wire.ask("PATCH", f"/api/v1/codes/{code.text}", {"status": status})
    wire.close()
    assert answer.status == 200
    return answer


def answers(heard: list[Heard], *, since: float) -> set[str]:
    return {str(each.document.get("code", each.status)) for each in heard if each.start > since}


async def test_a_paused_code_gives_nothing_more_and_a_resumed_one_does_at_once(crowded: House) -> None:
    code = await crowded.code(limit=None)
    _, token = await crowded.token()

    async with flood(crowded, redeeming(code), token) as heard:
        paused = await change(crowded, token, code, "paused")

    assert "201" in answers(heard, since=0)
    assert answers(heard, since=paused.end) == {"code-paused"}

    async with flood(crowded, redeeming(code), token) as heard:
        resumed = await change(crowded, token, code, "active")

    assert answers(heard, since=resumed.end) <= {"201", "200"}


async def test_a_revoked_code_gives_nothing_more(crowded: House) -> None:
    code = await crowded.code(limit=None)
    _, token = await crowded.token()

    async with flood(crowded, redeeming(code), token) as heard:
        revoked = await change(crowded, token, code, "revoked")

    assert answers(heard, since=revoked.end) == {"code-revoked"}


async def test_readers_with_a_link_meet_the_fence_too(crowded: House) -> None:
    code = await crowded.code(limit=None)
    _, token = await crowded.token()
    secrets = await crowded.claims_of(code, (f"reader{number}" for number in range(200)))

    async def press(wire: Wire, number: int) -> Heard:
        return await wire.ask("POST", f"/api/v1/claims/{secrets[number]}/confirm")

    async with flood(crowded, press, connections=1) as heard:
        paused = await change(crowded, token, code, "paused")

    assert "201" in answers(heard, since=0)
    assert answers(heard, since=paused.end) == {"code-paused"}


async def test_a_suspended_partner_gives_nothing_more_and_changes_nothing(crowded: House) -> None:
    code = await crowded.code(limit=None)
    _, admin = await crowded.token()
    _, own = await crowded.token(Role.OWNER, partner_id=code.partner_id)
    secrets = await crowded.claims_of(code, (f"reader{number}" for number in range(400)))

    async def ask(wire: Wire, number: int) -> Heard:
        if number % 3 == 0:
            return await wire.ask("POST", f"/api/v1/claims/{secrets[number]}/confirm")
        if number % 3 == 1:
            reader = {"email": f"other{number}@readers.example"}
            return await wire.ask("POST", "/api/v1/redemptions", {"code": code.text, "reader": reader})
        return await wire.ask("PATCH", f"/api/v1/offers/{code.offer_id}", {"place_hours": number % 700 + 1})

    async with flood(crowded, ask, own, connections=1) as heard:
        wire = Wire(f"http://127.0.0.1:{crowded.port(1)}", admin)
        path = f"/api/v1/partners/{code.partner_id}"
        suspended = await wire.ask("POST", f"{path}/suspend", {"why": "Their invoices bounce."})

    assert suspended.status == 200
    assert {"201", "200"} <= answers(heard, since=0)
    assert answers(heard, since=suspended.end) == {"code-unavailable", "partner-suspended"}

    async with flood(crowded, redeeming(code), admin) as heard:
        lifted = await wire.ask("POST", f"{path}/lift")
        wire.close()

    assert answers(heard, since=lifted.end) <= {"201", "200"}


async def test_a_revoked_token_opens_nothing_more(crowded: House) -> None:
    code = await crowded.code(limit=None)
    _, admin = await crowded.token()
    token_id, secret = await crowded.token(Role.OWNER, partner_id=code.partner_id)

    async with flood(crowded, redeeming(code), secret) as heard:
        wire = Wire(f"http://127.0.0.1:{crowded.port(1)}", admin)
        revoked = await wire.ask("POST", f"/api/v1/tokens/{token_id}/revoke")
        wire.close()

    assert revoked.status == 200
    assert "201" in answers(heard, since=0)
    assert answers(heard, since=revoked.end) == {"token-unknown"}


async def test_who_is_no_longer_of_the_team_changes_nothing_more(crowded: House) -> None:
    code = await crowded.code(limit=None)
    _, admin = await crowded.token()
    now, hour = datetime.now(UTC), timedelta(hours=1)
    async with crowded.database.writing() as session:
        person = await world.a_person(session, "mo@partner.example", Role.MEMBER, partner_id=code.partner_id)
        role = (await session.scalars(sa.select(StaffRole.id).where(StaffRole.person_id == person.id))).one()
        secret = await sign_in.link_for(session, person, keys=crowded.keys, now=now, lifetime=hour)
        _, cookie = await sign_in.enter(session, secret, now=now, lifetime=hour)
    csrf = {"_csrf_token": sign_in.csrf_of(cookie, crowded.keys)}
    path = f"/partner/codes/{code.text}"

    async def press(port: int, word: str) -> int:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, cookies={"promos": cookie}, headers={"Origin": url}) as browser:
            return (await browser.post(f"{path}/{word}", data=csrf)).status_code

    before = [await press(port, word) for port in crowded.ports for word in ("pause", "resume")]
    wire = Wire(f"http://127.0.0.1:{crowded.port(1)}", admin)
    removed = await wire.ask("DELETE", f"/api/v1/roles/{role}")
    for port in crowded.ports:
        await press(port, "pause")
    seen = await wire.ask("GET", f"/api/v1/codes/{code.text}")
    wire.close()

    assert set(before) == {303}
    assert removed.status == 200
    assert (seen.document["status"], seen.document["version"]) == ("active", 1 + len(before))
