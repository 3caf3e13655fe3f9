"""What a partner has yet to do before its first reader can take a pass."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Event, Offer, Partner, PromoCode
from promos.rules.people import Actor, Role


@dataclass(frozen=True, slots=True)
class Beginning:
    """One partner's way to its first code. `event_id`: the newest event, where the next step is made."""

    partner_id: UUID
    partner: str
    leads: bool  # whether who asks may complete the identity
    has_identity: bool
    has_event: bool
    has_offer: bool
    has_code: bool
    event_id: UUID | None

    @property
    def is_done(self) -> bool:
        return self.has_identity and self.has_event and self.has_offer and self.has_code


async def of(session: AsyncSession, by: Actor) -> Beginning | None:
    """The first of the partners that `by` works for which is not ready yet; nothing for an admin, and once all are."""
    mine = by.partners(Role.OWNER, Role.MEMBER)
    if not mine or by.is_admin:
        return None
    rows = await session.execute(
        sa.select(
            Partner,
            sa.exists().where(Event.partner_id == Partner.id).label("event"),
            sa.exists().where(Offer.partner_id == Partner.id).label("offer"),
            sa.exists().where(PromoCode.partner_id == Partner.id).label("code"),
            sa.select(Event.id)
            .where(Event.partner_id == Partner.id)
            .order_by(Event.created_at.desc(), Event.id.desc())
            .limit(1)
            .correlate(Partner)
            .scalar_subquery()
            .label("event_id"),
        )
        .where(Partner.id.in_(mine))
        .order_by(Partner.name, Partner.id)
    )
    leads = by.partners(Role.OWNER)
    found = (
        Beginning(
            row.Partner.id,
            row.Partner.name,
            row.Partner.id in leads,
            all((row.Partner.legal_form, row.Partner.register_number, row.Partner.address)),
            row.event,
            row.offer,
            row.code,
            row.event_id,
        )
        for row in rows
    )
    return next((each for each in found if not each.is_done), None)
