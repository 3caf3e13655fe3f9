"""Everything that is a partner's own, table by table: what they may carry elsewhere, and what stays here."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Base, Partner
from promos.queries.exports import AT_ONCE, PIECE
from promos.rendering.sheets import Cell
from promos.rules import pseudonyms
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotFound

# What is no partner's to carry: what opens something, what could find a reader, what readers typed and did not show.
LEFT_OUT: dict[str, frozenset[str]] = {
    "check_ins": frozenset({"token_hash"}),
    "claims": frozenset({"reader_key", "name", "company", "token_hash"}),
    "devices": frozenset({"code_hash", "pairing_id"}),
    "pool_codes": frozenset({"mark", "sealed"}),
    "redemptions": frozenset({"reader_key"}),
    "tokens": frozenset({"token_hash"}),
}
READER = "reader_id"  # leaves as a pseudonym

Reading = Callable[[], AbstractAsyncContextManager[AsyncSession]]
Row = dict[str, Any]


async def partner(session: AsyncSession, partner_id: UUID, by: Actor) -> Partner:
    """A partner of whom `by` may take everything, as an owner or an admin; raises `NotFound`."""
    is_whole = by.event_ids is None and by.runs(partner_id, Role.OWNER)
    found = await session.get(Partner, partner_id) if is_whole else None
    if found is None:
        raise NotFound("partner")
    return found


def tables() -> list[sa.Table]:
    """The tables in which rows are a partner's, in an order in which they could be filled."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if table.name == Partner.__tablename__ or "partner_id" in table.columns
    ]


async def number(session: AsyncSession, partner_id: UUID) -> int:
    """How many rows there are in all of them."""
    counts = [sa.select(sa.func.count()).select_from(table).where(_owner(table) == partner_id) for table in tables()]
    return sum([await session.scalar(count) or 0 for count in counts])


def columns(table: sa.Table) -> list[str]:
    """What of a table leaves, in words; a reader is a pseudonym."""
    left_out = LEFT_OUT.get(table.name, frozenset())
    return [
        "reader" if column.name == READER else column.name for column in table.columns if column.name not in left_out
    ]


async def rows(reading: Reading, table: sa.Table, partner_id: UUID) -> AsyncIterator[Sequence[Row]]:
    """The partner's rows of a table, some at a time, each piece read by itself."""
    left_out = LEFT_OUT.get(table.name, frozenset())
    wanted = sa.select(*(column for column in table.columns if column.name not in left_out))
    keys = list(table.primary_key)
    async with reading() as session:
        mine = sa.select(*keys).where(_owner(table) == partner_id).order_by(*keys)
        found = await session.stream(mine.execution_options(yield_per=AT_ONCE))
        marks = [_mark(row) async for row in found]
    for begin in range(0, len(marks), PIECE):
        some = [_key(mark) for mark in marks[begin : begin + PIECE]]
        which = keys[0].in_([key[0] for key in some]) if len(keys) == 1 else sa.tuple_(*keys).in_(some)
        async with reading() as session:
            piece = (await session.execute(wanted.where(_owner(table) == partner_id, which).order_by(*keys))).mappings()
            yield [_row(row, partner_id) for row in piece]


def _owner(table: sa.Table) -> sa.Column[Any]:
    return table.columns["id" if table.name == Partner.__tablename__ else "partner_id"]


def _mark(row: Any) -> Any:
    """A key as small as it gets: a million of them wait until their rows are read."""
    return row[0].bytes if len(row) == 1 and isinstance(row[0], UUID) else tuple(row)


def _key(mark: Any) -> tuple[Any, ...]:
    return (UUID(bytes=mark),) if isinstance(mark, bytes) else mark


def _row(row: Any, partner_id: UUID) -> Row:
    told = {name: plain(value) for name, value in row.items() if name != READER}
    return {"reader": pseudonyms.reader(partner_id, row[READER]), **told} if READER in row else told


def plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, UUID | Decimal):
        return str(value)
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def cell(value: Any) -> Cell:
    """The same for CSV: what has parts stays JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
