"""What was seen of issues that went out."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Issue, Observation, PromoBlock, PromoCode

_GO = re.compile(r"/go/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_RECENT = timedelta(days=31)
_MOST = 200  # blocks that one mail is compared with


async def of_issue(session: AsyncSession, issue_id: UUID) -> Sequence[Observation]:
    """Every look at its blocks, the newest first."""
    rows = sa.select(Observation).where(Observation.issue_id == issue_id)
    return (await session.scalars(rows.order_by(Observation.at.desc(), Observation.id.desc()))).all()


async def labels_of(session: AsyncSession, code_ids: Collection[UUID]) -> dict[UUID, str]:
    """`there` or `gone` by code: gone if the newest look at one of its blocks misses the label; nothing if unseen."""
    by_block = sa.func.row_number().over(
        partition_by=Observation.block_id, order_by=(Observation.at.desc(), Observation.id.desc())
    )
    told = sa.select(Observation.code_id, Observation.label, by_block.label("age")).where(
        Observation.code_id.in_(code_ids), Observation.label.in_(("there", "gone"))
    )
    newest = told.subquery()
    rows = sa.select(newest.c.code_id, sa.func.min(newest.c.label)).where(newest.c.age == 1)
    found = await session.execute(rows.group_by(newest.c.code_id))
    return {row[0]: row[1] for row in found}


async def of_blocks(session: AsyncSession, block_ids: Collection[UUID]) -> dict[UUID, str]:
    """`there` or `gone` by block, as the newest look that could tell has it; nothing if unseen."""
    rows = (
        sa.select(Observation.block_id, Observation.label)
        .where(Observation.block_id.in_(block_ids), Observation.label.in_(("there", "gone")))
        .order_by(Observation.at, Observation.id)
    )
    return {row[0]: row[1] for row in await session.execute(rows)}


async def meant(session: AsyncSession, text: str, *, now: datetime) -> UUID | None:
    """The issue that a mail is: by the addresses of its blocks, else (tools put others in their place) by its codes.

    Of several with the same code the one that was published last, within a month.
    """
    blocks = [UUID(each) for each in _GO.findall(text)[:_MOST]]
    by_address = sa.select(PromoBlock.issue_id).where(PromoBlock.id.in_(blocks)).limit(1)
    if found := await session.scalar(by_address):
        return found
    recent = (
        sa.select(Issue.id, PromoCode.spelled)
        .join(PromoBlock, PromoBlock.issue_id == Issue.id)
        .join(PromoCode, PromoBlock.code_id == PromoCode.id)
        .where(Issue.published_at > now - _RECENT, PromoBlock.removed_at.is_(None))
        .order_by(Issue.published_at.desc(), Issue.id.desc())
        .limit(_MOST)
    )
    codes = (await session.execute(recent)).all()
    return next((row[0] for row in codes if re.search(rf"(?<!\w){re.escape(row[1])}(?!\w)", text)), None)
