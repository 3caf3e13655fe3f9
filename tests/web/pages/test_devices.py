"""A phone at the door: paired once, scanning and nothing else, refused from the moment it is revoked."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from promos.actions import devices
from promos.database import Database
from promos.models import CheckIn, Device, Event, Pass, Redemption
from promos.rules import signing
from promos.rules.people import Role
from promos.settings import Keys, Settings
from promos.web.headers import Headers
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, an_owner
from tests.world import ADMIN, NOW, a_partner, an_event


@pytest.fixture
async def phone(app: Headers, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    headers = {"Origin": settings.base_url, "User-Agent": "Mozilla/5.0 (Android 16; Mobile; rv:150.0) Firefox/150.0"}
    async with httpx.AsyncClient(transport=transport, base_url=settings.base_url, headers=headers) as client:
        yield client


async def a_device(database: Database, keys: Keys, event: Event, name: str = "North door") -> tuple[Device, str]:
    async with database.writing() as session:
        made = await devices.create(
            session, event.partner_id, name=name, event_ids=[event.id], keys=keys, now=NOW, by=ADMIN
        )
        return made, devices.code(made, keys)


async def a_pass(database: Database, event: Event, keys: Keys) -> str:
    async with database.reading() as session:
        mine = sa.select(Pass).join(Redemption, Pass.redemption_id == Redemption.id)
        held = (await session.scalars(mine.where(Redemption.event_id == event.id))).one()
        return signing.qr_token(keys.signing[0], held.id, held.drawn)


def csrf(page: str) -> str:
    found = re.search(r'name="_csrf_token" value="(\w+)"', page)
    return found[1] if found else ""


async def test_a_phone_is_paired_scans_and_is_refused_once_it_is_revoked(
    signed_in: SignIn, database: Database, keys: Keys, phone: httpx.AsyncClient
) -> None:
    partner, event, *_ = await a_world(database, redeemed=1)
    owner = await an_owner(signed_in, partner)
    made = await owner.post("/partner/devices", {"name": "North door", "event_ids": [str(event.id)]})
    code = re.search(r">([A-Z2-7]{5}-[A-Z2-7]{5})<", made.text)
    assert code
    assert made.headers["Cache-Control"] == "no-store"

    opened = await phone.get(f"/door/pair?code={code[1]}")
    paired = await phone.post("/door/pair", data={"code": code[1].lower().replace("-", " ")})
    door = await phone.get("/door", follow_redirects=True)
    token = await a_pass(database, event, keys)
    scanned = await phone.post(f"/door/{event.id}", data={"token": token, "_csrf_token": csrf(door.text)})

    assert (opened.status_code, paired.status_code, paired.headers["Location"]) == (200, 303, "/door")
    assert f"/door/{event.id}" in str(door.url)
    assert "Admitted" in scanned.text
    listed = (await owner.get("/partner/devices")).text
    assert "paired" in listed
    assert "Firefox, Android" in listed
    async with database.reading() as session:
        device = (await session.scalars(sa.select(Device))).one()
        assert (await session.scalars(sa.select(CheckIn.by))).one() == device.token_id
    assert (device.seen_at, device.code_hash) == (NOW, None)

    await owner.post(f"/partner/devices/{device.id}/revoke")
    late = await phone.post(f"/door/{event.id}", data={"token": token, "_csrf_token": csrf(scanned.text)})
    assert (late.status_code, (await phone.get("/door")).headers["Location"]) == (303, "/sign-in?next=/door")


async def test_a_device_does_nothing_but_scan_at_its_own_events(
    signed_in: SignIn, database: Database, keys: Keys, phone: httpx.AsyncClient
) -> None:
    partner, event, *_ = await a_world(database)
    async with database.writing() as session:
        other = await an_event(session, partner, name="Other", slug="other")
    _, code = await a_device(database, keys, event)
    await phone.post("/door/pair", data={"code": code})

    assert (await phone.get(f"/door/{other.id}")).status_code == 404
    for path in ("/partner", f"/partner/events/{event.id}", "/partner/devices", "/editor", "/admin"):
        assert (await phone.get(path)).status_code == 403, path
    page = (await phone.get(f"/door/{event.id}")).text
    assert "Sign out" not in page
    assert (await phone.post("/partner/devices", data={"_csrf_token": csrf(page), "name": "x"})).status_code == 403


async def test_a_code_pairs_one_phone_once_and_not_for_long(
    database: Database, keys: Keys, phone: httpx.AsyncClient
) -> None:
    _, event, *_ = await a_world(database)
    device, code = await a_device(database, keys, event)
    async with database.writing() as session:
        given = {"name": "Late", "event_ids": [event.id], "keys": keys, "by": ADMIN}
        late = await devices.create(session, event.partner_id, now=NOW - devices.CODE_LIVES, **given)  # type: ignore[arg-type]
        late_code = devices.code(late, keys)

    assert (await phone.get(f"/door/pair?code={code}")).status_code == 200

    async def paired(code: str) -> int:
        phone.cookies.clear()
        return (await phone.post("/door/pair", data={"code": code})).status_code

    answers = [await paired(each) for each in (late_code, "", code)]
    cookie = phone.cookies["promos"]
    answers.append(await paired(code))
    phone.cookies.set("promos", cookie)

    assert answers == [410, 410, 303, 410]
    async with database.writing() as session:
        again = await devices.renew_code(session, device.id, keys=keys, now=NOW, by=ADMIN)
    assert (await phone.get(f"/door/{event.id}")).status_code == 200  # keeps it until another one is paired
    async with database.writing() as session:
        await devices.pair(session, devices.code(again, keys), browser="", now=NOW)
    assert (await phone.get(f"/door/{event.id}")).status_code == 303


async def test_codes_are_not_guessed(database: Database, keys: Keys, phone: httpx.AsyncClient) -> None:
    _, event, *_ = await a_world(database)
    _, code = await a_device(database, keys, event)

    answers = [(await phone.post("/door/pair", data={"code": f"AAAAA-AAA{n:02}"})).status_code for n in range(25)]

    assert answers == [410] * 20 + [429] * 5
    assert (await phone.post("/door/pair", data={"code": code})).status_code == 429


async def test_a_device_is_made_for_one_s_own_events(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database)
    async with database.writing() as session:
        other = await a_partner(session, name="Other")
        theirs = await an_event(session, other, name="Theirs", slug="theirs")
    member = await signed_in("bo@partner.example", Role.MEMBER, partner_id=partner.id)
    door = await signed_in("door@partner.example", Role.DOOR, partner_id=partner.id)

    async def made(by: Browser, *events: Event) -> int:
        return (
            await by.post("/partner/devices", {"name": "x", "event_ids": [str(each.id) for each in events]})
        ).status_code

    assert [await made(member, event), await made(member), await made(member, event, theirs)] == [200, 422, 404]
    assert await made(member, theirs) == 422
    assert await made(door, event) == 403
    assert (await member.post("/partner/devices", {"name": " ", "event_ids": [str(event.id)]})).status_code == 422


async def test_a_device_is_last_seen_to_the_minute(database: Database, keys: Keys) -> None:
    _, event, *_ = await a_world(database)
    _, code = await a_device(database, keys, event)
    async with database.writing() as session:
        device, _, secret = await devices.pair(session, code, browser="", now=NOW)
        by = await devices.behind(session, secret, now=NOW)
        assert by
        seen = []
        for seconds in (30, 90, 120):
            await devices.saw(session, by, now=NOW + timedelta(seconds=seconds))
            await session.refresh(device)
            seen.append(device.seen_at)

    assert seen == [NOW, NOW + timedelta(seconds=90), NOW + timedelta(seconds=90)]
