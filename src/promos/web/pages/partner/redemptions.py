"""Who took a pass, as far as each reader agreed to be known, and how one is cancelled."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import passes
from promos.models import Redemption
from promos.queries import results
from promos.rules.people import Actor
from promos.rules.refusals import NotFound, PassInUse
from promos.web import problems
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE, event_of
from promos.web.pages.show import errors_of, go, language_of, page


@get("/partner/events/{event_id:uuid}/redemptions", opt=READ)
async def redemptions_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        return await _shown(request, session, event_id, actor)


@post("/partner/redemptions/{redemption_id:uuid}/cancel", opt=WRITE)
async def cancel(
    request: Request[Any, Any, Any],
    redemption_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    mine = sa.select(Redemption.event_id).where(Redemption.id == redemption_id, Redemption.visible_to(actor))
    async with reads() as session:
        event_id = await session.scalar(mine)
    if event_id is None:
        raise NotFound("redemption")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await passes.cancel(session, [redemption_id], now=now, by=actor)

    try:
        await writes.run(effect)
    except PassInUse as refusal:
        errors = errors_of(refusal, language_of(request))
        async with reads() as session:
            return await _shown(
                request, session, event_id, actor, errors=errors, status=problems.status_of(type(refusal))
            )
    return go(f"/partner/events/{event_id}/redemptions", "saved")


async def _shown(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    event_id: UUID,
    actor: Actor,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    event = await event_of(session, event_id, actor)
    cursor = request.query_params.get("cursor")
    lines, following = await results.redemptions(session, by=actor, event_id=event.id, cursor=cursor)
    here = f"/partner/events/{event.id}/redemptions"
    return page(
        request,
        "partner/redemptions.html",
        status=status,
        event=event,
        lines=lines,
        here=here,
        next_href=f"{here}?cursor={following}" if following else None,
        first_href=here if cursor else None,
        errors=errors or {},
    )


HANDLERS: list[Any] = [redemptions_page, cancel]
