"""Who gets the report of an event by mail: each is owed it once for each time it is due, and may stop it.

Nothing is sent about a cancelled event, nor while a partner is suspended. When nothing more is to come and the last
link that was sent is over, the address is forgotten.
"""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal, reports
from promos.models import Delivery, Event, Partner, ReportLink, ReportSchedule, new_id, table
from promos.rules import readers, texts
from promos.rules.language import N_
from promos.rules.people import PROGRAM, READER, Actor, Role
from promos.rules.refusals import AddressInvalid, EventCancelled, InvalidRequest, NotFound
from promos.rules.reports import SENT_FOR, Every, day_of, following
from promos.rules.signing import fingerprint, reader_key
from promos.settings import Keys

MOST = 5  # addresses of an event
_READERS: dict[str, texts.Reader] = {"language": texts.language, "every": texts.one_of(*Every)}


async def create(
    session: AsyncSession,
    event_id: UUID,
    *,
    email: str,
    every: str,
    language: str,
    keys: Keys,
    now: datetime,
    by: Actor,
) -> ReportSchedule:
    """From now on this address gets the report; nothing is sent before one is due.

    Raises `NotFound`, `EventCancelled` and `InvalidRequest`: of an address that stopped it, too.
    """
    mine = sa.select(Event).where(Event.id == event_id, Event.run_by(by, Role.OWNER)).with_for_update()
    event = await session.scalar(mine)
    if event is None:
        raise NotFound("event")
    if event.cancelled_at:
        raise EventCancelled
    given = texts.read(_READERS | {"email": _address}, {"email": email, "language": language, "every": every})
    given["email_key"] = reader_key(keys.reader, readers.canonical(given["email"]))
    await _has_room(session, event.id, given["email_key"])
    next_at = following(Every(given["every"]), event.ends_at, event.timezone, now)
    if next_at is None:
        raise InvalidRequest({"every": N_("This event ended too long ago for such a report.")})
    shared = {"partner_id": event.partner_id, "event_id": event.id}
    schedule = ReportSchedule(id=new_id(), **shared, **given, next_at=next_at, created_by=by.id, created_at=now)
    session.add(schedule)
    await session.flush()
    await _record(session, "report.scheduled", schedule, now, by, every=schedule.every)
    return schedule


async def stop(session: AsyncSession, schedule_id: UUID, *, now: datetime, by: Actor) -> ReportSchedule:
    """Send no more of it; again is no error. Raises `NotFound`."""
    wanted = sa.select(ReportSchedule).where(ReportSchedule.id == schedule_id, ReportSchedule.visible_to(by))
    schedule = await session.scalar(wanted.with_for_update())
    if schedule is None or not by.runs(schedule.partner_id, Role.OWNER):
        raise NotFound("report schedule")
    await _stop(session, schedule, "partner", now, by)
    return schedule


async def stop_mine(session: AsyncSession, schedule_id: UUID, *, now: datetime) -> ReportSchedule | None:
    """The same by who gets it, for good: nobody adds this address to this event again. `None`: it ended long ago."""
    wanted = sa.select(ReportSchedule).where(ReportSchedule.id == schedule_id).with_for_update()
    schedule = await session.scalar(wanted)
    if schedule is not None:
        await _stop(session, schedule, "recipient", now, READER)
    return schedule


async def end(session: AsyncSession, event_id: UUID) -> None:
    """Send no more of a locked event, to nobody."""
    living = sa.update(ReportSchedule).where(ReportSchedule.event_id == event_id, ReportSchedule.next_at.is_not(None))
    await session.execute(living.values(next_at=None))


async def forget(session: AsyncSession, *, now: datetime) -> None:
    """Delete the addresses to which nothing more is sent, with the links that they got, once the last of these is over.

    Of one that stopped it a keyed hash stays for as long as somebody could name it again.
    """
    is_over = sa.exists().where(Event.id == ReportSchedule.event_id, Event.ends_at <= now - SENT_FOR)
    links = sa.select(ReportLink.id).where(ReportLink.schedule_id == ReportSchedule.id)
    has_link = links.where(ReportLink.revoked_at.is_(None), ReportLink.expires_at > now).exists()
    is_ended = sa.and_(sa.or_(ReportSchedule.next_at.is_(None), is_over), ~has_link)
    is_kept = sa.and_(ReportSchedule.stopped_by == "recipient", ~is_over)
    known = sa.or_(ReportSchedule.email.is_not(None), ~is_kept)
    found = sa.select(ReportSchedule.id, is_kept.label("is_kept")).where(is_ended, known).order_by(ReportSchedule.id)
    rows = (await session.execute(found.with_for_update())).all()  # nobody stops one of them meanwhile
    ended, kept = [row.id for row in rows], [row.id for row in rows if row.is_kept]
    if not ended:
        return
    sent = list(await session.scalars(sa.select(ReportLink.id).where(ReportLink.schedule_id.in_(ended))))
    mails, rest = table(Delivery), table(ReportSchedule)
    await session.execute(sa.update(mails).where(mails.c.report_link_id.in_(sent)).values(report_link_id=None))
    await session.execute(sa.delete(table(ReportLink)).where(ReportLink.id.in_(sent)))
    await session.execute(sa.update(rest).where(rest.c.id.in_(kept)).values(email=None))
    await session.execute(sa.delete(rest).where(rest.c.id.in_(set(ended) - set(kept))))


async def due(session: AsyncSession, *, now: datetime) -> list[UUID]:
    """The schedules of which a report is due; to be asked again and again. Those of a suspended partner wait."""
    rows = sa.select(ReportSchedule.id).join(Partner, ReportSchedule.partner_id == Partner.id)
    rows = rows.where(ReportSchedule.next_at <= now, Partner.suspended_at.is_(None))
    return list(await session.scalars(rows.order_by(ReportSchedule.id)))


async def owe(session: AsyncSession, schedule_id: UUID, *, keys: Keys, now: datetime) -> int:
    """Write the mail that is due, with its link, and when the next one is; 0 where it is not due, any more.

    What was missed while nobody worked, or the partner was suspended, is owed once. The row's lock lets one worker do
    it, and a link's period stands for one mail even if it did not.
    """
    wanted = sa.select(ReportSchedule).where(ReportSchedule.id == schedule_id).with_for_update()
    schedule = await session.scalar(wanted.execution_options(populate_existing=True))
    if schedule is None or schedule.next_at is None or schedule.next_at > now:
        return 0
    event = await session.get_one(Event, schedule.event_id)
    was_due = schedule.next_at
    schedule.next_at = following(Every(schedule.every), event.ends_at, event.timezone, now)
    is_moved = schedule.every == Every.ONCE and schedule.next_at is not None  # the event ends later than it did
    if is_moved or now > event.ends_at + SENT_FOR:
        await session.flush()
        return 0
    link_id = new_id()
    link = ReportLink(
        id=link_id,
        partner_id=schedule.partner_id,
        event_id=schedule.event_id,
        schedule_id=schedule.id,
        period=day_of(was_due, event.timezone),
        name=schedule.email or "",
        language=schedule.language,
        secret_hash=fingerprint(reports.secret(link_id, keys)),
        created_at=now,
        expires_at=now + timedelta(days=reports.DAYS),
    )
    session.add(link)
    await session.flush()
    words = {"kind": "report", "language": schedule.language}
    session.add(Delivery(**words, report_link_id=link.id, due_at=now, created_at=now))
    await _record(session, "report.mailed", schedule, now, PROGRAM, every=schedule.every)
    return 1


async def _stop(session: AsyncSession, schedule: ReportSchedule, who: str, now: datetime, by: Actor) -> None:
    if schedule.stopped_by in (who, "recipient"):
        return
    schedule.stopped_at, schedule.stopped_by, schedule.next_at = schedule.stopped_at or now, who, None
    await session.flush()
    await _record(session, "report.stopped", schedule, now, by, every=schedule.every)


async def _has_room(session: AsyncSession, event_id: UUID, key: str) -> None:
    rows = sa.select(ReportSchedule).where(ReportSchedule.event_id == event_id)
    there = (await session.scalars(rows)).all()
    living = [each.email_key for each in there if each.next_at]
    if key in [each.email_key for each in there if each.stopped_by == "recipient"]:
        raise InvalidRequest({"email": N_("Whoever has this address stopped the reports of this event.")})
    if key in living:
        raise InvalidRequest({"email": N_("This address gets the report already.")})
    if len(living) >= MOST:
        raise InvalidRequest({"email": N_("At most 5 addresses get the report. Stop one of them first.")})


def _address(typed: str, field: str) -> str:
    try:
        return readers.address(typed)
    except AddressInvalid as refusal:
        raise InvalidRequest({field: refusal.title}) from None


async def _record(
    session: AsyncSession, verb: str, schedule: ReportSchedule, at: datetime, by: Actor, **facts: str
) -> None:
    partner, event = schedule.partner_id, schedule.event_id
    await journal.record(session, verb, schedule.id, at=at, by=by, partner=partner, event=event, facts=facts)
