"""Runs migrations on SQLite and PostgreSQL, by `promos migrate` or by Alembic's own command, or writes them as SQL."""

import asyncio
import os
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from promos import schema, settings
from promos.models import Base, Instant

LOCK = 7_018_245_931  # one migration at a time on PostgreSQL; the number means nothing else


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations know SQLAlchemy, never Promos."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


OPTIONS: dict[str, Any] = {"target_metadata": Base.metadata, "render_item": render_item, "compare_type": True}


def run(connection: sa.Connection) -> None:
    on_sqlite = connection.dialect.name == "sqlite"
    context.configure(connection=connection, render_as_batch=on_sqlite, transactional_ddl=True, **OPTIONS)
    with context.begin_transaction():
        if not on_sqlite:
            connection.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.run_migrations()


def write_sql() -> None:
    context.configure(dialect_name="postgresql", literal_binds=True, **OPTIONS)
    with context.begin_transaction():
        context.execute("SET LOCAL lock_timeout = '5s'")
        context.run_migrations()


if context.is_offline_mode():
    write_sql()
elif (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(schema.run_on(settings.read(os.environ), run))
