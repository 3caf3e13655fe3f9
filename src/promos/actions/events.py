"""Events and their pass types."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count, islice
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import changes, holds, journal, limits, moves, report_schedules
from promos.models import Event, Offer, Partner, PassType, new_id
from promos.rules import archives, events, offers, texts
from promos.rules.people import Actor
from promos.rules.refusals import EventOver, NotFound, TermsFrozen, TextTaken

_TRIES = 5


class New(TypedDict):
    name: str
    edition: NotRequired[str | None]
    starts_at: datetime
    ends_at: datetime
    timezone: str
    venue: str
    city: str
    country: str
    url: str
    highlights: Sequence[str]
    asks_name: NotRequired[bool]
    asks_company: NotRequired[bool]
    capacity: NotRequired[int | None]  # passes of all types


class Changes(TypedDict, total=False):
    name: str
    edition: str | None
    starts_at: datetime
    ends_at: datetime
    timezone: str
    venue: str
    city: str
    country: str
    url: str
    highlights: Sequence[str]
    asks_name: bool
    asks_company: bool
    capacity: int | None


class NewPassType(TypedDict):
    name: str
    face_value: int  # minor units
    currency: str
    vat: str
    vat_rate: NotRequired[Decimal | None]
    capacity: NotRequired[int | None]


class PassTypeChanges(TypedDict, total=False):
    name: str
    face_value: int
    currency: str
    vat: str
    vat_rate: Decimal | None
    capacity: int | None


async def create(
    session: AsyncSession,
    partner_id: UUID,
    *,
    previous: UUID | None = None,
    now: datetime,
    by: Actor,
    **given: Unpack[New],
) -> Event:
    """Announce a partner's event. Its slug is made from name and edition, and stays when they change.

    `previous`: the edition before it.
    """
    if by.event_ids is not None or not by.runs(partner_id) or await session.get(Partner, partner_id) is None:
        raise NotFound("partner")
    kept = {"asks_name": False, "used": 0, **texts.read(events.EVENT, given)}
    events.lasts(kept["starts_at"], kept["ends_at"])
    event = await _named(session, Event(**kept, partner_id=partner_id, previous_event_id=previous, created_at=now))
    await journal.record(session, "event.created", event.id, at=now, by=by, partner=partner_id, event=event.id)
    return event


async def update(
    session: AsyncSession,
    event_id: UUID,
    *,
    tell_readers: bool = False,
    now: datetime,
    by: Actor,
    **wanted: Unpack[Changes],
) -> Event:
    """Change an event; readers who hold passes are told of another time or place, once the changes have settled.

    Raises `LimitBelowUsed` for its capacity, and `ReadersToTell` unless `tell_readers`. What becomes free goes to those
    who wait.
    """
    kept = texts.read(events.EVENT, wanted)
    if "capacity" in kept:
        await _settle(session, Event.id == event_id, by, now)
    event = await _event(session, event_id, by)
    events.lasts(kept.get("starts_at", event.starts_at), kept.get("ends_at", event.ends_at))
    facts: dict[str, object] = {}
    if "capacity" in kept:
        capacity = kept.pop("capacity")
        if await limits.set_limit(session, event, capacity):
            facts["capacity"] = capacity
    before = {field: value for field, value in moves.facts_of(event).items() if kept.get(field, value) != value}
    if before and event.cancelled_at is None:
        await moves.may(session, event.id, tell_readers=tell_readers)
        await moves.note(session, event, before, cancels=False, now=now)
    if changed := changes.apply(event, kept):
        facts["changed"] = changed
    if facts:
        await session.flush()
        await journal.record(
            session, "event.changed", event.id, at=now, by=by, partner=event.partner_id, event=event.id, facts=facts
        )
        if "capacity" in facts:
            await limits.feed(session, event, now=now)
            await session.refresh(event)
    return event


async def cancel(
    session: AsyncSession, event_id: UUID, *, tell_readers: bool = False, now: datetime, by: Actor
) -> Event:
    """Cancel an event for good: its codes give nothing more, readers who hold passes or wait for one are told at once,
    and no report of it is sent any more.

    Again: nothing. Raises `ReadersToTell` unless `tell_readers`, and `EventOver`.
    """
    event = await _event(session, event_id, by)
    if event.cancelled_at is not None:
        return event
    if event.ends_at <= now:
        raise EventOver
    await moves.may(session, event.id, tell_readers=tell_readers, cancels=True)
    await moves.note(session, event, {}, cancels=True, now=now)
    event.cancelled_at = now
    await session.flush()
    await report_schedules.end(session, event.id)
    await journal.record(session, "event.cancelled", event.id, at=now, by=by, partner=event.partner_id, event=event.id)
    return event


async def create_pass_type(
    session: AsyncSession, event_id: UUID, *, now: datetime, by: Actor, **given: Unpack[NewPassType]
) -> PassType:
    event = await _event(session, event_id, by)
    kept = texts.read(events.PASS_TYPE, given)
    pass_type = PassType(**kept, event_id=event.id, partner_id=event.partner_id, created_at=now)
    session.add(pass_type)
    await session.flush()
    await journal.record(
        session, "pass_type.created", pass_type.id, at=now, by=by, partner=event.partner_id, event=event.id
    )
    return pass_type


async def update_pass_type(
    session: AsyncSession, pass_type_id: UUID, *, now: datetime, by: Actor, **wanted: Unpack[PassTypeChanges]
) -> PassType:
    """Change a pass type. Raises `LimitBelowUsed` for its capacity, and `TermsFrozen` for its worth once one is out."""
    kept = texts.read(events.PASS_TYPE, wanted)
    if "capacity" in kept:
        event_of = sa.select(PassType.event_id).where(PassType.id == pass_type_id).scalar_subquery()
        await _settle(session, Event.id == event_of, by, now)
        its_event = sa.select(Event.id).where(Event.id == event_of, Event.run_by(by))  # before it, as always
        await session.execute(its_event.with_for_update(key_share=True))
    pass_type = await session.scalar(
        sa.select(PassType)
        .where(PassType.id == pass_type_id, PassType.event_id.in_(sa.select(Event.id).where(Event.run_by(by))))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if pass_type is None:
        raise NotFound("pass type")
    archives.in_use(pass_type.archived_at)
    facts: dict[str, object] = {}
    if "capacity" in kept:
        capacity = kept.pop("capacity")
        if await limits.set_limit(session, pass_type, capacity):
            facts["capacity"] = capacity
    worth = {field for field in events.WORTH.intersection(kept) if kept[field] != getattr(pass_type, field)}
    if worth:
        await limits.lock_codes(session, pass_type)
        offers.keep_promised(worth, events.WORTH, redeemed=await limits.is_redeemed(session, pass_type))
        in_money = sa.or_(Offer.amount.is_not(None), Offer.budget.is_not(None))
        if "currency" in worth and await session.scalar(
            sa.select(sa.exists().where(Offer.pass_type_id == pass_type.id, in_money))
        ):
            raise TermsFrozen(["currency"])
    if changed := changes.apply(pass_type, kept):
        facts["changed"] = changed
    if facts:
        await session.flush()
        await journal.record(
            session,
            "pass_type.changed",
            pass_type.id,
            at=now,
            by=by,
            partner=pass_type.partner_id,
            event=pass_type.event_id,
            facts=facts,
        )
        if "capacity" in facts:
            await limits.feed(session, pass_type, now=now)
            await session.refresh(pass_type)
    return pass_type


async def _settle(session: AsyncSession, which: sa.ColumnElement[bool], by: Actor, now: datetime) -> None:
    event_id = await session.scalar(sa.select(Event.id).where(which, Event.run_by(by)))
    if event_id is not None:
        await holds.all_settled(session, event_id, now=now)


async def _event(session: AsyncSession, event_id: UUID, by: Actor) -> Event:
    event = await session.scalar(
        sa.select(Event)
        .where(Event.id == event_id, Event.run_by(by))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if event is None:
        raise NotFound("event")
    archives.in_use(event.archived_at)
    return event


async def _named(session: AsyncSession, event: Event) -> Event:
    """Store `event` under the first slug of its name that is free."""
    plain = texts.slug_of(f"{event.name} {event.edition or ''}")
    alike = sa.or_(Event.slug == plain, Event.slug.startswith(f"{plain}-"))
    taken = set(await session.scalars(sa.select(Event.slug).where(alike)))
    free = (slug for number in count(1) if (slug := _nth(plain, number)) not in taken)
    event.id = new_id()
    for slug in (*islice(free, _TRIES), f"{plain}-{event.id.hex[-8:]}"):  # the last one is nobody's
        event.slug = slug
        try:
            async with session.begin_nested():
                session.add(event)
        except IntegrityError:  # somebody took it since the look, or somebody whose events are not seen here
            continue
        return event
    raise TextTaken("slug")


def _nth(plain: str, number: int) -> str:
    return plain if number == 1 else f"{plain}-{number}"
