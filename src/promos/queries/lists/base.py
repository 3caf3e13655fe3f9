"""What a list is: whose rows, and for each column the words above it and what stands below."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from promos.rendering.sheets import Cell
from promos.rules.people import Actor

Rows = sa.Select[*tuple[Any, ...]]
Columns = Mapping[str, Callable[[Any], Cell]]


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose list, and which part of it."""

    partner_id: UUID
    event_id: UUID | None = None
    offer_id: UUID | None = None
    code: str | None = None
    state: str | None = None


async def as_selected(_session: AsyncSession, rows: Sequence[Any]) -> Sequence[Any]:
    return rows


@dataclass(frozen=True, slots=True)
class List:
    """`rows` selects what the columns need. `names_readers`: it can hold what readers agreed to show."""

    title: str
    columns: Columns
    id: InstrumentedAttribute[UUID]
    rows: Callable[[Wish, Actor], Rows]
    completed: Callable[[AsyncSession, Sequence[Any]], Awaitable[Sequence[Any]]] = as_selected
    names_readers: bool = False


def part(found: Rows, wish: Wish, event: Any, offer: Any) -> Rows:
    """The rows of the event and offer that are wished for."""
    if wish.event_id is not None:
        found = found.where(event == wish.event_id)
    return found if wish.offer_id is None else found.where(offer == wish.offer_id)


def local(when: datetime | None, zone: str) -> datetime | None:
    """On the clocks of the event."""
    return when.astimezone(ZoneInfo(zone)) if when else None


def yes(claim: bool) -> str:
    return "yes" if claim else "no"
