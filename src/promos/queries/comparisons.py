"""An event beside another one of its partner, mostly the edition before it, at the same distance from each."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Event
from promos.queries import funnel
from promos.queries.funnel import Funnel, Wish
from promos.rules import comparisons, days
from promos.rules.funnels import Counts, Purse, Sent, Split
from promos.rules.people import Actor
from promos.rules.refusals import NotFound


@dataclass(frozen=True, slots=True)
class Beside:
    """`left`: the days to go up to which `here` and `there` are counted; `None` where both are over. `end`: all that is
    known of the other one. `days`: of every day on which something happened, the days that were left and both counts.
    """

    left: int | None
    here: Funnel
    there: Funnel
    end: Funnel
    days: list[tuple[int, Counts, Counts]]


async def others(session: AsyncSession, event: Event, by: Actor) -> Sequence[Event]:
    """The other events of its partner that `by` runs, the latest first."""
    rows = sa.select(Event).where(Event.partner_id == event.partner_id, Event.id != event.id, Event.run_by(by))
    return (await session.scalars(rows.order_by(Event.starts_at.desc(), Event.id))).all()


def chosen(event: Event, among: Sequence[Event], wanted: UUID | None) -> Event | None:
    """The one that is asked for, or `NotFound`; else the edition before, else the latest before it of the same name."""
    if wanted:
        found = next((each for each in among if each.id == wanted), None)
        if found is None:
            raise NotFound("event")
        return found
    linked = next((each for each in among if each.id == event.previous_event_id), None)
    earlier = (each for each in among if each.name == event.name and each.starts_at < event.starts_at)
    return linked or next(earlier, None)


async def beside(session: AsyncSession, event: Event, other: Event, *, now: datetime, by: Actor) -> Beside:
    left = comparisons.held_at(left_of(event, now), left_of(other, now))
    here, there = [await funnel.of_event(session, each.id, Wish(Split.DAY), now=now, by=by) for each in (event, other)]
    mine, others = by_distance(here), by_distance(there)
    both = [(each, mine.get(each, Counts()), others.get(each, Counts())) for each in sorted({*mine, *others})[::-1]]
    return Beside(left, _up_to(here, left), _up_to(there, left), there, both)


def by_distance(came: Funnel) -> dict[int, Counts]:
    """What was counted on each day, by the days that were left to the event on its own clocks."""
    begins = days.of(came.event.starts_at, came.event.timezone)
    return {(begins - day).days: counts for day, counts in came.days}


def left_of(event: Event, now: datetime) -> int | None:
    """Days to go, on the clocks of the event; `None` when it is over."""
    if event.ends_at <= now:
        return None
    return (days.of(event.starts_at, event.timezone) - days.of(now, event.timezone)).days


def _up_to(came: Funnel, left: int | None) -> Funnel:
    """What came up to the day with `left` days to go, and on that day too; `None`: all of it."""
    if left is None:
        return came
    begins = days.of(came.event.starts_at, came.event.timezone)
    total, sent, purse = Counts(), Sent(), Purse()
    for line in came.lines:
        if (begins - date.fromisoformat(line.name)).days >= left:
            total.add(line.counts)
            sent = Sent(*(before + more for before, more in zip(astuple(sent), astuple(line.sent), strict=True)))
            for each in line.given:
                purse.add(each.basis, amount=each.amount, passes=each.passes, arrivals=each.arrivals)
    return replace(came, total=total, sent=sent, given=purse.given)
