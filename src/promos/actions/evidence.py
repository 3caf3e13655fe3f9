"""Evidence is written with what it tells of, in one transaction, and never again."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Evidence, Publication, table
from promos.queries.contents import address_of
from promos.rules import evidence as rules
from promos.rules.blocks import BlockContent


async def append(
    session: AsyncSession,
    publication_id: UUID,
    kind: str,
    facts: Mapping[str, Any],
    *,
    now: datetime,
    issue: UUID | None = None,
) -> Evidence:
    """Add an entry behind the last one; whoever adds another at this moment waits until the transaction ends."""
    row = sa.select(Publication.id).where(Publication.id == publication_id).with_for_update(key_share=True)
    await session.scalar(row)
    last = await head(session, publication_id)
    made = rules.sealed(
        rules.Entry(
            publication=str(publication_id),
            seq=last.seq + 1 if last else 1,
            previous=last.hash if last else rules.FIRST,
            kind=kind,
            at=rules.instant(now),
            facts=facts,
        )
    )
    stored = Evidence(
        publication_id=publication_id,
        seq=made.seq,
        previous=made.previous,
        kind=kind,
        at=now,
        facts=dict(facts),
        hash=made.hash,
        issue_id=issue,
    )
    session.add(stored)
    await session.flush()
    return stored


async def told(session: AsyncSession, issue_id: UUID, *, base_url: str) -> dict[UUID, BlockContent]:
    """What readers of a published issue were told, by block; nothing of a draft."""
    rows = sa.select(Evidence.facts).where(Evidence.issue_id == issue_id, Evidence.kind == "issue.published")
    facts = await session.scalar(rows)
    return {UUID(each["block"]): _content(each, base_url) for each in facts["blocks"]} if facts else {}


def _content(block: Mapping[str, Any], base_url: str) -> BlockContent:
    words = {**block["told"], "terms": tuple(block["told"]["terms"])}
    return BlockContent(**words, url=address_of(block["block"], base_url))


async def head(session: AsyncSession, publication_id: UUID) -> Evidence | None:
    """The last entry of a publication's chain."""
    rows = sa.select(Evidence).where(Evidence.publication_id == publication_id)
    return await session.scalar(rows.order_by(Evidence.seq.desc()).limit(1))


async def chain(session: AsyncSession, publication_id: UUID) -> AsyncIterator[dict[str, Any]]:
    """All entries from the first on, as they are exported."""
    kept = table(Evidence)
    rows = sa.select(kept).where(kept.c.publication_id == publication_id).order_by(kept.c.seq)
    async for each in await session.stream(rows.execution_options(yield_per=500)):
        fields = {**each._mapping, "publication": str(each.publication_id), "at": rules.instant(each.at)}
        yield {name: fields[name] for name in rules.FIELDS}
