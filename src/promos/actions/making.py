"""Batches and lists of codes from the first to the last: read and drawn beside the event loop, stored a short
transaction at a time."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from functools import cache
from itertools import islice
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import batches, imports
from promos.actions.batches import BatchMoved, CodesRepeated, Word
from promos.actions.imports import Report
from promos.actions.locks import LimitsMoved
from promos.database import RETRIES, Database, may_retry
from promos.models import CodeBatch
from promos.parsing import Unreadable
from promos.parsing.codes_csv import Row
from promos.queries import codes
from promos.rules import patterns
from promos.rules.people import Actor
from promos.rules.refusals import ListUnreadable

# Codes in one transaction. Who redeems beside it waits for one at most: a twentieth of a second on SQLite, where
# everybody waits; an eighth on PostgreSQL, where only the readers of the same event do.
CHUNK = {"sqlite": 2000, "postgresql": 5000}

Clock = Callable[[], datetime]
Told = Callable[[int], None]
Keep = Callable[[AsyncSession, Report, datetime], Awaitable[None]]


async def make(
    database: Database,
    clock: Clock,
    *,
    batch_id: UUID | None = None,
    stop: asyncio.Event | None = None,
    told: Told | None = None,
) -> CodeBatch | None:
    """Make all codes of the batch with the least to do, or of this one, telling how many there are after each chunk.

    Returns the batch as it was taken, or `None` if there is none to take. `stop` lets go of it after the chunk that
    runs. A batch that somebody else stopped or went on with is left to them.
    """
    async with database.reading() as session:
        if not await batches.is_any_free(session, now=clock()):
            return None
    async with database.writing() as session:
        batch = await batches.claim(session, now=clock(), batch_id=batch_id)
    if batch is None:
        return None
    _spare_the_old()
    made, of = batch.made, frozenset({batch.partner_id})
    chunks = _chunks(batch, CHUNK["sqlite" if database.is_sqlite else "postgresql"], clock)
    following = asyncio.create_task(asyncio.to_thread(next, chunks, None))
    try:
        while (some := await following) is not None:
            if stop is not None and stop.is_set():
                async with database.writing(of) as session:
                    await batches.let_go(session, batch.id, seen=made)
                break
            following = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            made = await _stored(database, batch, some, made, clock)
            if told:
                told(made)
    except BatchMoved:
        pass
    finally:
        await asyncio.wait([following])
    return batch


@cache
def _spare_the_old() -> None:
    """The garbage collector would look at all that the program has loaded, a fifth of a second long, again and again.

    From now on it looks at what is new.
    """
    gc.freeze()


def _chunks(batch: CodeBatch, size: int, clock: Clock) -> Iterator[list[Word]]:
    for some in patterns.drawn(patterns.pattern(batch.pattern), batch.wanted - batch.made, size):
        yield batches.words(some, clock())


async def _stored(database: Database, batch: CodeBatch, some: list[Word], seen: int, clock: Clock) -> int:
    for attempt in range(RETRIES + 1):
        try:
            async with database.writing(frozenset({batch.partner_id})) as session:
                return await batches.make_some(session, batch, some, seen=seen, now=clock())
        except CodesRepeated:
            some = await asyncio.to_thread(batches.words_again, batch.pattern, len(some), clock())
        except Exception as error:
            if attempt == RETRIES or not (may_retry(error) or isinstance(error, LimitsMoved)):
                raise
    raise CodesRepeated


async def take(
    database: Database,
    clock: Clock,
    offer_id: UUID,
    listed: Iterator[Row],
    *,
    by: Actor,
    dry_run: bool = False,
    keep: Keep | None = None,
) -> Report:
    """Take in a list of codes, or only say what would come of it; raises `NotFound` and `ListUnreadable`.

    Who is cut off half way brings the whole list again: what was taken in is known then. `keep` stores the report, in
    the last transaction.
    """
    _spare_the_old()
    report, seen = Report(), set[int]()
    async with database.reading(by.reach) as session:
        offer = await codes.offer(session, offer_id, by)
    is_whole = False
    try:
        while some := await asyncio.to_thread(_next, listed):
            if dry_run:
                async with database.reading(by.reach) as session:
                    report.add(await imports.try_some(session, offer, some, seen))
            else:
                report.add(await _taken(database, clock, offer_id, some, report.batch_id, by))
        is_whole = True
    finally:
        async with database.writing(by.reach) as session:
            if not dry_run:
                await imports.finish(session, offer, report, now=clock(), by=by)
            if keep and is_whole:
                await keep(session, report, clock())
    return report


def _next(listed: Iterator[Row]) -> list[Row]:
    try:
        return list(islice(listed, imports.CHUNK))
    except Unreadable:
        raise ListUnreadable from None


async def _taken(
    database: Database, clock: Clock, offer_id: UUID, some: list[Row], batch_id: UUID | None, by: Actor
) -> Report:
    for attempt in range(RETRIES + 1):
        try:
            async with database.writing(by.reach) as session:
                return await imports.take_some(session, offer_id, some, batch_id, now=clock(), by=by)
        except Exception as error:
            if attempt == RETRIES or not (may_retry(error) or isinstance(error, CodesRepeated | LimitsMoved)):
                raise
    raise CodesRepeated
