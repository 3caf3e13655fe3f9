"""The partner approves a block's facts and words, exactly as readers are told them; a changed block is not approved."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import declarations, disclosure, evidence, issues, journal
from promos.models import Issue, PromoBlock
from promos.rules.blocks import BlockContent, fingerprint
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.people import Actor
from promos.rules.refusals import BlockChanged, NotFound


@dataclass(frozen=True, slots=True)
class Approval:
    """`state`: none | given | changed, of a block that reads otherwise since. `at`: of the one that was given."""

    state: str
    at: datetime | None = None


async def approve(
    session: AsyncSession,
    block_id: UUID,
    *,
    read: str,
    rule_set: RuleSet,
    base_url: str,
    now: datetime,
    by: Actor,
) -> PromoBlock:
    """Approve what was `read` (its fingerprint). Raises `NotFound`, `BlockChanged` and `IssuePublished`."""
    this = sa.and_(PromoBlock.id == block_id, PromoBlock.removed_at.is_(None), PromoBlock.visible_to(by))
    issue = await issues.draft(session, Issue.id == sa.select(PromoBlock.issue_id).where(this).scalar_subquery())
    block = await session.scalar(sa.select(PromoBlock).where(this).execution_options(populate_existing=True))
    if block is None or not declarations.speaks_for(block, "partner", by):
        raise NotFound("block")
    content = await disclosure.content_of(session, block, rule_set, base_url=base_url, now=now)
    mark = fingerprint(content)
    if read != mark:
        raise BlockChanged
    if block.approved_hash != mark:
        block.approved_hash, block.approved_by, block.approved_at = mark, by.id, now
        await issues.touch(session, issue)
        await journal.record(
            session,
            "block.approved",
            block.id,
            at=now,
            by=by,
            partner=block.partner_id,
            publication=block.publication_id,
            event=block.event_id,
            facts={"hash": mark, "version": block.version},
        )
        facts = {"block": str(block.id), "issue": str(issue.id), "version": block.version, "hash": mark}
        facts["partner"] = str(block.partner_id)
        await evidence.append(session, block.publication_id, "block.approved", facts, now=now, issue=issue.id)
    return block


def of(block: PromoBlock, content: BlockContent) -> Approval:
    """Whether the partner approved what readers are told now."""
    if block.approved_hash is None:
        return Approval("none")
    return Approval("given" if block.approved_hash == fingerprint(content) else "changed", block.approved_at)
