"""What one gets in with: its name, its worth and how many there can be."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import events
from promos.models import Event, PassType
from promos.rules import events as rules
from promos.rules import offers
from promos.rules.money import major
from promos.rules.people import Actor
from promos.rules.refusals import NotFound, Refusal, TermsFrozen
from promos.web.access import needs_fresh
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE, event_of
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, at_limit, to_mend

WORTH = "face_value"
FIELDS = ("name", f"{WORTH}_amount", f"{WORTH}_currency", f"{WORTH}_vat", f"{WORTH}_vat_rate", "capacity")


@get("/partner/events/{event_id:uuid}/pass-types/new", opt=READ)
async def new_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        event = await event_of(session, event_id, actor)
    typed = dict.fromkeys(FIELDS, "") | {f"{WORTH}_currency": "EUR", f"{WORTH}_vat": "included"}
    return _form(request, event, None, typed, {})


@post("/partner/events/{event_id:uuid}/pass-types/new", opt=WRITE)
async def create(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        event = await event_of(session, event_id, actor)
    given: Any = _given(typed)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await events.create_pass_type(session, event_id, now=now, by=actor, **given)

    try:
        typed.checked(rules.PASS_TYPE, given)
        await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, event, None, typed, refusal)
    return go(f"/partner/events/{event_id}", "created")


@get("/partner/pass-types/{pass_type_id:uuid}", opt=READ)
async def edit_page(
    request: Request[Any, Any, Any],
    pass_type_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        event, kind = await _found(session, pass_type_id, actor)
    return _form(request, event, kind, _written(kind), {})


@post("/partner/pass-types/{pass_type_id:uuid}", opt=WRITE)
async def change(
    request: Request[Any, Any, Any],
    pass_type_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        event, kind = await _found(session, pass_type_id, actor)
    given: Any = _given(typed)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await events.update_pass_type(session, pass_type_id, now=now, by=actor, **given)

    try:
        typed.checked(rules.PASS_TYPE, given)
        if offers.gives_many(kind.capacity, given["capacity"]):
            needs_fresh(request)
        await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, event, kind, typed, refusal)
    return go(f"/partner/events/{event.id}", "saved")


async def _found(session: AsyncSession, pass_type_id: UUID, by: Actor) -> tuple[Event, PassType]:
    row = await session.execute(
        sa.select(Event, PassType)
        .join(Event, PassType.event_id == Event.id)
        .where(PassType.id == pass_type_id, Event.run_by(by))
    )
    found = row.one_or_none()
    if found is None:
        raise NotFound("pass type")
    return found[0], found[1]


def _given(typed: Typed) -> dict[str, Any]:
    currency = typed.text(f"{WORTH}_currency").upper()
    return {
        "name": typed.text("name"),
        "face_value": typed.amount(WORTH, currency),
        "currency": currency,
        "vat": typed.text(f"{WORTH}_vat"),
        "vat_rate": typed.percent(f"{WORTH}_vat_rate", WORTH),
        "capacity": typed.whole("capacity"),
    }


def _written(kind: PassType) -> dict[str, str]:
    return {
        "name": kind.name,
        f"{WORTH}_amount": major(kind.face_value, kind.currency),
        f"{WORTH}_currency": kind.currency,
        f"{WORTH}_vat": kind.vat,
        f"{WORTH}_vat_rate": "" if kind.vat_rate is None else f"{kind.vat_rate.normalize():f}",
        "capacity": "" if kind.capacity is None else str(kind.capacity),
    }


def _again(
    request: Request[Any, Any, Any], event: Event, kind: PassType | None, typed: Typed, refusal: Refusal
) -> Response[str]:
    errors, status = to_mend(
        refusal, language_of(request), fields={**at_limit("capacity"), TermsFrozen: WORTH}, worth=WORTH
    )
    return _form(request, event, kind, typed.shown(FIELDS), errors, status=status)


def _form(
    request: Request[Any, Any, Any],
    event: Event,
    kind: PassType | None,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    return page(
        request,
        "partner/pass_type_form.html",
        status=status,
        event=event,
        kind=kind,
        typed=dict(typed),
        errors=dict(errors),
    )


HANDLERS: list[Any] = [new_page, create, edit_page, change]
