"""Partners: the organisations that promote events."""

from datetime import datetime
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import changes, journal, passkeys
from promos.models import Partner
from promos.rules import events, texts
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotAllowed, NotFound


class New(TypedDict):
    name: str
    legal_name: str
    legal_form: NotRequired[str | None]
    register_number: NotRequired[str | None]
    address: NotRequired[str | None]
    country: str


class Changes(TypedDict, total=False):
    name: str
    legal_name: str
    legal_form: str | None
    register_number: str | None
    address: str | None
    country: str


async def create(session: AsyncSession, *, now: datetime, by: Actor, **given: Unpack[New]) -> Partner:
    """Take in a partner. Admins do."""
    if not by.is_admin:
        raise NotAllowed([Role.ADMIN])
    partner = Partner(**texts.read(events.PARTNER, given), created_at=now)
    session.add(partner)
    await session.flush()
    await journal.record(session, "partner.created", partner.id, at=now, by=by, partner=partner.id)
    return partner


async def update(
    session: AsyncSession, partner_id: UUID, *, now: datetime, by: Actor, **wanted: Unpack[Changes]
) -> Partner:
    """Change what disclosures say of a partner. Admins and its owners do, and no token that is limited to events."""
    partner = await session.scalar(sa.select(Partner).where(Partner.id == partner_id, Partner.visible_to(by)))
    if partner is None:
        raise NotFound("partner")
    if not by.runs(partner.id, Role.OWNER) or by.event_ids is not None:
        raise NotAllowed([Role.ADMIN, Role.OWNER])
    if changed := changes.apply(partner, texts.read(events.PARTNER, wanted)):
        await session.flush()
        facts = {"changed": changed}
        await journal.record(session, "partner.changed", partner.id, at=now, by=by, partner=partner.id, facts=facts)
    return partner


async def require_passkey(
    session: AsyncSession, partner_id: UUID, *, required: bool, now: datetime, by: Actor
) -> Partner:
    """From now on a role here counts in sessions only that were proved by a passkey; or (not `required`) in all.

    Admins and owners decide, as in `update`. Raises `PasskeyNeeded` where a person requires what they do not have
    themselves.
    """
    partner = await session.scalar(sa.select(Partner).where(Partner.id == partner_id, Partner.visible_to(by)))
    if partner is None:
        raise NotFound("partner")
    if not by.runs(partner.id, Role.OWNER) or by.event_ids is not None:
        raise NotAllowed([Role.ADMIN, Role.OWNER])
    await passkeys.has_own(session, by, needed=required)
    if partner.requires_passkey is not required:
        partner.requires_passkey = required
        verb = "partner.passkey_required" if required else "partner.passkey_optional"
        await journal.record(session, verb, partner.id, at=now, by=by, partner=partner.id)
    return partner
