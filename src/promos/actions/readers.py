"""Readers' rows: one for each address that asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Reader, new_id, table
from promos.queries.together import padded
from promos.rules.redemption import Asker


def insert_into(session: AsyncSession, target: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """The database's own INSERT, the one with `on_conflict_…`; both spell it alike."""
    kind = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return kind(target)


async def remember(session: AsyncSession, askers: Mapping[str, Asker], *, now: datetime) -> dict[str, UUID]:
    """The readers' ids by address; who is new is written down. What is known stays: nothing is proven yet."""
    if not askers:
        return {}
    rows = [
        {
            "id": new_id(),
            "reader_key": asker.reader_key,
            "email": asker.email,
            "name": asker.name,
            "language": asker.language,
            "created_at": now,
        }
        for _, asker in sorted(askers.items())
    ]
    insert = insert_into(session, table(Reader))
    statement = insert.on_conflict_do_nothing(index_elements=["email"])
    if any(row["name"] for row in rows):  # else nobody's row is locked, which those who press may need
        statement = insert.on_conflict_do_update(
            index_elements=["email"], set_={"name": sa.func.coalesce(Reader.name, insert.excluded.name)}
        )
    connection = await session.connection()
    await connection.execute(statement, rows)
    found = await connection.execute(_BY_ADDRESS, {"emails": padded([row["email"] for row in rows])})
    return {email: id_ for id_, email in found}


async def name(session: AsyncSession, named: Sequence[tuple[UUID, str | None, str | None]]) -> None:
    """Call readers, and their companies, what they wrote, now that they proved that the mailbox is theirs.

    What they wrote nothing of stays as it is.
    """
    for field, called in (("name", [each[:2] for each in named]), ("company", [each[::2] for each in named])):
        rows = [{"reader": reader, "called": text} for reader, text in called if text]
        if rows:
            update = sa.update(table(Reader)).where(Reader.id == sa.bindparam("reader"))
            connection = await session.connection()
            statement = update.values({field: sa.bindparam("called")})
            await connection.execute(statement, sorted(rows, key=lambda row: str(row["reader"])))


_BY_ADDRESS = sa.select(Reader.id, Reader.email).where(Reader.email.in_(sa.bindparam("emails", expanding=True)))
