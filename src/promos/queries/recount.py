"""Whether what is counted agrees with what is stored: counters, passes and history, each recounted from its rows."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Entry, Offer, Pass, PassType, PromoCode, Redemption

Difference = dict[str, Any]  # {"what": "offer.used", "id": …, "stored": 3, "counted": 2}


async def differences(session: AsyncSession) -> list[Difference]:
    """Everything that disagrees; empty when all is well. Read in one transaction, while others may write.

    A row without a limit counts nothing, a code always counts; a code's history is 1…n without gaps.
    """
    found: list[Difference] = []
    for what, used, limit, owner in (
        ("pass_type.used", PassType.used, PassType.capacity, Redemption.pass_type_id),
        ("offer.used", Offer.used, Offer.limit, Redemption.offer_id),
        ("code.used", PromoCode.used, None, Redemption.code_id),
    ):
        found += await _used(session, what, used, limit, owner)
    found += await _versions(session)
    found += await _passes(session)
    return found


async def _used(session: AsyncSession, what: str, used: Any, limit: Any, owner: Any) -> list[Difference]:
    row = used.class_
    counted = (
        sa.select(owner.label("id"), sa.func.count().label("number"))
        .where(Redemption.counted)
        .group_by(owner)
        .subquery()
    )
    number = sa.func.coalesce(counted.c.number, 0)
    expected = number if limit is None else sa.case((limit.is_(None), 0), else_=number)
    rows = await session.execute(
        sa.select(row.id, used, expected).outerjoin(counted, counted.c.id == row.id).where(used != expected)
    )
    return [_difference(what, *each) for each in rows]


async def _versions(session: AsyncSession) -> list[Difference]:
    """Codes whose history has not exactly the versions 1…n."""
    written = (
        sa.select(
            Entry.code_id.label("id"),
            sa.func.count(Entry.version).label("number"),
            sa.func.min(Entry.version).label("first"),
            sa.func.max(Entry.version).label("last"),
        )
        .where(Entry.code_id.is_not(None), Entry.version.is_not(None))
        .group_by(Entry.code_id)
        .subquery()
    )
    number = sa.func.coalesce(written.c.number, 0)
    gap = sa.or_(PromoCode.version != number, written.c.first != 1, written.c.last != number)
    rows = await session.execute(
        sa.select(PromoCode.id, PromoCode.version, number).outerjoin(written, written.c.id == PromoCode.id).where(gap)
    )
    return [_difference("code.version", *each) for each in rows]


async def _passes(session: AsyncSession) -> list[Difference]:
    """A live pass for each live redemption, and for no other."""
    live = sa.select(Pass.redemption_id, sa.func.count().label("number")).where(Pass.state == "live")
    live_of = live.group_by(Pass.redemption_id).subquery()
    number = sa.func.coalesce(live_of.c.number, 0)
    expected = sa.case((Redemption.state == "confirmed", 1), else_=0)
    rows = await session.execute(
        sa.select(Redemption.id, number, expected)
        .outerjoin(live_of, live_of.c.redemption_id == Redemption.id)
        .where(number != expected)
    )
    return [_difference("redemption.passes", *each) for each in rows]


def _difference(what: str, row_id: Any, stored: int, counted: int) -> Difference:
    return {"what": what, "id": str(row_id), "stored": stored, "counted": counted}
