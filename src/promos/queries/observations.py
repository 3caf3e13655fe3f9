"""What was seen of issues that went out."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Observation


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
