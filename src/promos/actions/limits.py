"""Setting, moving and lifting limits without a moment at which more passes are out than the limit allows.

A row without a limit counts nothing and is not locked by those who redeem; but they always lock the code, and read the
terms once more behind that lock. So whoever sets a first limit locks the row and then every code below it: what was
given before is then stored and can be counted, and what comes after finds the limit.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Offer, PassType, PromoCode, Redemption
from promos.rules import offers
from promos.rules.people import Actor
from promos.rules.refusals import NotFound

Limited = PassType | Offer


async def locked_offer(session: AsyncSession, offer_id: UUID, by: Actor, *, with_pass_types: bool = False) -> Offer:
    """An offer that `by` runs, as it is now and until the transaction ends; raises `NotFound`.

    `with_pass_types` locks those of its event before it. Whoever adds a code, or moves an offer to another pass type,
    needs that: whoever sets a limit on a pass type has to know all codes below it.
    """
    mine = sa.select(Offer).where(Offer.id == offer_id, Offer.run_by(by))
    if with_pass_types:
        types = sa.select(PassType.id).where(PassType.event_id.in_(mine.with_only_columns(Offer.event_id)))
        await session.execute(types.order_by(PassType.id).with_for_update(key_share=True))
    offer = await session.scalar(mine.with_for_update(key_share=True).execution_options(populate_existing=True))
    if offer is None:
        raise NotFound("offer")
    return offer


async def lock_codes(session: AsyncSession, row: Limited) -> None:
    """Make everybody wait who would redeem a code below `row`; the row itself is locked already."""
    below = PromoCode.offer_id == row.id
    if isinstance(row, PassType):
        below = PromoCode.offer_id.in_(sa.select(Offer.id).where(Offer.pass_type_id == row.id))
    await session.execute(sa.select(PromoCode.id).where(below).order_by(PromoCode.id).with_for_update(key_share=True))


async def set_limit(session: AsyncSession, row: Limited, limit: int | None) -> bool:
    """Give the locked `row` another limit, or none; whether that changes it. Raises `LimitBelowUsed`."""
    before = row.capacity if isinstance(row, PassType) else row.limit
    if limit == before:
        return False
    if limit is None:
        used = 0
    elif before is None:
        await lock_codes(session, row)
        used = await _counted(session, row)
    else:
        used = row.used
    offers.fits(limit, used)
    if isinstance(row, PassType):
        row.capacity = limit
    else:
        row.limit = limit
    row.used = used
    await session.flush()
    return True


async def is_redeemed(session: AsyncSession, row: Limited) -> bool:
    """Whether a pass was ever given below `row`; final once its codes are locked."""
    return bool(await session.scalar(sa.select(sa.exists().where(_redeemed(row)))))


async def _counted(session: AsyncSession, row: Limited) -> int:
    counted = sa.select(sa.func.count()).select_from(Redemption).where(_redeemed(row), Redemption.counted)
    return await session.scalar(counted) or 0


def _redeemed(row: Limited) -> sa.ColumnElement[bool]:
    return Redemption.pass_type_id == row.id if isinstance(row, PassType) else Redemption.offer_id == row.id
