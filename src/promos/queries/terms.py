"""The terms that decide about a claim, read in one look."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Offer, PassType, PromoCode
from promos.rules.redemption import Tally, Terms

_TERMS = (
    sa.select(
        PromoCode.id.label("code_id"),
        PromoCode.offer_id,
        Offer.pass_type_id,
        Offer.event_id,
        Offer.partner_id,
        PromoCode.status,
        Offer.opens_at,
        Offer.ends_at,
        Offer.on_cancel,
        PassType.capacity,
        PassType.used.label("capacity_used"),
        Offer.limit.label("offer_limit"),
        Offer.used.label("offer_used"),
        PromoCode.limit.label("code_limit"),
        PromoCode.used.label("code_used"),
        PromoCode.version,
    )
    .join(Offer, PromoCode.offer_id == Offer.id)
    .join(PassType, Offer.pass_type_id == PassType.id)
)


async def of_codes(session: AsyncSession, code_ids: Collection[UUID]) -> dict[UUID, Terms]:
    """The terms of each code as they are now; codes that do not exist are left out."""
    rows = await session.execute(_TERMS.where(PromoCode.id.in_(code_ids)))
    return {
        row.code_id: Terms(
            code_id=row.code_id,
            offer_id=row.offer_id,
            pass_type_id=row.pass_type_id,
            event_id=row.event_id,
            partner_id=row.partner_id,
            status=row.status,
            opens_at=row.opens_at,
            ends_at=row.ends_at,
            returns=row.on_cancel == "return",
            capacity=Tally(row.capacity, row.capacity_used),
            offer=Tally(row.offer_limit, row.offer_used),
            code=Tally(row.code_limit, row.code_used),
            version=row.version,
        )
        for row in rows
    }
