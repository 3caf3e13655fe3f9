"""Long lists, page by page: every list of the API and of the desks comes through here."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from promos.models.base import Instant
from promos.rules.finding import MADE, Asked
from promos.rules.language import N_
from promos.rules.refusals import InvalidRequest

MOST = 100
NEVER = sa.literal(datetime(9999, 1, 1, tzinfo=UTC), Instant())  # when what has no end ends
Rows = sa.Select[*tuple[Any, ...]]
Column = sa.ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Sorted:
    """What a list can be ordered by, under the names that stand in addresses, and where its search looks.

    Nothing of an address becomes SQL: a name picks one of `columns`, and words are compared as values. A column is
    never NULL (`sa.func.coalesce`); things that are equal there stand in the order they were made.
    """

    id: InstrumentedAttribute[UUID]
    columns: Mapping[str, Column] = field(default_factory=dict)
    searched: tuple[Column, ...] = ()
    first: str = MADE

    @property
    def names(self) -> frozenset[str]:
        return frozenset((MADE, *self.columns))

    def found(self, words: list[str]) -> sa.ColumnElement[bool]:
        """Rows in which each word stands somewhere."""
        return sa.and_(sa.true(), *(sa.or_(*(_stands(word, column) for column in self.searched)) for word in words))


async def listed(
    session: AsyncSession, seen: Rows, by: Sorted, asked: Asked, *only: sa.ColumnElement[bool]
) -> tuple[list[Any], str | None]:
    """A page of `seen` as `asked`, narrowed by `only`, and the cursor of the page behind it; raises `InvalidRequest`.

    `seen` is all that may be seen. A cursor is the id of the last row and holds nothing else; what stands in the column
    of the order is looked up in `seen`, so a cursor of somebody else's list is none.
    """
    name, backwards = asked.order(by.names, by.first)
    wanted = seen.where(*only)
    if by.searched and asked.words:
        wanted = wanted.where(by.found(asked.words))
    if name == MADE:
        return await page(session, wanted, by.id, asked.cursor, asked.size, newest_first=backwards)
    _fits(asked.size)
    column = by.columns[name]
    if asked.cursor is not None:
        last = _read(asked.cursor)
        behind: Any = await session.execute(seen.with_only_columns(column.label("behind")).where(by.id == last))
        row = behind.first()
        if row is None:
            raise _no_cursor()
        place = sa.tuple_(sa.literal(row.behind, column.type), sa.literal(last, by.id.type))
        here = sa.tuple_(column, by.id)
        wanted = wanted.where(here < place if backwards else here > place)
    order = (column.desc(), by.id.desc()) if backwards else (column, by.id)
    return await _cut(session, wanted.order_by(None).order_by(*order), by.id, asked.size)


async def page(
    session: AsyncSession,
    statement: Rows,
    id_column: InstrumentedAttribute[UUID],
    cursor: str | None = None,
    size: int = 50,
    *,
    newest_first: bool = False,
) -> tuple[list[Any], str | None]:
    """Up to `size` rows after `cursor`, and the cursor of the page behind them; raises `InvalidRequest`.

    Ids sort by the time they were made. A statement that selects one model gives its rows as such; any other has to
    select `id_column` under its own name.
    """
    _fits(size)
    if cursor is not None:
        last = _read(cursor)
        statement = statement.where(id_column < last if newest_first else id_column > last)
    return await _cut(session, statement.order_by(id_column.desc() if newest_first else id_column), id_column, size)


async def _cut(
    session: AsyncSession, statement: Rows, id_column: InstrumentedAttribute[UUID], size: int
) -> tuple[list[Any], str | None]:
    statement = statement.limit(size + 1)
    result = await session.execute(statement)
    is_one = len(statement.column_descriptions) == 1
    rows: list[Any] = list(result.scalars() if is_one else result)
    if len(rows) <= size:
        return rows, None
    return rows[:size], _written(getattr(rows[size - 1], id_column.key))


def _stands(word: str, column: Column) -> sa.ColumnElement[bool]:
    """In any case. Databases that know only A to Z (SQLite, PostgreSQL with the locale C) leave É as it is."""
    capital = word[:1].upper() + word[1:]
    spellings = {word, capital if not word[:1].isascii() else word, _upper_beyond_ascii(word)}
    return sa.or_(*(sa.func.lower(column).contains(each, autoescape=True) for each in sorted(spellings)))


def _upper_beyond_ascii(word: str) -> str:
    return "".join(letter if letter.isascii() else letter.upper() for letter in word)


def _fits(size: int) -> None:
    if not 1 <= size <= MOST:
        raise InvalidRequest({"size": N_("Choose between 1 and 100 at a time.")})


def _written(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def _read(cursor: str) -> UUID:
    try:
        last = UUID(bytes=base64.urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except ValueError:
        last = None
    if last is None or _written(last) != cursor:
        raise _no_cursor()
    return last


def _no_cursor() -> InvalidRequest:
    return InvalidRequest({"cursor": N_("This is not a cursor that we gave. Begin again without one.")})
