"""An event beside another one of its partner, mostly the edition before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Event
from promos.queries import funnel
from promos.queries.funnel import Funnel, Wish
from promos.rules import days
from promos.rules.people import Actor

BEFORE = (28, 14, 7, 3, 1, 0)  # days to the event


@dataclass(frozen=True, slots=True)
class Beside:
    """`passes`: for each of `BEFORE`, how many were given up to that day, here and there."""

    other: Funnel
    passes: list[tuple[int, int, int]]


async def others(session: AsyncSession, event: Event, by: Actor) -> Sequence[Event]:
    """The other events of its partner that `by` runs, the latest first."""
    rows = sa.select(Event).where(Event.partner_id == event.partner_id, Event.id != event.id, Event.run_by(by))
    return (await session.scalars(rows.order_by(Event.starts_at.desc(), Event.id))).all()


def chosen(event: Event, among: Sequence[Event], wanted: UUID | None) -> Event | None:
    """The one that is asked for; else the edition before, else the latest before it that has the same name."""
    if wanted:
        return next((each for each in among if each.id == wanted), None)
    linked = next((each for each in among if each.id == event.previous_event_id), None)
    earlier = (each for each in among if each.name == event.name and each.starts_at < event.starts_at)
    return linked or next(earlier, None)


async def beside(session: AsyncSession, came: Funnel, other: Event, *, now: datetime, by: Actor) -> Beside:
    there = await funnel.of_event(session, other.id, Wish(), now=now, by=by)
    return Beside(there, [(left, _by(came, left), _by(there, left)) for left in BEFORE])


def _by(came: Funnel, left: int) -> int:
    """Passes that were given when there were `left` days to go, or more."""
    begins = days.of(came.event.starts_at, came.event.timezone)
    return sum(counts.passes for day, counts in came.days if (begins - day).days >= left)
