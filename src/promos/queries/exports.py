"""Long lists that leave the house as CSV, a piece at a time: none is ever in memory whole."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import CodeBatch, PromoCode

PIECE = 2000  # rows
CLOCKS = timedelta(days=1)  # by which they may differ
COLUMNS = ("code", "limit", "used", "status")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Reading = Callable[[], AbstractAsyncContextManager[AsyncSession]]


async def codes_of(reading: Reading, batch: CodeBatch) -> AsyncIterator[bytes]:
    """The codes that a batch has made, as CSV; each piece is read by itself, so no transaction waits for who downloads.

    The walk goes along the ids, which sort by time: it begins a day before the batch does, as clocks differ, and ends
    with its last code.
    """
    yield row_of(COLUMNS)
    begin = batch.created_at.astimezone(UTC) - CLOCKS
    last, left = UUID(int=int(begin.timestamp() * 1000) << 80), batch.made
    its_own = sa.func.coalesce(PromoCode.batch_id, PromoCode.id) == batch.id  # not by the index of batches: by the ids
    found = sa.select(PromoCode.id, PromoCode.spelled, PromoCode.limit, PromoCode.used, PromoCode.status)
    found = found.where(its_own, PromoCode.offer_id == batch.offer_id).order_by(PromoCode.id)
    while left > 0:
        async with reading() as session:
            rows = (await session.execute(found.where(PromoCode.id > last).limit(min(PIECE, left)))).all()
        if not rows:
            return
        last, left = rows[-1].id, left - len(rows)
        yield b"".join(row_of("" if cell is None else cell for cell in row[1:]) for row in rows)


def row_of(cells: Iterable[Any]) -> bytes:
    """One line (RFC 4180); what a spreadsheet would take for a formula is marked as text."""
    line = io.StringIO()
    csv.writer(line).writerow([_plain(str(cell)) for cell in cells])
    return line.getvalue().encode()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
