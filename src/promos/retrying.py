"""An effect, committed; begun anew where it met others."""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import holds
from promos.actions.locks import LimitsMoved
from promos.database import RETRIES, Database, may_retry

T = TypeVar("T")


async def written(
    database: Database, clock: Callable[[], datetime], effect: Callable[..., Awaitable[T]], *given: Any, **facts: Any
) -> T:
    """What `effect(session, *given, now=…, **facts)` returns; raises what it raises when it was tried often enough."""
    return await written_of(database, clock, None, lambda session, now: effect(session, *given, now=now, **facts))


async def written_of(
    database: Database,
    clock: Callable[[], datetime],
    of: frozenset[UUID] | None,
    effect: Callable[[AsyncSession, datetime], Awaitable[T]],
) -> T:
    """The same, confined to the rows of these partners, one of whom asked for it; `None`: of everybody."""
    overdue: Collection[UUID] = ()
    for attempt in range(RETRIES + 1):
        try:
            await holds.clear(database, overdue, clock, of)
            async with database.writing(of) as session:
                return await effect(session, clock())
        except Exception as error:
            overdue = error.events if isinstance(error, LimitsMoved) else ()
            if not (may_retry(error) or isinstance(error, LimitsMoved)) or attempt == RETRIES:
                raise
    raise AssertionError
