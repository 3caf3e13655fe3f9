"""The installation's own row: which reader key it was begun with."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions.readers import insert_into
from promos.models import Installation, table
from promos.rules import signing


class WrongReaderKey(Exception):  # noqa: N818 -- said to whoever starts the program
    """With this reader key, readers who hold a pass would not be recognised."""


async def know_reader_key(session: AsyncSession, reader_key: bytes, *, now: datetime) -> None:
    """Keep the mark of the first reader key; raise `WrongReaderKey` for any other one."""
    mark = signing.fingerprint(b"mark\0" + reader_key)
    first = {"id": 1, "reader_key_mark": mark, "created_at": now}
    await session.execute(insert_into(session, table(Installation)).on_conflict_do_nothing().values(first))
    if await session.scalar(sa.select(Installation.reader_key_mark)) != mark:
        raise WrongReaderKey("PROMOS_READER_KEY is not the one that this database was begun with")
