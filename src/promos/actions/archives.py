"""What has a history is put away and never deleted: out of the lists, back at will. A draft that nobody used may go."""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal, limits
from promos.models import (
    Allotment,
    Base,
    Claim,
    CodeBatch,
    Event,
    EventSource,
    Move,
    Offer,
    OfferPublication,
    Pass,
    PassType,
    PromoBlock,
    PromoCode,
    Visit,
    table,
)
from promos.rules.people import Actor
from promos.rules.refusals import HasHistory, NotFound, StillLive

T = TypeVar("T")
Kept = Event | PassType | Offer | PromoCode
NOUNS: dict[type[Kept], str] = {Event: "event", PassType: "pass_type", Offer: "offer", PromoCode: "code"}


async def archive(session: AsyncSession, kind: type[Kept], row_id: UUID, *, now: datetime, by: Actor) -> Kept:
    """Put it away; its text or slug stays taken. Again: nothing. Raises `NotFound`, and `StillLive`."""
    row = await _locked(session, kind, row_id, by)
    if row.archived_at is None:
        await _is_over(session, row, now)
        await _become(session, row, now, "archived", now, by)
    return row


async def restore(session: AsyncSession, kind: type[Kept], row_id: UUID, *, now: datetime, by: Actor) -> Kept:
    """Put it back where it was, as it was. Again: nothing. Raises `NotFound`."""
    row = await _locked(session, kind, row_id, by)
    if row.archived_at is not None:
        await _become(session, row, None, "restored", now, by)
    return row


async def delete(session: AsyncSession, kind: type[Kept], row_id: UUID, *, now: datetime, by: Actor) -> Kept:
    """Delete a draft with all below it, as if it had never been. Raises `NotFound`, `StillLive` and `HasHistory`.

    A draft is what no reader saw: nobody looked at its codes or asked for a pass, and no issue shows them.
    """
    row = await _locked(session, kind, row_id, by)
    await limits.lock_codes(session, row)
    await _is_over(session, row, now)
    codes = sa.select(PromoCode.id).where(limits.codes_below(row))
    seen = [sa.exists().where(each.code_id.in_(codes)) for each in (Claim, Visit, PromoBlock)]
    if (isinstance(row, PromoCode) and row.batch_id) or await session.scalar(sa.select(sa.or_(*seen))):
        raise HasHistory
    try:
        async with session.begin_nested():
            for statement in _with_all_below(row):
                await session.execute(statement.execution_options(synchronize_session=False))
    except IntegrityError:  # a redemption, or another thing that keeps it
        raise HasHistory from None
    await _record(session, row, "deleted", now, by, row.version + 1 if isinstance(row, PromoCode) else None)
    session.expunge(row)
    return row


async def _locked(session: AsyncSession, kind: type[Kept], row_id: UUID, by: Actor) -> Kept:
    """The row, and those above it before, widest first; raises `NotFound`."""
    if kind is Event:
        return await _event(session, sa.literal(row_id), by, "event")
    if kind is PassType:
        event_id = sa.select(PassType.event_id).where(PassType.id == row_id).scalar_subquery()
        await _event(session, event_id, by, "pass type")
        return (await session.scalars(_again(sa.select(PassType).where(PassType.id == row_id)))).one()
    if kind is Offer:
        return await limits.locked_offer(session, row_id, by, archived=True)
    of = sa.select(PromoCode.offer_id).where(PromoCode.id == row_id, PromoCode.run_by(by))
    offer_id = await session.scalar(of)
    if offer_id is None:
        raise NotFound("code")
    await limits.locked_offer(session, offer_id, by, archived=True)
    return (await session.scalars(_again(sa.select(PromoCode).where(PromoCode.id == row_id)))).one()


async def _event(session: AsyncSession, event_id: sa.ColumnElement[UUID], by: Actor, what: str) -> Event:
    event = await session.scalar(_again(sa.select(Event).where(Event.id == event_id, Event.run_by(by))))
    if event is None:
        raise NotFound(what)
    return event


def _again(found: sa.Select[T]) -> sa.Select[T]:
    """The same, locked, and as it is now."""
    return found.with_for_update(key_share=True).execution_options(populate_existing=True)


async def _is_over(session: AsyncSession, row: Kept, now: datetime) -> None:
    """Raise `StillLive` while readers can redeem something of it, or hold passes for an event to come."""
    await limits.lock_codes(session, row)
    live = sa.and_(limits.codes_below(row), PromoCode.status == "active", PromoCode.archived_at.is_(None))
    counted = (
        sa.select(sa.func.count())
        .select_from(PromoCode)
        .join(Offer, PromoCode.offer_id == Offer.id)
        .join(Event, Offer.event_id == Event.id)
        .where(live, Offer.ends_at > now, Offer.archived_at.is_(None), Event.cancelled_at.is_(None))
    )
    codes = await session.scalar(counted) or 0
    passes = 0
    if isinstance(row, Event) and row.ends_at > now and row.cancelled_at is None:
        held = sa.select(sa.func.count()).where(Pass.event_id == row.id, Pass.state == "live")
        passes = await session.scalar(held) or 0
    if codes or passes:
        raise StillLive(codes, passes)


async def _become(
    session: AsyncSession, row: Kept, archived_at: datetime | None, what: str, now: datetime, by: Actor
) -> None:
    row.archived_at = archived_at
    if isinstance(row, PromoCode):
        row.version += 1
    await session.flush()
    await _record(session, row, what, now, by, row.version if isinstance(row, PromoCode) else None)


async def _record(
    session: AsyncSession, row: Kept, what: str, now: datetime, by: Actor, version: int | None = None
) -> None:
    name = row.spelled if isinstance(row, PromoCode) else row.name
    await journal.record(
        session,
        f"{NOUNS[type(row)]}.{what}",
        row.id,
        at=now,
        by=by,
        partner=row.partner_id,
        event=row.id if isinstance(row, Event) else row.event_id,
        code=row.id if isinstance(row, PromoCode) else None,
        version=version,
        facts={"name": name} if what == "deleted" else None,
    )


def _with_all_below(row: Kept) -> Iterator[sa.Delete]:
    """What goes with it, the narrowest first."""

    def gone(kind: type[Base], which: sa.ColumnElement[bool]) -> sa.Delete:
        return sa.delete(table(kind)).where(which)

    if isinstance(row, PromoCode):
        yield gone(Allotment, sa.and_(Allotment.code_id == row.id, Allotment.returned_at.is_not(None)))
        yield gone(PromoCode, PromoCode.id == row.id)
        return
    offers = sa.select(Offer.id).where(
        Offer.id == row.id
        if isinstance(row, Offer)
        else Offer.pass_type_id == row.id
        if isinstance(row, PassType)
        else Offer.event_id == row.id
    )
    yield gone(Allotment, Allotment.offer_id.in_(offers))
    yield gone(PromoCode, PromoCode.offer_id.in_(offers))
    yield gone(CodeBatch, CodeBatch.offer_id.in_(offers))
    yield gone(OfferPublication, OfferPublication.offer_id.in_(offers))
    yield gone(Offer, Offer.id.in_(offers))
    if isinstance(row, Event):
        yield gone(Move, Move.event_id == row.id)
        yield gone(PassType, PassType.event_id == row.id)
        yield gone(EventSource, EventSource.event_id == row.id)
    if not isinstance(row, Offer):
        yield gone(type(row), type(row).id == row.id)
