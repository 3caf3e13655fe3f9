"""What is owed is sent: once, to the right one, with links that work."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos import worker
from promos.actions import batches, claims, deliveries, passes, redemptions, sign_in
from promos.database import Database
from promos.models import Claim, CodeBatch, Delivery, Pass, PromoCode
from promos.queries.deliveries import Standing, standing
from promos.rules import signing
from promos.rules.people import PROGRAM, Role
from promos.rules.retries import Answer, Failed, Sent
from promos.settings import Keys, Settings
from promos.worker import Worker
from tests.world import NOW, a_code, a_pass_type, a_person, an_ask, an_event, an_offer

KEYS = Keys((b"s" * 40,), b"r" * 40)
SECOND = timedelta(seconds=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, seconds: int) -> None:
        self.now += seconds * SECOND


class Network:
    """Stands where the mail server would be: answers as told, and remembers what it was given."""

    def __init__(self, answer: Callable[[EmailMessage], Answer] = lambda _: Sent("250 ok")) -> None:
        self.answer = answer
        self.given: list[EmailMessage] = []

    async def __call__(self, message: EmailMessage) -> Answer:
        self.given.append(message)
        return self.answer(message)

    @property
    def ids(self) -> list[str]:
        return [str(message["Message-ID"]) for message in self.given]

    @property
    def text(self) -> str:
        """What the only mail says."""
        [message] = self.given
        body = message.get_body(("plain",))
        assert body is not None
        return str(body.get_content())


class Busy(Network):
    """A mail server that takes a mail and does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    async def __call__(self, message: EmailMessage) -> Answer:
        self.given.append(message)
        self.reached.set()
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def code(database: Database) -> PromoCode:
    async with database.writing() as session:
        return await a_code(session, await an_offer(session, limit=None))


async def ask_for_a_pass(database: Database, *names: str) -> None:
    async with database.writing() as session:
        for name in names or ("ada",):
            email = f"{name}@readers.example"
            want = claims.wanted("FREEAGENAI", email, name=None, shares=[], block_id=None, language="en")
            await claims.submit(
                session, want, signing_key=KEYS.signing[0], reader_key=KEYS.reader, lifetime=3600, now=NOW
            )


async def how_they_stand(database: Database) -> Standing:
    async with database.reading() as session:
        return await standing(session, now=NOW)


async def last_answer(database: Database) -> tuple[str, str | None]:
    async with database.reading() as session:
        mail = (await session.scalars(sa.select(Delivery))).one()
        return mail.state, mail.last_answer


@pytest.mark.usefixtures("code")
async def test_the_link_in_a_mail_opens_the_claim(database: Database, settings: Settings, clock: Clock) -> None:
    await ask_for_a_pass(database)
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    assert network.given[0]["To"] == "ada@readers.example"
    found = re.search(rf"{settings.base_url}/claim/(\w+)", network.text)
    assert found is not None
    async with database.reading() as session:
        opened = await claims.opened(session, found[1], now=NOW)
    assert opened.claim.state == "pending"


@pytest.mark.usefixtures("code")
async def test_a_key_that_was_rotated_still_makes_the_links_of_its_time(
    database: Database, settings: Settings, clock: Clock
) -> None:
    await ask_for_a_pass(database)
    network = Network()
    rotated = Keys((b"n" * 40, *KEYS.signing), KEYS.reader)

    await Worker(database, network, settings, rotated, clock).round()

    assert "/claim/" in network.text


@pytest.mark.usefixtures("code")
async def test_no_mail_goes_out_with_a_link_that_cannot_work(
    database: Database, settings: Settings, clock: Clock
) -> None:
    await ask_for_a_pass(database)
    network = Network()

    await Worker(database, network, settings, Keys((b"n" * 40,), KEYS.reader), clock).round()

    assert network.given == []
    assert await last_answer(database) == ("dead", "the key that made its link is gone")


async def test_the_mail_of_a_pass_brings_its_page_and_its_day(
    database: Database, settings: Settings, clock: Clock, code: PromoCode
) -> None:
    async with database.writing() as session:
        await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    found = re.search(rf"{settings.base_url}/p/(\w+)", network.text)
    assert found is not None
    async with database.reading() as session:
        held = (await session.scalars(sa.select(Pass))).one()
    assert signing.opened(KEYS.signing, "pass", found[1]) == held.id
    assert [part.get_filename() for part in network.given[0].iter_attachments()] == ["event.ics"]


async def test_the_name_stands_in_the_mail_where_the_event_asks_for_it(
    database: Database, settings: Settings, clock: Clock
) -> None:
    async with database.writing() as session:
        event = await an_event(session, asks_name=True)
        code = await a_code(session, await an_offer(session, await a_pass_type(session, event)))
        ask = an_ask(code, "ada")
        assert ask.asker is not None
        named = type(ask.asker)(ask.reader_key, ask.asker.email, "Ada Lovelace", "en")
        await redemptions.redeem(session, [an_ask(code, "ada", asker=named)], now=NOW)
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    assert "Ada Lovelace" in network.text


async def test_who_gives_a_pass_back_is_told_so(
    database: Database, settings: Settings, clock: Clock, code: PromoCode
) -> None:
    async with database.writing() as session:
        await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
        await passes.give_back(session, (await session.scalars(sa.select(Pass.id))).one(), now=NOW)
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    assert f"{settings.base_url}/c/FREEAGENAI" in network.text
    assert "/p/" not in network.text
    assert (await how_they_stand(database)).dead == 1  # the mail of the pass itself, which is over


async def test_the_link_in_a_mail_signs_in(database: Database, settings: Settings, clock: Clock) -> None:
    async with database.writing() as session:
        await a_person(session, "ed@freea.example", Role.ADMIN)
        await sign_in.ask(session, "ed@freea.example", keys=KEYS, now=NOW, lifetime=900 * SECOND)
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    found = re.search(rf"{settings.base_url}/sign-in/(\w+)", network.text)
    assert found is not None
    assert "15 minutes" in network.text
    async with database.writing() as session:
        person, _ = await sign_in.enter(session, found[1], now=NOW, lifetime=SECOND)
    assert person.email == "ed@freea.example"


@pytest.mark.usefixtures("code")
async def test_a_mail_that_nobody_can_use_any_more_is_not_sent(
    database: Database, settings: Settings, clock: Clock
) -> None:
    await ask_for_a_pass(database)
    clock.go_on(3600)  # the link's whole life
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    assert network.given == []
    assert await last_answer(database) == ("dead", "no longer needed")


async def test_an_invented_reader_gets_no_mail_and_nobody_is_alarmed(
    database: Database, settings: Settings, clock: Clock, code: PromoCode, caplog: pytest.LogCaptureFixture
) -> None:
    ask = an_ask(code, "reader1")
    assert ask.asker is not None
    invented = replace(ask.asker, email="reader1@crowd-1a2b.invalid")
    async with database.writing() as session:
        await redemptions.redeem(session, [replace(ask, asker=invented)], now=NOW)
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    assert network.given == []
    assert await last_answer(database) == ("dead", "an address that nobody has")
    assert caplog.records == []


@pytest.mark.usefixtures("code")
async def test_two_workers_send_each_mail_once(database: Database, settings: Settings, clock: Clock) -> None:
    await ask_for_a_pass(database, *(f"reader-{number}" for number in range(30)))
    network = Network()

    async def work() -> None:
        worker = Worker(database, network, settings, KEYS, clock)
        while await worker.round():
            pass

    await asyncio.gather(work(), work())

    assert len(network.ids) == 30
    assert set(Counter(network.ids).values()) == {1}
    assert await how_they_stand(database) == Standing(sent=30, pending=0, dead=0, oldest=None)


@pytest.mark.usefixtures("code")
async def test_a_mail_of_a_killed_worker_is_sent_by_another_when_the_lease_is_over(
    database: Database, settings: Settings, clock: Clock
) -> None:
    await ask_for_a_pass(database)
    busy, network = Busy(), Network()
    killed = asyncio.create_task(Worker(database, busy, settings, KEYS, clock).round())
    await busy.reached.wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    other = Worker(database, network, settings, KEYS, clock)

    clock.go_on(settings.mail_lease - 1)
    assert await other.round() == 0
    clock.go_on(1)
    assert await other.round() == 1

    assert network.ids == busy.ids
    assert network.given[0]["Date"] == busy.given[0]["Date"]


@pytest.mark.usefixtures("code")
async def test_a_server_that_is_busy_is_asked_again_after_each_pause_with_the_same_mail(
    database: Database, settings: Settings, clock: Clock
) -> None:
    await ask_for_a_pass(database)
    network = Network(lambda _: Failed(permanent=False, said="451 busy"))
    worker = Worker(database, network, settings, KEYS, clock)
    async with database.writing() as session:
        await session.execute(sa.update(Claim).values(expires_at=NOW + timedelta(days=9)))

    for pause in [*settings.retry_pauses, 0]:
        assert await worker.round() == 1
        clock.go_on(pause - 1)
        assert await worker.round() == 0
        clock.go_on(1)

    assert len(network.ids) == 1 + len(settings.retry_pauses)
    assert len(set(network.ids)) == 1
    assert await last_answer(database) == ("dead", "451 busy")


@pytest.mark.usefixtures("code")
async def test_after_a_server_was_away_every_mail_arrives(database: Database, settings: Settings, clock: Clock) -> None:
    await ask_for_a_pass(database, "ada", "bo")
    network = Network(lambda _: Failed(permanent=False, said="ConnectionRefusedError"))
    worker = Worker(database, network, settings, KEYS, clock)
    await worker.round()

    network.answer = lambda _: Sent("250 ok")
    clock.go_on(settings.retry_pauses[0])
    await worker.round()

    assert await how_they_stand(database) == Standing(sent=2, pending=0, dead=0, oldest=None)


@pytest.mark.usefixtures("code")
async def test_a_mail_that_breaks_something_stops_no_other(
    database: Database, settings: Settings, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def break_for_ada(message: EmailMessage) -> Answer:
        if message["To"] == "ada@readers.example":
            raise RuntimeError("broken")
        return Sent("250 ok")

    await ask_for_a_pass(database, "ada", "bo", "cy")

    await Worker(database, Network(break_for_ada), settings, KEYS, clock).round()

    stand = await how_they_stand(database)
    assert (stand.sent, stand.pending) == (2, 1)
    assert "ada@" not in caplog.text


@pytest.mark.usefixtures("code")
async def test_what_was_sent_is_written_down_though_another_mail_hangs(
    database: Database, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang_for_ada(message: EmailMessage) -> Answer:
        if message["To"] == "ada@readers.example":
            await asyncio.Event().wait()
        return Sent("250 ok")

    monkeypatch.setattr(worker, "TOGETHER", 0.01)
    await ask_for_a_pass(database, "ada", "bo", "cy")

    killed = asyncio.create_task(Worker(database, hang_for_ada, settings, KEYS, clock).round())
    while (await how_they_stand(database)).sent < 2:  # noqa: ASYNC110 -- what is waited for is a row
        await asyncio.sleep(0.02)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)

    assert await how_they_stand(database) == Standing(sent=2, pending=1, dead=0, oldest=timedelta(0))


@pytest.mark.usefixtures("code")
async def test_only_a_worker_that_is_behind_claims_without_a_look(
    database: Database, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, look = [], deliveries.is_any_due

    async def counted(session: AsyncSession, *, now: datetime) -> bool:
        looks.append(now)
        return await look(session, now=now)

    monkeypatch.setattr(deliveries, "is_any_due", counted)
    await ask_for_a_pass(database, *(f"reader-{number}" for number in range(worker.AT_ONCE)))
    working = Worker(database, Network(), settings, KEYS, clock)

    rounds = [(await working.round(), len(looks)) for _ in range(3)]

    assert rounds == [(worker.AT_ONCE, 1), (0, 1), (0, 2)]


@pytest.mark.usefixtures("code")
async def test_others_write_while_a_mail_server_is_thinking(
    database: Database, settings: Settings, clock: Clock
) -> None:
    async def write_meanwhile(message: EmailMessage) -> Answer:
        async with database.writing() as session:
            await session.execute(sa.update(PromoCode).values(status="paused"))
        return Sent("250 ok")

    await ask_for_a_pass(database)

    await Worker(database, write_meanwhile, settings, KEYS, clock).round()

    assert (await how_they_stand(database)).sent == 1


@pytest.mark.usefixtures("code")
async def test_a_running_worker_finds_what_is_owed_later_and_survives_a_bad_round(
    database: Database, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    stop, failed = asyncio.Event(), asyncio.Event()

    def clock() -> datetime:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("a bad round")
        return NOW

    def stop_then(_: EmailMessage) -> Answer:
        stop.set()
        return Sent("250 ok")

    quick = Settings(base_url=settings.base_url, worker_poll=0.001)
    running = asyncio.create_task(Worker(database, Network(stop_then), quick, KEYS, clock).run(stop))
    await failed.wait()
    await ask_for_a_pass(database)
    await running

    assert (await how_they_stand(database)).sent == 1
    assert "a bad round" in caplog.text


async def test_a_worker_without_work_stops_when_told(database: Database, settings: Settings, clock: Clock) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(Worker(database, Network(), settings, KEYS, clock).run(stop))

    stop.set()

    await running


@pytest.mark.usefixtures("code")
async def test_codes_that_were_ordered_are_made_beside_a_mail_that_hangs(
    database: Database, settings: Settings, clock: Clock
) -> None:
    await ask_for_a_pass(database)
    async with database.writing() as session:
        offer_id = (await session.scalars(sa.select(PromoCode.offer_id))).one()
        await batches.order(session, offer_id, 300, now=NOW, by=PROGRAM)
    busy, stop = Busy(), asyncio.Event()
    running = asyncio.create_task(Worker(database, busy, settings, KEYS, clock).run(stop))
    try:
        await busy.reached.wait()
        while await state_of_the_order(database) != "done":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.wait([running])

    assert len(busy.given) == 1


async def state_of_the_order(database: Database) -> str | None:
    async with database.reading() as session:
        return await session.scalar(sa.select(CodeBatch.state))
