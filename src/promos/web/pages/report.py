"""The report of an event for whoever has the link: one page, no account, nothing to press, nobody's address."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from promos.actions import reports
from promos.queries import reports as queries
from promos.rendering import language as languages
from promos.rules.language import LANGUAGES
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
        link = await reports.behind(session, secret, now=now)
        chosen = request.query_params.get("lang")
        speaks = languages.language(chosen if chosen in LANGUAGES else link.language)
        found = await queries.of_event(session, link.event_id, speaks, now=now, by=reports.bearer(link))
    return page(request, "report.html", language=speaks, headers=SECRET, report=found, link=link)


HANDLERS: list[Any] = [report_page]
