"""Readers who agreed that the partner sees something of them: who, what, since when, by which code; did they come?"""

from typing import Any

import sqlalchemy as sa
from litestar import Request, Response, get
from litestar.di import NamedDependency

from promos.models import Event
from promos.queries import results
from promos.rules.people import Actor
from promos.web.given import Reads
from promos.web.pages import lists
from promos.web.pages.partner.desk import READ, partners_of
from promos.web.pages.show import page


@get("/partner/readers", opt=READ)
async def readers_page(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[str]:
    found = lists.listed(request, results.SORTED)
    async with reads() as session:
        lines, found.following = await results.redemptions(session, by=actor, agreed=True, asked=found.asked)
        named = sa.select(Event.id, Event.name, Event.timezone).where(Event.id.in_({line.event_id for line in lines}))
        events = {row.id: row for row in await session.execute(named)}
        counts = await results.agreed(session, by=actor)
        partners = await partners_of(session, actor)
    return page(
        request, "partner/readers.html", list=found, lines=lines, events=events, counts=counts, partners=partners
    )


HANDLERS: list[Any] = [readers_page]
