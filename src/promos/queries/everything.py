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
from promos.queries.exports import ids_of, portions
from promos.rendering.sheets import Cell
from promos.rules import pseudonyms
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotFound

# What is no partner's to carry: what opens something, what could find a reader, what readers typed and did not show.
LEFT_OUT: dict[str, frozenset[str]] = {
    "check_ins": frozenset({"token_hash"}),
    "claims": frozenset({"reader_key", "name", "company", "token_hash"}),
    "devices": frozenset({"code_hash", "pairing_id"}),
    "invitations": frozenset({"token_hash"}),
    "pool_codes": frozenset({"mark", "sealed"}),
    "redemptions": frozenset({"reader_key"}),
    "report_links": frozenset({"secret_hash"}),
    "report_schedules": frozenset({"email_key"}),
    "shop_codes": frozenset({"mark", "sealed"}),
    "shops": frozenset({"hook_hash", "hook_id", "sealed_token"}),
    "tokens": frozenset({"token_hash"}),
}
READER = "reader_id"  # leaves as a pseudonym
_AS_IT_IS = frozenset({str, int, bool})

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
    """The partner's rows of a table, some at a time, each piece read by itself.

    Tables that have no id of their own only connect others, and are short.
    """
    left_out = LEFT_OUT.get(table.name, frozenset())
    mine, keys = _owner(table) == partner_id, list(table.primary_key)
    wanted = sa.select(*(column for column in table.columns if column.name not in left_out))
    wanted = wanted.where(mine).order_by(*keys)
    if len(keys) > 1:
        async with reading() as session:
            yield [_row(row, partner_id) for row in (await session.execute(wanted)).mappings()]
        return
    async with reading() as session:
        ids = await ids_of(session, sa.select(keys[0]).where(mine).order_by(keys[0]))
    for some in portions(ids):
        async with reading() as session:
            found = (await session.execute(wanted.where(keys[0].in_(some)))).mappings().all()
        yield [_row(row, partner_id) for row in found]


def _owner(table: sa.Table) -> sa.Column[Any]:
    return table.columns["id" if table.name == Partner.__tablename__ else "partner_id"]


def _row(row: Any, partner_id: UUID) -> Row:
    return {
        "reader" if name == READER else name: (pseudonyms.reader(partner_id, value) if name == READER else plain(value))
        for name, value in row.items()
    }


def plain(value: Any) -> Any:
    """As JSON has it."""
    if value is None or type(value) in _AS_IT_IS:
        return value
    if isinstance(value, UUID | Decimal):
        return str(value)
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def cell(value: Any) -> Cell:
    """The same for CSV: what has parts stays JSON."""
    if value is None or isinstance(value, str) or type(value) is int:
        return value
    return json.dumps(value, ensure_ascii=False)
