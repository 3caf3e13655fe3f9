"""Readers who hold passes are told once that their event has moved or was cancelled, by a worker after a quiet time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import line
from promos.models import Claim, Delivery, Event, Move, Pass, Redemption, new_id, table
from promos.rules import moves
from promos.rules.refusals import ReadersToTell

AT_ONCE = 1000  # mails written by one statement


async def readers(session: AsyncSession, event_id: UUID) -> int:
    """How many hold passes for the event."""
    held = sa.select(sa.func.count()).where(Pass.event_id == event_id, Pass.state == "live")
    return await session.scalar(held) or 0


async def to_tell(session: AsyncSession, event_id: UUID) -> int:
    """How many hold passes for the event or wait for one: who hears that it is cancelled."""
    return await readers(session, event_id) + await line.length(session, event_id)


async def may(session: AsyncSession, event_id: UUID, *, tell_readers: bool, cancels: bool = False) -> None:
    """Raise `ReadersToTell` if there are readers to tell, and nobody has said that they are told."""
    if not tell_readers and (count := await (to_tell if cancels else readers)(session, event_id)):
        raise ReadersToTell(count)


async def note(session: AsyncSession, event: Event, before: Mapping[str, Any], *, cancels: bool, now: datetime) -> None:
    """Owe the readers of the locked `event` a mail, one for all changes within some minutes; its calendar entry is a
    newer one from now on. `before`: what changed, as it was."""
    event.sequence += 1
    untold = sa.select(Move).where(Move.event_id == event.id, Move.told_at.is_(None)).with_for_update()
    move = await session.scalar(untold.execution_options(populate_existing=True))
    if move is None:
        move = Move(
            partner_id=event.partner_id, event_id=event.id, before={}, cancels=False, changed_at=now, created_at=now
        )
        session.add(move)
    move.before = moves.stored(before) | move.before
    move.cancels, move.changed_at = move.cancels or cancels, now
    move.tell_at = now if move.cancels else moves.tell_at(move.created_at, now)
    await session.flush()


async def due(session: AsyncSession, *, now: datetime) -> list[UUID]:
    """The moves that are to be told now."""
    return list(
        await session.scalars(sa.select(Move.id).where(Move.told_at.is_(None), Move.tell_at <= now).order_by(Move.id))
    )


async def tell(session: AsyncSession, move_id: UUID, *, now: datetime) -> int:
    """Owe each reader one mail; how many they are. Of several workers one does; what changes next is a new move."""
    claimed = sa.update(table(Move)).where(Move.id == move_id, Move.told_at.is_(None), Move.tell_at <= now)
    if not (await session.execute(claimed.values(told_at=now))).rowcount:  # type: ignore[attr-defined]
        return 0
    move = await session.get_one(Move, move_id, populate_existing=True)
    event = await session.get_one(Event, move.event_id, populate_existing=True)
    if not move.cancels and not moves.differing(move.before, facts_of(event)):
        return 0
    held = (
        sa.select(Pass.id, Claim.language)
        .join(Redemption, Pass.redemption_id == Redemption.id)
        .outerjoin(Claim, Redemption.claim_id == Claim.id)
        .where(Pass.event_id == event.id, Pass.state == "live", Pass.issued_at <= move.changed_at)
        .order_by(Pass.id)
    )
    mails = [
        {"id": new_id(), "kind": "called_off" if move.cancels else "moved", "pass_id": row.id, "move_id": move.id}
        | {"language": row.language or "en", "state": "pending", "attempts": 0, "due_at": now, "created_at": now}
        for row in await session.execute(held)
    ]
    for begin in range(0, len(mails), AT_ONCE):
        await session.execute(sa.insert(table(Delivery)), mails[begin : begin + AT_ONCE])
    return len(mails)


def facts_of(event: Event) -> dict[str, Any]:
    """What readers would have to hear of."""
    return {name: getattr(event, name) for name in moves.FIELDS}
