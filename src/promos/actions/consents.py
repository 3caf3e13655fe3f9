"""What a reader agreed to show to a partner, and takes back, field by field."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.models import Consent, Pass, Reader, table
from promos.rules.people import READER
from promos.rules.refusals import NotFound


async def shared(session: AsyncSession, pass_id: UUID) -> Sequence[str]:
    """The fields that the holder of this pass shows to the event's partner now: `company`, `email`, `name`."""
    fields = _of(pass_id).with_only_columns(Consent.field).order_by(Consent.field)
    return (await session.scalars(fields)).all()


async def withdraw(session: AsyncSession, pass_id: UUID, *, field: str | None = None, now: datetime) -> None:
    """The holder of a pass shows the partner this field no more, or nothing any more, from the next list on.

    Twice is the same as once. History says what is no longer shown, and nothing of whose it was.
    """
    held = await session.get(Pass, pass_id)
    if held is None:
        raise NotFound("pass")
    wanted = _of(pass_id) if field is None else _of(pass_id).where(Consent.field == field)
    standing = (await session.scalars(wanted.with_for_update(key_share=True))).all()
    for consent in standing:
        consent.withdrawn_at = now
    await session.flush()
    if not standing:
        return
    fields = sorted(consent.field for consent in standing)
    if "company" in fields:
        await _forget_company(session, held.reader_id)
    await journal.record(
        session,
        "consent.withdrawn",
        held.event_id,
        at=now,
        by=READER,
        partner=held.partner_id,
        event=held.event_id,
        facts={"fields": fields},
    )


async def _forget_company(session: AsyncSession, reader_id: UUID) -> None:
    """It was kept for who may see it; where nobody may any more, it goes."""
    seen = sa.exists().where(Consent.reader_id == reader_id, Consent.field == "company", Consent.withdrawn_at.is_(None))
    await session.execute(sa.update(table(Reader)).where(Reader.id == reader_id, sa.not_(seen)).values(company=None))


def _of(pass_id: UUID) -> sa.Select[Consent]:
    whose = sa.select(Pass.reader_id).where(Pass.id == pass_id).scalar_subquery()
    partner = sa.select(Pass.partner_id).where(Pass.id == pass_id).scalar_subquery()
    return sa.select(Consent).where(
        Consent.reader_id == whose, Consent.partner_id == partner, Consent.withdrawn_at.is_(None)
    )
