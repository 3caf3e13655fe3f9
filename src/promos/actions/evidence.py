"""Evidence is written with what it tells of, in one transaction, and never again."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Evidence, Publication, table
from promos.queries.contents import address_of
from promos.rules import evidence as rules
from promos.rules.blocks import BlockContent

PIECE = 500  # entries


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
    await lock(session, publication_id)
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


@dataclass(frozen=True, slots=True)
class Told:
    """What readers of a published issue were told of an offer."""

    content: BlockContent
    quantity: int | None
    until: datetime


async def told(session: AsyncSession, issue_id: UUID, *, base_url: str) -> dict[UUID, Told]:
    """By block; nothing of a draft."""
    rows = sa.select(Evidence.facts).where(Evidence.issue_id == issue_id, Evidence.kind == "issue.published")
    facts = await session.scalar(rows)
    return {UUID(each["block"]): _told(each, base_url) for each in facts["blocks"]} if facts else {}


def _told(block: Mapping[str, Any], base_url: str) -> Told:
    words = {**block["told"], "terms": tuple(block["told"]["terms"])}
    content = BlockContent(**words, url=address_of(block["block"], base_url))
    return Told(content, block["quantity"], datetime.fromisoformat(block["until"]))


async def lock(session: AsyncSession, publication_id: UUID) -> None:
    """Let nobody else add evidence of this publication until the transaction ends."""
    row = sa.select(Publication.id).where(Publication.id == publication_id).with_for_update(key_share=True)
    await session.scalar(row)


async def head(session: AsyncSession, publication_id: UUID) -> Evidence | None:
    """The last entry of a publication's chain."""
    rows = sa.select(Evidence).where(Evidence.publication_id == publication_id)
    return await session.scalar(rows.order_by(Evidence.seq.desc()).limit(1))


Reading = Callable[[], AbstractAsyncContextManager[AsyncSession]]


async def exported(reading: Reading, publication_id: UUID) -> AsyncIterator[bytes]:
    """The whole chain as a file of lines, which `promos evidence verify` and anybody else can check.

    Each piece is read by itself, so no transaction waits for who downloads: what is behind it cannot change.
    """
    yield rules.opening(str(publication_id)) + b"\n"
    seq, last = 0, rules.FIRST
    while True:
        async with reading() as session:
            entries = await chain(session, publication_id, after=seq)
        if entries:
            seq, last = entries[-1]["seq"], entries[-1]["hash"]
            yield b"".join(rules.canonical(each) + b"\n" for each in entries)
        if len(entries) < PIECE:
            break
    yield rules.closing(seq, last) + b"\n"


async def chain(session: AsyncSession, publication_id: UUID, *, after: int = 0) -> list[dict[str, Any]]:
    """The entries behind `after`, at most `PIECE`, as they are exported."""
    kept = table(Evidence)
    rows = sa.select(kept).where(kept.c.publication_id == publication_id, kept.c.seq > after)
    found = (await session.execute(rows.order_by(kept.c.seq).limit(PIECE))).mappings()
    return [
        {name: each[name] for name in ("facts", "hash", "kind", "previous", "seq")}
        | {"publication": str(publication_id), "at": rules.instant(each["at"])}
        for each in found
    ]
