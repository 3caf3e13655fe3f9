"""Places that are held: for a partner's shop, for a partner's word, or for the next in line.

A hold counts from its beginning. It stops counting by time; what is written here afterwards only says so.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal, locks, pools
from promos.actions.locks import Change, LimitsMoved
from promos.database import Database
from promos.models import Allotment, Claim, Delivery, Offer, Pass, Redemption, new_id, table
from promos.models.redemptions import IS_HELD
from promos.queries import terms as terms_query
from promos.rules.people import PROGRAM, Actor
from promos.rules.redemption import Terms, Way
from promos.rules.refusals import HoldExpired, PlaceLapsed, RedemptionEnded

AT_ONCE = 1000  # holds settled in one transaction


async def locked_terms(
    session: AsyncSession, ways: Collection[Way], *, now: datetime, look: Mapping[Way, Terms] | None = None
) -> dict[Way, Terms]:
    """The terms of these ways, locked until the transaction ends, after everything that is over was settled.

    `look`: what was seen of them just before, to save a look. Raises `LimitsMoved` where the transaction has to begin
    anew, and if more is over than one transaction settles.
    """
    seen = look if look and look.keys() >= set(ways) else await terms_query.of_ways(session, ways, now=now)
    events = {each.event_id for each in seen.values() if each.is_due}
    overdue = await _overdue(session, events, now, AT_ONCE + 1) if events else []
    if len(overdue) > AT_ONCE:
        raise LimitsMoved(events)
    asked = {each.code_id for each in seen.values()}
    others = await terms_query.of_codes(session, {each.code_id for each in overdue} - asked, now=now) if overdue else {}
    rows = await locks.lock(session, [*seen.values(), *others.values()])
    if events:
        await _fall_back(session, {each.offer_id for each in seen.values()}, now)
        await _expire(session, [each.id for each in overdue], now)
    read = await terms_query.of_ways(session, ways, now=now)
    locks.still_hold(rows, read.values())
    if any(each.is_due for each in read.values()):
        raise LimitsMoved(events)
    return read


async def overdue_events(session: AsyncSession, *, now: datetime) -> list[UUID]:
    """The events with holds whose time is over; to be asked again and again."""
    return list(await session.scalars(_OVERDUE, {"now": now}))


_OVERDUE = (
    sa.select(Redemption.event_id)
    .where(IS_HELD, Redemption.expires_at <= sa.bindparam("now"))
    .distinct()
    .order_by(Redemption.event_id)
)


async def all_settled(session: AsyncSession, event_id: UUID, *, now: datetime) -> None:
    """Raise `LimitsMoved` unless an event's counters say what counts at `now`."""
    if await _overdue(session, {event_id}, now, 1) or await _fallen(session, event_id, now):
        raise LimitsMoved([event_id])


async def clear(
    database: Database, event_ids: Collection[UUID], clock: Callable[[], datetime], of: frozenset[UUID] | None
) -> None:
    """`settle` these events, of the partners `of`, to the end, in as many transactions as that takes."""
    for event_id in event_ids:
        settled = AT_ONCE
        while settled == AT_ONCE:
            async with database.writing(of) as session:
                settled = await settle(session, event_id, now=clock())


async def settle(session: AsyncSession, event_id: UUID, *, now: datetime) -> int:
    """Write which allotments of an event are over, and which holds, the oldest `AT_ONCE`; how many holds."""
    overdue = await _overdue(session, {event_id}, now, AT_ONCE)
    fallen = await _fallen(session, event_id, now)
    code_ids = {each.code_id for each in overdue}
    seen = await terms_query.of_codes(session, code_ids, now=now)
    rows = await locks.lock(session, seen.values(), offers=fallen)
    locks.still_hold(rows, (await terms_query.of_codes(session, code_ids, now=now)).values())
    await _fall_back(session, fallen, now)
    await _expire(session, [each.id for each in overdue], now)
    return len(overdue)


async def _fallen(session: AsyncSession, event_id: UUID, now: datetime) -> set[UUID]:
    """The offers of an event with allotments whose time has come."""
    fallen = sa.select(Allotment.offer_id).where(
        Allotment.event_id == event_id, Allotment.returned_at.is_(None), Allotment.returns_at <= now
    )
    return set(await session.scalars(fallen))


async def _overdue(session: AsyncSession, events: Collection[UUID], now: datetime, most: int) -> Sequence[Any]:
    """Holds whose time is over, the oldest first."""
    found = sa.select(Redemption.id, Redemption.code_id).where(
        Redemption.event_id.in_(events), IS_HELD, Redemption.expires_at <= now
    )
    return (await session.execute(found.order_by(Redemption.expires_at).limit(most))).all()


async def _expire(session: AsyncSession, ids: Collection[UUID], now: datetime) -> None:
    """Write that these holds are over; those that somebody confirmed or ended meanwhile are left alone."""
    of = (Redemption.id.in_(ids), Redemption.state == "held", Redemption.expires_at <= now)
    held = (
        await session.scalars(
            sa.select(Redemption)
            .where(*of)
            .order_by(Redemption.code_id, Redemption.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    ).all()
    if not held:
        return
    policies = _POLICY.where(Offer.id.in_({each.offer_id for each in held}))
    policy = {row.id: row.on_expiry for row in await session.execute(policies)}
    for kept in ("return", "keep"):
        ended = [each.id for each in held if policy[each.offer_id] == kept]
        if ended:
            values = {"state": "expired", "ended_at": now, "counted": kept == "keep"}
            await session.execute(sa.update(table(Redemption)).where(Redemption.id.in_(ended)).values(values))
    await write(
        session,
        held,
        "redemption.expired",
        now=now,
        by=PROGRAM,
        returned={each.id for each in held if policy[each.offer_id] == "return"},
    )
    lapsed = sa.update(table(Claim)).where(Claim.redemption_id.in_(ids), Claim.state == "offered")
    await session.execute(lapsed.values(state="lapsed", settled_at=now))
    for each in held:
        session.expunge(each)


_POLICY = sa.select(Offer.id, Offer.on_expiry)


async def write(
    session: AsyncSession,
    held: Sequence[Redemption],
    verb: str,
    *,
    now: datetime,
    by: Actor,
    returned: Collection[UUID] = (),
) -> dict[UUID, int]:
    """One version and one entry of history for each of these locked redemptions, in order; the versions by id.

    The uses of those that are `returned` can be given again.
    """
    known = await terms_query.of_codes(session, {each.code_id for each in held}, now=now)
    trees = await terms_query.parts_of(session, {each.offer_id for each in held})
    last = {code_id: each.version for code_id, each in known.items()}
    drawn = [each.id for each in held if known[each.code_id].pool]
    freed = await pools.settle(session, drawn, returned=returned, now=now) if drawn else set()
    versions, entries, changes = {}, [], []
    for each in held:
        last[each.code_id] += 1
        versions[each.id] = last[each.code_id]
        entries.append(
            {
                "id": new_id(),
                "at": now,
                "verb": verb,
                "subject_id": each.id,
                "actor_kind": by.kind,
                "actor_id": by.id,
                "partner_id": each.partner_id,
                "publication_id": None,
                "event_id": each.event_id,
                "code_id": each.code_id,
                "version": last[each.code_id],
                "facts": {},
            }
        )
        path = tuple(part.id for part in terms_query.path_up(trees[each.offer_id], each.allotment_id))[::-1]
        more = -1 if each.id in returned else 0
        back = -1 if each.id in freed else 0
        changes.append(Change(known[each.code_id], path, uses=more, cost=more * each.reduction, pooled=back))
    await journal.store(session, entries)
    await locks.count(session, changes)
    return versions


async def _fall_back(session: AsyncSession, offer_ids: Collection[UUID], now: datetime) -> None:
    """Give what is unused of the allotments whose time has come to the wider parts, of these locked offers."""
    due = (Allotment.offer_id.in_(offer_ids), Allotment.returned_at.is_(None), Allotment.returns_at <= now)
    found = sa.select(Allotment).where(*due).order_by(Allotment.returns_at, Allotment.id)
    for part in (await session.scalars(found.execution_options(populate_existing=True))).all():
        await session.refresh(part)  # the one before may have been a part of it, or the part it lay in
        await take_back(session, part, now=now)


async def take_back(session: AsyncSession, part: Allotment, *, now: datetime) -> None:
    """Dissolve an allotment of a locked offer: its uses and what is unused belong to the wider part from now on."""
    wider: type[Any] = Offer if part.within_id is None else Allotment
    await session.execute(
        sa.update(table(wider))
        .where(wider.id == (part.within_id or part.offer_id))
        .values(
            allotted=wider.allotted + part.allotted - part.limit,
            allotted_used=wider.allotted_used + part.allotted_used - part.used,
        )
    )
    inside = sa.update(table(Allotment)).where(Allotment.within_id == part.id, Allotment.returned_at.is_(None))
    await session.execute(inside.values(within_id=part.within_id))
    given = sa.update(table(Redemption)).where(Redemption.allotment_id == part.id)
    await session.execute(given.values(allotment_id=part.within_id))
    await session.execute(sa.update(table(Allotment)).where(Allotment.id == part.id).values(returned_at=now))
    await journal.record(
        session,
        "allotment.returned",
        part.id,
        at=now,
        by=PROGRAM,
        partner=part.partner_id,
        event=part.event_id,
        facts={"unused": part.limit - part.used},
    )
    await session.refresh(part)


async def confirm(session: AsyncSession, held: Sequence[Redemption], *, now: datetime, by: Actor) -> dict[UUID, int]:
    """Give the passes of these locked holds; the version that each made.

    Raises `HoldExpired` or `PlaceLapsed` for one that is over, `RedemptionEnded` for one that was cancelled.
    """
    for each in held:
        if each.state == "expired" or (each.state == "held" and each.expires_at and each.expires_at <= now):
            raise PlaceLapsed if each.held_for == "place" else HoldExpired(each.expires_at or now)
        if each.state == "cancelled":
            raise RedemptionEnded
    new = [each for each in held if each.state == "held"]
    if not new:
        return {}
    values = {"state": "confirmed", "expires_at": None}
    await session.execute(
        sa.update(table(Redemption)).where(Redemption.id.in_([each.id for each in new])).values(values)
    )
    spoken = {
        claim.redemption_id: claim
        for claim in await session.scalars(sa.select(Claim).where(Claim.redemption_id.in_([each.id for each in new])))
    }
    passes, mails = [], []
    for each in new:
        claim = spoken.get(each.id)
        given = issue(each.id, _shared(each), each.reader_id, claim.language if claim else "en", now)
        passes.append(given[0])
        mails.append(given[1])
    await session.execute(sa.insert(table(Pass)), passes)
    await session.execute(sa.insert(table(Delivery)), mails)
    offered = sa.update(table(Claim)).where(Claim.redemption_id.in_(list(spoken)), Claim.state == "offered")
    await session.execute(offered.values(state="proven", settled_at=now))
    return await write(session, new, "redemption.confirmed", now=now, by=by)


def _shared(each: Redemption) -> dict[str, Any]:
    return {"partner_id": each.partner_id, "event_id": each.event_id, "pass_type_id": each.pass_type_id}


def issue(
    redemption_id: UUID, shared: dict[str, Any], reader_id: UUID, language: str, now: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of a new pass and of the mail that brings it."""
    pass_id = new_id()
    given = {
        **shared,
        "id": pass_id,
        "redemption_id": redemption_id,
        "reader_id": reader_id,
        "drawn": 1,
        "state": "live",
        "issued_at": now,
        "ended_at": None,
    }
    return given, mail("pass", language, now, pass_id=pass_id)


def mail(
    kind: str, language: str, now: datetime, *, pass_id: UUID | None = None, claim_id: UUID | None = None
) -> dict[str, Any]:
    """The row of a mail that is owed."""
    return {
        "id": new_id(),
        "kind": kind,
        "claim_id": claim_id,
        "pass_id": pass_id,
        "language": language,
        "state": "pending",
        "attempts": 0,
        "due_at": now,
        "created_at": now,
    }
