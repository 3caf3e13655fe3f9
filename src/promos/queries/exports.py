"""Long lists that leave the house, a piece at a time: none is ever in memory whole."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import CodeBatch, PromoCode
from promos.rendering.sheets import Line, Sheet

PIECE = 2000  # rows
CLOCKS = timedelta(days=1)  # by which they may differ
COLUMNS = ("code", "limit", "used", "status")

Reading = Callable[[], AbstractAsyncContextManager[AsyncSession]]


def codes_of(reading: Reading, batch: CodeBatch) -> Sheet:
    """The codes that a batch has made."""
    return Sheet(f"codes-{batch.created_at:%Y-%m-%d}-{batch.made}", "codes", COLUMNS, _codes(reading, batch))


async def _codes(reading: Reading, batch: CodeBatch) -> AsyncIterator[list[Line]]:
    """Each piece is read by itself, so no transaction waits for who downloads.

    The walk goes along the ids, which sort by time: it begins a day before the batch does, as clocks differ, and ends
    with its last code.
    """
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
        yield [(row.spelled, row.limit, row.used, row.status) for row in rows]
