"""What a newsletter's readers were told of promotions, as it went out: for the public page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Evidence, Observation


@dataclass(frozen=True, slots=True)
class Correction:
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Promoted:
    """One promo block, in the words of its publication. `seen`: there or gone by the newest look, and when that was."""

    block_id: UUID
    event: str
    event_url: str
    advertiser: str
    label: str
    given: str
    terms: tuple[str, ...]
    seen: tuple[str, datetime] | None


@dataclass(frozen=True, slots=True)
class Disclosed:
    """An issue with promo blocks that went out. `seq` is that of its entry in the publication's chain."""

    seq: int
    issue_id: UUID
    number: str
    title: str
    language: str
    at: datetime
    blocks: tuple[Promoted, ...]
    corrections: tuple[Correction, ...]


async def listed(
    session: AsyncSession, publication_id: UUID, *, before: int | None = None, limit: int = 50
) -> list[Disclosed]:
    """Published issues that promote something, the newest first, from the entry before `before` on."""
    rows = sa.select(Evidence).where(
        Evidence.publication_id == publication_id,
        Evidence.kind == "issue.published",
        sa.func.json_array_length(Evidence.facts["blocks"]) > 0,
    )
    if before is not None:
        rows = rows.where(Evidence.seq < before)
    entries = (await session.scalars(rows.order_by(Evidence.seq.desc()).limit(limit))).all()
    issues = [each.issue_id for each in entries if each.issue_id]
    seen, corrected = await _seen(session, issues), await corrections(session, issues)
    return [_disclosed(each, seen, corrected.get(each.issue_id, ())) for each in entries if each.issue_id]


def _disclosed(entry: Evidence, seen: dict[UUID, tuple[str, datetime]], corrected: Sequence[Correction]) -> Disclosed:
    facts = entry.facts
    return Disclosed(
        seq=entry.seq,
        issue_id=UUID(facts["issue"]),
        number=facts["number"],
        title=facts["title"],
        language=facts["language"],
        at=entry.at,
        blocks=tuple(_promoted(each, seen.get(UUID(each["block"]))) for each in facts["blocks"]),
        corrections=tuple(corrected),
    )


def _promoted(block: dict[str, Any], seen: tuple[str, datetime] | None) -> Promoted:
    told = block["told"]
    return Promoted(
        block_id=UUID(block["block"]),
        event=block["event"]["name"],
        event_url=block["event"]["url"],
        advertiser=told["advertiser"],
        label=told["label"],
        given=told["given"],
        terms=tuple(told["terms"]),
        seen=seen,
    )


async def _seen(session: AsyncSession, issue_ids: Sequence[UUID]) -> dict[UUID, tuple[str, datetime]]:
    rows = (
        sa.select(Observation.block_id, Observation.label, Observation.at)
        .where(Observation.issue_id.in_(issue_ids), Observation.label.in_(("there", "gone")))
        .order_by(Observation.at, Observation.id)
    )
    return {block: (label, at) for block, label, at in await session.execute(rows)}


async def corrections(session: AsyncSession, issue_ids: Sequence[UUID]) -> dict[UUID | None, list[Correction]]:
    """By issue, the first one first."""
    rows = sa.select(Evidence).where(Evidence.issue_id.in_(issue_ids), Evidence.kind == "issue.corrected")
    found: dict[UUID | None, list[Correction]] = {}
    for each in await session.scalars(rows.order_by(Evidence.publication_id, Evidence.seq)):
        found.setdefault(each.issue_id, []).append(Correction(each.at, each.facts["text"]))
    return found
