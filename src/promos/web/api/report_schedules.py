"""Who gets the report of an event by mail, and how often."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import report_schedules, reports
from promos.models import ReportSchedule
from promos.queries import pages
from promos.queries import reports as queries
from promos.rules.finding import asked
from promos.rules.people import Actor, Role, Scope
from promos.settings import Keys
from promos.web.access import allows
from promos.web.given import Reads, Writes

READ = allows(Role.ADMIN, Role.OWNER, Role.MEMBER, scope=Scope.READ)
WRITE = allows(Role.ADMIN, Role.OWNER, scope=Scope.WRITE)


class NewReportSchedule(msgspec.Struct, forbid_unknown_fields=True):
    """`every`: week (Mondays), month (the first of each) or once (the day after the event), at 8:00 in its zone."""

    email: str
    every: Literal["week", "month", "once"]
    language: str = "en"


class ReportScheduleSeen(msgspec.Struct):
    """`state`: active, ended (30 days after the event, cancelled, or sent once) or stopped. `stopped_by`: partner or
    recipient. `email`: null once it is forgotten."""

    id: UUID
    event_id: UUID
    email: str | None
    every: str
    language: str
    state: str
    next_at: datetime | None
    created_at: datetime
    stopped_at: datetime | None
    stopped_by: str | None


class ReportSchedulesSeen(msgspec.Struct):
    items: list[ReportScheduleSeen]
    next: str | None


@post("/events/{id:uuid}/report-schedules", status_code=201, opt=WRITE, operation_id="createReportSchedule")
async def create(
    id: FromPath[UUID],
    data: JSONBody[NewReportSchedule],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[ReportScheduleSeen]:
    """Send the report to an address each time it is due, to five at most; nothing is sent before that.

    Nor while the partner is suspended, and of a cancelled event none. The address is deleted once nothing more is to
    come and the last link that was sent is over.
    """

    async def effect(session: AsyncSession, now: datetime) -> ReportScheduleSeen:
        given = msgspec.structs.asdict(data)
        return seen(await report_schedules.create(session, id, **given, keys=keys, now=now, by=actor))

    return await writes.answer(effect, status=201)


@get("/events/{id:uuid}/report-schedules", opt=READ, operation_id="listReportSchedules")
async def list_schedules(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> ReportSchedulesSeen:
    """Ended and stopped ones too, those made last first. `q`: of addresses. `sort`: email, made."""
    async with reads() as session:
        event = await reports.event_of(session, id, actor)
        rows, following = await pages.listed(
            session, queries.schedules(actor, event_id=event.id), queries.BY_MAIL, asked(q, sort, cursor, size)
        )
    return ReportSchedulesSeen([seen(row.ReportSchedule) for row in rows], following)


@post("/report-schedules/{id:uuid}/stop", status_code=200, opt=WRITE, operation_id="stopReportSchedule")
async def stop(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[ReportScheduleSeen]:
    """Send no more of it. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> ReportScheduleSeen:
        return seen(await report_schedules.stop(session, id, now=now, by=actor))

    return await writes.answer(effect)


def seen(schedule: ReportSchedule) -> ReportScheduleSeen:
    return msgspec.convert(schedule, ReportScheduleSeen, from_attributes=True)


HANDLERS: list[Any] = [create, list_schedules, stop]
