"""Where a partner begins: what waits for them, and their events."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Event, Partner
from promos.queries import beginnings, events, issues
from promos.rules.language import N_
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.web.access import allows
from promos.web.given import Reads
from promos.web.pages import lists
from promos.web.pages.lists import Filter, told
from promos.web.pages.show import language_of, page

RUNS = (Role.ADMIN, Role.OWNER, Role.MEMBER)
READ, WRITE = allows(*RUNS, scope=Scope.READ), allows(*RUNS, scope=Scope.WRITE)


@get("/partner", opt=READ)
async def home(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    language = language_of(request)
    times = {"": N_("all"), "come": N_("to come"), "over": N_("over"), "archived": N_("archived")}
    when = Filter("when", language.gettext(N_("Time")), told(language, times))
    found = lists.listed(request, events.DESK, when)
    async with reads() as session:
        waiting = [
            each for each in await issues.blocks_missing_declaration(session, actor) if "partner" in each.parties
        ]
        listed, found.following = await events.listed(session, actor, found.asked, now=now, when=found.chosen["when"])
        partners = await partners_of(session, actor)
        begins = await beginnings.of(session, actor)
    return page(
        request,
        "partner/home.html",
        waiting=waiting,
        listed=listed,
        has_many=len(partners) > 1,
        partners=partners,
        list=found,
        begins=begins,
        now=now,
    )


async def partners_of(session: AsyncSession, by: Actor, *roles: Role) -> list[Partner]:
    """The partners for whom `by` works, in one of `roles` (default: owner, member); an admin for all."""
    reached = sa.true() if by.is_admin else Partner.id.in_(by.partners(*(roles or (Role.OWNER, Role.MEMBER))))
    return list(await session.scalars(sa.select(Partner).where(reached).order_by(Partner.name, Partner.id)))


async def event_of(session: AsyncSession, event_id: UUID, by: Actor) -> Event:
    """An event that `by` runs; raises `NotFound`."""
    event = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.run_by(by)))
    if event is None:
        raise NotFound("event")
    return event


HANDLERS: list[Any] = [home]
