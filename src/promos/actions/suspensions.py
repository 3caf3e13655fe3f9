"""An admin suspends a partner: nothing new is given, its people only read; and lifts it again: all is as before.

What readers hold stays good at the door, and endpoints are told what happens.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.models import Partner
from promos.rules import texts
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotAllowed, NotFound

WHY: dict[str, texts.Reader] = {"why": texts.up_to(500, texts.paragraph)}


async def suspend(session: AsyncSession, partner_id: UUID, why: str, *, now: datetime, by: Actor) -> Partner:
    """Suspend a partner, for a reason that its people are told. Again: nothing.

    No claim, hold or change that is sent after this is committed succeeds: each reads the partner anew.
    """
    kept = texts.read(WHY, {"why": why})
    partner = await _locked(session, partner_id, by)
    if partner.suspended_at is None:
        partner.suspended_at, partner.suspended_why = now, kept["why"]
        await session.flush()
        await journal.record(session, "partner.suspended", partner.id, at=now, by=by, partner=partner.id)
    return partner


async def lift(session: AsyncSession, partner_id: UUID, *, now: datetime, by: Actor) -> Partner:
    """End a suspension. Again: nothing. What became free meanwhile goes to who waits, by the next round of a worker."""
    partner = await _locked(session, partner_id, by)
    if partner.suspended_at is not None:
        partner.suspended_at = partner.suspended_why = None
        await session.flush()
        await journal.record(session, "partner.restored", partner.id, at=now, by=by, partner=partner.id)
    return partner


async def _locked(session: AsyncSession, partner_id: UUID, by: Actor) -> Partner:
    if not by.is_admin:
        raise NotAllowed([Role.ADMIN])
    found = sa.select(Partner).where(Partner.id == partner_id).with_for_update(key_share=True)
    partner = await session.scalar(found.execution_options(populate_existing=True))
    if partner is None:
        raise NotFound("partner")
    return partner
