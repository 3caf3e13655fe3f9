"""The report of an event by mail: who gets it, and how often; an owner names them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import report_schedules
from promos.queries import pages
from promos.queries import reports as queries
from promos.rules.people import Actor, Role
from promos.settings import Keys
from promos.web.api.report_schedules import WRITE
from promos.web.given import Reads, Writes
from promos.web.pages import lists
from promos.web.pages.partner.desk import READ, event_of
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend

FIELDS = ("email", "every", "language")


@get("/partner/events/{event_id:uuid}/reports/mails", opt=READ)
async def mails_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    typed = {"email": "", "every": "week", "language": language_of(request).code}
    async with reads() as session:
        return await _shown(request, session, event_id, actor, typed, {})


@post("/partner/events/{event_id:uuid}/reports/mails", opt=WRITE)
async def create(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    typed = await Typed.of(request)
    given = typed.shown(FIELDS)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await report_schedules.create(session, event_id, **given, keys=keys, now=now, by=actor)

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = to_mend(refusal, language_of(request))
        async with reads() as session:
            return await _shown(request, session, event_id, actor, given, errors, status=status)
    return go(f"/partner/events/{event_id}/reports/mails", "report-scheduled")


@post("/partner/report-schedules/{schedule_id:uuid}/stop", opt=WRITE)
async def stop(
    schedule_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> UUID:
        return (await report_schedules.stop(session, schedule_id, now=now, by=actor)).event_id

    return go(f"/partner/events/{await writes.run(effect)}/reports/mails", "report-stopped")


async def _shown(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    event_id: UUID,
    actor: Actor,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    event = await event_of(session, event_id, actor)
    found = lists.listed(request, queries.BY_MAIL, path=f"/partner/events/{event.id}/reports/mails")
    seen = queries.schedules(actor, event_id=event.id)
    rows, found.following = await pages.listed(session, seen, found.by, found.asked)
    return page(
        request,
        "partner/report_mails.html",
        status=status,
        event=event,
        list=found,
        schedules=[row.ReportSchedule for row in rows],
        is_owner=actor.runs(event.partner_id, Role.OWNER),
        typed=dict(typed),
        errors=dict(errors),
    )


HANDLERS: list[Any] = [mails_page, create, stop]
