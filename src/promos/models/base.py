"""What all tables share: names of constraints, instants in UTC, ids that sort by the time they were made."""

import secrets
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase


class Instant(sa.TypeDecorator[datetime]):
    """A point in time: aware going in, UTC coming out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 -- SQLAlchemy reads it from the class
        datetime: Instant(),
        dict[str, Any]: sa.JSON(),
        list[Any]: sa.JSON(),
        list[str]: sa.JSON(),
    }


def where_there(table: str, column: str) -> sa.Index:
    """An index of the rows that have a value there: most have none, and a crowd's inserts leave it alone."""
    there = sa.text(f"{column} IS NOT NULL")
    return sa.Index(f"ix_{table}_{column}", column, sqlite_where=there, postgresql_where=there)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562, 6.2, method 3): milliseconds since 1970, 12 bits of what is left of them, 62 random bits."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    head = milliseconds << 16 | 0x7 << 12 | (rest << 12) // 1_000_000
    return UUID(int=head << 64 | 0b10 << 62 | secrets.randbits(62))


def table(model: type[Base]) -> sa.Table:
    """A model's table, for statements that are written without the ORM."""
    found = model.__table__
    if not isinstance(found, sa.Table):
        raise TypeError(f"{model.__name__} is not a plain table")
    return found
