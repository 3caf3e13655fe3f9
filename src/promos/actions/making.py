"""A batch from its order to its last code: drawn beside the event loop, stored a short transaction at a time."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

from promos.actions import batches
from promos.actions.batches import BatchMoved, CodesRepeated, Word
from promos.actions.locks import LimitsMoved
from promos.database import RETRIES, Database, may_retry
from promos.models import CodeBatch
from promos.rules import patterns

# Codes in one transaction: who redeems beside it waits for so many at most, about a twentieth of a second.
CHUNK = {"sqlite": 2000, "postgresql": 5000}

Clock = Callable[[], datetime]
Told = Callable[[int], None]


async def make(
    database: Database,
    clock: Clock,
    *,
    batch_id: UUID | None = None,
    stop: asyncio.Event | None = None,
    told: Told | None = None,
) -> CodeBatch | None:
    """Make all codes of the batch that waits longest, or of this one, telling how many there are after each chunk.

    Returns the batch as it was taken, or `None` if there is none to take. `stop` lets go of it after the chunk that
    runs. A batch that somebody else stopped or went on with is left to them.
    """
    async with database.writing() as session:
        batch = await batches.claim(session, now=clock(), batch_id=batch_id)
    if batch is None:
        return None
    made = batch.made
    chunks = _chunks(batch, CHUNK["sqlite" if database.is_sqlite else "postgresql"], clock)
    following = asyncio.create_task(asyncio.to_thread(next, chunks, None))
    try:
        while (some := await following) is not None:
            if stop is not None and stop.is_set():
                async with database.writing() as session:
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


def _chunks(batch: CodeBatch, size: int, clock: Clock) -> Iterator[list[Word]]:
    for some in patterns.drawn(patterns.pattern(batch.pattern), batch.wanted - batch.made, size):
        yield batches.words(some, clock())


async def _stored(database: Database, batch: CodeBatch, some: list[Word], seen: int, clock: Clock) -> int:
    for attempt in range(RETRIES + 1):
        try:
            async with database.writing() as session:
                return await batches.make_some(session, batch, some, seen=seen, now=clock())
        except CodesRepeated:
            some = await asyncio.to_thread(batches.words_again, batch.pattern, len(some), clock())
        except Exception as error:
            if attempt == RETRIES or not (may_retry(error) or isinstance(error, LimitsMoved)):
                raise
    raise CodesRepeated
