"""What happened at a partner's: the journal as sentences, narrowed by who, what and when."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from litestar import Request, Response, get
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Entry, Event, Person, StaffRole
from promos.queries import journal
from promos.rendering.language import Language
from promos.rules.language import N_
from promos.rules.people import OF_PARTNERS, Actor
from promos.web.given import Reads
from promos.web.pages import lists
from promos.web.pages.lists import Choice, Filter, told
from promos.web.pages.partner.desk import READ
from promos.web.pages.partner.history import sentences
from promos.web.pages.show import language_of, page

MOST = 100  # people and events to choose from
KINDS = {
    "": N_("everything"),
    "events": N_("events and pass types"),
    "offers": N_("offers"),
    "codes": N_("codes"),
    "passes": N_("passes and the door"),
    "blocks": N_("promo blocks"),
    "access": N_("people, devices, programs"),
}
OTHERS = {"reader": N_("readers"), "token": N_("programs and devices"), "program": N_("Promos itself")}


@get("/partner/activity", opt=READ)
async def activity_page(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[str]:
    language = language_of(request)
    async with reads() as session:
        events = await _events(session, actor)
        zone = events[0].timezone if events else "UTC"
        people = Filter("who", language.gettext(N_("Who")), await _people(session, actor, language))
        kinds = Filter("kind", language.gettext(N_("What")), told(language, KINDS))
        things = [("", language.gettext(N_("all events"))), *((str(each.id), each.name) for each in events)]
        of = Filter("event", language.gettext(N_("Event")), things)
        found = lists.listed(request, journal.SORTED, people, kinds, of, Filter("day", language.gettext(N_("Day"))))
        chosen = found.chosen
        only = [
            *_by(chosen["who"]),
            *([journal.of_kind(chosen["kind"])] if chosen["kind"] else []),
            *([Entry.event_id == UUID(chosen["event"])] if chosen["event"] else []),
            *(_on(date.fromisoformat(chosen["day"]), zone) if chosen["day"] else []),
        ]
        entries, found.following = await journal.of_desk(session, actor, found.asked, *only)
    return page(request, "partner/activity.html", list=found, rows=sentences(entries, language, zone), zone=zone)


def _by(who: str) -> list[sa.ColumnElement[bool]]:
    if not who:
        return []
    return [Entry.actor_kind == who] if who in OTHERS else [Entry.actor_id == UUID(who)]


def _on(day: date, zone: str) -> list[sa.ColumnElement[bool]]:
    """From midnight to midnight on the clocks of `zone`."""
    clock = ZoneInfo(zone)
    begins, ends = (datetime.combine(each, time(), clock).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    return [Entry.at >= begins, Entry.at < ends]


async def _events(session: AsyncSession, by: Actor) -> list[Event]:
    mine = sa.select(Event).where(Event.run_by(by)).order_by(Event.ends_at.desc(), Event.id).limit(MOST)
    return list(await session.scalars(mine))


async def _people(session: AsyncSession, by: Actor, language: Language) -> list[Choice]:
    """Those who work at the same partners, then those who are no people."""
    reached = sa.true() if by.is_admin else StaffRole.partner_id.in_(by.partners(*OF_PARTNERS))
    mine = sa.select(StaffRole.person_id).where(reached, StaffRole.partner_id.is_not(None))
    found = sa.select(Person).where(Person.id.in_(mine)).order_by(Person.name, Person.email).limit(MOST)
    people = [(str(each.id), each.name or each.email) for each in await session.scalars(found)]
    return [("", language.gettext(N_("everybody"))), *people, *told(language, OTHERS)]


HANDLERS: list[Any] = [activity_page]
