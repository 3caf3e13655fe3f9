"""An event is created and changed: what it is, when on the clocks of its place, and why one comes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import events
from promos.models import Event, Partner
from promos.queries import events as queries
from promos.rules import events as rules
from promos.rules import offers
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import ReadersToTell, Refusal
from promos.web.access import needs_fresh
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE, event_of, partners_of
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, at_limit, local, to_mend, zones

FIELDS = (
    *("partner_id", "name", "edition", "timezone", "starts_at", "ends_at", "venue", "city", "country", "url"),
    *("highlights", "asks_name", "asks_company", "capacity"),
)


@get("/partner/events/new", opt=READ)
async def new_page(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[str]:
    async with reads() as session:
        partners = await partners_of(session, actor)
    typed = dict.fromkeys(FIELDS, "") | {"timezone": "Europe/Paris", "country": "FR"}
    if len(partners) == 1:
        typed["country"] = partners[0].country
    return _form(request, typed, {}, partners=partners)


@post("/partner/events/new", opt=WRITE)
async def create(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        partners = await partners_of(session, actor)
    chosen = partners[0].id if len(partners) == 1 else typed.id("partner_id")
    if chosen is None:
        typed.errors["partner_id"] = N_("Choose whose event it is.")
    given: Any = _given(typed, None)

    async def effect(session: AsyncSession, now: datetime) -> UUID:
        return (await events.create(session, chosen or UUID(int=0), now=now, by=actor, **given)).id

    try:
        typed.checked(rules.EVENT, given)
        made = await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, typed, refusal, partners=partners)
    return go(f"/partner/events/{made}", "created")


@get("/partner/events/{event_id:uuid}/edit", opt=READ)
async def edit_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        event = await event_of(session, event_id, actor)
    return _form(request, _written(event), {}, event=event)


@post("/partner/events/{event_id:uuid}/edit", opt=WRITE)
async def change(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        event = await event_of(session, event_id, actor)
    given: Any = _given(typed, event)
    tells = typed.ticked("tell_readers")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await events.update(session, event_id, tell_readers=tells, now=now, by=actor, **given)

    try:
        typed.checked(rules.EVENT, given)
        if offers.gives_many(event.capacity, given["capacity"]):
            needs_fresh(request)
        await writes.run(effect)
    except ReadersToTell as refusal:
        return _form(request, typed.shown(FIELDS), {}, event=event, to_tell=refusal.readers, status=409)
    except TO_MEND as refusal:
        return _again(request, typed, refusal, event=event)
    return go(f"/partner/events/{event_id}", "moved" if tells else "saved")


@post("/partner/events/{event_id:uuid}/cancel", opt=WRITE)
async def cancel(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """The page has said how many readers are told."""
    async with reads() as session:
        await event_of(session, event_id, actor)
        if await queries.has_passes(session, event_id):
            needs_fresh(request)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await events.cancel(session, event_id, tell_readers=True, now=now, by=actor)

    await writes.run(effect)
    return go(f"/partner/events/{event_id}", "cancelled")


def _given(typed: Typed, event: Event | None) -> dict[str, Any]:
    zone = typed.text("timezone")
    return {
        "name": typed.text("name"),
        "edition": typed.text("edition"),
        "timezone": zone,
        "starts_at": typed.moment("starts_at", zone, event.starts_at if event else None),
        "ends_at": typed.moment("ends_at", zone, event.ends_at if event else None),
        "venue": typed.text("venue"),
        "city": typed.text("city"),
        "country": typed.text("country"),
        "url": typed.text("url"),
        "highlights": typed.text("highlights").splitlines(),
        "asks_name": typed.ticked("asks_name"),
        "asks_company": typed.ticked("asks_company"),
        "capacity": typed.whole("capacity"),
    }


def _written(event: Event) -> dict[str, str]:
    """The event as its form shows it."""
    shown = {name: str(getattr(event, name) or "") for name in FIELDS}
    return shown | {
        "starts_at": local(event.starts_at, event.timezone),
        "ends_at": local(event.ends_at, event.timezone),
        "highlights": "\n".join(event.highlights),
        "asks_name": "true" if event.asks_name else "",
        "asks_company": "true" if event.asks_company else "",
    }


def _again(
    request: Request[Any, Any, Any],
    typed: Typed,
    refusal: Refusal,
    *,
    event: Event | None = None,
    partners: list[Partner] | None = None,
) -> Response[str]:
    errors, status = to_mend(refusal, language_of(request), fields=at_limit("capacity"))
    return _form(request, typed.shown(FIELDS), errors, event=event, partners=partners, status=status)


def _form(
    request: Request[Any, Any, Any],
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    event: Event | None = None,
    partners: list[Partner] | None = None,
    to_tell: int = 0,
    status: int = 200,
) -> Response[str]:
    """`to_tell`: readers who hold passes, and hear of these changes once they are confirmed."""
    return page(
        request,
        "partner/event_form.html",
        to_tell=to_tell,
        status=status,
        event=event,
        partners=[(str(each.id), each.name) for each in partners or []],
        zones=zones(),
        typed=dict(typed),
        errors=dict(errors),
    )


HANDLERS: list[Any] = [new_page, create, edit_page, change, cancel]
