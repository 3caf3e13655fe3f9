"""Blocks of an event in issues: through which somebody came, and of which issues they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Issue, PromoBlock, PromoCode, Publication
from promos.rules.funnels import Split


@dataclass(frozen=True, slots=True)
class Placed:
    """A block of an issue that went out, or one through which somebody came."""

    id: UUID
    offer_id: UUID
    code_key: UUID
    publication_id: UUID
    publication: str
    issue_id: UUID
    number: str
    planned_at: datetime
    published_at: datetime | None  # `None` where it is a draft, or the block was taken out
    recipients: int | None


async def blocks(session: AsyncSession, mine: Iterable[sa.ColumnElement[bool]]) -> list[Placed]:
    """In the order in which their issues go out."""
    went_out = sa.and_(Issue.state == "published", PromoBlock.removed_at.is_(None))
    rows = await session.execute(
        sa.select(
            PromoBlock.id,
            PromoBlock.offer_id,
            sa.func.coalesce(PromoCode.batch_id, PromoCode.id),
            Publication.id,
            Publication.name,
            Issue.id,
            Issue.number,
            Issue.planned_at,
            sa.case((went_out, Issue.published_at)),
            Issue.recipients,
        )
        .join(Issue, PromoBlock.issue_id == Issue.id)
        .join(Publication, Issue.publication_id == Publication.id)
        .join(PromoCode, PromoBlock.code_id == PromoCode.id)
        .where(*mine)
        .order_by(Issue.planned_at, Issue.id, PromoBlock.id)
    )
    return [Placed(*row) for row in rows]


def key(block: Placed, split: Split) -> UUID:
    return {
        Split.OFFER: block.offer_id,
        Split.CODE: block.code_key,
        Split.PUBLICATION: block.publication_id,
    }.get(split, block.issue_id)


def name(block: Placed, split: Split) -> str:
    return block.publication if split is Split.PUBLICATION else f"{block.publication} {block.number}"
