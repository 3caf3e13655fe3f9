"""Scans at the door."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import checkins
from promos.models import CheckIn
from promos.queries import pages
from promos.rules.people import Actor, Role, Scope
from promos.settings import Keys
from promos.web.access import allows
from promos.web.given import Reads, Writes

DOOR = (Role.ADMIN, Role.OWNER, Role.MEMBER, Role.DOOR)


class NewCheckIn(msgspec.Struct, forbid_unknown_fields=True):
    """`scan_id` is the scanner's own: sent again, it gets its first answer. `at`: when it was scanned, if offline."""

    event_id: UUID
    token: str
    scan_id: str
    gate: str | None = None
    at: datetime | None = None


class CheckInSeen(msgspec.Struct):
    id: UUID
    event_id: UUID
    scan_id: str
    result: str  # admitted | already | refused
    reason: str | None
    first_at: datetime | None
    first_gate: str | None
    gate: str | None
    at: datetime
    undone_at: datetime | None


class CheckInsSeen(msgspec.Struct):
    items: list[CheckInSeen]
    next: str | None


@post("/check-ins", status_code=200, opt=allows(*DOOR, scope=Scope.SCAN), operation_id="checkIn")
async def check_in(
    data: JSONBody[NewCheckIn],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[CheckInSeen]:
    """Scan a pass at an event's door. Every answer is 200: admitted, already in, or refused and why."""

    async def effect(session: AsyncSession, now: datetime) -> CheckInSeen:
        found = await checkins.scan(
            session,
            data.event_id,
            data.token,
            scan_id=data.scan_id,
            gate=data.gate,
            at=data.at,
            keys=keys,
            now=now,
            by=actor,
        )
        return msgspec.convert(found, CheckInSeen, from_attributes=True)

    return await writes.answer(effect)


@post("/check-ins/{id:uuid}/undo", status_code=200, opt=allows(*DOOR, scope=Scope.SCAN), operation_id="undoCheckIn")
async def undo(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[CheckInSeen]:
    """Take an admission back. The scan stays in the list, with the time of the undoing."""

    async def effect(session: AsyncSession, now: datetime) -> CheckInSeen:
        found = await checkins.undo(session, id, now=now, by=actor)
        return msgspec.convert(found, CheckInSeen, from_attributes=True)

    return await writes.answer(effect)


@get("/check-ins", opt=allows(*DOOR, scope=Scope.SCAN), operation_id="listCheckIns")
async def list_check_ins(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    event: FromQuery[UUID | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> CheckInsSeen:
    """Scans, newest first."""
    statement = sa.select(CheckIn).where(CheckIn.visible_to(actor))
    if event:
        statement = statement.where(CheckIn.event_id == event)
    async with reads() as session:
        rows, after = await pages.page(session, statement, CheckIn.id, cursor, size, newest_first=True)
    return CheckInsSeen([msgspec.convert(row, CheckInSeen, from_attributes=True) for row in rows], after)


HANDLERS: list[Any] = [check_in, undo, list_check_ins]
