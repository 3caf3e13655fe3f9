"""The door to the database: one way in to read, one to write.

SQLite: writers take the write lock with their first word (`BEGIN IMMEDIATE`) and queue for the one connection that may
write; readers cannot write at all. PostgreSQL: each from a pool of its own, so that no crowd of readers keeps a batch
from its connection.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from promos.settings import Settings


class Database:
    """`reading()` and `writing()` each give a session in a transaction; leaving without an error commits it."""

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self.reader, self.writer = reader, writer
        self._read = async_sessionmaker(reader, expire_on_commit=False)
        self._write = async_sessionmaker(writer, expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        async with self._read() as session, session.begin():
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        async with self._write() as session, session.begin():
            yield session

    async def close(self) -> None:
        await self.reader.dispose()
        await self.writer.dispose()


def connect(settings: Settings) -> Database:
    """The installation's database; nothing is opened before the first session."""
    if make_url(settings.url).get_backend_name() == "sqlite":
        settings.data.mkdir(parents=True, exist_ok=True)
        return _sqlite(settings)
    reader, writer = _postgresql(settings, settings.database_pool), _postgresql(settings, settings.database_writers)
    return Database(reader, writer)


FRESH = 10.0  # seconds for which a connection is taken to be alive without asking


def _postgresql(settings: Settings, pool: int) -> AsyncEngine:
    engine = create_async_engine(
        settings.url,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=settings.database_timeout,
        hide_parameters=True,  # no address in a log
        connect_args={
            "timeout": settings.database_timeout,
            "command_timeout": settings.database_timeout + 2,
            "server_settings": {
                "lock_timeout": f"{int(settings.database_timeout * 1000)}",
                "statement_timeout": f"{int(settings.database_timeout * 1000) + 1000}",
                "idle_in_transaction_session_timeout": "60000",
            },
        },
    )
    event.listen(engine.sync_engine, "checkin", _on_checkin)
    event.listen(engine.sync_engine, "checkout", _on_checkout(engine))
    return engine


def _on_checkin(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["idle_since"] = monotonic()


def _on_checkout(engine: AsyncEngine) -> Any:
    def check(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        """A ping costs three round trips: only what has been idle for a while is asked whether it lives."""
        if monotonic() - record.info.get("idle_since", monotonic()) > FRESH:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error:
                raise DisconnectionError from None

    return check


def _sqlite(settings: Settings) -> Database:
    wait = settings.database_timeout
    writer = create_async_engine(
        settings.url,
        pool_size=1,
        max_overflow=0,
        pool_timeout=wait + 5,
        connect_args={"timeout": wait},
        hide_parameters=True,
    )
    reader = create_async_engine(
        settings.url,
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_timeout=wait,
        connect_args={"timeout": wait},
        hide_parameters=True,
    )
    for engine, begin, only_reads in ((writer, "BEGIN IMMEDIATE", False), (reader, "BEGIN", True)):
        event.listen(engine.sync_engine, "connect", _on_connect(wait, only_reads=only_reads))
        event.listen(engine.sync_engine, "begin", _on_begin(begin))
    return Database(reader, writer)


def _on_connect(wait: float, *, only_reads: bool) -> Any:
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's "begin" event says BEGIN, not the driver
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {int(wait * 1000)}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            f"query_only = {'ON' if only_reads else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return configure


def _on_begin(statement: str) -> Any:
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(statement)

    return begin


RETRIES = 5
_TRY_AGAIN = frozenset({"40001", "40P01", "55P03"})  # serialization failure, deadlock, lock not to be had in time


def may_retry(error: BaseException) -> bool:
    """Whether the same transaction, begun anew, may well succeed."""
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig
    state = getattr(cause, "sqlstate", None) or getattr(getattr(cause, "__cause__", None), "sqlstate", None)
    busy = isinstance(cause, sqlite3.OperationalError) and "locked" in str(cause)
    return busy or state in _TRY_AGAIN


def is_lost(error: BaseException) -> bool:
    """Whether the database is out of reach, so that a commit's outcome may be unknown."""
    if isinstance(error, TimeoutError | asyncio.TimeoutError | OSError):
        return True
    if not isinstance(error, DBAPIError):
        return type(error).__name__ == "TimeoutError"  # SQLAlchemy's own: the pool had no connection in time
    cause = error.orig
    state = str(getattr(cause, "sqlstate", "") or getattr(getattr(cause, "__cause__", None), "sqlstate", "") or "")
    full = isinstance(cause, sqlite3.OperationalError) and any(
        words in str(cause) for words in ("locked", "full", "I/O", "unable to open")
    )
    return error.connection_invalidated or full or state.startswith(("08", "53", "57")) or state in _TRY_AGAIN
