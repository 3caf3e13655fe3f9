"""Phones at the doors: made for some events, paired by a code that is shown once, revoked at any moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import devices
from promos.models import Device, Event
from promos.queries import devices as queries
from promos.queries import pages
from promos.rendering import qr
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest
from promos.settings import Keys, Settings
from promos.web.access import fresh
from promos.web.api.devices import link
from promos.web.given import Reads, Writes
from promos.web.pages import lists
from promos.web.pages.partner.desk import READ, WRITE
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend

MOST_EVENTS = 50  # to choose from: those that end last


@get("/partner/devices", opt=READ)
async def devices_page(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    async with reads() as session:
        return await _shown(request, session, actor, now, {"name": ""}, [], {})


@post("/partner/devices", opt=fresh(WRITE), status_code=200)
async def create(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The code is on this one page and nowhere else."""
    typed = await Typed.of(request)
    chosen = typed.ids("event_ids")

    async def effect(session: AsyncSession, now: datetime) -> Device:
        partner_id = await session.scalar(sa.select(Event.partner_id).where(Event.id.in_(chosen), Event.run_by(actor)))
        if partner_id is None:
            raise InvalidRequest({"event_ids": N_("Choose at least one event.")})
        name = typed.text("name")
        return await devices.create(session, partner_id, name=name, event_ids=chosen, keys=keys, now=now, by=actor)

    try:
        made = await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = to_mend(refusal, language_of(request))
        async with reads() as session:
            shown = typed.shown(("name",))
            return await _shown(request, session, actor, now, shown, typed.all("event_ids"), errors, status=status)
    return _code_page(request, made, typed.text("name"), keys, settings)


@post("/partner/devices/{device_id:uuid}/code", opt=fresh(WRITE), status_code=200)
async def renew_code(
    request: Request[Any, Any, Any],
    device_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    settings: NamedDependency[Settings],
) -> Response[str]:
    async def effect(session: AsyncSession, now: datetime) -> tuple[Device, str]:
        device = await devices.renew_code(session, device_id, keys=keys, now=now, by=actor)
        return device, (await queries.one(session, device.id, actor, now=now)).token.name

    device, name = await writes.run(effect)
    return _code_page(request, device, name, keys, settings)


@post("/partner/devices/{device_id:uuid}/revoke", opt=WRITE)
async def revoke(
    device_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> None:
        await devices.revoke(session, device_id, now=now, by=actor)

    await writes.run(effect)
    return go("/partner/devices", "removed")


async def _shown(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    actor: Actor,
    now: datetime,
    typed: Mapping[str, str],
    chosen: Sequence[str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    found = lists.listed(request, queries.SORTED, path="/partner/devices")
    rows, found.following = await pages.listed(session, queries.seen(actor), found.by, found.asked)
    standings = [queries.standing(row.Device, row.Token, now) for row in rows]
    events = sa.select(Event).where(Event.run_by(actor)).order_by(Event.ends_at.desc()).limit(MOST_EVENTS)
    return page(
        request,
        "partner/devices.html",
        status=status,
        list=found,
        rows=standings,
        doors=await queries.doors(session, standings),
        events=list(await session.scalars(events)),
        typed=dict(typed),
        chosen=chosen,
        errors=dict(errors),
        now=now,
    )


def _code_page(
    request: Request[Any, Any, Any], device: Device, name: str, keys: Keys, settings: Settings
) -> Response[str]:
    code, language = devices.code(device, keys), language_of(request)
    picture = qr.svg(link(code, settings), language.gettext(N_("Pairing code")))
    headers = {"Cache-Control": "no-store"}
    return page(
        request,
        "partner/device_code.html",
        headers=headers,
        name=name,
        code=code,
        address=link(code, settings).partition("?")[0],
        picture=picture,
        minutes=int(devices.CODE_LIVES.total_seconds() // 60),
    )


HANDLERS: list[Any] = [devices_page, create, renew_code, revoke]
