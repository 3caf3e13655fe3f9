"""An admin suspends a partner, and lifts that again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import suspensions
from promos.models import Partner
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.web.access import allows
from promos.web.given import Reads, Writes
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend

READ, WRITE = allows(Role.ADMIN, scope=Scope.READ), allows(Role.ADMIN, scope=Scope.WRITE)


@get("/admin/partners/{partner_id:uuid}/suspension", opt=READ)
async def suspension_page(
    request: Request[Any, Any, Any], partner_id: FromPath[UUID], reads: NamedDependency[Reads]
) -> Response[str]:
    async with reads() as session:
        partner = await _partner(session, partner_id)
    return page(request, "admin/suspension.html", partner=partner, typed={"why": ""}, errors={})


@post("/admin/partners/{partner_id:uuid}/suspension", opt=WRITE)
async def suspend(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await suspensions.suspend(session, partner_id, typed.text("why"), now=now, by=actor)

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = to_mend(refusal, language_of(request))
        async with reads() as session:
            partner = await _partner(session, partner_id)
        shown = typed.shown(["why"])
        return page(request, "admin/suspension.html", partner=partner, typed=shown, errors=errors, status=status)
    return go(f"/admin/partners/{partner_id}/suspension", "suspended")


@post("/admin/partners/{partner_id:uuid}/suspension/lift", opt=WRITE)
async def lift(
    partner_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> None:
        await suspensions.lift(session, partner_id, now=now, by=actor)

    await writes.run(effect)
    return go(f"/admin/partners/{partner_id}/suspension", "lifted")


async def _partner(session: AsyncSession, partner_id: UUID) -> Partner:
    partner = await session.get(Partner, partner_id)
    if partner is None:
        raise NotFound("partner")
    return partner


HANDLERS: list[Any] = [suspension_page, suspend, lift]
