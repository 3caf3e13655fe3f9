"""How often somebody may ask for a way in: counted in the database, for all processes together and over restarts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import SignInLink
from promos.rules.people import Role
from promos.settings import Settings
from promos.web.paces import PACE
from tests.web.conftest import running
from tests.world import NOW, a_person


@asynccontextmanager
async def a_process(
    settings: Settings, peer: str = "192.0.2.1", now: datetime = NOW, **given: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A process of the installation, as a browser at `peer` reaches it."""
    async with running(msgspec.structs.replace(settings, **given), lambda: now) as app:
        transport = httpx.ASGITransport(app=app, client=(peer, 1))  # type: ignore[arg-type]
        headers = {"Origin": settings.base_url}
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url, headers=headers) as client:
            yield client


async def ask(client: httpx.AsyncClient, email: str, **headers: str) -> int:
    return (await client.post("/sign-in", data={"email": email}, headers=headers)).status_code


async def test_one_address_is_asked_for_five_times_by_all_processes_together(
    settings: Settings, database: Database
) -> None:
    async with database.writing() as session:
        await a_person(session, "ada@example.org", Role.ADMIN)
        await a_person(session, "bo@example.org", Role.ADMIN)
    async with a_process(settings) as one, a_process(settings, "192.0.2.2") as two:
        answers = [await ask(client, "ada@example.org") for client in (one, two, one)]
        assert await ask(two, "bo@example.org") == 200  # somebody else's success sets nothing back
        answers += [await ask(client, "Ada@Example.org") for client in (two, one, two)]
    assert answers == [200] * 5 + [429]

    async with a_process(settings, "192.0.2.3") as restarted:
        refused = await restarted.post("/sign-in", data={"email": "ada@example.org"})
    assert (refused.status_code, int(refused.headers["Retry-After"]) <= 900) == (429, True)
    async with a_process(settings, now=NOW + timedelta(minutes=15)) as later:
        assert await ask(later, "ada@example.org") == 200
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(SignInLink)) == 7


async def test_a_household_is_one_whatever_it_says_of_itself(settings: Settings) -> None:
    given: dict[str, Any] = {"sign_ins_per_network": 2}
    async with (
        a_process(settings, "2001:db8:1:2::1", **given) as one,
        a_process(settings, "2001:db8:1:2:ffff::9", **given) as two,
        a_process(settings, "2001:db8:1:3::1", **given) as neighbour,
    ):
        spoofed = {"X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.8", "Forwarded": "for=198.51.100.9"}
        answers = [await ask(one, "a@example.org"), await ask(two, "b@example.org"), await ask(one, "c@example.org")]
        assert answers == [200, 200, 429]
        assert await ask(two, "d@example.org", **spoofed) == 429
        assert await ask(neighbour, "d@example.org") == 200


async def test_a_configured_proxy_is_believed_and_nobody_else(settings: Settings) -> None:
    given: dict[str, Any] = {"sign_ins_per_network": 1, "trusted_proxies": "10.0.0.1"}
    async with a_process(settings, "10.0.0.1", **given) as proxied, a_process(settings, "10.0.0.2", **given) as other:
        for number in (1, 2):
            through = {"X-Forwarded-For": f"1.1.1.1, 203.0.113.{number}"}
            assert await ask(proxied, f"{number}@example.org", **through) == 200
        assert await ask(proxied, "3@example.org", **{"X-Forwarded-For": "9.9.9.9, 203.0.113.2"}) == 429
        assert [await ask(other, f"{n}@example.org", **{"X-Forwarded-For": f"8.8.8.{n}"}) for n in (4, 5)] == [200, 429]


async def test_links_are_not_guessed_for_long(settings: Settings) -> None:
    async with a_process(settings, sign_ins_per_network=3) as client:
        answers = [(await client.post(f"/sign-in/{'A' * 32}", data={"target": ""})).status_code for _ in range(4)]

    assert answers == [410, 410, 410, 429]


async def test_everybody_together_asks_so_often_a_minute(settings: Settings) -> None:
    async with a_process(settings, "192.0.2.1", sign_ins_a_minute=3) as client:
        assert [await ask(client, f"{number}@example.org") for number in range(4)] == [200, 200, 200, 429]
    async with a_process(settings, now=NOW + timedelta(minutes=1), sign_ins_a_minute=3) as client:
        assert await ask(client, "9@example.org") == 200


async def test_an_address_that_works_here_and_one_that_does_not_are_answered_alike(
    settings: Settings, database: Database
) -> None:
    async with database.writing() as session:
        await a_person(session, "ada@example.org", Role.ADMIN)
    async with a_process(settings) as client:
        answers = []
        for email in ("ada@example.org", "eve@example.org"):
            for _ in range(6):
                answer = await client.post("/sign-in", data={"email": email})
                kept = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date"}}
                answers.append((answer.status_code, answer.text.replace(email, "ADDRESS"), kept))

    assert answers[:6] == answers[6:]
    assert [status for status, _, _ in answers[:6]] == [200] * 5 + [429]


async def test_who_works_here_shows_by_no_clock(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.writing() as session:
        await a_person(session, "ada@example.org", Role.ADMIN)
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async with a_process(settings) as client:
        monkeypatch.setattr(asyncio, "sleep", sleep)
        answers = [await ask(client, f"{name}@example.org") for name in ("ada", "eve")]

    assert answers == [200, 200]
    assert len(pauses) == 2
    assert all(0 < pause <= PACE for pause in pauses)
