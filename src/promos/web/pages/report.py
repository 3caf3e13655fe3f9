"""The report of an event for whoever has the link: one page, no account, nothing to press, nobody's address."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import report_schedules, reports
from promos.models import Event, ReportLink, ReportSchedule
from promos.queries import reports as queries
from promos.rendering import language as languages
from promos.rendering import report_files
from promos.rendering.language import Language
from promos.rendering.reports import Report
from promos.rules import signing
from promos.rules.language import LANGUAGES
from promos.rules.refusals import ReportLinkEnded
from promos.rules.texts import slug_of
from promos.settings import Keys
from promos.web.access import ANYONE, ONE_CLICK
from promos.web.given import Reads, Writes
from promos.web.pages.show import language_of, page

SECRET = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


@get("/report/{secret:str}", opt=ANYONE)
async def report_page(
    request: Request[Any, Any, Any],
    secret: FromPath[str],
    reads: NamedDependency[Reads],
    now: NamedDependency[datetime],
) -> Response[str]:
    """In the language it was shared in, unless the address says another one."""
    async with reads() as session:
        link, found = await _opened(request, session, secret, now)
    return page(request, "report.html", language=found.language, headers=SECRET, report=found, link=link)


@get("/report/{secret:str}/pdf", opt=ANYONE)
async def report_file(
    request: Request[Any, Any, Any],
    secret: FromPath[str],
    reads: NamedDependency[Reads],
    now: NamedDependency[datetime],
) -> Response[bytes]:
    """The same page as a file."""
    async with reads() as session:
        _, found = await _opened(request, session, secret, now)
    return await taken(found)


async def taken(report: Report) -> Response[bytes]:
    """The file is made in a thread: nobody else waits for it."""
    made = await asyncio.to_thread(report_files.pdf, report)
    headers = SECRET | {"Content-Disposition": f'attachment; filename="{slug_of(report.event)}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


async def _opened(
    request: Request[Any, Any, Any], session: AsyncSession, secret: str, now: datetime
) -> tuple[ReportLink, Report]:
    link = await reports.behind(session, secret, now=now)
    speaks = _speaks(request, link.language)
    return link, await queries.of_event(session, link.event_id, speaks, now=now, by=reports.bearer(link))


def _speaks(request: Request[Any, Any, Any], otherwise: str) -> Language:
    """The language that the address asks for."""
    chosen = request.query_params.get("lang")
    return languages.language(chosen if chosen in LANGUAGES else otherwise)


@get("/stop-report/{link:str}", opt=ANYONE)
async def stop_page(
    request: Request[Any, Any, Any],
    link: FromPath[str],
    reads: NamedDependency[Reads],
    keys: NamedDependency[Keys],
) -> Response[str]:
    """Where the mail leads who wants no more of them: opening it changes nothing."""
    async with reads() as session:
        return await _stop_page(request, session, await session.get(ReportSchedule, _stopped(link, keys)))


@post("/stop-report/{link:str}", opt=ONE_CLICK, status_code=200)
async def stop(
    request: Request[Any, Any, Any],
    link: FromPath[str],
    writes: NamedDependency[Writes],
    reads: NamedDependency[Reads],
    keys: NamedDependency[Keys],
) -> Response[str]:
    """By the button of the page, or by that of a mail program. Again changes nothing."""

    async def effect(session: AsyncSession, now: datetime) -> ReportSchedule | None:
        return await report_schedules.stop_mine(session, _stopped(link, keys), now=now)

    stopped = await writes.run(effect)
    async with reads() as session:
        return await _stop_page(request, session, stopped)


async def _stop_page(
    request: Request[Any, Any, Any], session: AsyncSession, schedule: ReportSchedule | None
) -> Response[str]:
    """Of one that ended long ago nothing is on file, and nothing is to be stopped."""
    if schedule is None:
        speaks, event, is_stopped = language_of(request), None, True
    else:
        speaks, event = _speaks(request, schedule.language), await session.get_one(Event, schedule.event_id)
        is_stopped = schedule.stopped_by == "recipient"
    return page(request, "stop_report.html", language=speaks, headers=SECRET, event=event, is_stopped=is_stopped)


def _stopped(link: str, keys: Keys) -> UUID:
    schedule_id = signing.opened(keys.signing, "stop-report", link)
    if schedule_id is None:
        raise ReportLinkEnded
    return schedule_id


HANDLERS: list[Any] = [report_page, report_file, stop_page, stop]
