"""Promo codes on the event's page: made, paused, resumed, revoked, and given another limit in place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import codes
from promos.models import Offer, PromoCode
from promos.queries import codes as code_queries
from promos.rules import offers as rules
from promos.rules.people import Actor
from promos.rules.refusals import CodeMalformed, CodeTaken, NotFound, Refusal
from promos.web.access import needs_fresh
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import WRITE
from promos.web.pages.partner.event import shown
from promos.web.pages.show import go, language_of
from promos.web.pages.typed import TO_MEND, Typed, at_limit, to_mend


@post("/partner/offers/{offer_id:uuid}/codes", opt=WRITE)
async def create(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        event_id = await session.scalar(sa.select(Offer.event_id).where(Offer.id == offer_id, Offer.run_by(actor)))
    if event_id is None:
        raise NotFound("offer")
    limit = typed.whole("max")

    async def effect(session: AsyncSession, now: datetime) -> None:
        needs_label = typed.ticked("needs_label")
        await codes.create(
            session, offer_id, typed.text("code"), limit=limit, needs_label=needs_label, now=now, by=actor
        )

    try:
        typed.checked({"max": rules.CODE["limit"]}, {"max": limit})
        await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = to_mend(refusal, language_of(request), fields={CodeMalformed: "code", CodeTaken: "code"})
        async with reads() as session:
            return await shown(
                request,
                session,
                event_id,
                actor,
                now,
                typed=_of(typed.shown(("code", "max", "needs_label")), offer_id),
                errors=_of(errors, offer_id),
                status=status,
            )
    return go(f"/partner/events/{event_id}", "created")


@post("/partner/codes/{code:str}/limit", opt=WRITE)
async def change_limit(
    request: Request[Any, Any, Any],
    code: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        code_id, event_id = await _found(session, code, actor)
        before = await session.scalar(sa.select(PromoCode.limit).where(PromoCode.id == code_id))
    limit = typed.whole("limit")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await codes.update(session, code, limit=limit, now=now, by=actor)

    try:
        typed.checked(rules.CODE, {"limit": limit})
        if rules.gives_many(before, limit):
            needs_fresh(request)
        await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = _at(refusal, request)
        async with reads() as session:
            return await shown(
                request,
                session,
                event_id,
                actor,
                now,
                typed=_of(typed.shown(("limit",)), code_id),
                errors=_of(errors, code_id),
                status=status,
            )
    return go(f"/partner/events/{event_id}", "saved")


@post("/partner/codes/{code:str}/pause", opt=WRITE)
async def pause(
    code: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    return await _becomes("paused", code, reads, writes, actor)


@post("/partner/codes/{code:str}/resume", opt=WRITE)
async def resume(
    code: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    return await _becomes("active", code, reads, writes, actor)


@post("/partner/codes/{code:str}/revoke", opt=WRITE)
async def revoke(
    code: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    return await _becomes("revoked", code, reads, writes, actor)


@post("/partner/codes/{code:str}/label", opt=WRITE)
async def label(
    request: Request[Any, Any, Any],
    code: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Whether the code opens only with its label seen in what was sent."""
    needs_label = (await Typed.of(request)).ticked("needs_label")
    async with reads() as session:
        _, event_id = await _found(session, code, actor)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await codes.update(session, code, needs_label=needs_label, now=now, by=actor)

    await writes.run(effect)
    return go(f"/partner/events/{event_id}", "saved")


SAID = {"paused": "paused", "active": "resumed", "revoked": "revoked"}


async def _becomes(status: str, code: str, reads: Reads, writes: Writes, actor: Actor) -> Response[Any]:
    async with reads() as session:
        _, event_id = await _found(session, code, actor)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await codes.update(session, code, status=status, now=now, by=actor)

    await writes.run(effect)
    return go(f"/partner/events/{event_id}", SAID[status])


async def _found(session: AsyncSession, text: str, by: Actor) -> tuple[UUID, UUID]:
    """The code and its event, however it is written."""
    try:
        meant = code_queries.meant(text)
    except CodeMalformed:
        raise NotFound("code") from None
    row = await session.execute(sa.select(PromoCode.id, PromoCode.event_id).where(meant, PromoCode.run_by(by)))
    found = row.one_or_none()
    if found is None:
        raise NotFound("code")
    return found[0], found[1]


def _at(refusal: Refusal, request: Request[Any, Any, Any]) -> tuple[dict[str, str], int]:
    return to_mend(refusal, language_of(request), fields=at_limit("limit"))


def _of(fields: Mapping[str, str], of: UUID) -> dict[str, str]:
    """As the page calls the fields of one small form among many; the error of a form as a whole keeps its name."""
    return {f"{name}-{of}" if name else name: text for name, text in fields.items()}


HANDLERS: list[Any] = [create, change_limit, label, pause, resume, revoke]
