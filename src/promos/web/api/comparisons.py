"""What came of an event, beside another one of its partner: in full, or as far as both have come."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from promos.models import Event
from promos.queries import comparisons as queries
from promos.queries.comparisons import Beside
from promos.queries.funnel import Funnel
from promos.rules.comparisons import difference
from promos.rules.funnels import Counts
from promos.rules.people import Actor, Scope
from promos.rules.refusals import NotFound
from promos.web.access import allows
from promos.web.api.events import RUN_BY
from promos.web.api.funnel import Counted, counted
from promos.web.given import Reads

COMPARED = ("visits", "claims", "passes", "arrivals")


class DayCounted(msgspec.Struct):
    visits: int
    claims: int
    passes: int
    arrivals: int


class DayBeside(msgspec.Struct):
    """`days_before`: left to the event on its own clocks; negative once it began."""

    days_before: int
    here: DayCounted
    there: DayCounted


class GivenDifference(msgspec.Struct):
    currency: str
    vat: str
    vat_rate: str | None
    percent: str | None


class Differences(msgspec.Struct):
    """In percent of the other event, such as `-12.5`; `null` from nothing, and from what is not known of both."""

    sent: str | None
    visits: str | None
    claims: str | None
    passes: str | None
    arrivals: str | None
    no_shows: str | None
    given: list[GivenDifference]


class ComparedSeen(msgspec.Struct):
    """`days_before`: up to how many days before its own beginning each is counted; `null` where both are over.
    `end`: all that is known of the other one. All are `null` where there is no other event to compare with.
    """

    event_id: UUID
    other_id: UUID | None
    days_before: int | None
    here: Counted | None
    there: Counted | None
    end: Counted | None
    differences: Differences | None
    days: list[DayBeside]


@get("/events/{id:uuid}/funnel/compared", opt=allows(*RUN_BY, scope=Scope.READ), operation_id="compareFunnels")
async def compare(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
    other: Annotated[UUID | None, QueryParameter(name="with")] = None,
) -> ComparedSeen:
    """An event beside another one of its partner, at the same distance from each; by itself the edition before it."""
    async with reads() as session:
        event = await session.scalar(sa.select(Event).where(Event.id == id, Event.run_by(actor)))
        if event is None:
            raise NotFound("event")
        against = queries.chosen(event, await queries.others(session, event, actor), other)
        if against is None:
            return ComparedSeen(id, None, None, None, None, None, None, [])
        beside = await queries.beside(session, event, against, now=now, by=actor)
    return _seen(beside)


def _seen(beside: Beside) -> ComparedSeen:
    are_over = beside.left is None
    here, there = (_counted(came, are_over=are_over) for came in (beside.here, beside.there))
    return ComparedSeen(
        event_id=beside.here.event.id,
        other_id=beside.there.event.id,
        days_before=beside.left,
        here=here,
        there=there,
        end=_counted(beside.end, are_over=beside.end.is_over),
        differences=_differences(beside, here, there),
        days=[DayBeside(left, _day(mine), _day(others)) for left, mine, others in beside.days],
    )


def _counted(came: Funnel, *, are_over: bool) -> Counted:
    """Who did not come is known of both or of none."""
    found = counted(came.total, came.sent, came.given, came)
    return found if are_over else msgspec.structs.replace(found, no_shows=None)


def _differences(beside: Beside, here: Counted, there: Counted) -> Differences:
    sent = [None if each.sent_untold else each.sent for each in (here, there)]
    sums, others = ({each.basis: each.amount for each in came.given} for came in (beside.here, beside.there))
    return Differences(
        sent=_percent(difference(*sent)),
        no_shows=_percent(difference(here.no_shows, there.no_shows)),
        given=[
            GivenDifference(
                basis.currency,
                basis.vat,
                None if basis.vat_rate is None else f"{basis.vat_rate:.2f}",
                _percent(difference(sums.get(basis, 0), others.get(basis, 0))),
            )
            for basis in dict.fromkeys((*sums, *others))
        ],
        **{name: _percent(difference(getattr(here, name), getattr(there, name))) for name in COMPARED},
    )


def _percent(share: Decimal | None) -> str | None:
    return None if share is None else f"{share * 100:.1f}"


def _day(counts: Counts) -> DayCounted:
    return msgspec.convert(counts, DayCounted, from_attributes=True)


HANDLERS: list[Any] = [compare]
