"""Setting, moving and lifting limits without a moment at which more passes are out than the limit allows.

A row without a limit counts nothing and is not locked by those who redeem; but they always lock the code, and read the
terms once more behind that lock. So whoever sets a first limit locks the row and then every code below it: what was
given before is then stored and can be counted, and what comes after finds the limit.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import redemptions
from promos.models import Claim, Event, Offer, PassType, PromoCode, Redemption
from promos.models.redemptions import IS_WAITING
from promos.rules import archives, offers
from promos.rules.people import Actor
from promos.rules.refusals import AllotmentInUse, BudgetBelowSpent, NotFound

Limited = Event | PassType | Offer
Above = Limited | PromoCode


async def locked_offer(session: AsyncSession, offer_id: UUID, by: Actor, *, archived: bool = False) -> Offer:
    """An offer that `by` runs, as it is now and until the transaction ends.

    Raises `NotFound`, and `Archived` for what was put away, unless `archived` says that this is no matter.

    Its event and the event's pass types are locked before it: whoever sets a limit on one of them has to know all codes
    below it, and whoever changes the offer may have to serve its waiting list.
    """
    mine = sa.select(Offer).where(Offer.id == offer_id, Offer.run_by(by))
    event = sa.select(Event.archived_at).where(Event.id.in_(mine.with_only_columns(Offer.event_id)))
    put_away = await session.scalar(event.with_for_update(key_share=True))
    types = sa.select(PassType.id).where(PassType.event_id.in_(mine.with_only_columns(Offer.event_id)))
    await session.execute(types.order_by(PassType.id).with_for_update(key_share=True))
    offer = await session.scalar(mine.with_for_update(key_share=True).execution_options(populate_existing=True))
    if offer is None:
        raise NotFound("offer")
    if not archived:
        archives.in_use(put_away, offer.archived_at)
    return offer


async def lock_codes(session: AsyncSession, row: Above) -> None:
    """Make everybody wait who would redeem a code below `row`; the row itself is locked already."""
    codes = sa.select(PromoCode.id).where(codes_below(row)).order_by(PromoCode.id).with_for_update(key_share=True)
    await session.execute(sa.select(sa.func.count()).select_from(codes.subquery()))  # a million ids stay where they are


async def set_limit(session: AsyncSession, row: Limited, limit: int | None) -> bool:
    """Give the locked `row` another limit, or none; whether that changes it.

    Raises `LimitBelowUsed`, and `AllotmentInUse` where what is set aside would no longer fit.
    """
    before = _limit(row)
    if limit == before:
        return False
    if isinstance(row, Offer) and row.allotted:
        if limit is None:
            raise AllotmentInUse
        offers.fits(limit, row.allotted + row.used - row.allotted_used)
    if limit is None:
        used = 0
    elif before is None:
        await lock_codes(session, row)
        used = await _counted(session, row)
    else:
        used = row.used
    offers.fits(limit, used)
    if isinstance(row, Offer):
        row.limit = limit
    else:
        row.capacity = limit
    row.used = used
    await session.flush()
    return True


async def set_budget(session: AsyncSession, offer: Offer, budget: int | None) -> bool:
    """Give the locked `offer` another budget in minor units, or none; whether that changes it.

    Raises `BudgetBelowSpent`.
    """
    if budget == offer.budget:
        return False
    spent = 0
    if budget is not None:
        if offer.budget is None:
            await lock_codes(session, offer)
            spent = await _spent(session, offer)
        else:
            spent = offer.spent
        if spent > budget:
            raise BudgetBelowSpent(spent)
    offer.budget, offer.spent = budget, spent
    await session.flush()
    return True


async def is_redeemed(session: AsyncSession, row: Limited) -> bool:
    """Whether a pass was ever given below `row`; final once its codes are locked."""
    return bool(await session.scalar(sa.select(sa.exists().where(_redeemed(row)))))


async def feed(session: AsyncSession, row: Limited, *, now: datetime) -> None:
    """Offer what has become free below `row` to those who wait, before anybody else."""
    waiting = sa.select(Claim.offer_id).where(IS_WAITING).distinct()
    if isinstance(row, Offer):
        waiting = waiting.where(Claim.offer_id == row.id)
    elif isinstance(row, PassType):
        waiting = waiting.join(Offer, Claim.offer_id == Offer.id).where(Offer.pass_type_id == row.id)
    else:
        waiting = waiting.where(Claim.event_id == row.id)
    for offer_id in sorted(await session.scalars(waiting)):
        await redemptions.serve_line(session, offer_id, now=now)


def _limit(row: Limited) -> int | None:
    return row.limit if isinstance(row, Offer) else row.capacity


async def _counted(session: AsyncSession, row: Limited) -> int:
    counted = sa.select(sa.func.count()).select_from(Redemption).where(_redeemed(row), Redemption.counted)
    return await session.scalar(counted) or 0


async def _spent(session: AsyncSession, offer: Offer) -> int:
    of = (Redemption.offer_id == offer.id, Redemption.counted)
    return int(await session.scalar(sa.select(sa.func.sum(Redemption.reduction)).where(*of)) or 0)


def _redeemed(row: Limited) -> sa.ColumnElement[bool]:
    if isinstance(row, Offer):
        return Redemption.offer_id == row.id
    below = Offer.event_id == row.id if isinstance(row, Event) else Offer.pass_type_id == row.id
    return Redemption.offer_id.in_(sa.select(Offer.id).where(below))


def codes_below(row: Above) -> sa.ColumnElement[bool]:
    """The codes that count on `row`; a code itself."""
    if isinstance(row, Event):
        return PromoCode.event_id == row.id
    if isinstance(row, PassType):
        return PromoCode.offer_id.in_(sa.select(Offer.id).where(Offer.pass_type_id == row.id))
    return PromoCode.offer_id == row.id if isinstance(row, Offer) else PromoCode.id == row.id
