"""All offers and all public codes of the desk, whatever their event: to be searched, sorted and narrowed."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from promos.queries import catalogue, offers
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.web.given import Reads
from promos.web.pages import lists
from promos.web.pages.lists import Filter, told
from promos.web.pages.partner.desk import READ
from promos.web.pages.partner.event import state_of
from promos.web.pages.show import language_of, page

WHEN = {"": N_("all offers"), "open": N_("under way"), "later": N_("to come"), "over": N_("window is over")}
STATUS = {"": N_("all"), "active": N_("active"), "paused": N_("paused"), "revoked": N_("revoked")}


@get("/partner/offers", opt=READ)
async def offers_page(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    language = language_of(request)
    found = lists.listed(request, offers.DESK, Filter("when", language.gettext(N_("Time")), told(language, WHEN)))
    async with reads() as session:
        rows, found.following = await offers.listed(session, actor, found.asked, now=now, when=found.chosen["when"])
    return page(request, "partner/offers.html", list=found, rows=rows, now=now)


@get("/partner/codes", opt=READ)
async def codes_page(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Public words; secret ones come by the thousand and stand with their order."""
    language = language_of(request)
    found = lists.listed(
        request, catalogue.DESK, Filter("status", language.gettext(N_("State")), told(language, STATUS))
    )
    async with reads() as session:
        rows, found.following = await catalogue.run(session, actor, found.asked, status=found.chosen["status"])
    states = {row.code.id: state_of(row, now) for row in rows}
    return page(request, "partner/codes.html", list=found, rows=rows, states=states, now=now)


HANDLERS: list[Any] = [offers_page, codes_page]
