"""What happens is told to endpoints: once it is committed, signed, again until it arrives, and to nobody else."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook, WebhookVerificationError

from promos import announcing
from promos import settings as configuration
from promos.actions import codes, endpoints, passes, redemptions, retention, webhooks
from promos.announcing import Announcing
from promos.database import Database
from promos.models import Attempt, Base, Delivery, Endpoint, Message, Offer, Partner, PromoCode
from promos.outside.web import Answer, Unreachable, Web
from promos.queries import deliveries
from promos.queries import webhooks as queries
from promos.rules import webhooks as rules
from promos.rules.people import Role
from promos.rules.redemption import Redeemed
from promos.rules.refusals import EndpointAddressRefused, EndpointDisabled, NotFound, TooManyEndpoints, TooManySecrets
from promos.settings import Keys, Settings
from tests.outside.fakes import Asked, Said, listening, serving
from tests.world import ADMIN, DAY, NOW, a_code, a_partner, a_pass_type, a_person, an_ask, an_event, an_offer, owner_of

HOOK = "https://shop.example/hook"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Shops(Web):
    """The internet: each address answers what `says` has for it, else 204."""

    says: dict[str, Answer | type[Exception]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def ask(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        assert method == "POST"
        self.asked.append((url, dict(headers), body.decode()))
        said = self.says.get(url, Answer(204, b""))
        if isinstance(said, Answer):
            return said
        raise said


@dataclass
class House:
    """An installation with one partner, its code and `telling`."""

    database: Database
    keys: Keys
    shops: Shops
    clock: Clock
    telling: Announcing
    partner: Partner
    code: PromoCode

    async def endpoint(self, url: str = HOOK, **given: Any) -> tuple[UUID, str]:
        async with self.database.writing() as session:
            made, secret_id = await endpoints.create(
                session, self.partner.id, url=url, keys=self.keys, now=self.clock(), by=owner_of(self.partner), **given
            )
            return made.id, endpoints.secret(secret_id, self.keys)

    async def redeem(self, *names: str) -> list[Redeemed]:
        async with self.database.writing() as session:
            asks = [an_ask(self.code, name) for name in names]
            outcomes = await redemptions.redeem(session, asks, now=self.clock())
        return [outcome for ask in asks if isinstance(outcome := outcomes[ask.id], Redeemed)]

    async def tell(self, after: timedelta = timedelta()) -> int:
        """How many were asked, once `after` has gone by."""
        self.clock.now += after
        before = len(self.shops.asked)
        await self.telling.round()
        await asyncio.gather(*self.telling._lanes.values())
        return len(self.shops.asked) - before

    async def rows(self, model: type[Base]) -> list[Any]:
        async with self.database.reading() as session:
            return list(await session.scalars(sa.select(model).order_by(sa.inspect(model).primary_key[0])))

    async def states(self) -> list[str]:
        return sorted([each.state for each in await self.rows(Message)])


@pytest.fixture
async def house(database: Database, settings: Settings) -> House:
    keys, shops, clock = configuration.keys(settings), Shops(), Clock()
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session, limit=None))
        partner = await session.get_one(Partner, code.partner_id)
        await a_person(session, "claire@partner.example", Role.OWNER, partner_id=partner.id)
    telling = Announcing(database, shops, settings, keys, clock, Random(7))
    return House(database, keys, shops, clock, telling, partner, code)


def data(asked: tuple[str, dict[str, str], str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(asked[2])
    return document


# What is told


async def test_what_is_committed_is_told_and_what_is_undone_is_not(house: House) -> None:
    """B15."""
    await house.endpoint()
    (given,) = await house.redeem("ada")
    with suppress(ZeroDivisionError):
        async with house.database.writing() as session:
            await redemptions.redeem(session, [an_ask(house.code, "bo")], now=NOW)
            raise ZeroDivisionError

    assert await house.tell() == 1
    (asked,) = house.shops.asked
    assert asked[0] == HOOK
    assert data(asked) == {
        "type": "redemption.confirmed",
        "timestamp": "2026-11-23T12:00:00Z",
        "data": {
            "redemption_id": str(given.redemption_id),
            "event_id": str(house.code.event_id),
            "code_id": str(house.code.id),
            "code": "FREEAGENAI",
            "version": 1,
        },
    }
    assert await house.tell() == 0
    assert await house.states() == ["delivered"]


async def test_each_endpoint_is_told_what_it_asked_for_and_other_partners_nothing(house: House) -> None:
    await house.endpoint(types=["redemption.cancelled"])
    await house.endpoint("https://other.example/all")
    async with house.database.writing() as session:
        stranger = await a_partner(session, name="Quartz")
        await endpoints.create(session, stranger.id, url=HOOK, keys=house.keys, now=NOW, by=owner_of(stranger))
    (given,) = await house.redeem("ada")
    async with house.database.writing() as session:
        await passes.give_back(session, given.pass_id, now=NOW)

    await house.tell()

    told = sorted((url, data((url, {}, body))["type"]) for url, _, body in house.shops.asked)
    assert told == [
        ("https://other.example/all", "redemption.cancelled"),
        ("https://other.example/all", "redemption.confirmed"),
        (HOOK, "redemption.cancelled"),
    ]


async def test_two_partners_of_one_transaction_are_told_each_of_its_own(house: House) -> None:
    async with house.database.writing() as session:
        stranger = await a_partner(session, name="Quartz")
        event = await an_event(session, stranger, slug="quartz")
        theirs = await a_code(session, await an_offer(session, await a_pass_type(session, event)), "QUARTZ")
        await endpoints.create(
            session, stranger.id, url="https://quartz.example/", keys=house.keys, now=NOW, by=owner_of(stranger)
        )
    await house.endpoint()
    async with house.database.writing() as session:
        await redemptions.redeem(session, [an_ask(house.code, "ada"), an_ask(theirs, "bo")], now=NOW)

    await house.tell()

    told = {url: data((url, {}, body))["data"]["code"] for url, _, body in house.shops.asked}
    assert told == {HOOK: "FREEAGENAI", "https://quartz.example/": "QUARTZ"}
    assert len(house.shops.asked) == 2


async def test_nothing_says_who_the_reader_is(house: House) -> None:
    """B29, B102."""
    await house.endpoint()
    await house.redeem("ada")
    await house.tell()

    body = house.shops.asked[0][2]
    assert "ada" not in body
    assert "@" not in body
    assert len(body.encode()) < 20_000


async def test_the_last_passes_are_told_once_on_the_way_down(house: House) -> None:
    async with house.database.writing() as session:
        await session.execute(sa.update(Offer).values(limit=20))
    await house.endpoint(types=["code.almost_exhausted", "code.exhausted"])

    await house.redeem(*(f"reader{number}" for number in range(17)))
    assert await house.tell() == 0
    await house.redeem("x")
    await house.redeem("y")
    await house.redeem("z", "too late")
    await house.tell()

    told = [(data(each)["type"], data(each)["data"]["left"]) for each in house.shops.asked]
    assert sorted(told) == [("code.almost_exhausted", 2), ("code.exhausted", 0)]
    assert data(house.shops.asked[0])["data"]["rule"] == "offer-limit"


async def test_a_code_that_ends_within_a_day_is_told_once_for_each_end(house: House) -> None:
    await house.endpoint(types=["code.ending"])
    house.clock.now = NOW

    async def told(at: datetime) -> int:
        async with house.database.writing() as session:
            return await codes.tell_ending(session, now=at)

    async with house.database.writing() as session:
        await session.execute(sa.update(Offer).values(ends_at=NOW + 2 * DAY))
    assert [await told(NOW), await told(NOW + DAY), await told(NOW + 1.5 * DAY), await told(NOW + 2 * DAY)] == [
        0,
        1,
        0,
        0,
    ]
    async with house.database.writing() as session:
        await session.execute(sa.update(Offer).values(ends_at=NOW + 5 * DAY))
    assert [await told(NOW + 3 * DAY), await told(NOW + 4.5 * DAY)] == [0, 1]
    await house.tell(after=5 * DAY)
    assert [data(each)["type"] for each in house.shops.asked] == ["code.ending"] * 2


# Signed


async def test_the_official_library_knows_ours_and_nothing_else(house: House) -> None:
    """B18."""
    _, secret = await house.endpoint()
    await house.redeem("ada")
    await house.tell()
    _, headers, body = house.shops.asked[0]
    at = str(int(datetime.now().timestamp()))  # the library goes by the machine's clock
    now = headers | {
        "webhook-timestamp": at,
        "webhook-signature": Webhook(secret).sign(
            headers["webhook-id"], datetime.fromtimestamp(int(at)).astimezone(), body
        ),
    }

    assert len(secret) >= len("whsec_") + 32  # 192 bit
    assert (
        rules.headers([secret], UUID(headers["webhook-id"][4:]), body, NOW)["webhook-signature"]
        == (headers["webhook-signature"])
    )
    Webhook(secret).verify(body.encode(), now)
    for wrong in (
        (body.replace("FREEAGENAI", "FREEAGENAJ"), now),
        (body, now | {"webhook-id": "msg_" + "0" * 32}),
        (body, now | {"webhook-timestamp": str(int(at) - 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(wrong[0].encode(), wrong[1])


async def test_a_secret_stands_nowhere_in_the_database(house: House) -> None:
    """B20."""
    endpoint_id, secret = await house.endpoint()
    async with house.database.writing() as session:
        await endpoints.rotate(session, endpoint_id, keys=house.keys, now=NOW, by=ADMIN)
    await house.redeem("ada")
    await house.tell()

    async with house.database.reading() as session:
        for one in Base.metadata.tables.values():
            for row in (await session.execute(sa.select(one))).all():
                assert secret.removeprefix("whsec_") not in str(row)


async def test_a_new_secret_signs_beside_the_old_one_for_a_day(house: House) -> None:
    """B21."""
    endpoint_id, old = await house.endpoint()
    async with house.database.writing() as session:
        _, secret_id = await endpoints.rotate(session, endpoint_id, keys=house.keys, now=NOW, by=ADMIN)
    new = endpoints.secret(secret_id, house.keys)

    def signers(asked: tuple[str, dict[str, str], str]) -> list[str]:
        _, headers, body = asked
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"])).astimezone()
        made = {Webhook(each).sign(headers["webhook-id"], at, body): each for each in (old, new)}
        return [made[signature] for signature in headers["webhook-signature"].split(" ")]

    await house.redeem("ada")
    await house.tell()
    await house.redeem("bo")
    await house.tell(after=DAY + timedelta(seconds=1))

    assert [signers(each) for each in house.shops.asked] == [[new, old], [new]]


async def test_secrets_are_not_renewed_without_bound(house: House) -> None:
    endpoint_id, _ = await house.endpoint()
    async with house.database.writing() as session:
        for _ in range(9):
            await endpoints.rotate(session, endpoint_id, keys=house.keys, now=NOW, by=ADMIN)
        with pytest.raises(TooManySecrets):
            await endpoints.rotate(session, endpoint_id, keys=house.keys, now=NOW, by=ADMIN)
        await endpoints.rotate(session, endpoint_id, keys=house.keys, now=NOW + DAY, by=ADMIN)


async def test_a_secret_whose_key_is_gone_signs_nothing(house: House, settings: Settings) -> None:
    await house.endpoint()
    await house.redeem("ada")
    other = configuration.keys(msgspec.structs.replace(settings, secret_keys="t" * 40))
    house.telling = Announcing(house.database, house.shops, settings, other, house.clock)

    assert await house.tell() == 0
    (endpoint,) = await house.rows(Endpoint)
    assert (endpoint.state, endpoint.why) == ("disabled", "secret_lost")


# Again


async def test_a_message_is_tried_again_as_it_was_and_then_lies_ready(house: House, settings: Settings) -> None:
    """B19, B22, B23: the list is kept to, a fifth more or less, and two endpoints do not come back together."""
    for url in (HOOK, "https://other.example/hook"):
        await house.endpoint(url)
        house.shops.says[url] = Answer(500, b"no")
    await house.redeem("ada")
    pauses = settings.webhook_pauses
    assert sum(pauses) * 0.8 > 2.5 * 24 * 3600
    assert len(pauses) >= 8

    for pause in (0, *pauses):
        assert await house.tell(after=timedelta(seconds=pause * 0.79)) == (2 if pause == 0 else 0)
        if pause:
            due = [each.due_at for each in await house.rows(Message)]
            assert len(set(due)) == 2
            assert await house.tell(after=timedelta(seconds=pause * 0.42)) == 2

    assert await house.states() == ["dead", "dead"]
    asked = [each for each in house.shops.asked if each[0] == HOOK]
    assert len(asked) == len(pauses) + 1
    assert len({(headers["webhook-id"], body) for _, headers, body in asked}) == 1
    assert len({headers["webhook-timestamp"] for _, headers, _ in asked}) == len(asked)
    assert len({headers["webhook-signature"] for _, headers, _ in asked}) == len(asked)

    house.shops.says.clear()
    dead = await house.rows(Message)
    async with house.database.writing() as session:
        sent = [await endpoints.again(session, each.endpoint_id, since=NOW, now=NOW, by=ADMIN) for each in dead]
    assert sent == [1, 1]
    assert await house.tell() == 2
    assert house.shops.asked[-1][1]["webhook-id"] in {rules.message_id(each.id) for each in dead}
    assert await house.states() == ["delivered", "delivered"]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (Answer(429, b"", {"retry-after": "120"}), 120),
        (Answer(503, b"", {"retry-after": "soon"}), 60),
        (Answer(503, b"", {"retry-after": "99999999"}), 60),
        (Answer(429, b"", {"retry-after": "9999999"}), 24 * 3600),
        (Unreachable, 60),
        (Answer(302, b"", {"location": "https://inside.example/"}), 6),
        (Answer(404, b""), 6),
    ],
)
async def test_who_asks_for_time_gets_it(house: House, said: Any, seconds: int) -> None:
    """B22."""
    await house.endpoint()
    house.shops.says[HOOK] = said
    await house.redeem("ada")
    await house.tell()
    await house.redeem("bo")  # waits as well: it is the endpoint that asked

    if seconds >= 60:
        assert await house.tell(after=timedelta(seconds=seconds - 1)) == 0
    assert await house.tell(after=timedelta(seconds=2 if seconds >= 60 else seconds)) >= 1
    assert {url for url, _, _ in house.shops.asked} == {HOOK}


async def test_a_sick_endpoint_is_asked_one_thing_at_a_time_until_it_is_well(house: House) -> None:
    await house.endpoint()
    house.shops.says[HOOK] = Answer(500, b"no")
    await house.redeem(*(f"reader{number}" for number in range(40)))

    assert await house.tell() == announcing.AT_ONCE
    assert await house.tell(after=timedelta(seconds=1)) == 1
    house.shops.says.clear()
    assert await house.tell(after=timedelta(seconds=10)) == 40
    assert set(await house.states()) == {"delivered"}


async def test_an_endpoint_that_is_gone_is_switched_off_at_once_and_its_owners_get_a_mail(house: House) -> None:
    """B22."""
    await house.endpoint()
    await house.endpoint("https://other.example/hook")
    house.shops.says[HOOK] = Answer(410, b"")
    await house.redeem("ada", "bo")
    await house.tell()
    await house.redeem("cy")

    assert await house.tell() == 1  # the other one
    gone, well = await house.rows(Endpoint)
    assert (gone.state, gone.why, well.state) == ("disabled", "gone", "active")
    assert [each.kind for each in await house.rows(Delivery)].count("endpoint_disabled") == 1
    async with house.database.writing() as session:
        with pytest.raises(EndpointDisabled):
            await endpoints.test(session, gone.id, now=NOW, by=ADMIN)
        await endpoints.enable(session, gone.id, now=NOW, by=ADMIN)
        assert await endpoints.again(session, gone.id, now=NOW, by=ADMIN) == 2
    house.shops.says.clear()
    assert await house.tell() == 2


async def test_who_fails_for_days_is_switched_off(house: House) -> None:
    """B25: by time, whatever it is told; one success and it begins anew."""
    await house.endpoint()
    house.shops.says[HOOK] = Answer(500, b"")
    await house.redeem("ada")
    await house.tell()
    house.shops.says.clear()
    await house.redeem("bo")
    assert await house.tell(after=4 * DAY) == 2
    house.shops.says[HOOK] = Answer(500, b"")
    for number in range(6):
        await house.redeem(f"reader{number}")
        await house.tell(after=DAY)

    (endpoint,) = await house.rows(Endpoint)
    assert (endpoint.state, endpoint.why) == ("disabled", "failing")
    assert len(house.shops.asked) < 20
    assert "pending" not in await house.states()


async def test_two_processes_share_the_work_and_one_that_dies_holds_nothing_up(house: House) -> None:
    """B16."""
    endpoint_id, _ = await house.endpoint()
    await house.redeem(*(f"reader{number}" for number in range(5)))
    lease = timedelta(seconds=60)
    async with house.database.writing() as session:
        _, _, first = await webhooks.claim(session, endpoint_id, now=NOW, lease=lease, most=3)
    async with house.database.writing() as session:
        _, _, second = await webhooks.claim(session, endpoint_id, now=NOW, lease=lease, most=9)

    assert (len(first), len(second)) == (3, 2)
    assert not {each.id for each in first} & {each.id for each in second}
    assert await house.tell() == 0
    assert await house.tell(after=lease) == 5


async def test_who_is_told_to_stop_ends_what_is_on_its_way_and_leaves_the_rest(house: House) -> None:
    """B70."""
    await house.endpoint()
    await house.redeem(*(f"reader{number}" for number in range(3 * announcing.AT_ONCE)))

    await house.telling.round()
    await house.telling.close()

    assert len(house.shops.asked) == announcing.AT_ONCE
    assert (await house.states()).count("delivered") == announcing.AT_ONCE


async def test_everything_owed_is_pending_delivered_or_dead(house: House) -> None:
    """B27."""
    endpoint_id, _ = await house.endpoint()
    await house.endpoint("https://gone.example/")
    house.shops.says["https://gone.example/"] = Answer(410, b"")
    await house.redeem(*(f"reader{number}" for number in range(7)))
    await house.tell()
    await house.redeem("x")

    async with house.database.reading() as session:
        standing = await queries.standing(session, [each.id for each in await house.rows(Endpoint)])
        whole = await deliveries.standing(session, Message, now=NOW)
    assert standing[endpoint_id] == queries.Standing(pending=1, delivered=7)
    assert [each.dead for each in standing.values() if each.dead] == [7]
    assert (whole.sent, whole.pending, whole.dead, whole.oldest) == (7, 1, 7, timedelta())


# Sick ones


async def test_who_answers_slowly_holds_up_nobody_and_is_cut_off(
    house: House, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B24: one never answers, one sends a gigabyte, one drips; a healthy one is told meanwhile."""
    monkeypatch.setattr(announcing, "WHOLE", 1.0)
    sent = 0

    async def never(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()
            sent += 10_000

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    arrived = asyncio.Event()

    async def well(_asked: Asked) -> Said:
        arrived.set()
        return Said(200, b"thanks")

    async with listening(never) as one, listening(flood) as two, listening(drip) as three, serving(well) as four:
        settings = msgspec.structs.replace(settings, webhook_hosts=f"{one},{two},{three},{four}")
        telling = Announcing(house.database, announcing.web_of(settings), settings, house.keys, house.clock)
        for place in (one, two, three, four):
            await house.endpoint(f"http://{place}/hook")
        await house.redeem("ada")

        await telling.round()
        await arrived.wait()
        assert [each.state for each in await house.rows(Message)].count("pending") >= 3  # the others still wait
        await telling.close()

    told = {each.status: each for each in await house.rows(Attempt)}
    assert told.keys() == {None, 500, 200}
    assert all(len(each.said) <= rules.MOST_SAID for each in told.values())
    assert await house.states() == ["delivered", "delivered", "pending", "pending"]
    assert sent < 10_000_000  # what the buffers of the two machines take


async def test_a_redirect_is_a_failure_and_its_target_hears_nothing(house: House, settings: Settings) -> None:
    """B22, B33."""
    heard: list[str] = []

    async def target(asked: Asked) -> Said:
        heard.append(asked.path)
        return Said(200)

    async with serving(target) as inside:

        async def moved(_asked: Asked) -> Said:
            return Said(307, b"", {"Location": f"http://{inside}/"})

        async with serving(moved) as place:
            settings = msgspec.structs.replace(settings, webhook_hosts=f"{place},{inside}")
            telling = Announcing(house.database, announcing.web_of(settings), settings, house.keys, house.clock)
            await house.endpoint(f"http://{place}/")
            await house.redeem("ada")
            await telling.round()
            await telling.close()

    assert heard == []
    assert [each.status for each in await house.rows(Attempt)] == [307]


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost./",
        "https://ok@127.0.0.1/",
        "ftp://shop.example/",
        "https://shop.example:22/",
    ],
)
async def test_nothing_is_sent_into_our_own_network(house: House, settings: Settings, url: str) -> None:
    """B31, B34: refused when it is typed, and had it been stored, refused again when it is sent."""

    async def resolve(_host: str) -> list[str]:
        raise AssertionError

    telling = Announcing(house.database, Web(resolve), settings, house.keys, house.clock)
    with pytest.raises(EndpointAddressRefused):
        await telling.check(url)
    async with house.database.writing() as session:
        endpoint_id, _ = await house.endpoint()
        await session.execute(sa.update(Endpoint).where(Endpoint.id == endpoint_id).values(url=url))
    await house.redeem("ada")
    await telling.round()
    await telling.close()

    (attempt,) = await house.rows(Attempt)
    assert (attempt.status, attempt.said) == (None, "")


# Whose


async def test_an_endpoint_is_its_owners_and_nobody_else_s(house: House) -> None:
    endpoint_id, _ = await house.endpoint()
    async with house.database.writing() as session:
        stranger = await a_partner(session, name="Quartz")
        with pytest.raises(NotFound):
            await endpoints.rotate(session, endpoint_id, keys=house.keys, now=NOW, by=owner_of(stranger))
        with pytest.raises(NotFound):
            await endpoints.again(session, endpoint_id, now=NOW, by=owner_of(stranger))
        with pytest.raises(NotFound):
            await endpoints.create(session, house.partner.id, url=HOOK, keys=house.keys, now=NOW, by=owner_of(stranger))


async def test_an_organisation_has_ten_endpoints_at_most(house: House) -> None:
    for number in range(endpoints.MOST):
        await house.endpoint(f"https://shop{number}.example/")
    with pytest.raises(TooManyEndpoints):
        await house.endpoint()


async def test_what_is_over_for_a_month_is_forgotten(house: House) -> None:
    """B28: the tries of a month, and what still waits however old it is."""
    await house.endpoint()
    await house.redeem("ada")
    await house.tell()
    await house.redeem("bo")

    async with house.database.writing() as session:
        await retention.sweep(session, now=NOW + timedelta(days=29), idempotency=DAY)
    assert (len(await house.rows(Message)), len(await house.rows(Attempt))) == (2, 1)
    async with house.database.writing() as session:
        await retention.sweep(session, now=NOW + timedelta(days=31), idempotency=DAY)
    assert (await house.states(), await house.rows(Attempt)) == (["pending"], [])
