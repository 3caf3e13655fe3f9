"""No label, no live code: a code that waits for its label opens once the issue that was sent shows it.

When the label disappears from what was sent, the code works on until its grace is over, and is paused then. Who runs
the code can let it work all the same; that is kept as evidence, like everything that is seen.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import codes, redemptions
from promos.models import PromoCode
from promos.queries import observations
from promos.rules.people import PROGRAM, Actor


async def follow(
    session: AsyncSession, code_ids: Collection[UUID], *, grace: timedelta, now: datetime, by: Actor
) -> None:
    """Open, warn or leave these codes, by the newest look at each of their blocks."""
    waiting = sa.select(PromoCode.id).where(
        PromoCode.id.in_(code_ids), PromoCode.label.is_not(None), PromoCode.status != "revoked"
    )
    for code_id in sorted(await session.scalars(waiting)):
        code = await codes.locked_by_id(session, code_id, now=now)
        label = (await observations.labels_of(session, [code_id])).get(code_id)
        if label == "there" and code.label != "seen":
            resumed = {"status": "active"} if codes.label_paused(code, now) else {}
            await codes.change(session, code, "code.label_seen", now, by, label="seen", pauses_at=None, **resumed)
            await redemptions.serve_line(session, code.offer_id, now=now)
        elif label == "gone" and code.label == "seen":
            until = now + grace if code.status == "active" else None
            await codes.change(session, code, "code.label_missed", now, by, label="missed", pauses_at=until)


async def due(session: AsyncSession, *, now: datetime) -> list[UUID]:
    """The codes whose grace is over; to be asked again and again."""
    rows = sa.select(PromoCode.id).where(PromoCode.pauses_at <= now, PromoCode.status == "active")
    return list(await session.scalars(rows.order_by(PromoCode.id)))


async def pause(session: AsyncSession, code_id: UUID, *, now: datetime) -> int:
    """Pause a code whose grace is over; 0 where it is not, any more."""
    code = await codes.locked_by_id(session, code_id, now=now)
    if code.status != "active" or code.pauses_at is None or code.pauses_at > now:
        return 0
    await codes.change(session, code, "code.paused", now, PROGRAM, status="paused")
    return 1
