"""Events: what is promoted, what came of it, and who is inside."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import checkins, events
from promos.models import CheckIn, Event, Offer, Pass
from promos.queries import events as queries
from promos.queries import pages
from promos.rules import offers
from promos.rules.finding import asked
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.web.access import allows
from promos.web.api.bodies import told
from promos.web.api.checkins import DOOR, CheckInSeen
from promos.web.given import Reads, Writes

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
SEEN_BY = (*RUN_BY, Role.EDITOR)
LATEST = 20  # scans shown


class NewEvent(msgspec.Struct, forbid_unknown_fields=True):
    """`url`: the event's own page. `highlights`: a few lines that say why one comes."""

    partner_id: UUID
    name: str
    starts_at: datetime
    ends_at: datetime
    timezone: str  # IANA; every time a reader sees is in it
    venue: str
    city: str
    country: str
    url: str
    highlights: list[str] = []
    edition: str | None = None
    asks_name: bool = False  # whether a pass needs the reader's name
    asks_company: bool = False  # whether readers may show their company, if they like
    capacity: int | None = None  # passes of all types; without one, as many as these allow


class EventChanges(msgspec.Struct, forbid_unknown_fields=True):
    """`tell_readers`: has to be true for another time, zone, venue or city while readers hold passes. Each gets one
    mail, five minutes after the last of such changes, with a calendar file that takes the place of the first."""

    name: str | UnsetType = UNSET
    starts_at: datetime | UnsetType = UNSET
    ends_at: datetime | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    venue: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    highlights: list[str] | UnsetType = UNSET
    edition: str | UnsetType | None = UNSET
    asks_name: bool | UnsetType = UNSET
    asks_company: bool | UnsetType = UNSET
    capacity: int | UnsetType | None = UNSET
    tell_readers: bool = False


class Cancelling(msgspec.Struct, forbid_unknown_fields=True):
    """`tell_readers`: has to be true while readers hold passes or wait for one; each gets a mail at once."""

    tell_readers: bool = False


class EventSeen(msgspec.Struct):
    id: UUID
    partner_id: UUID
    slug: str
    name: str
    edition: str | None
    starts_at: datetime
    ends_at: datetime
    timezone: str
    venue: str
    city: str
    country: str
    url: str
    highlights: list[str]
    asks_name: bool
    asks_company: bool
    capacity: int | None
    used: int  # counted only while there is a capacity
    previous_event_id: UUID | None  # the edition before this one
    cancelled_at: datetime | None
    archived_at: datetime | None
    created_at: datetime


class EventChanged(EventSeen):
    """`odd_offers`: whose windows make no sense beside the event: they end after it, or open after it began."""

    odd_offers: list[UUID] = []


class EventsSeen(msgspec.Struct):
    items: list[EventSeen]
    next: str | None


class DoorSeen(msgspec.Struct):
    """`passes`: live ones. `scans`: the latest, newest first."""

    event_id: UUID
    name: str
    inside: int
    passes: int
    scans: list[CheckInSeen]


async def changed(session: AsyncSession, event: Event) -> EventChanged:
    open_ = sa.select(Offer).where(Offer.event_id == event.id, Offer.archived_at.is_(None)).order_by(Offer.id)
    odd = [
        offer.id
        for offer in await session.scalars(open_)
        if offers.is_odd(offer.opens_at, offer.ends_at, event.starts_at, event.ends_at)
    ]
    facts = {name: getattr(event, name) for name in EventSeen.__struct_fields__}
    return msgspec.convert(facts | {"odd_offers": odd}, EventChanged)


def seen(event: Event) -> EventSeen:
    return msgspec.convert(event, EventSeen, from_attributes=True)


@post("/events", status_code=201, opt=allows(*RUN_BY, scope=Scope.WRITE), operation_id="createEvent")
async def create(
    data: JSONBody[NewEvent], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[EventSeen]:
    """Announce a partner's event. Its slug is made from name and edition, and stays when they change."""
    given = told(data)
    partner_id = given.pop("partner_id")

    async def effect(session: AsyncSession, now: datetime) -> EventSeen:
        return seen(await events.create(session, partner_id, now=now, by=actor, **given))

    return await writes.answer(effect, status=201)


@get("/events", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="listEvents")
async def list_events(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    partner: FromQuery[UUID | None] = None,
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    archived: FromQuery[bool] = False,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> EventsSeen:
    """`q`: words of name, edition, venue or city. `sort`: name, begins or made; `-begins` from the end."""
    statement = sa.select(Event).where(Event.visible_to(actor))
    if partner:
        statement = statement.where(Event.partner_id == partner)
    statement = statement.where(Event.archived_at.is_not(None) if archived else Event.archived_at.is_(None))
    async with reads() as session:
        rows, following = await pages.listed(session, statement, queries.SORTED, asked(q, sort, cursor, size))
    return EventsSeen([seen(row) for row in rows], following)


@get("/events/{id:uuid}", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="getEvent")
async def get_event(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> EventSeen:
    async with reads() as session:
        event = await session.scalar(sa.select(Event).where(Event.id == id, Event.visible_to(actor)))
    if event is None:
        raise NotFound("event")
    return seen(event)


@patch("/events/{id:uuid}", opt=allows(*RUN_BY, scope=Scope.WRITE), operation_id="changeEvent")
async def change(
    id: FromPath[UUID],
    data: JSONBody[EventChanges],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[EventChanged]:
    """Change an event. Another time or place is told to readers who hold passes: say `tell_readers`."""

    async def effect(session: AsyncSession, now: datetime) -> EventChanged:
        return await changed(session, await events.update(session, id, now=now, by=actor, **told(data)))

    return await writes.answer(effect)


@post(
    "/events/{id:uuid}/cancel",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE),
    operation_id="cancelEvent",
)
async def cancel(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    data: JSONBody[Cancelling | None] = None,
) -> Response[EventSeen]:
    """Cancel an event for good: its codes give nothing more, and its readers are told."""

    async def effect(session: AsyncSession, now: datetime) -> EventSeen:
        tells = data is not None and data.tell_readers
        return seen(await events.cancel(session, id, tell_readers=tells, now=now, by=actor))

    return await writes.answer(effect)


@get("/events/{id:uuid}/door", opt=allows(*DOOR, scope=Scope.SCAN), operation_id="getDoor")
async def get_door(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> DoorSeen:
    """How many are inside, and the latest scans."""
    async with reads() as session:
        event = await session.scalar(sa.select(Event).where(Event.id == id, Event.run_by(actor, *checkins.DOOR)))
        if event is None:
            raise NotFound("event")
        inside = sa.and_(CheckIn.event_id == id, CheckIn.result == "admitted", CheckIn.undone_at.is_(None))
        live = sa.and_(Pass.event_id == id, Pass.state == "live")
        latest = sa.select(CheckIn).where(CheckIn.event_id == id).order_by(CheckIn.id.desc()).limit(LATEST)
        return DoorSeen(
            event_id=event.id,
            name=event.name,
            inside=await session.scalar(sa.select(sa.func.count()).select_from(CheckIn).where(inside)) or 0,
            passes=await session.scalar(sa.select(sa.func.count()).select_from(Pass).where(live)) or 0,
            scans=[msgspec.convert(row, CheckInSeen, from_attributes=True) for row in await session.scalars(latest)],
        )


HANDLERS: list[Any] = [create, list_events, get_event, change, cancel, get_door]
