"""Whether what is counted agrees with what is stored: counters, passes and history, each recounted from its rows."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Allotment, Entry, Event, Offer, Pass, PassType, PoolCode, PromoCode, Redemption

Difference = dict[str, Any]  # {"what": "offer.used", "id": …, "stored": 3, "counted": 2}


async def differences(session: AsyncSession) -> list[Difference]:
    """Everything that disagrees; empty when all is well. Read in one transaction, while others may write.

    A row without a limit counts nothing, a code always counts; a code's history is 1…n without gaps.
    """
    number = sa.func.count()
    cost = sa.cast(sa.func.sum(Redemption.reduction), sa.BigInteger)
    found: list[Difference] = []
    for what, counter, limit, owner, measure in (
        ("event.used", Event.used, Event.capacity, Redemption.event_id, number),
        ("pass_type.used", PassType.used, PassType.capacity, Redemption.pass_type_id, number),
        ("offer.used", Offer.used, Offer.limit, Redemption.offer_id, number),
        ("offer.spent", Offer.spent, Offer.budget, Redemption.offer_id, cost),
        ("code.used", PromoCode.used, None, Redemption.code_id, number),
    ):
        found += await _used(session, what, counter, limit, owner, measure)
    found += await _pools(session)
    found += await _allotments(session)
    found += await _versions(session)
    found += await _passes(session)
    found += await _copies(session)
    return found


async def _used(
    session: AsyncSession, what: str, counter: Any, limit: Any, owner: Any, measure: Any
) -> list[Difference]:
    row = counter.class_
    counted = sa.select(owner.label("id"), measure.label("number")).where(Redemption.counted).group_by(owner).subquery()
    number = sa.func.coalesce(counted.c.number, 0)
    expected = number if limit is None else sa.case((limit.is_(None), 0), else_=number)
    rows = await session.execute(
        sa.select(row.id, counter, expected).outerjoin(counted, counted.c.id == row.id).where(counter != expected)
    )
    return [_difference(what, *each) for each in rows]


async def _pools(session: AsyncSession) -> list[Difference]:
    """Each pool against its codes, and a code for each live redemption of it."""
    taken = sa.func.count(sa.case((PoolCode.state != "free", 1)))
    by_offer = sa.select(PoolCode.offer_id, sa.func.count().label("codes"), taken.label("used"))
    counted = by_offer.group_by(PoolCode.offer_id).subquery()
    codes, used = sa.func.coalesce(counted.c.codes, 0), sa.func.coalesce(counted.c.used, 0)
    found: list[Difference] = []
    for what, stored, number in (("offer.pooled", Offer.pooled, codes), ("offer.pool_used", Offer.pool_used, used)):
        of_pools = sa.select(Offer.id, stored, number).outerjoin(counted, counted.c.offer_id == Offer.id)
        rows = await session.execute(of_pools.where(Offer.pooled.is_not(None), stored != number))
        found += [_difference(what, *each) for each in rows]
    expected = sa.case((Redemption.state == "held", "reserved"), (Redemption.state == "confirmed", "given"))
    lacking = (
        sa.select(Redemption.id)
        .join(Offer, Redemption.offer_id == Offer.id)
        .outerjoin(PoolCode, PoolCode.redemption_id == Redemption.id)
        .where(Offer.pooled.is_not(None), Redemption.state.in_(("held", "confirmed")))
        .where(sa.or_(PoolCode.id.is_(None), PoolCode.state != expected))
    )
    return [*found, *(_difference("redemption.pool_code", row.id, 0, 1) for row in await session.execute(lacking))]


async def _allotments(session: AsyncSession) -> list[Difference]:
    """Each open allotment against the redemptions that came out of it or of a part within it; each whole, its parts."""
    every = sa.select(Allotment).order_by(Allotment.id).execution_options(populate_existing=True)
    parts = {part.id: part for part in await session.scalars(every)}
    uses = sa.select(Redemption.allotment_id, sa.func.count()).where(Redemption.counted)
    used = dict.fromkeys(parts, 0)
    for leaf, number in (await session.execute(uses.group_by(Redemption.allotment_id))).all():
        while leaf is not None:
            used[leaf] += number
            leaf = parts[leaf].within_id  # noqa: PLW2901 -- up to the offer
    still = [part for part in parts.values() if part.returned_at is None]
    found = [
        _difference("allotment.used", part.id, part.used, used[part.id]) for part in still if part.used != used[part.id]
    ]
    offers = await session.scalars(
        sa.select(Offer)
        .where(sa.or_(Offer.allotted != 0, Offer.allotted_used != 0))
        .execution_options(populate_existing=True)
    )
    wholes: list[tuple[str, Any]] = [("offer", each) for each in offers]
    wholes += [("allotment", part) for part in still]
    for what, whole in wholes:
        inner = [part for part in still if (part.within_id or part.offer_id) == whole.id]
        for field, counted in (
            ("allotted", sum(part.limit for part in inner)),
            ("allotted_used", sum(part.used for part in inner)),
        ):
            if getattr(whole, field) != counted:
                found.append(_difference(f"{what}.{field}", whole.id, getattr(whole, field), counted))
    return found


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


async def _copies(session: AsyncSession) -> list[Difference]:
    """Redemptions and passes whose copied ids are not those of their code."""
    astray = sa.or_(
        Redemption.offer_id != PromoCode.offer_id,
        Redemption.event_id != PromoCode.event_id,
        Redemption.partner_id != PromoCode.partner_id,
        sa.and_(
            Pass.id.is_not(None),
            sa.or_(Pass.event_id != Redemption.event_id, Pass.pass_type_id != Redemption.pass_type_id),
        ),
    )
    rows = await session.execute(
        sa.select(Redemption.id)
        .join(PromoCode, Redemption.code_id == PromoCode.id)
        .outerjoin(Pass, Pass.redemption_id == Redemption.id)
        .where(astray)
    )
    return [_difference("redemption.copies", row.id, 1, 0) for row in rows]


def _difference(what: str, row_id: Any, stored: int, counted: int) -> Difference:
    return {"what": what, "id": str(row_id), "stored": stored, "counted": counted}
