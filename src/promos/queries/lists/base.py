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

from promos.queries.pages import Sorted
from promos.rendering.sheets import Cell
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest

Rows = sa.Select[*tuple[Any, ...]]
Conditions = Sequence[sa.ColumnElement[bool]]
Columns = Mapping[str, Callable[[Any], Cell]]


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose list, and which part of it."""

    partner_id: UUID
    event_id: UUID | None = None
    offer_id: UUID | None = None
    code: str | None = None
    state: str | None = None
    q: str | None = None


async def as_selected(_session: AsyncSession, rows: Sequence[Any]) -> Sequence[Any]:
    return rows


@dataclass(frozen=True, slots=True)
class List:
    """`rows` selects what the columns need, `whose` says which of them there are for whom, once.

    `names_readers`: it can hold what readers agreed to show. `searched`: where words are looked for.
    """

    title: str
    columns: Columns
    id: InstrumentedAttribute[UUID]
    rows: Rows
    whose: Callable[[Wish, Actor], Conditions]
    completed: Callable[[AsyncSession, Sequence[Any]], Awaitable[Sequence[Any]]] = as_selected
    names_readers: bool = False
    searched: Sorted | None = None


def part(wish: Wish, event: Any, offer: Any = None) -> list[sa.ColumnElement[bool]]:
    """The rows of the event and offer that are wished for."""
    wanted = [(event, wish.event_id), (offer, wish.offer_id)]
    return [column == value for column, value in wanted if column is not None and value is not None]


def in_state(wish: Wish, column: Any, *states: str) -> list[sa.ColumnElement[bool]]:
    """The rows in the state that is wished for; raises `InvalidRequest` for one that there is not."""
    if wish.state is None:
        return []
    if wish.state not in states:
        raise InvalidRequest({"state": N_("This is not one of the possible choices.")})
    return [column == wish.state]


def local(when: datetime | None, zone: str) -> datetime | None:
    """On the clocks of the event."""
    return when.astimezone(ZoneInfo(zone)) if when else None


def yes(claim: bool) -> str:
    return "yes" if claim else "no"
