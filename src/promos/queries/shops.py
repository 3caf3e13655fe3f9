"""Our codes in a partner's ticket shop, both ways: handed out by us against used there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import CheckIn, Offer, Pass, PoolCode, Shop, ShopCode, Supply
from promos.models.checkins import IS_INSIDE
from promos.rules.people import Actor


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One offer. What readers were handed is *unused* or *used*; *outside*: used there, never handed out by us.

    `arrived`: let in at the door there, `scanned` of them by our own scanners too; neither is among our check-ins.
    """

    supply: Supply
    name: str
    limit: int | None
    waiting: int  # chosen, not known to be in the shop yet
    free: int
    unused: int
    used: int
    ended: int  # of them, those whose pass had ended here, or gone on with another code
    outside: int
    cancelled: int  # used in an order that was cancelled since
    deleted: int  # in the shop, not by us
    lost: int  # of them, those that a reader has
    arrived: int
    scanned: int


@dataclass(frozen=True, slots=True)
class Sums:
    """All offers of a shop together."""

    unused: int
    used: int
    outside: int
    arrived: int


def sums(found: Sequence[Reconciled]) -> Sums:
    return Sums(*(sum(getattr(each, name) for each in found) for name in Sums.__slots__))


async def of_event(session: AsyncSession, event_id: UUID, by: Actor) -> tuple[Shop | None, Sequence[Reconciled]]:
    """The event's shop, if one is connected and `by` may see it, and what became of our codes in it."""
    shop = await session.scalar(sa.select(Shop).where(Shop.event_id == event_id, Shop.visible_to(by)))
    return shop, await reconciled(session, shop.id) if shop else []


async def reconciled(session: AsyncSession, shop_id: UUID) -> Sequence[Reconciled]:
    """Each offer that is filled from this shop, in the order in which they were made."""
    handed = PoolCode.state.in_(("given", "burnt"))
    there, gone, used = ShopCode.state == "there", ShopCode.state == "gone", ShopCode.redeemed > 0
    arrived = ShopCode.arrived_at.is_not(None)
    scanned = (
        sa.exists()
        .where(Pass.redemption_id == PoolCode.redemption_id, CheckIn.pass_id == Pass.id, IS_INSIDE)
        .correlate(PoolCode)
    )
    counts = {
        "waiting": ShopCode.state == "wanted",
        "free": PoolCode.state == "free",
        "unused": sa.and_(PoolCode.state == "given", there, ~used),
        "used": sa.and_(handed, used),
        "ended": sa.and_(PoolCode.state == "burnt", used),
        "outside": sa.and_(sa.or_(PoolCode.id.is_(None), ~handed), used),
        "cancelled": sa.and_(ShopCode.cancelled_at.is_not(None), ~used),
        "deleted": sa.and_(gone, sa.or_(PoolCode.id.is_(None), PoolCode.state != "burnt")),
        "lost": sa.and_(gone, PoolCode.state == "given"),
        "arrived": arrived,
        "scanned": sa.and_(arrived, scanned),
    }
    summed = [sa.func.count(ShopCode.id).filter(condition).label(name) for name, condition in counts.items()]
    columns: list[Any] = [Supply, Offer.name, Offer.limit, *summed]
    rows = await session.execute(
        sa.select(*columns)
        .join(Offer, Offer.id == Supply.offer_id)
        .outerjoin(ShopCode, ShopCode.offer_id == Supply.offer_id)
        .outerjoin(PoolCode, sa.and_(PoolCode.event_id == ShopCode.event_id, PoolCode.mark == ShopCode.mark))
        .where(Supply.shop_id == shop_id)
        .group_by(Supply.offer_id, Offer.id)
        .order_by(Supply.offer_id)
    )
    return [Reconciled(*row) for row in rows]
