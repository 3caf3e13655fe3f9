"""One row of history for whatever an action did, and what programs are owed for it, in the action's own transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import notices, webhooks
from promos.models import Entry, new_id, table
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
) -> UUID:
    """Write that `by` did `verb` (past tense, `code.paused`) to `subject`. `facts` hold no address, name or secret.

    Returns the id of the entry.
    """
    entry_id = new_id()
    entry = {
        "id": entry_id,
        "at": at,
        "verb": verb,
        "subject_id": subject,
        "actor_kind": by.kind,
        "actor_id": by.id,
        "partner_id": partner,
        "publication_id": publication,
        "event_id": event,
        "code_id": code,
        "version": version,
        "facts": dict(facts or {}),
    }
    await session.flush()
    await store(session, [entry])
    return entry_id


async def store(session: AsyncSession, entries: Sequence[Mapping[str, Any]]) -> None:
    """The same for many at once; an entry has all columns of its table."""
    await session.execute(sa.insert(table(Entry)), [dict(entry) for entry in entries])
    await webhooks.owe(session, entries)
    await notices.owe(session, entries)
