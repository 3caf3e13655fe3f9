"""An error that goes out nevertheless: one person gives the reason and a last day, a second one agrees.

It holds for one check of one version of a block in a draft. What would deceive everybody (BLOCK) takes no override.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import evidence, issues, journal
from promos.models import Issue, Override, PromoBlock
from promos.rules.disclosure.findings import Finding
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, NotFound, NotOverridable, SecondPersonNeeded

LEAST = 20  # characters of a reason: what somebody else can judge
MOST = 1000
LONGEST = timedelta(days=90)

Key = tuple[str, str]  # a block's id and a check


async def ask(
    session: AsyncSession,
    block_id: UUID,
    check: str,
    *,
    findings: Iterable[Finding],
    reason: str,
    ends_at: datetime,
    now: datetime,
    by: Actor,
) -> Override:
    """Ask a second person to let this check's failure pass; asking anew takes the place of what was asked before.

    `findings`: of the issue as it is. Raises `NotFound`, `NotOverridable` where the check does not fail or takes none,
    and `InvalidRequest`.
    """
    block, issue = await _editable(session, PromoBlock.id == block_id, by)
    if by.kind != "person" or by.id is None:
        raise SecondPersonNeeded
    if not any(each.may_be_overridden and key_of(each) == (str(block_id), check) for each in findings):
        raise NotOverridable
    said = " ".join(reason.split())
    errors = {}
    if not LEAST <= len(said) <= MOST:
        errors["reason"] = N_("Give a reason that somebody else can judge, in 20 to 1000 characters.")
    if not now < ends_at <= now + LONGEST:
        errors["ends_at"] = N_("Choose a day within the next 90 days.")
    if errors:
        raise InvalidRequest(errors)
    open_ones = sa.select(Override).where(
        Override.block_id == block_id, Override.check == check, Override.withdrawn_at.is_(None)
    )
    for before in await session.scalars(open_ones):
        before.withdrawn_at = now
    await session.flush()
    made = Override(
        issue_id=issue.id,
        block_id=block.id,
        block_version=block.version,
        check=check,
        reason=said,
        asked_by=by.id,
        asked_at=now,
        ends_at=ends_at,
    )
    session.add(made)
    await session.flush()
    await _record(session, "override.asked", made, block, now=now, by=by)
    return made


async def approve(session: AsyncSession, override_id: UUID, *, now: datetime, by: Actor) -> Override:
    """Agree, as the second person; again changes nothing. Raises `NotFound`, and `SecondPersonNeeded` for the first."""
    made, block = await _open(session, override_id, by)
    if made.approved_by is not None:
        return made
    if by.kind != "person" or by.id in (None, made.asked_by):
        raise SecondPersonNeeded
    made.approved_by, made.approved_at = by.id, now
    await session.flush()
    await issues.touch(session, await session.get_one(Issue, made.issue_id))
    await _record(session, "override.approved", made, block, now=now, by=by)
    return made


async def withdraw(session: AsyncSession, override_id: UUID, *, now: datetime, by: Actor) -> Override:
    """Take it back, whoever of the editors gave it."""
    made, block = await _open(session, override_id, by)
    made.withdrawn_at = now
    await session.flush()
    await issues.touch(session, await session.get_one(Issue, made.issue_id))
    await _record(session, "override.withdrawn", made, block, now=now, by=by)
    return made


async def of_issue(session: AsyncSession, issue_id: UUID) -> dict[Key, Override]:
    """Those that were asked for the blocks as they are, and not taken back; approved or not."""
    rows = sa.select(Override).join(PromoBlock, Override.block_id == PromoBlock.id)
    rows = rows.where(
        Override.issue_id == issue_id,
        Override.withdrawn_at.is_(None),
        Override.block_version == PromoBlock.version,
        PromoBlock.removed_at.is_(None),
    )
    return {(str(each.block_id), each.check): each for each in await session.scalars(rows)}


def holding(asked: Mapping[Key, Override], at: datetime) -> dict[Key, str]:
    """The reasons of those that two people stand for at `at`."""
    return {
        key: each.reason
        for key, each in asked.items()
        if each.approved_at is not None and each.approved_at <= at < each.ends_at
    }


def applied(findings: Iterable[Finding], reasons: Mapping[Key, str]) -> tuple[Finding, ...]:
    """The findings, with the reason at each that goes out nevertheless."""
    return tuple(
        replace(each, override=reasons[key]) if each.may_be_overridden and (key := key_of(each)) in reasons else each
        for each in findings
    )


def key_of(finding: Finding) -> Key:
    return str(finding.where.get("block", "")), finding.check


async def _open(session: AsyncSession, override_id: UUID, by: Actor) -> tuple[Override, PromoBlock]:
    found = await session.scalar(sa.select(Override).where(Override.id == override_id))
    if found is None or found.withdrawn_at is not None:
        raise NotFound("override")
    block, _ = await _editable(session, PromoBlock.id == found.block_id, by)
    again = sa.select(Override).where(Override.id == override_id, Override.withdrawn_at.is_(None))
    found = await session.scalar(again.execution_options(populate_existing=True))  # behind the issue's lock
    if found is None or found.block_version != block.version:
        raise NotFound("override")
    return found, block


async def _editable(session: AsyncSession, which: sa.ColumnElement[bool], by: Actor) -> tuple[PromoBlock, Issue]:
    """The block, read behind its draft's lock; raises `NotFound` and `IssuePublished`."""
    this = sa.and_(which, PromoBlock.removed_at.is_(None), PromoBlock.edited_by(by))
    issue = await issues.draft(session, Issue.id == sa.select(PromoBlock.issue_id).where(this).scalar_subquery())
    block = await session.scalar(sa.select(PromoBlock).where(this).execution_options(populate_existing=True))
    if block is None:
        raise NotFound("block")
    return block, issue


async def _record(
    session: AsyncSession, verb: str, made: Override, block: PromoBlock, *, now: datetime, by: Actor
) -> None:
    facts = {"check": made.check, "block_version": made.block_version, "ends_at": made.ends_at.isoformat()}
    await journal.record(
        session, verb, made.id, at=now, by=by, publication=block.publication_id, event=block.event_id, facts=facts
    )
    if made.approved_by is not None:
        reason = hashlib.sha256(made.reason.encode()).hexdigest()  # the words may name somebody
        facts |= {"override": str(made.id), "block": str(block.id), "issue": str(made.issue_id), "reason": reason}
        facts |= {"asked_by": str(made.asked_by), "approved_by": str(made.approved_by)}
        await evidence.append(session, block.publication_id, verb, facts, now=now, issue=made.issue_id)
