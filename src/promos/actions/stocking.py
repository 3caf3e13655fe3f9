"""A list of a shop's codes from its first row to its last: read and sealed beside the event loop, stored a short
transaction at a time. Who is cut off brings the whole list again: what is in the pool is known then."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal, limits, pools
from promos.actions.pools import Scribe, Word
from promos.database import RETRIES, Database, may_retry
from promos.models import Offer, PoolCode, table
from promos.models.pools import IS_FREE
from promos.parsing import Unreadable
from promos.parsing.pool_list import Listed
from promos.queries import codes
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, PoolCodeElsewhere, PoolCodeMalformed, PoolMissing
from promos.settings import Keys

CHUNK = 500  # rows in one transaction: who writes beside it waits for one at most
MOST_TOLD = 1000  # rows of which is told what is wrong; all are counted
NOTHING = N_("There is nothing in this file.")

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that is not taken in; the code in it is a secret and not said again. `why`: as the catalogue has it."""

    line: int
    slug: str
    why: str


@dataclass(slots=True)
class Report:
    """What came of a list. `known`: codes that the offer had already, or that stand in the list twice."""

    rows: int = 0
    taken: int = 0
    known: int = 0
    bad: int = 0
    wrong: list[Wrong] = field(default_factory=list)

    def refuse(self, line: int, refusal: type[PoolCodeMalformed] | type[PoolCodeElsewhere]) -> None:
        self.bad += 1
        self.wrong.append(Wrong(line, refusal.slug, refusal.title))

    def add(self, more: "Report") -> None:
        for name in ("rows", "taken", "known", "bad"):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        told = sorted(more.wrong, key=lambda wrong: wrong.line)
        self.wrong += told[: MOST_TOLD - len(self.wrong)]


Keep = Callable[[AsyncSession, Report, datetime], Awaitable[None]]
Some = tuple[Report, dict[str, tuple[int, Word]]]  # rows that are read, by mark, with their lines


async def take(
    database: Database,
    clock: Clock,
    keys: Keys,
    offer_id: UUID,
    listed: Iterator[Listed],
    *,
    by: Actor,
    dry_run: bool = False,
    keep: Keep | None = None,
) -> Report:
    """Put a list into the pool of an offer, or only say what would come of it.

    Raises `NotFound`, `PoolMissing`, and `InvalidRequest` for a file that is no such list. `keep` stores the report, in
    the last transaction.
    """
    scribe, report, seen = Scribe(keys), Report(), set[int]()
    async with database.reading(by.reach) as session:
        _pooled(await codes.offer(session, offer_id, by))
    try:
        while some := await asyncio.to_thread(_read, listed, scribe):
            if dry_run:
                async with database.reading(by.reach) as session:
                    report.add(await _try(session, offer_id, some, seen, by))
            else:
                report.add(await _taken(database, clock, offer_id, some, by))
    except Unreadable as why:
        raise InvalidRequest({"file": str(why)}) from None
    if not report.rows:
        raise InvalidRequest({"file": NOTHING})
    async with database.writing(by.reach) as session:
        if report.taken and not dry_run:
            await _record(session, offer_id, report.taken, now=clock(), by=by)
        if keep:
            await keep(session, report, clock())
    return report


async def empty(session: AsyncSession, offer_id: UUID, *, now: datetime, by: Actor) -> int:
    """Take the codes that nobody has out of the pool again: a wrong list was brought. How many those were."""
    offer = _pooled(await limits.locked_offer(session, offer_id, by))
    gone = await session.execute(sa.delete(table(PoolCode)).where(PoolCode.offer_id == offer.id, IS_FREE))
    number: int = gone.rowcount  # type: ignore[attr-defined]
    less = sa.update(table(Offer)).where(Offer.id == offer.id).values(pooled=Offer.pooled - number)
    await session.execute(less)
    await session.refresh(offer)
    if number:
        await journal.record(
            session,
            "pool.emptied",
            offer.id,
            at=now,
            by=by,
            partner=offer.partner_id,
            event=offer.event_id,
            facts={"codes": number},
        )
    return number


def _pooled(offer: Offer) -> Offer:
    if offer.pooled is None:
        raise PoolMissing
    return offer


def _read(rows: Iterator[Listed], scribe: Scribe) -> Some | None:
    """The next rows of the list, sealed; the bad ones are in the report, as are those that stand in it twice."""
    some: Sequence[Listed] = list(islice(rows, CHUNK))
    if not some:
        return None
    report, words = Report(rows=len(some)), dict[str, tuple[int, Word]]()
    for row in some:
        try:
            word = scribe.word(row.code)
        except PoolCodeMalformed as refusal:
            report.refuse(row.line, type(refusal))
            continue
        if word.mark in words:
            report.known += 1
        else:
            words[word.mark] = row.line, word
    return report, words


async def _try(session: AsyncSession, offer_id: UUID, some: Some, seen: set[int], by: Actor) -> Report:
    """What would come of these rows; nothing is changed. `seen`: short marks of the codes in the rows before."""
    report, new = await _new(session, await codes.offer(session, offer_id, by), some)
    marks = {int(word.mark[:15], 16) for word in new}
    report.taken = len(marks - seen)
    report.known += len(new) - report.taken
    seen |= marks
    return report


async def _taken(database: Database, clock: Clock, offer_id: UUID, some: Some, by: Actor) -> Report:
    for attempt in range(RETRIES + 1):
        try:
            async with database.writing(by.reach) as session:
                offer = _pooled(await limits.locked_offer(session, offer_id, by))
                report, new = await _new(session, offer, some)
                report.taken = await pools.take(session, offer, new, now=clock())
                return report
        except Exception as error:
            if attempt == RETRIES or not may_retry(error):
                raise
    raise RuntimeError("the last try returns or raises")


async def _new(session: AsyncSession, offer: Offer, some: Some) -> tuple[Report, list[Word]]:
    """Those that are nowhere yet; the others are counted."""
    report, words = replace(some[0], wrong=list(some[0].wrong)), some[1]
    there = await pools.known(session, offer.event_id, words)
    new = []
    for mark, (line, word) in words.items():
        if mark not in there:
            new.append(word)
        elif there[mark] == offer.id:
            report.known += 1
        else:
            report.refuse(line, PoolCodeElsewhere)
    return report, new


async def _record(session: AsyncSession, offer_id: UUID, taken: int, *, now: datetime, by: Actor) -> None:
    offer = await codes.offer(session, offer_id, by)
    await journal.record(
        session,
        "pool.filled",
        offer.id,
        at=now,
        by=by,
        partner=offer.partner_id,
        event=offer.event_id,
        facts={"codes": taken},
    )
