"""History as a person reads it: each entry with the names of those who acted and of what they acted upon."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import (
    Device,
    Endpoint,
    Entry,
    Event,
    Offer,
    PassType,
    Person,
    PromoBlock,
    PromoCode,
    Token,
)
from promos.queries import pages
from promos.queries.pages import Sorted
from promos.rules.finding import Asked
from promos.rules.people import Actor

SORTED = Sorted(Entry.id, first="-made")
KINDS: dict[str, tuple[str, ...]] = {  # nouns of verbs
    "events": ("event", "pass_type"),
    "offers": ("offer", "allotment", "pool", "wish"),
    "codes": ("code", "codes"),
    "passes": ("redemption", "pass", "claim", "place", "consent", "arrivals"),
    "blocks": ("block",),
    "access": ("partner", "role", "token", "device", "endpoint", "list", "report", "everything", "shop"),
}
_OF_PASSES = ("code.redeemed", "code.held")


@dataclass(frozen=True, slots=True)
class Told:
    """`who` is empty for a reader, for the program and for somebody whose name is not on file; `what` for a thing
    without a name; `person`: whose role it is about."""

    at: datetime
    verb: str
    actor_kind: str
    who: str
    what: str
    person: str
    event_id: UUID | None
    event: str
    timezone: str
    facts: Mapping[str, Any]


async def of_event(session: AsyncSession, event_id: UUID, by: Actor, *, most: int = 20) -> list[Told]:
    """The newest entries of an event that `by` may see, newest first."""
    latest = sa.select(Entry).where(Entry.event_id == event_id, Entry.visible_to(by))
    entries = list(await session.scalars(latest.order_by(Entry.at.desc(), Entry.id.desc()).limit(most)))
    return await _told(session, entries)


async def of_desk(
    session: AsyncSession, by: Actor, asked: Asked, *only: sa.ColumnElement[bool]
) -> tuple[list[Told], str | None]:
    """A page of what happened at the partners that `by` works for, the newest first."""
    mine = sa.select(Entry).where(Entry.visible_to(by), Entry.partner_id.is_not(None))
    entries, following = await pages.listed(session, mine, SORTED, asked, *only)
    return await _told(session, entries), following


def of_kind(kind: str) -> sa.ColumnElement[bool]:
    """Of one of `KINDS`; that somebody took a pass with a code is told of passes."""
    nouns = sa.or_(*(Entry.verb.startswith(f"{noun}.", autoescape=True) for noun in KINDS[kind]))
    if kind == "codes":
        return sa.and_(nouns, Entry.verb.not_in(_OF_PASSES))
    return sa.or_(nouns, Entry.verb.in_(_OF_PASSES)) if kind == "passes" else nouns


async def _told(session: AsyncSession, entries: Sequence[Entry]) -> list[Told]:
    people = {UUID(each.facts["person"]) for each in entries if "person" in each.facts}
    who = await _actors(session, {entry.actor_id for entry in entries if entry.actor_id} | people)
    subjects = {entry.subject_id for entry in entries} | {entry.code_id for entry in entries if entry.code_id}
    what = await _things(session, subjects)
    ids = {entry.event_id for entry in entries if entry.event_id}
    events = {event.id: event for event in await session.scalars(sa.select(Event).where(Event.id.in_(ids)))}
    return [_one(entry, who, what, events) for entry in entries]


def _one(entry: Entry, who: Mapping[UUID, str], what: Mapping[UUID, str], events: Mapping[UUID, Event]) -> Told:
    event = events.get(entry.event_id) if entry.event_id else None
    person = entry.facts.get("person")
    return Told(
        at=entry.at,
        verb=entry.verb,
        actor_kind=entry.actor_kind,
        who=who.get(entry.actor_id, "") if entry.actor_id else "",
        what=(what.get(entry.code_id, "") if entry.code_id else "") or what.get(entry.subject_id, ""),
        person=who.get(UUID(person), "") if person else "",
        event_id=event.id if event else None,
        event=event.name if event else "",
        timezone=event.timezone if event else "",
        facts=entry.facts,
    )


async def _actors(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    wanted = list(ids)
    people = await session.execute(sa.select(Person.id, Person.name, Person.email).where(Person.id.in_(wanted)))
    names = {row.id: row.name or row.email for row in people}
    tokens = await session.execute(sa.select(Token.id, Token.name).where(Token.id.in_(wanted)))
    return names | {row.id: row.name for row in tokens}


async def _things(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    wanted = list(ids)
    names: dict[UUID, str] = {}
    for column, of in (
        (PromoCode.spelled, PromoCode.id),
        (Offer.name, Offer.id),
        (PassType.name, PassType.id),
        (PromoBlock.heading, PromoBlock.id),
        (Token.name, Token.id),
    ):
        rows = await session.execute(sa.select(of, column).where(of.in_(wanted)))
        names |= {row[0]: row[1] for row in rows}
    endpoints = await session.execute(sa.select(Endpoint.id, Endpoint.url).where(Endpoint.id.in_(wanted)))
    names |= {row.id: urlsplit(row.url).hostname or "" for row in endpoints}  # the rest of an address may be a secret
    devices = sa.select(Device.id, Token.name).join(Token, Device.token_id == Token.id).where(Device.id.in_(wanted))
    return names | {row[0]: row[1] for row in await session.execute(devices)}
