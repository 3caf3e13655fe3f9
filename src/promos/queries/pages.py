"""Long lists, page by page: every list of the API and of the desks comes through here."""

import base64
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from promos.rules.language import N_
from promos.rules.refusals import InvalidRequest

MOST = 100


async def page(
    session: AsyncSession,
    statement: sa.Select[*tuple[Any, ...]],
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
    if not 1 <= size <= MOST:
        raise InvalidRequest({"size": N_("Choose between 1 and 100 at a time.")})
    if cursor is not None:
        last = _read(cursor)
        statement = statement.where(id_column < last if newest_first else id_column > last)
    statement = statement.order_by(id_column.desc() if newest_first else id_column).limit(size + 1)
    result = await session.execute(statement)
    is_one = len(statement.column_descriptions) == 1
    rows: list[Any] = list(result.scalars() if is_one else result)
    if len(rows) <= size:
        return rows, None
    return rows[:size], _written(getattr(rows[size - 1], id_column.key))


def _written(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def _read(cursor: str) -> UUID:
    try:
        last = UUID(bytes=base64.urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except ValueError:
        last = None
    if last is None or _written(last) != cursor:
        raise InvalidRequest({"cursor": N_("This is not a cursor that we gave. Begin again without one.")})
    return last
