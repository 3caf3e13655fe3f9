"""The life of a claim by API: in line, offered a place, handed on; and what nobody was served is counted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Claim, Pass, PromoCode, Visit
from promos.rules import signing
from promos.rules.people import Role
from promos.settings import Keys, Settings
from tests import world
from tests.web.conftest import running
from tests.web.sides import a_token

BASE = "/api/v1"


@dataclass(slots=True)
class House:
    """The program, and what stands in mails and tables."""

    client: httpx.AsyncClient
    visits: Any
    database: Database
    keys: Keys

    async def ask(self, path: str, **body: Any) -> httpx.Response:
        return await self.client.post(BASE + path, json=body)

    async def secret(self, name: str) -> str:
        async with self.database.reading() as session:
            key = signing.reader_key(self.keys.reader, f"{name}@readers.example")
            claim = sa.select(Claim.id).where(Claim.reader_key == key).order_by(Claim.id.desc()).limit(1)
            return signing.secret_of(self.keys.signing[0], "claim", (await session.scalars(claim)).one())

    async def claim(self, who: str, **more: Any) -> str:
        """The secret in the mail of a new claim."""
        asked = await self.ask("/claims", code="FREEAGENAI", email=f"{who}@readers.example", **more)
        assert asked.status_code == 202, asked.text
        return await self.secret(who)

    async def a_pass(self, name: str) -> str:
        """The link of the pass of a reader who asked by mail."""
        given = await self.ask(f"/claims/{await self.claim(name)}/confirm")
        assert given.status_code == 201, given.text
        return signing.link(self.keys.signing, "pass", UUID(given.json()["pass"]["id"]))

    async def unserved(self) -> int:
        await self.visits.flush(self.database)
        async with self.database.reading() as session:
            return await session.scalar(sa.select(sa.func.sum(Visit.refused))) or 0


@pytest.fixture
async def house(settings: Settings, database: Database, keys: Keys) -> AsyncIterator[House]:
    async with running(settings) as app:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            yield House(client, app.app.state.visits, database, keys)  # type: ignore[attr-defined]


async def opened(database: Database, *, asks_name: bool = False, **facts: Any) -> PromoCode:
    async with database.writing() as session:
        kind = await world.a_pass_type(session, await world.an_event(session, asks_name=asks_name))
        return await world.a_code(session, await world.an_offer(session, kind, **facts))


async def test_a_pass_changes_hands_when_the_other_person_takes_it(house: House) -> None:
    await opened(house.database, limit=1)
    link = await house.a_pass("ada")

    offered = await house.ask(f"/passes/{link}/hand-on", email="Bo@Readers.example", language="fr")
    before = (await house.client.get(f"{BASE}/passes/{link}")).json()
    taken = await house.ask(f"/claims/{await house.secret('bo')}/confirm")
    again = await house.ask(f"/claims/{await house.secret('bo')}/confirm")
    after = (await house.client.get(f"{BASE}/passes/{link}")).json()

    assert (offered.status_code, offered.json()["state"]) == (202, "live")
    assert (before["state"], after["state"], after["token"]) == ("live", "handed_on", None)
    assert (taken.status_code, again.status_code) == (201, 200)
    assert taken.json()["pass"] == again.json()["pass"]
    assert taken.json()["pass"]["token"] not in (None, before["token"])
    assert "bo@" not in str(after).lower()


async def test_a_name_goes_along_where_the_event_asks_for_it(house: House) -> None:
    await opened(house.database, asks_name=True)
    secret = await house.claim("ada", name="Ada")
    given = await house.ask(f"/claims/{secret}/confirm")
    link = signing.link(house.keys.signing, "pass", UUID(given.json()["pass"]["id"]))

    shown = (await house.client.get(f"{BASE}/passes/{link}")).json()
    without = await house.ask(f"/passes/{link}/hand-on", email="bo@readers.example")
    named = await house.ask(f"/passes/{link}/hand-on", email="bo@readers.example", name="Bo")

    assert shown["event"]["asks_name"] is True
    assert (without.status_code, without.json()["code"]) == (422, "name-needed")
    assert named.status_code == 202  # what was refused used up none of its mails


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "ada@readers.example"}, 422, "handed-to-holder"),
        ({"email": "nobody"}, 422, "address-invalid"),
        ({"email": "bo@readers.example\r\nBcc: x@y.example"}, 422, "address-invalid"),
        ({"email": "bo@readers.example", "language": "tlh"}, 422, "invalid-request"),
        ({"email": "bo@readers.example", "name": "B" * 121}, 422, "invalid-request"),
        ({"email": "bo@readers.example", "reader": "x"}, 400, "malformed-request"),
    ],
)
async def test_what_makes_no_sense_hands_nothing_on(house: House, body: dict[str, Any], status: int, code: str) -> None:
    await opened(house.database)
    link = await house.a_pass("ada")

    answer = await house.ask(f"/passes/{link}/hand-on", **body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    async with house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Claim)) == 1


async def test_a_pass_does_not_make_us_write_to_the_whole_world(house: House) -> None:
    await opened(house.database)
    link = await house.a_pass("ada")

    told = [
        (await house.ask(f"/passes/{link}/hand-on", email=f"friend{number}@place{number}.example")).status_code
        for number in range(7)
    ]
    same = await house.ask(f"/passes/{link}/hand-on", email="friend1@place1.example")

    assert told == [202] * 5 + [429] * 2
    assert same.json()["code"] == "too-many"


async def test_who_waits_hears_where_and_leaves_when_they_like(house: House) -> None:
    await opened(house.database, limit=1)
    await house.a_pass("ada")
    secrets = [await house.claim(name, wait=True) for name in ("bo", "cy")]

    told = [await house.ask(f"/claims/{secret}/confirm") for secret in secrets]
    left = [await house.ask(f"/claims/{secrets[0]}/leave") for _ in range(2)]
    up = await house.ask(f"/claims/{secrets[1]}/confirm")
    gone = await house.ask(f"/claims/{secrets[0]}/confirm")

    assert [(each.status_code, each.json()["position"]) for each in told] == [(202, 1), (202, 2)]
    assert [each.status_code for each in left] == [200, 200]
    assert (up.status_code, up.json()["position"]) == (202, 1)
    assert (gone.status_code, gone.json()["code"]) == (410, "waiting-list-left")
    assert await house.unserved() == 0


async def test_whoever_finds_nothing_left_is_counted_and_not_noted(house: House) -> None:
    code = await opened(house.database, limit=1)
    late = await house.claim("late")
    await house.a_pass("ada")

    asked = await house.ask("/claims", code="FREEAGENAI", email="eve@readers.example")
    pressed = [await house.ask(f"/claims/{late}/confirm") for _ in range(2)]

    assert {each.json()["code"] for each in (asked, *pressed)} == {"offer-exhausted"}
    assert await house.unserved() == 3
    async with house.database.reading() as session:
        visit = (await session.scalars(sa.select(Visit))).one()
        assert (visit.code_id, visit.block_id, visit.human) == (code.id, None, 0)
        key = signing.reader_key(house.keys.reader, "eve@readers.example")
        assert await session.scalar(sa.select(Claim.id).where(Claim.reader_key == key)) is None


async def test_a_block_that_is_none_of_the_codes_breaks_no_count(house: House) -> None:
    await opened(house.database, limit=0)

    refused = await house.ask(
        "/claims", code="FREEAGENAI", email="eve@readers.example", block="01920000-0000-7000-8000-000000000000"
    )

    assert refused.json()["code"] == "offer-exhausted"
    assert await house.unserved() == 1


async def test_what_a_shop_is_refused_is_counted_too(house: House) -> None:
    await opened(house.database, limit=1)
    async with house.database.writing() as session:
        secret = await a_token(session, Role.ADMIN, house.keys)
    house.client.headers["Authorization"] = f"Bearer {secret}"

    told = [
        (await house.ask("/redemptions", code="FREEAGENAI", reader={"email": f"{name}@readers.example"})).status_code
        for name in ("ada", "bo", "ada")
    ]

    assert told == [201, 409, 200]
    assert await house.unserved() == 1


async def test_forged_and_foreign_links_hand_nothing_on(house: House) -> None:
    await opened(house.database)
    link = await house.a_pass("ada")
    async with house.database.reading() as session:
        held = (await session.scalars(sa.select(Pass.id))).one()

    forged = signing.link((b"x" * 40,), "pass", held)
    for wrong in (link[:-1], "x", forged, signing.link(house.keys.signing, "door", held)):
        answer = await house.ask(f"/passes/{wrong}/hand-on", email="bo@readers.example")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_a_press_under_a_key_is_answered_alike_whatever_became_of_the_pass(house: House) -> None:
    await opened(house.database)
    at = f"{BASE}/claims/{await house.claim('ada')}/confirm"
    first = await house.client.post(at, headers={"Idempotency-Key": "once"})
    link = signing.link(house.keys.signing, "pass", UUID(first.json()["pass"]["id"]))
    await house.ask(f"/passes/{link}/give-back")

    again = await house.client.post(at, headers={"Idempotency-Key": "once"})
    other = await house.client.post(at, headers={"Idempotency-Key": "once"}, json={"wait": True})
    without = await house.client.post(at)

    assert (first.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert without.status_code == 410


async def test_the_reader_sees_whose_name_they_are_about_to_take(house: House) -> None:
    await opened(house.database)
    secret = await house.claim("ada", name="Somebody Else")

    page = await house.client.get(f"/claim/{secret}")

    assert "The pass will be made out to Somebody Else." in page.text
