"""What a reader agreed to show to a partner, and takes back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.models import Consent, Pass
from promos.rules.people import READER
from promos.rules.refusals import NotFound


async def shared(session: AsyncSession, pass_id: UUID) -> Sequence[str]:
    """The fields that the holder of this pass shows to the event's partner now: `email`, `name`."""
    fields = _of(pass_id).with_only_columns(Consent.field).order_by(Consent.field)
    return (await session.scalars(fields)).all()


async def withdraw(session: AsyncSession, pass_id: UUID, *, now: datetime) -> None:
    """The holder of a pass shows the partner nothing any more, from the next list on. Twice is the same as once."""
    held = await session.get(Pass, pass_id)
    if held is None:
        raise NotFound("pass")
    standing = (await session.scalars(_of(pass_id).with_for_update(key_share=True))).all()
    for consent in standing:
        consent.withdrawn_at = now
    await session.flush()
    if standing:
        await journal.record(
            session,
            "consent.withdrawn",
            pass_id,
            at=now,
            by=READER,
            partner=held.partner_id,
            event=held.event_id,
            facts={"fields": sorted(consent.field for consent in standing)},
        )


def _of(pass_id: UUID) -> sa.Select[Consent]:
    whose = sa.select(Pass.reader_id).where(Pass.id == pass_id).scalar_subquery()
    partner = sa.select(Pass.partner_id).where(Pass.id == pass_id).scalar_subquery()
    return sa.select(Consent).where(
        Consent.reader_id == whose, Consent.partner_id == partner, Consent.withdrawn_at.is_(None)
    )
