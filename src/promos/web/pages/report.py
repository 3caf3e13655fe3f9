"""The report of an event for whoever has the link: one page, no account, nothing to press, nobody's address."""

import asyncio
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import reports
from promos.models import ReportLink
from promos.queries import reports as queries
from promos.rendering import language as languages
from promos.rendering import report_files
from promos.rendering.reports import Report
from promos.rules.language import LANGUAGES
from promos.rules.texts import slug_of
from promos.web.access import ANYONE
from promos.web.given import Reads
from promos.web.pages.show import page

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
        link, found = await _opened(session, secret, request.query_params.get("lang"), now)
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
        _, found = await _opened(session, secret, request.query_params.get("lang"), now)
    return await taken(found)


async def taken(report: Report) -> Response[bytes]:
    """The file is made in a thread: nobody else waits for it."""
    made = await asyncio.to_thread(report_files.pdf, report)
    headers = SECRET | {"Content-Disposition": f'attachment; filename="{slug_of(report.event)}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


async def _opened(session: AsyncSession, secret: str, chosen: str | None, now: datetime) -> tuple[ReportLink, Report]:
    link = await reports.behind(session, secret, now=now)
    speaks = languages.language(chosen if chosen in LANGUAGES else link.language)
    return link, await queries.of_event(session, link.event_id, speaks, now=now, by=reports.bearer(link))


HANDLERS: list[Any] = [report_page, report_file]
