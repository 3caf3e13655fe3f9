"""Looks that many need at the same moment, made as one.

In a crowd, a transaction for every look costs more than the looks. Nothing is kept: a look begins after everybody it is
for has come, so what was revoked before somebody asked is revoked for them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from promos.database import Database, is_lost

K = TypeVar("K")
V = TypeVar("V")
Look = Callable[[AsyncSession, Sequence[K]], Awaitable[Mapping[K, V]]]

MOST = 128  # keys in one look
AT_ONCE = 8192  # keys in one statement; PostgreSQL takes no more than 32 767 values


class Together(Generic[K, V]):
    """`find(key)`: what `look` finds for it, or `None`. One look is under way; who comes meanwhile is in the next."""

    def __init__(self, database: Database, look: Look[K, V]) -> None:
        self._database, self._look = database, look
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._running: asyncio.Task[None] | None = None

    async def find(self, key: K) -> V | None:
        found: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(found)
        if self._running is None:
            self._running = asyncio.create_task(self._rounds())
        return await found

    async def _rounds(self) -> None:
        while self._waiting:
            taken = {key: self._waiting.pop(key) for key in list(self._waiting)[:MOST]}
            values: Mapping[K, V] = {}
            error: Exception | None = None
            try:
                values = await self._one(list(taken))
            except Exception as caught:  # whatever went wrong, everybody who waits hears of it
                error = caught
            for key, found in taken.items():
                for waiting in found:
                    if waiting.done():
                        continue  # nobody waits any more
                    if error:
                        waiting.set_exception(error)
                    else:
                        waiting.set_result(values.get(key))
        self._running = None

    async def _one(self, keys: list[K]) -> Mapping[K, V]:
        """One look; a connection that had died unnoticed is tried once more."""
        try:
            async with self._database.reading() as session:
                return await self._look(session, padded(keys))
        except Exception as error:
            if not is_lost(error):
                raise
        async with self._database.reading() as session:
            return await self._look(session, padded(keys))


def padded(keys: Sequence[K]) -> list[K]:
    """`keys`, the last one repeated up to a power of two: a handful of statements is prepared, not one a length."""
    length = 1 << (len(keys) - 1).bit_length() if keys else 0
    return [*keys, *(keys[-1] for _ in range(length - len(keys)))]


def portions(keys: Sequence[K]) -> Iterator[list[K]]:
    """`keys` in lists short enough for one statement, each padded."""
    for first in range(0, len(keys), AT_ONCE):
        yield padded(keys[first : first + AT_ONCE])
