"""The terms of a give-away: how many, from when until when, proved how, and in which newsletters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import offers
from promos.models import Event, Offer, PassType, Publication
from promos.rules import offers as rules
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import NotFound, Refusal, TermsFrozen
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE, event_of
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, at_limit, local, to_mend

FIELDS = (
    *("name", "pass_type_id", "limit", "opens_at", "ends_at", "proof", "on_cancel", "eligibility"),
    "conditions_url",
)


@get("/partner/events/{event_id:uuid}/offers/new", opt=READ)
async def new_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[Any]:
    async with reads() as session:
        event = await event_of(session, event_id, actor)
        choices = await _choices(session, event, actor)
    if not choices["pass_types"]:
        return go(f"/partner/events/{event_id}/pass-types/new")
    typed = dict.fromkeys(FIELDS, "") | {"proof": "mailbox", "on_cancel": "return"}
    typed["opens_at"], typed["ends_at"] = local(now, event.timezone), local(event.starts_at, event.timezone)
    if len(choices["pass_types"]) == 1:
        typed["pass_type_id"] = choices["pass_types"][0][0]
    return _form(request, event, None, choices, typed, [], {})


@post("/partner/events/{event_id:uuid}/offers/new", opt=WRITE)
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
        choices = await _choices(session, event, actor)
    given: Any = _given(typed, event, None)
    kind, publications = _kind(typed), typed.ids("publication_ids")
    if not given["name"]:
        del given["name"]

    async def effect(session: AsyncSession, now: datetime) -> None:
        await offers.create(session, event_id, kind, publication_ids=publications, now=now, by=actor, **given)

    try:
        typed.checked(rules.OFFER, given)
        await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, event, None, choices, typed, refusal)
    return go(f"/partner/events/{event_id}", "created")


@get("/partner/offers/{offer_id:uuid}", opt=READ)
async def edit_page(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        event, offer = await _found(session, offer_id, actor)
        choices = await _choices(session, event, actor)
        named = (await offers.publications(session, [offer.id]))[offer.id]
    return _form(request, event, offer, choices, _written(event, offer), [str(each) for each in named], {})


@post("/partner/offers/{offer_id:uuid}", opt=WRITE)
async def change(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        event, offer = await _found(session, offer_id, actor)
        choices = await _choices(session, event, actor)
    given: Any = _given(typed, event, offer)
    kind, publications = _kind(typed), typed.ids("publication_ids")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await offers.update(
            session, offer_id, now=now, by=actor, pass_type_id=kind, publication_ids=publications, **given
        )

    try:
        typed.checked(rules.OFFER, given)
        await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, event, offer, choices, typed, refusal)
    return go(f"/partner/events/{event.id}", "saved")


async def _found(session: AsyncSession, offer_id: UUID, by: Actor) -> tuple[Event, Offer]:
    row = await session.execute(
        sa.select(Event, Offer).join(Event, Offer.event_id == Event.id).where(Offer.id == offer_id, Offer.run_by(by))
    )
    found = row.one_or_none()
    if found is None:
        raise NotFound("offer")
    return found[0], found[1]


async def _choices(session: AsyncSession, event: Event, by: Actor) -> dict[str, list[tuple[str, str]]]:
    """What there is to choose from: the event's pass types, the newsletters of the house."""
    kinds = sa.select(PassType).where(PassType.event_id == event.id).order_by(PassType.id)
    letters = sa.select(Publication).where(Publication.visible_to(by)).order_by(Publication.name, Publication.id)
    return {
        "pass_types": [(str(each.id), each.name) for each in await session.scalars(kinds)],
        "publications": [(str(each.id), each.name) for each in await session.scalars(letters)],
    }


def _kind(typed: Typed) -> UUID:
    kind = typed.id("pass_type_id")
    if kind is None:
        typed.errors["pass_type_id"] = N_("Choose what is given.")
    return kind or UUID(int=0)


def _given(typed: Typed, event: Event, offer: Offer | None) -> dict[str, Any]:
    zone = event.timezone
    return {
        "name": typed.text("name"),
        "limit": typed.whole("limit"),
        "opens_at": typed.moment("opens_at", zone, offer.opens_at if offer else None),
        "ends_at": typed.moment("ends_at", zone, offer.ends_at if offer else None),
        "proof": typed.text("proof"),
        "on_cancel": typed.text("on_cancel"),
        "eligibility": typed.text("eligibility"),
        "conditions_url": typed.text("conditions_url"),
    }


def _written(event: Event, offer: Offer) -> dict[str, str]:
    shown = {name: str(getattr(offer, name) or "") for name in FIELDS}
    moments = {name: local(getattr(offer, name), event.timezone) for name in ("opens_at", "ends_at")}
    return shown | moments


def _again(
    request: Request[Any, Any, Any],
    event: Event,
    offer: Offer | None,
    choices: Mapping[str, Any],
    typed: Typed,
    refusal: Refusal,
) -> Response[str]:
    fields = {**at_limit("limit"), TermsFrozen: "pass_type_id"}
    errors, status = to_mend(refusal, language_of(request), fields=fields)
    chosen = typed.all("publication_ids")
    return _form(request, event, offer, choices, typed.shown(FIELDS), chosen, errors, status=status)


def _form(
    request: Request[Any, Any, Any],
    event: Event,
    offer: Offer | None,
    choices: Mapping[str, Any],
    typed: Mapping[str, str],
    chosen: Sequence[str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    return page(
        request,
        "partner/offer_form.html",
        status=status,
        event=event,
        offer=offer,
        choices=choices,
        typed=dict(typed),
        chosen=chosen,
        errors=dict(errors),
    )


HANDLERS: list[Any] = [new_page, create, edit_page, change]
