"""What an editor's desk shows of issues, and what is still to be declared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Declaration, Event, Issue, PromoBlock, PromoCode, Publication
from promos.rules.people import Actor, Role


@dataclass(frozen=True, slots=True)
class Listed:
    """An issue as one line: how many promo blocks stand in it, how many declarations these still lack."""

    id: UUID
    publication_id: UUID
    publication: str
    number: str
    title: str
    language: str
    planned_at: datetime
    state: str
    published_at: datetime | None
    blocks: int
    missing: int


@dataclass(frozen=True, slots=True)
class Undeclared:
    """A promo block of a draft for which the one who asks still has to say what was exchanged."""

    block_id: UUID
    issue_id: UUID
    heading: str
    code: str
    event: str
    publication: str
    number: str
    planned_at: datetime
    parties: tuple[str, ...]  # those that this person may speak for


async def listed(
    session: AsyncSession,
    by: Actor,
    *,
    publication_id: UUID | None = None,
    state: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Listed]:
    """The newest first; `before` is the id of the last one seen."""
    declared = (
        sa.select(sa.func.count())
        .select_from(Declaration)
        .where(Declaration.block_id == PromoBlock.id)
        .correlate(PromoBlock)
        .scalar_subquery()
    )
    standing = (
        sa.select(
            PromoBlock.issue_id,
            sa.func.count().label("blocks"),
            sa.func.sum(2 - declared).label("missing"),
        )
        .where(PromoBlock.removed_at.is_(None))
        .group_by(PromoBlock.issue_id)
        .subquery()
    )
    rows = (
        sa.select(
            Issue,
            Publication.name,
            sa.func.coalesce(standing.c.blocks, 0),
            sa.func.coalesce(standing.c.missing, 0),
        )
        .join(Publication, Issue.publication_id == Publication.id)
        .outerjoin(standing, standing.c.issue_id == Issue.id)
        .where(Issue.visible_to(by))
        .order_by(Issue.id.desc())
        .limit(limit)
    )
    if publication_id is not None:
        rows = rows.where(Issue.publication_id == publication_id)
    if state is not None:
        rows = rows.where(Issue.state == state)
    if before is not None:
        rows = rows.where(Issue.id < before)
    return [
        Listed(
            issue.id,
            issue.publication_id,
            publication,
            issue.number,
            issue.title,
            issue.language,
            issue.planned_at,
            issue.state,
            issue.published_at,
            blocks,
            missing,
        )
        for issue, publication, blocks, missing in await session.execute(rows)
    ]


async def blocks_missing_declaration(session: AsyncSession, by: Actor) -> Sequence[Undeclared]:
    """The blocks of drafts that wait for a declaration that `by` may make; the issue planned first comes first."""
    rows = (
        sa.select(PromoBlock, Issue.number, Issue.planned_at, Publication.name, Event.name, PromoCode.spelled)
        .join(Issue, PromoBlock.issue_id == Issue.id)
        .join(Publication, PromoBlock.publication_id == Publication.id)
        .join(Event, PromoBlock.event_id == Event.id)
        .join(PromoCode, PromoBlock.code_id == PromoCode.id)
        .where(PromoBlock.visible_to(by), PromoBlock.removed_at.is_(None), Issue.state == "draft")
        .order_by(Issue.planned_at, PromoBlock.id)
    )
    found = (await session.execute(rows)).all()
    made = await session.execute(
        sa.select(Declaration.block_id, Declaration.party).where(
            Declaration.block_id.in_([block.id for block, *_ in found])
        )
    )
    declared = {(block_id, party) for block_id, party in made}
    waiting = []
    for block, number, planned_at, publication, event, code in found:
        speaks_for = {
            "partner": by.runs(block.partner_id, Role.OWNER, Role.MEMBER),
            "editor": by.is_admin or block.publication_id in by.publications,
        }
        parties = tuple(party for party, may in speaks_for.items() if may and (block.id, party) not in declared)
        if parties:
            waiting.append(
                Undeclared(
                    block.id, block.issue_id, block.heading, code, event, publication, number, planned_at, parties
                )
            )
    return waiting
