"""Who took a pass or asks for one, as far as each reader agreed to be known; approved, declined, cancelled."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import passes
from promos.actions.passes import Ended
from promos.models import Pass, Redemption
from promos.queries import results
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import Blocked, HoldExpired, InvalidRequest, NotFound, Over
from promos.web import problems
from promos.web.given import Effect, Reads, Writes
from promos.web.pages import lists
from promos.web.pages.lists import Filter, told
from promos.web.pages.partner.desk import READ, WRITE, event_of
from promos.web.pages.show import errors_of, go, language_of, page

STATES = {
    "": N_("all"),
    "confirmed": N_("confirmed"),
    "held": N_("held"),
    "cancelled": N_("cancelled"),
    "expired": N_("expired"),
}


@get("/partner/events/{event_id:uuid}/redemptions", opt=READ)
async def redemptions_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    only = "review" if request.query_params.get("only") == "review" else None
    async with reads() as session:
        return await _shown(request, session, event_id, actor, only=only)


@post("/partner/redemptions/{redemption_id:uuid}/confirm", opt=WRITE)
async def confirm(
    request: Request[Any, Any, Any],
    redemption_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Yes to a reader, or to a hold of the own shop."""

    async def effect(session: AsyncSession, now: datetime) -> None:
        await passes.confirm(session, [redemption_id], now=now, by=actor)

    return await _decided(request, redemption_id, reads, writes, actor, effect)


@post("/partner/redemptions/{redemption_id:uuid}/cancel", opt=WRITE)
async def cancel(
    request: Request[Any, Any, Any],
    redemption_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """No to a reader, a hold let go, or a pass taken back.

    With `held`, whoever pressed the button saw a hold: a pass that was given since then stays.
    """
    was_held = bool((await request.form()).get("held"))

    async def effect(session: AsyncSession, now: datetime) -> None:
        [ended] = await passes.cancel(session, [redemption_id], now=now, by=actor)
        if was_held:
            await _refuse_if_late(session, ended)

    return await _decided(request, redemption_id, reads, writes, actor, effect)


async def _refuse_if_late(session: AsyncSession, ended: Ended) -> None:
    """Undo what this transaction did if there was no hold any more."""
    row = await session.get_one(Redemption, ended.redemption_id)
    if ended.state == "expired" and row.expires_at:
        raise HoldExpired(row.expires_at)
    given = sa.select(sa.exists().where(Pass.redemption_id == row.id))
    if ended.is_new and await session.scalar(given):
        raise InvalidRequest({"": N_("A pass was given meanwhile, and it is still good. Cancel it if you mean to.")})


async def _decided(
    request: Request[Any, Any, Any],
    redemption_id: UUID,
    reads: Reads,
    writes: Writes,
    actor: Actor,
    effect: Effect[None],
) -> Response[Any]:
    """Back to the list, which says so if it came too late."""
    mine = sa.select(Redemption.event_id).where(Redemption.id == redemption_id, Redemption.visible_to(actor))
    async with reads() as session:
        event_id = await session.scalar(mine)
    if event_id is None:
        raise NotFound("redemption")
    only = "review" if (await request.form()).get("only") == "review" else None
    try:
        await writes.run(effect)
    except (Blocked, InvalidRequest, Over) as refusal:
        errors, status = errors_of(refusal, language_of(request)), problems.status_of(type(refusal))
        async with reads() as session:
            return await _shown(request, session, event_id, actor, only=only, errors=errors, status=status)
    return go(f"/partner/events/{event_id}/redemptions{'?only=review' if only else ''}", "saved")


async def _shown(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    event_id: UUID,
    actor: Actor,
    *,
    only: str | None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    event = await event_of(session, event_id, actor)
    language = language_of(request)
    whole = f"/partner/events/{event.id}/redemptions"
    state = Filter("state", language.gettext(N_("State")), told(language, STATES))
    found = lists.listed(
        request, results.SORTED, *(() if only else (state,)), path=whole, kept={"only": only} if only else {}
    )
    lines, found.following = await results.redemptions(
        session,
        by=actor,
        event_id=event.id,
        held_for=only,
        state=found.chosen.get("state") or None,
        asked=found.asked,
    )
    return page(
        request,
        "partner/redemptions.html",
        status=status,
        event=event,
        lines=lines,
        whole=whole,
        here=f"{whole}?only=review" if only else whole,
        list=found,
        only=only,
        to_decide=await results.to_decide(session, event.id, by=actor),
        now=request.app.state.clock(),
        errors=errors or {},
    )


HANDLERS: list[Any] = [redemptions_page, confirm, cancel]
