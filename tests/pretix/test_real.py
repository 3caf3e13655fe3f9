"""The whole way with a real pretix: made there by us, handed out by a claim, bought with, let in, and read back."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa

from promos import settings as configuration
from promos.database import Database
from promos.models import Offer, Shop
from promos.outside.web import Web
from promos.rules.people import Role
from promos.settings import Keys, Settings
from tests.outside.fakes import Asked, Said, serving
from tests.pretix.conftest import FOLDER, Pretix
from tests.pretix.house import House
from tests.web.conftest import running
from tests.web.sides import a_token
from tests.world import DAY, a_code, a_person, a_pool

MANY, HOUR = 300, timedelta(hours=1)


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return configuration.keys(settings)


@pytest.fixture
async def house(
    pretix: Pretix, database: Database, settings: Settings, keys: Keys, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    now, late = datetime.now(UTC), [timedelta()]
    async with database.writing() as session:
        offer: Offer = await a_pool(session, limit=5, opens_at=now - DAY, ends_at=now + 30 * DAY)
        await a_code(session, offer, "ORGUE-12")
        await a_person(session, "owner@partner.example", Role.OWNER, partner_id=offer.partner_id)
        token = await a_token(session, Role.OWNER, keys, partner_id=offer.partner_id)
    async with running(settings, clock=lambda: datetime.now(UTC) + late[0], shops=Web(trusted={pretix.place})) as app:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            stocking = app.app.state.stocking  # type: ignore[attr-defined]
            made = House(client, database, stocking, keys, pretix, late, offer.event_id, offer.id, token)
            yield made
    figures = {request.node.name: {**pretix.seconds, **made.seconds}}
    with suppress(OSError), (FOLDER / "figures.json").open("a") as file:
        file.write(json.dumps(figures) + "\n")


async def test_made_by_us_claimed_bought_let_in_and_counted(house: House) -> None:
    pretix = house.pretix
    await house.connect()
    [product] = (await house.ask("GET", f"events/{house.event}/shop/products"))["items"]
    assert (product["name"], product["price"], product["quota_left"]) == ("Pass 2 jours", "999.00", 40)
    await house.fill()

    await house.read("make 5")
    assert len(await house.there()) == 5
    assert await house.pool() == await house.there()
    assert await house.tally("free", "quota_size", "quota_left", "limit") == (5, 40, 35, 5)

    ada, bo = await house.claim("ada"), await house.claim("bo")
    order = await asyncio.to_thread(pretix.buy, ada)
    assert (order["total"], order["status"]) == ("0.00", "p")
    outside = next(code for code in await house.there() if code not in {ada, bo})
    await asyncio.to_thread(pretix.buy, outside)
    await asyncio.to_thread(pretix.buy, None)
    await house.read()
    assert await house.tally("used", "unused", "outside", "free", "arrived") == (1, 1, 1, 2, 0)

    assert await asyncio.to_thread(pretix.scan, order) == "ok"
    second = await asyncio.to_thread(pretix.buy, bo)
    await house.read()
    assert await house.tally("used", "unused", "outside", "arrived", "scanned") == (2, 0, 1, 1, 0)

    await asyncio.to_thread(pretix.cancel, second)
    await house.read()
    await house.read()
    assert await house.tally("used", "unused", "cancelled", "arrived") == (1, 1, 1, 1)
    given = [await house.claim(name) for name in ("cy", "di")]
    assert outside not in given  # what others used is handed to nobody
    assert len(set(given) | {ada, bo, outside}) == 5
    assert len(await house.there()) == 5
    assert await house.passes() == 4


async def test_pretix_calls_and_is_read_at_once(house: House) -> None:
    await house.connect()
    await house.fill()
    await house.read()
    code = await house.claim("ada")
    path = (await house.shop())["hook"].partition("/api/")[2]

    async def ours(asked: Asked) -> Said:
        answer = await house.client.request(asked.method, asked.path, content=asked.body)
        return Said(answer.status_code)

    async with serving(ours) as place:
        await asyncio.to_thread(house.pretix.tell, f"http://{place}/api/{path}")
        assert await house.stocking.round() == 0
        house.late[0] += timedelta(minutes=1)
        await asyncio.to_thread(house.pretix.buy, code)

    with house.timed("read when called"):
        assert await house.stocking.round() == 1
    assert await house.tally("used", "unused") == (1, 0)


async def test_pretix_is_stopped_in_the_middle(house: House) -> None:
    await _many(house)
    reading = asyncio.create_task(house.read("until stopped"))
    await _some(house)
    await asyncio.to_thread(house.pretix.stop, at_once=True)
    await reading

    assert (await house.shop())["trouble"] == "shop-unreachable"
    waiting, free = await house.tally("waiting", "free")
    assert free < MANY == waiting + free
    await house.read()
    assert (await house.tally("waiting", "free")) == (waiting, free)
    assert await house.mails() == 0  # a shop that restarts is no news

    await asyncio.to_thread(house.pretix.start)
    await house.read("go on")
    shop = await house.shop()
    assert (shop["trouble"], shop["troubled_since"]) == (None, None)
    assert await house.tally("waiting", "free") == (0, MANY)
    assert len(set(await house.there())) == MANY
    assert await house.pool() == await house.there()


async def test_the_token_is_revoked_in_the_middle(house: House) -> None:
    await _many(house)
    ada = ""
    reading = asyncio.create_task(house.read("until revoked"))
    await _some(house)
    await asyncio.to_thread(house.pretix.revoke)
    await reading
    assert (await house.shop())["trouble"] == "shop-token-refused"
    _, free = await house.tally("waiting", "free")
    assert 0 < free < MANY
    ada = await house.claim("ada")  # what is here goes on being handed out
    await house.read()
    assert await house.mails() == 1

    await asyncio.to_thread(house.pretix.revoke, again=True)
    await asyncio.to_thread(house.pretix.buy, ada)
    await house.connect()  # again, with a token that works
    await house.read("go on")
    assert (await house.shop())["trouble"] is None
    assert await house.tally("waiting", "free", "used") == (0, MANY - 1, 1)
    assert await house.pool() == await house.there()
    assert await house.mails() == 1


async def test_the_worker_is_killed_again_and_again(house: House, settings: Settings) -> None:
    """The next one goes on where it was."""
    await _many(house)
    await _killed(house, settings, MADE, 1, 51, 101, 151, 201)

    await house.read("go on")
    assert await house.tally("waiting", "free") == (0, MANY)
    assert len(await house.there()) == len(set(await house.there())) == MANY
    assert await house.pool() == await house.there()


async def test_codes_follow_the_offers_end_and_benefit(house: House) -> None:
    end = (datetime.now(UTC) + 20 * DAY).replace(microsecond=0)
    await house.connect()
    await house.fill()
    await house.read()

    await house.ask("PATCH", f"offers/{house.offer}", benefit={"kind": "percent", "percent": "50"})
    await house.ask("PATCH", f"offers/{house.offer}", ends_at=end.isoformat())
    await house.read("change 5")
    assert await house.worth() == [("percent", "50.00", end)]
    await house.read()
    assert house.pretix.count(CHANGED) == 5

    ada, bo = await house.claim("ada"), await house.claim("bo")
    order = await asyncio.to_thread(house.pretix.buy, ada, is_free=False)
    assert order["total"] == "499.50"
    await house.ask("PATCH", f"offers/{house.offer}", ends_at=(datetime.now(UTC) + house.late[0] + HOUR).isoformat())
    await house.read()  # what was used stays as it was
    assert house.pretix.count(CHANGED) == 9
    assert (await house.shop())["trouble"] is None
    assert bo in await house.there()


async def test_the_worker_is_killed_while_it_changes_codes(house: House, settings: Settings) -> None:
    end = (datetime.now(UTC) + 20 * DAY).replace(microsecond=0)
    await _many(house)
    await house.read("make")
    await house.ask("PATCH", f"offers/{house.offer}", ends_at=end.isoformat())
    async with house.database.writing() as session:
        await session.execute(sa.update(Shop).values(sync_at=datetime.now(UTC)))

    await _killed(house, settings, CHANGED, 1, 101, 201)
    await house.read("go on")

    assert await house.worth() == [("set", "0.00", end)]
    assert MANY <= house.pretix.count(CHANGED) <= MANY + 3  # one at most was on its way each time
    assert (await house.shop())["trouble"] is None


async def test_a_pass_that_goes_on_gets_another_code_and_the_old_one_is_gone(house: House) -> None:
    await house.connect()
    await house.fill()
    await house.read()
    ada, cy = await house.claim("ada"), await house.claim("cy")

    bo, di = await house.hand_on(ada, "bo"), await house.hand_on(cy, "di")
    await asyncio.to_thread(house.pretix.buy, cy)  # quicker than we are
    await house.read()

    there = await house.there()
    assert len({ada, bo, cy, di}) == 4
    assert ada not in there
    assert {bo, cy, di} < set(there)
    assert await house.tally("free", "unused", "used", "ended", "lost") == (2, 2, 1, 1, 0)
    with pytest.raises(AssertionError):
        await asyncio.to_thread(house.pretix.buy, ada)
    assert (await asyncio.to_thread(house.pretix.buy, bo))["total"] == "0.00"


async def test_a_code_that_is_deleted_there_is_handed_to_nobody_and_a_full_quota_is_told(house: House) -> None:
    await house.connect()
    await asyncio.to_thread(house.pretix.resize, 3)
    await house.fill()
    await house.read()
    assert len(await house.there()) == 3
    [supply] = (await house.shop())["supplies"]
    assert (supply["trouble"], supply["waiting"], supply["quota_left"]) == ("shop-full", 2, 0)

    ada = await house.claim("ada")
    vouchers = await asyncio.to_thread(house.pretix.vouchers, supply["tag"])
    for each in vouchers:
        if each["code"] != ada:
            await asyncio.to_thread(house.pretix.ask, "DELETE", f"{house.pretix.event}/vouchers/{each['id']}/")
            break
    await house.read()
    assert await house.tally("deleted", "lost", "unused") == (1, 0, 1)
    assert await house.pool() == await house.there()


async def _many(house: House) -> None:
    await house.ask("PATCH", f"offers/{house.offer}", limit=MANY)
    await asyncio.to_thread(house.pretix.resize, 2 * MANY)
    await house.connect()
    await house.fill()


MADE, CHANGED = "pretixbase_voucher", "pretixbase_logentry WHERE action_type = 'pretix.voucher.changed'"


async def _some(house: House, what: str = MADE, enough: int = 1) -> int:
    """Wait until so many codes were made, or changed; how many they were."""
    for _ in range(6000):
        if (found := house.pretix.count(what)) >= enough:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"nothing happened: {what}")


async def _killed(house: House, settings: Settings, what: str, *after: int) -> None:
    """`promos worker`, with no time to say goodbye, as soon as so many codes were made or changed."""
    ours = {"DATA_DIR": settings.data_dir, "SECRET_KEYS": settings.secret_keys, "READER_KEY": settings.reader_key}
    ours |= {"SHOP_HOSTS": house.pretix.place, "WORKER_POLL": "0.1"}
    environment = {**os.environ, **{f"PROMOS_{name}": value for name, value in ours.items()}}
    for enough in after:
        worker = subprocess.Popen([sys.executable, "-m", "promos.cli", "worker"], env=environment)  # noqa: ASYNC220
        try:
            done = await _some(house, what, enough)
        finally:
            worker.kill()
            worker.wait()
        house.seconds[f"killed at {enough}"] = done
        async with house.database.writing() as session:  # time passes
            await session.execute(sa.update(Shop).values(leased_until=None, sync_at=datetime.now(UTC)))
