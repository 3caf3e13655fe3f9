"""Reports by mail: each is owed once, over several workers and restarts, and ends when its reader or time says so."""

import asyncio
import re
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from promos.actions import events, redemptions, report_schedules, reports, retention, suspensions
from promos.database import Database
from promos.models import Delivery, Entry, Event, ReportLink, ReportSchedule
from promos.rules import signing
from promos.rules.people import PROGRAM, Actor, Grant, Role
from promos.rules.refusals import EventCancelled, InvalidRequest, NotFound, ReportLinkEnded
from promos.settings import Settings
from promos.worker import Worker
from tests.test_worker import KEYS, Clock, Network
from tests.world import ADMIN, DAY, NOW, a_code, an_ask, an_offer

MONDAY = datetime.fromisoformat("2026-11-30T08:00:00+01:00")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def event(database: Database) -> Event:
    """With two passes given away; it ends ten days from now."""
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session))
        await redemptions.redeem(session, [an_ask(code, "ada"), an_ask(code, "bo")], now=NOW)
        event = await session.get_one(Event, code.event_id)
        event.timezone, event.starts_at, event.ends_at = "Europe/Paris", NOW + 9 * DAY, NOW + 10 * DAY
        return event


async def named(database: Database, event: Event, email: str = "boss@partner.example", every: str = "week") -> UUID:
    async with database.writing() as session:
        given = {"email": email, "every": every, "language": "en"}
        return (await report_schedules.create(session, event.id, **given, keys=KEYS, now=NOW, by=PROGRAM)).id


async def owed(database: Database) -> list[Delivery]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(Delivery).where(Delivery.kind == "report")))


async def one(database: Database) -> ReportSchedule:
    async with database.reading() as session:
        return (await session.scalars(sa.select(ReportSchedule))).one()


async def test_nothing_is_sent_before_it_is_due_and_then_the_numbers_and_a_link(
    event: Event, database: Database, settings: Settings, clock: Clock
) -> None:
    await named(database, event)
    network = Network()
    worker = Worker(database, network, settings, KEYS, clock)

    assert await worker.serve() == 0
    assert await owed(database) == []
    clock.now = MONDAY
    assert await worker.serve() == 1
    while await worker.round():
        pass

    [mail] = [each for each in network.given if each["To"] == "boss@partner.example"]
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "passes out: 2" in text
    assert "VAT included" in text
    found = re.search(r"/report/(\w+)", text)
    assert found
    async with database.reading() as session:
        link = await reports.behind(session, found[1], now=clock())
        with pytest.raises(ReportLinkEnded):
            await reports.behind(session, found[1], now=clock() + timedelta(days=30))
    assert link.event_id == event.id
    assert (await one(database)).next_at == MONDAY + 7 * DAY


@pytest.mark.parametrize("round_", range(3))
async def test_two_workers_at_once_owe_each_report_once(
    round_: int,
    event: Event,
    database: Database,
    settings: Settings,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The row's lock keeps them apart: none runs into the other's link, and nothing is noted as failed."""
    for number in range(5):
        await named(database, event, f"boss{number}@partner.example")
    network = Network()
    clock.now = MONDAY + timedelta(hours=round_)

    workers = [Worker(database, network, settings, KEYS, clock) for _ in range(2)]
    done = await asyncio.gather(*(worker.serve() for worker in workers))

    assert caplog.records == []
    assert sum(done) == 5
    assert len(await owed(database)) == 5

    async def send(worker: Worker) -> None:
        while await worker.round():
            pass

    await asyncio.gather(*(send(worker) for worker in workers))
    told = [each["To"] for each in network.given if each["To"].endswith("@partner.example")]
    assert sorted(told) == [f"boss{number}@partner.example" for number in range(5)]


async def test_a_period_is_owed_once_whatever_its_clock_says(event: Event, database: Database) -> None:
    """The second safeguard: a schedule that forgot that it was sent."""
    schedule = await named(database, event)
    async with database.writing() as session:
        await report_schedules.owe(session, schedule, keys=KEYS, now=MONDAY)

    async with database.writing() as session:
        await session.execute(sa.update(ReportSchedule).values(next_at=MONDAY))

    async def again() -> None:
        async with database.writing() as session:
            await report_schedules.owe(session, schedule, keys=KEYS, now=MONDAY)

    with pytest.raises(IntegrityError):
        await again()


async def test_what_was_missed_while_nobody_worked_is_owed_once(event: Event, database: Database) -> None:
    schedule = await named(database, event)
    late = MONDAY + timedelta(days=15)

    for _ in range(3):
        async with database.writing() as session:
            await report_schedules.owe(session, schedule, keys=KEYS, now=late)

    assert len(await owed(database)) == 1
    assert (await one(database)).next_at == MONDAY + timedelta(days=21)


async def test_it_ends_by_itself_thirty_days_after_the_event(event: Event, database: Database) -> None:
    schedule = await named(database, event)
    moment, sent = MONDAY, 0
    while moment < NOW + 100 * DAY:
        async with database.writing() as session:
            sent += await report_schedules.owe(session, schedule, keys=KEYS, now=moment)
        moment += DAY

    assert sent == 5  # Mondays from the 30th of November to the 28th of December
    assert (await one(database)).state == "ended"


async def test_once_is_once_and_follows_an_event_that_ends_later(event: Event, database: Database) -> None:
    schedule = await named(database, event, every="once")
    due = (await one(database)).next_at
    assert due is not None
    async with database.writing() as session:
        await session.execute(sa.update(Event).where(Event.id == event.id).values(ends_at=event.ends_at + 5 * DAY))

    sent = []
    for days in (0, 5, 6):
        async with database.writing() as session:
            sent.append(await report_schedules.owe(session, schedule, keys=KEYS, now=due + days * DAY))

    assert sent == [0, 1, 0]
    assert (await one(database)).state == "ended"


async def test_who_stops_it_gets_none_not_even_the_one_on_its_way_and_is_not_named_again(
    event: Event, database: Database, settings: Settings, clock: Clock
) -> None:
    schedule = await named(database, event)
    network = Network()
    worker = Worker(database, network, settings, KEYS, clock)
    clock.now = MONDAY
    assert await worker.serve() == 1
    async with database.writing() as session:
        await report_schedules.stop_mine(session, schedule, now=MONDAY)
    while await worker.round():
        pass
    clock.now = MONDAY + 7 * DAY
    assert await worker.serve() == 0

    assert [each for each in network.given if each["To"] == "boss@partner.example"] == []
    with pytest.raises(InvalidRequest):
        await named(database, event)


async def all_sent(worker: Worker) -> None:
    while await worker.serve() + await worker.round():
        pass


def got(network: Network) -> list[str]:
    return [str(each["To"]) for each in network.given if str(each["To"]).endswith("@partner.example")]


async def test_of_a_cancelled_event_no_report_is_sent_not_even_the_one_on_its_way(
    event: Event, database: Database, settings: Settings, clock: Clock
) -> None:
    for email in ("boss@partner.example", "chair@partner.example"):
        await named(database, event, email)
    network = Network()
    worker = Worker(database, network, settings, KEYS, clock)
    clock.now = MONDAY
    assert await worker.serve() == 2
    async with database.writing() as session:
        await events.cancel(session, event.id, tell_readers=True, now=MONDAY, by=ADMIN)

    await all_sent(worker)
    clock.now = MONDAY + 7 * DAY
    await all_sent(worker)

    assert got(network) == []
    async with database.reading() as session:
        assert {each.state for each in await session.scalars(sa.select(ReportSchedule))} == {"ended"}
    with pytest.raises(EventCancelled):
        await named(database, event, "late@partner.example")


async def test_while_a_partner_is_suspended_what_is_due_waits_and_comes_once(
    event: Event, database: Database, settings: Settings, clock: Clock
) -> None:
    await named(database, event)
    await named(database, event, "once@partner.example", "once")
    network = Network()
    worker = Worker(database, network, settings, KEYS, clock)
    clock.now = MONDAY
    assert await worker.serve() == 1
    async with database.writing() as session:
        await suspensions.suspend(session, event.partner_id, "Passes that nobody let in.", now=MONDAY, by=ADMIN)

    await all_sent(worker)
    clock.now = MONDAY + 14 * DAY
    await all_sent(worker)
    meanwhile = got(network)
    async with database.writing() as session:
        await suspensions.lift(session, event.partner_id, now=clock(), by=ADMIN)
    await all_sent(worker)

    assert meanwhile == []
    assert sorted(got(network)) == ["boss@partner.example", "once@partner.example"]


async def test_nothing_is_sent_when_a_suspension_outlasts_the_reports(
    event: Event, database: Database, settings: Settings, clock: Clock
) -> None:
    await named(database, event)
    async with database.writing() as session:
        await suspensions.suspend(session, event.partner_id, "Passes that nobody let in.", now=NOW, by=ADMIN)
        await suspensions.lift(session, event.partner_id, now=NOW + 99 * DAY, by=ADMIN)
    network = Network()
    clock.now = NOW + 99 * DAY

    await all_sent(Worker(database, network, settings, KEYS, clock))

    assert got(network) == []
    assert (await one(database)).state == "ended"


async def test_mail_programs_are_told_how_to_stop_it(
    event: Event, database: Database, settings: Settings, clock: Clock
) -> None:
    schedule = await named(database, event)
    network = Network()
    clock.now = MONDAY
    public = msgspec.structs.replace(settings, base_url="https://passes.example.org")

    await all_sent(Worker(database, network, public, KEYS, clock))

    [mail] = [each for each in network.given if each["To"] == "boss@partner.example"]
    link = f"<https://passes.example.org/stop-report/{signing.link(KEYS.signing, 'stop-report', schedule)}>"
    assert mail["List-Unsubscribe"] == link
    assert f"\r\nList-Unsubscribe: {link}\r\n".encode() in bytes(mail)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def swept(database: Database, at: datetime) -> list[str | None]:
    """The addresses that are still there after a sweep."""
    async with database.writing() as session:
        await retention.sweep(session, now=at, idempotency=DAY)
    async with database.reading() as session:
        names = sorted(await session.scalars(sa.select(ReportLink.name)))
        emails = list(await session.scalars(sa.select(ReportSchedule.email)))
    assert names == ["boss@partner.example"] * len(names)
    return [*emails, *names]


async def test_addresses_go_with_the_last_link_that_was_sent(
    event: Event, database: Database, settings: Settings, clock: Clock
) -> None:
    schedule = await named(database, event)
    clock.now = MONDAY
    await all_sent(Worker(database, Network(), settings, KEYS, clock))
    address = "boss@partner.example"

    living = await swept(database, MONDAY + 31 * DAY)
    async with database.writing() as session:
        await report_schedules.owe(session, schedule, keys=KEYS, now=MONDAY + 7 * DAY)
        await report_schedules.stop(session, schedule, now=MONDAY + 8 * DAY, by=PROGRAM)
    linked = await swept(database, MONDAY + 36 * DAY)
    gone = await swept(database, MONDAY + 38 * DAY)

    assert (living, linked, gone) == ([address, address], [address, address, address], [])
    assert {(each.state, each.report_link_id) for each in await owed(database)} == {("sent", None), ("pending", None)}


async def test_who_stopped_it_is_forgotten_and_still_not_named_again(event: Event, database: Database) -> None:
    schedule = await named(database, event)
    async with database.writing() as session:
        await report_schedules.stop_mine(session, schedule, now=NOW)

    assert await swept(database, NOW) == [None]
    for alias in ("boss@partner.example", "BOSS+again@partner.example"):
        with pytest.raises(InvalidRequest):
            await named(database, event, alias)
    assert await swept(database, event.ends_at + 30 * DAY) == []
    async with database.writing() as session:
        assert await report_schedules.stop_mine(session, schedule, now=NOW + 60 * DAY) is None


async def test_a_suspended_partners_schedules_end_with_their_time(event: Event, database: Database) -> None:
    await named(database, event)
    async with database.writing() as session:
        await suspensions.suspend(session, event.partner_id, "Passes that nobody let in.", now=NOW, by=ADMIN)

    assert await swept(database, event.ends_at + 29 * DAY) == ["boss@partner.example"]
    assert await swept(database, event.ends_at + 30 * DAY) == []


async def test_five_addresses_and_none_twice(event: Event, database: Database) -> None:
    for number in range(5):
        await named(database, event, f"boss{number}@partner.example")

    for email in ("boss0@partner.example", "sixth@partner.example", "nobody"):
        with pytest.raises(InvalidRequest):
            await named(database, event, email)


async def test_a_member_names_nobody_and_an_owner_of_others_finds_nothing(event: Event, database: Database) -> None:
    member = Actor("person", UUID(int=1), frozenset({Grant(Role.MEMBER, event.partner_id)}))
    stranger = Actor("person", UUID(int=2), frozenset({Grant(Role.OWNER, UUID(int=9))}))
    schedule = await named(database, event)
    given = {"email": "x@partner.example", "every": "week", "language": "en"}

    for who in (member, stranger):
        async with database.writing() as session:
            with pytest.raises(NotFound):
                await report_schedules.stop(session, schedule, now=NOW, by=who)
            with pytest.raises(NotFound):
                await report_schedules.create(session, event.id, **given, keys=KEYS, now=NOW, by=who)


async def test_no_address_stands_in_the_journal(event: Event, database: Database) -> None:
    schedule = await named(database, event)
    async with database.writing() as session:
        await report_schedules.owe(session, schedule, keys=KEYS, now=MONDAY)
        await report_schedules.stop(session, schedule, now=MONDAY, by=PROGRAM)
    async with database.reading() as session:
        entries = list(await session.scalars(sa.select(Entry).where(Entry.verb.startswith("report."))))
        links = await session.scalar(sa.select(sa.func.count()).select_from(ReportLink))

    assert [each.verb for each in entries] == ["report.scheduled", "report.mailed", "report.stopped"]
    assert "boss" not in repr([each.facts for each in entries])
    assert links == 1
