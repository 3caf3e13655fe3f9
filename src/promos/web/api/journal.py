"""The journal: who did what to which thing when, newest first."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from promos.models import Entry
from promos.queries import pages
from promos.rules.language import N_
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import InvalidRequest
from promos.web.access import allows
from promos.web.given import Reads

SEEN_BY = (Role.ADMIN, Role.EDITOR, Role.OWNER, Role.MEMBER)


class EntrySeen(msgspec.Struct):
    """`verb`: past tense, `code.redeemed`. `version`: of the code, where this changed it: 1…n without gaps."""

    id: UUID
    at: datetime
    verb: str
    subject_id: UUID
    actor_kind: str  # person | token | reader | program
    actor_id: UUID | None
    partner_id: UUID | None
    publication_id: UUID | None
    event_id: UUID | None
    code_id: UUID | None
    version: int | None
    facts: dict[str, Any]


class JournalSeen(msgspec.Struct):
    items: list[EntrySeen]
    next: str | None


@get("/journal", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="readJournal")
async def read_journal(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    subject: FromQuery[UUID | None] = None,
    event: FromQuery[UUID | None] = None,
    code_id: FromQuery[UUID | None] = None,
    verb: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> JournalSeen:
    """One's partner's or publication's; admins read all. It holds ids, never a reader's address."""
    if verb is not None and not re.fullmatch(r"[a-z_]{1,40}\.[a-z_]{1,40}", verb):
        raise InvalidRequest({"verb": N_("This is not one of the possible choices.")})
    statement = sa.select(Entry).where(Entry.visible_to(actor))
    wanted = ((Entry.subject_id, subject), (Entry.event_id, event), (Entry.code_id, code_id), (Entry.verb, verb))
    for column, value in wanted:
        if value is not None:
            statement = statement.where(column == value)
    async with reads() as session:
        rows, following = await pages.page(session, statement, Entry.id, cursor, size, newest_first=True)
    return JournalSeen([msgspec.convert(row, EntrySeen, from_attributes=True) for row in rows], following)


HANDLERS: list[Any] = [read_journal]
