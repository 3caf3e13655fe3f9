"""What came of an event: from the issue sent to the person at the door, and what was given away for it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from promos.actions import exports
from promos.queries import funnel, funnel_sheet
from promos.queries.funnel import Funnel, Line, Wish
from promos.rendering.language import Language, language
from promos.rules.funnels import Counts, Given, Sent, Split
from promos.rules.money import major
from promos.rules.people import Actor, Scope
from promos.web.access import allows
from promos.web.api.events import SEEN_BY
from promos.web.downloads import Kind, download
from promos.web.given import Reads, Writes


class GivenSeen(msgspec.Struct):
    """Given away in one currency and VAT basis: the face value of free passes, of discounts the difference.

    `per_arrival`: all of it for each who came. `null` where there is nobody to divide by.
    """

    currency: str
    vat: str  # included | excluded | unknown
    vat_rate: str | None
    amount: str
    passes: int
    arrivals: int
    per_pass: str | None
    per_arrival: str | None


class Counted(msgspec.Struct):
    """`sent`: recipients of the issues, as far as their editors told; `null`: nobody did. `sent_untold`: issues of
    which nobody did. `machines`: visits of prefetches and link scanners, apart. `unserved`: requests that came when
    nothing was left. `arrivals`: who is inside, or was. `no_shows`: passes that nobody came with; `null` before the
    event is over.
    """

    sent: int | None
    sent_untold: int
    visits: int
    machines: int
    unserved: int
    claims: int
    passes: int
    given_back: int
    arrivals: int
    no_shows: int | None
    given: list[GivenSeen]


class FunnelLine(msgspec.Struct):
    """`key`: the code, the day, else an id; `null` for whoever came without a promo block."""

    key: str | None
    name: str
    counts: Counted


class FunnelSeen(msgspec.Struct):
    """Days are those of `timezone`; visits only are counted by days in UTC."""

    event_id: UUID
    by: Split
    timezone: str
    total: Counted
    lines: list[FunnelLine]


@get("/events/{id:uuid}/funnel", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="getFunnel")
async def get_funnel(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
    by: FromQuery[Split] = Split.CODE,
    offer: FromQuery[UUID | None] = None,
    code: FromQuery[str | None] = None,
    publication: FromQuery[UUID | None] = None,
    issue: FromQuery[UUID | None] = None,
    since: FromQuery[date | None] = None,
    until: FromQuery[date | None] = None,
) -> FunnelSeen:
    """From the issue sent to arrivals and no-shows, and what was given away, by offer, code, issue or day.

    `since` and `until` are days, both counted. Editors see what came of their own issues.
    """
    wish = Wish(by, offer, code, publication, issue, since, until)
    async with reads() as session:
        found = await funnel.of_event(session, id, wish, now=now, by=actor)
    lines = [FunnelLine(line.key, line.name, _of_line(line, found)) for line in found.lines]
    total = counted(found.total, found.sent, found.given, found)
    return FunnelSeen(found.event.id, by, found.event.timezone, total, lines)


def counted(counts: Counts, sent: Sent, given: list[Given], of: Funnel) -> Counted:
    return Counted(
        sent=sent.known,
        sent_untold=sent.untold,
        visits=counts.visits,
        machines=counts.machines,
        unserved=counts.unserved,
        claims=counts.claims,
        passes=counts.passes,
        given_back=counts.given_back,
        arrivals=counts.arrivals,
        no_shows=counts.no_shows if of.is_over else None,
        given=[_given(each) for each in given],
    )


def _of_line(line: Line, of: Funnel) -> Counted:
    return counted(line.counts, line.sent, line.given, of)


def _given(given: Given) -> GivenSeen:
    currency, vat, rate = given.basis

    def sum_of(units: int | None) -> str | None:
        return None if units is None else major(units, currency)

    return GivenSeen(
        currency=currency,
        vat=vat,
        vat_rate=None if rate is None else f"{rate:.2f}",
        amount=major(given.amount, currency),
        passes=given.passes,
        arrivals=given.arrivals,
        per_pass=sum_of(given.per_pass),
        per_arrival=sum_of(given.per_arrival),
    )


@get("/events/{id:uuid}/funnel/export", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="exportFunnel")
async def export_funnel(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
    by: FromQuery[Split] = Split.CODE,
    offer: FromQuery[UUID | None] = None,
    code: FromQuery[str | None] = None,
    publication: FromQuery[UUID | None] = None,
    issue: FromQuery[UUID | None] = None,
    since: FromQuery[date | None] = None,
    until: FromQuery[date | None] = None,
    format: FromQuery[Kind] = "csv",
    words: Annotated[Literal["en", "fr"], QueryParameter(name="language")] = "en",
) -> Any:
    """The funnel as a file: a row for each line and one for all; money in a column for each currency and VAT basis."""
    wish = Wish(by, offer, code, publication, issue, since, until)
    return await taken(id, wish, format, language(words), reads, writes, actor, now)


async def taken(
    event_id: UUID, wish: Wish, kind: Kind, words: Language, reads: Reads, writes: Writes, by: Actor, now: datetime
) -> Any:
    """The funnel as a file, once it is written down who takes it."""
    async with reads() as session:
        found = await funnel.of_event(session, event_id, wish, now=now, by=by)
    rows, split = len(found.lines), str(wish.split)
    await writes.run(
        lambda session, now: exports.record_funnel(session, found.event, split, rows, kind, now=now, by=by)
    )
    return download(funnel_sheet.sheet(found, wish, words), kind)


HANDLERS: list[Any] = [get_funnel, export_funnel]
