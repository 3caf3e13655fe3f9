"""Lists and calendars that a partner brings: tried first, then taken in, with a line about each row."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import IO, Any, Literal
from uuid import UUID

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import event_imports
from promos.actions.event_imports import Outcome
from promos.models import Partner
from promos.parsing import Unreadable, agendas, events
from promos.parsing.events import Brought
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import InvalidRequest, ListTooLong, NotFound
from promos.web.access import allows
from promos.web.api.batches import spooled
from promos.web.downloads import XLSX
from promos.web.given import Asked, Reads, Writes
from promos.web.problems import TAKES_LONG

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
TABLES = ("text/csv", XLSX)
CALENDAR = "text/calendar"
EVENTS_FILE = 8 * 1024 * 1024  # bytes
MOST_EVENTS = 2000  # at once


class WrongCell(msgspec.Struct):
    """`column`: as the file calls it, where it does."""

    field: str
    column: str | None
    message: str


class EventRow(msgspec.Struct):
    """`line` of the table, or place in the calendar. `event` is there once there is one."""

    line: int
    name: str
    what: Literal["new", "changed", "same", "refused"]
    event: UUID | None
    changed: list[str]
    wrong: list[WrongCell]


class EventsBrought(msgspec.Struct):
    """What came of the rows, or (`dry_run`) would."""

    dry_run: bool
    new: int
    changed: int
    same: int
    refused: int
    rows: list[EventRow]


class Sent(Operation):
    """The body is the file itself."""

    def __post_init__(self) -> None:
        text = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
        self.request_body = RequestBody(content=dict.fromkeys((*TABLES, CALENDAR), text), required=True)


@post(
    "/partners/{id:uuid}/events/import",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE) | TAKES_LONG,
    operation_id="importEvents",
    operation_class=Sent,
    request_max_body_size=EVENTS_FILE,
)
async def import_events(
    request: Asked,
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    timezone: FromQuery[str] = "",
    city: FromQuery[str] = "",
    country: FromQuery[str] = "",
    url: FromQuery[str] = "",
    dry_run: FromQuery[bool] = False,
) -> EventsBrought:
    """Take in up to 2000 events: CSV, XLSX (up to 8 MB) or a calendar (iCalendar). A row that is known by its id, its
    UID or its name and edition changes that event, so the mended list can be brought whole. `timezone`, `city`,
    `country` and `url` are meant where a row does not say. With `dry_run`, nothing is changed."""
    if request.content_type[0] not in (*TABLES, CALENDAR):
        raise HTTPException(status_code=415)
    others = {"timezone": timezone, "city": city, "country": country, "url": url}
    async with spooled(request.stream(), writes.mark()) as file:
        return await brought(file, id, others, reads, writes, actor, dry_run=dry_run)


async def brought(
    file: IO[bytes],
    partner_id: UUID,
    others: Mapping[str, str],
    reads: Reads,
    writes: Writes,
    by: Actor,
    *,
    dry_run: bool,
) -> EventsBrought:
    """Some rows in one transaction; who is cut off half way brings the list again. Raises `NotFound`, `ListTooLong`,
    `InvalidRequest`."""
    async with reads() as session:
        partner = await session.get(Partner, partner_id) if by.runs(partner_id) and by.event_ids is None else None
    if partner is None:
        raise NotFound("partner")
    others = {**others, "country": others.get("country") or partner.country}
    try:
        rows = await asyncio.to_thread(_rows, file, others)
    except Unreadable as why:
        raise InvalidRequest({"file": str(why)}) from None
    events.mark_repeated(rows)
    found: list[EventRow] = []
    for begin in range(0, len(rows), event_imports.CHUNK):
        some = rows[begin : begin + event_imports.CHUNK]
        effect = partial(_effect, partner_id, some, by=by, dry_run=dry_run)
        if dry_run:
            async with reads() as session:
                outcomes = await effect(session, partner.created_at)  # which is written nowhere
        else:
            outcomes = await writes.run(effect)
        found += [_told(row, outcome) for row, outcome in zip(some, outcomes, strict=True)]
    counts = {what: sum(row.what == what for row in found) for what in ("new", "changed", "same", "refused")}
    return EventsBrought(dry_run, **counts, rows=found)


async def _effect(
    partner_id: UUID, some: Sequence[Brought], session: AsyncSession, now: datetime, *, by: Actor, dry_run: bool
) -> list[Outcome]:
    return await event_imports.bring(session, partner_id, some, dry_run=dry_run, now=now, by=by)


def _rows(file: IO[bytes], others: Mapping[str, str]) -> list[Brought]:
    if agendas.is_calendar(file):
        if agendas.number(file) > MOST_EVENTS:
            raise ListTooLong(MOST_EVENTS)
        return list(agendas.rows(file, others))
    rows = list(islice(events.rows(file, others), MOST_EVENTS + 1))
    if len(rows) > MOST_EVENTS:
        raise ListTooLong(MOST_EVENTS)
    return rows


def _told(row: Brought, outcome: Outcome) -> EventRow:
    wrong = [WrongCell(name, row.heads.get(name), message) for name, message in outcome.wrong.items()]
    return EventRow(row.line, row.name, outcome.what, outcome.event_id, list(outcome.changed), wrong)


HANDLERS: list[Any] = [import_events]
