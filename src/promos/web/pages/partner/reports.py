"""The report of an event, shared with people who have no account: by links that end, and can be revoked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import reports
from promos.models import ReportLink
from promos.queries import pages
from promos.queries import reports as queries
from promos.rules.people import Actor
from promos.settings import Keys, Settings
from promos.web.api.reports import address
from promos.web.given import Reads, Writes
from promos.web.pages import lists
from promos.web.pages.partner.desk import READ, WRITE, event_of
from promos.web.pages.report import taken
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend

FIELDS = ("name", "language", "days")


@get("/partner/events/{event_id:uuid}/reports", opt=READ)
async def reports_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    typed = {"name": "", "language": language_of(request).code, "days": str(reports.DAYS)}
    async with reads() as session:
        return await _shown(request, session, event_id, actor, now, typed, {})


@post("/partner/events/{event_id:uuid}/reports", opt=WRITE, status_code=200)
async def share(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The link is on this one page and nowhere else."""
    typed = await Typed.of(request)
    given: Any = {"name": typed.text("name"), "language": typed.text("language"), "days": typed.whole("days") or 0}

    async def effect(session: AsyncSession, now: datetime) -> ReportLink:
        return await reports.share(session, event_id, **given, keys=keys, now=now, by=actor)

    try:
        made = await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = to_mend(refusal, language_of(request))
        async with reads() as session:
            return await _shown(request, session, event_id, actor, now, typed.shown(FIELDS), errors, status=status)
    async with reads() as session:
        event = await event_of(session, event_id, actor)
    headers = {"Cache-Control": "no-store"}
    where = address(made.id, keys, settings)
    return page(request, "partner/report_link.html", headers=headers, event=event, link=made, address=where)


@post("/partner/reports/{link_id:uuid}/revoke", opt=WRITE)
async def revoke(
    link_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> UUID:
        return (await reports.revoke(session, link_id, now=now, by=actor)).event_id

    return go(f"/partner/events/{await writes.run(effect)}/reports", "link-revoked")


@get("/partner/events/{event_id:uuid}/reports/pdf", opt=READ)
async def take(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[bytes]:
    """The report as a file, in the language of the desk."""
    async with reads() as session:
        event = await event_of(session, event_id, actor)
        found = await queries.of_event(session, event.id, language_of(request), now=now, by=actor)
    return await taken(found)


async def _shown(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    event_id: UUID,
    actor: Actor,
    now: datetime,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    event = await event_of(session, event_id, actor)
    found = lists.listed(request, queries.SORTED, path=f"/partner/events/{event.id}/reports")
    seen = queries.links(actor, event_id=event.id)
    rows, found.following = await pages.listed(session, seen, found.by, found.asked)
    return page(
        request,
        "partner/reports.html",
        status=status,
        event=event,
        list=found,
        links=[row.ReportLink for row in rows],
        typed=dict(typed),
        errors=dict(errors),
        now=now,
    )


HANDLERS: list[Any] = [reports_page, share, revoke, take]
