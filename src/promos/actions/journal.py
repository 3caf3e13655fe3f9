"""One row of history for whatever an action did, in the action's own transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Entry
from promos.rules.people import Actor


async def record(
    session: AsyncSession,
    verb: str,
    subject: UUID,
    *,
    at: datetime,
    by: Actor,
    partner: UUID | None = None,
    publication: UUID | None = None,
    event: UUID | None = None,
    code: UUID | None = None,
    version: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write that `by` did `verb` (past tense, `code.paused`) to `subject`. `facts` hold no address, name or secret."""
    session.add(
        Entry(
            at=at,
            verb=verb,
            subject_id=subject,
            actor_kind=by.kind,
            actor_id=by.id,
            partner_id=partner,
            publication_id=publication,
            event_id=event,
            code_id=code,
            version=version,
            facts=dict(facts or {}),
        )
    )
    await session.flush()
