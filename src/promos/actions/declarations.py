"""What partner and editor each say was exchanged for a promo block, apart from each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import changes, evidence, issues, journal
from promos.models import Declaration, Issue, PromoBlock
from promos.queries.contents import declared_in
from promos.rules.disclosure import declarations as rules
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotFound

PARTIES = ("partner", "editor")


@dataclass(frozen=True, slots=True)
class Seen:
    """Both declarations as far as one may see them. `differences` is `None` until both are made."""

    declared: dict[str, bool]  # by party
    shown: dict[str, Declaration]
    differences: list[str] | None

    @property
    def agree(self) -> bool:
        return self.differences == []


async def declare(
    session: AsyncSession,
    block_id: UUID,
    party: str,
    *,
    kinds: Sequence[str],
    benefits: Sequence[Mapping[str, Any]],
    editorial_control: str,
    obligation: str,
    contract: str = "",
    now: datetime,
    by: Actor,
) -> Declaration:
    """Say for `party` what was exchanged; the latest declaration counts.

    Each party speaks for itself: for anybody but its own people (and admins) there is no such declaration.
    """
    this = sa.and_(PromoBlock.id == block_id, PromoBlock.removed_at.is_(None), PromoBlock.visible_to(by))
    block = await session.scalar(sa.select(PromoBlock).where(this))
    if block is None:
        raise NotFound("block")
    if not speaks_for(block, party, by):
        raise NotFound("declaration")
    said = rules.declaration(kinds, benefits, editorial_control, obligation, contract)
    issue = await issues.draft(session, Issue.id == block.issue_id)
    values = _values(said)
    made = (await _made(session, block.id)).get(party)
    former = None if made is None else {name: getattr(made, name) for name in values}
    if made is None:
        made = Declaration(partner_id=block.partner_id, block_id=block.id, party=party)
        session.add(made)
    if changed := changes.apply(made, values):
        made.declared_by, made.declared_at = by.id, now
        await issues.touch(session, issue)
        await _record(session, block, party, now=now, by=by, facts={"changed": changed, "former": former})
        await _keep(session, block, now=now)
    return made


async def seen_by(session: AsyncSession, block: PromoBlock, by: Actor) -> Seen:
    """Each sees its own; the other's, and where they differ, only when both are made.

    An admin sees before that what they declared themselves: who declares second must not copy.
    """
    made = await _made(session, block.id)
    both = len(made) == len(PARTIES)
    shown = {
        party: declaration
        for party, declaration in made.items()
        if both
        or (declaration.declared_by == by.id and by.id is not None)
        or (not by.is_admin and speaks_for(block, party, by))
    }
    differences = rules.differences(*map(declared_in, made.values())) if both else None
    return Seen({party: party in made for party in PARTIES}, shown, differences)


def speaks_for(block: PromoBlock, party: str, by: Actor) -> bool:
    if party == "partner":
        return by.runs(block.partner_id, Role.OWNER, Role.MEMBER)
    return party == "editor" and (by.is_admin or block.publication_id in by.publications)


def _values(said: rules.Declaration) -> dict[str, Any]:
    return {**rules.told(said), "contract": said.contract}


async def _made(session: AsyncSession, block_id: UUID) -> dict[str, Declaration]:
    rows = sa.select(Declaration).where(Declaration.block_id == block_id).execution_options(populate_existing=True)
    return {row.party: row for row in await session.scalars(rows.order_by(Declaration.party.desc()))}


async def _keep(session: AsyncSession, block: PromoBlock, *, now: datetime) -> None:
    """As evidence, once both have spoken: before, it would tell one what the other said."""
    made = await _made(session, block.id)
    if len(made) < len(PARTIES):
        return
    said = {party: declared_in(declaration) for party, declaration in made.items()}
    facts = {
        "block": str(block.id),
        "issue": str(block.issue_id),
        "partner": str(block.partner_id),
        "said": {party: rules.told(each) for party, each in said.items()},
        "differences": rules.differences(*said.values()),
    }
    await evidence.append(session, block.publication_id, "block.declared", facts, now=now, issue=block.issue_id)


async def _record(
    session: AsyncSession, block: PromoBlock, party: str, *, now: datetime, by: Actor, facts: Mapping[str, Any]
) -> None:
    """In the history of the party that declared, and of no other: there is nothing to copy from."""
    await journal.record(
        session,
        "block.declared",
        block.id,
        at=now,
        by=by,
        partner=block.partner_id if party == "partner" else None,
        publication=block.publication_id if party == "editor" else None,
        event=block.event_id,
        facts={"party": party, **facts},
    )
