"""The door to the database: one way in to read, one to write.

SQLite: writers take the write lock with their first word (`BEGIN IMMEDIATE`) and queue for the one connection that may
write; readers cannot write at all. PostgreSQL: each from a pool of its own, so that no crowd of readers keeps a batch
from its connection; and a transaction says first whose rows it is about, for without that there are none.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy.exc
from sqlalchemy import event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from promos.settings import Settings


class Database:
    """`reading()` and `writing()` each give a session in a transaction; leaving without an error commits it.

    `of`: the partners whose rows there are in it, and no others; `None` for everybody's. PostgreSQL holds to it by
    itself (row-level security), whatever a statement forgot to ask; SQLite cannot.
    """

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self.reader, self.writer = reader, writer
        self._read = async_sessionmaker(reader, expire_on_commit=False)
        self._write = async_sessionmaker(writer, expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    @asynccontextmanager
    async def reading(self, of: frozenset[UUID] | None = None) -> AsyncIterator[AsyncSession]:
        async with self._read() as session, session.begin():
            if not self.is_sqlite:  # a connection is taken with the first word, there
                await confine(await session.connection(), of)
            yield session

    @asynccontextmanager
    async def writing(self, of: frozenset[UUID] | None = None) -> AsyncIterator[AsyncSession]:
        async with self._write() as session, session.begin():
            if not self.is_sqlite:  # a connection is taken with the first word, there
                await confine(await session.connection(), of)
            yield session

    async def close(self) -> None:
        await self.reader.dispose()
        await self.writer.dispose()


async def confine(connection: AsyncConnection, of: frozenset[UUID] | None) -> None:
    """Let this transaction come to the rows of the partners `of`, or (`None`) of everybody."""
    if connection.dialect.name == "postgresql":
        said = ("yes", "") if of is None else ("", ",".join(str(partner) for partner in sorted(of)))
        await connection.exec_driver_sql(_CONFINE, said)


@asynccontextmanager
async def among_all(session: AsyncSession) -> AsyncIterator[None]:
    """Let a look-up in this block come to the rows of everybody, because a word is unique in the installation.

    The block is a savepoint that is always undone: the wider reach ends with it, and nothing written in it stays.
    """
    if session.get_bind().dialect.name == "sqlite":  # there are no walls
        yield
        return
    block = await session.begin_nested()
    try:
        await confine(await session.connection(), None)
        yield
    finally:
        await block.rollback()


_CONFINE = "SELECT set_config('promos.everybody', $1, true), set_config('promos.partners', $2, true)"


def connect(settings: Settings) -> Database:
    """The installation's database; nothing is opened before the first session."""
    if make_url(settings.url).get_backend_name() == "sqlite":
        settings.data.mkdir(parents=True, exist_ok=True)
        return _sqlite(settings)
    reader, writer = _postgresql(settings, settings.database_pool), _postgresql(settings, settings.database_writers)
    event.listen(writer.sync_engine, "begin" if settings.database_pooler else "connect", _on_writer(settings))
    return Database(reader, writer)


FRESH = 10.0  # seconds for which a connection is taken to be alive without asking


def _postgresql(settings: Settings, pool: int) -> AsyncEngine:
    patience = {
        "lock_timeout": f"{int(settings.database_lock_timeout * 1000)}",
        "statement_timeout": f"{int(settings.database_timeout * 1000)}",
        "idle_in_transaction_session_timeout": f"{int(settings.database_idle_timeout * 1000)}",
    }
    how: dict[str, Any] = {
        "timeout": settings.database_connect_timeout,
        "command_timeout": settings.database_timeout + 1,  # for a server that is not even there to say that it is late
        "async_creator_fn": Hosts(),
    }
    if settings.database_pooler:
        # Whoever comes next on the server's connection would meet statements kept there.
        how |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": str,  # no name
        }
    else:
        how["server_settings"] = patience
    engine = create_async_engine(
        settings.url,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        hide_parameters=True,  # no address in a log
        connect_args=how,
    )
    event.listen(engine.sync_engine, "checkin", _on_checkin)
    event.listen(engine.sync_engine, "checkout", _on_checkout(engine))
    if settings.database_pooler:
        local = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in patience.items())
        event.listen(engine.sync_engine, "begin", _on_begin(f"SELECT {local}"))
    return engine


def _on_writer(settings: Settings) -> Any:
    """A server that was cut off in the middle of a statement is neither idle nor late, and would keep its locks.

    Only PostgreSQL 17 and later know the time-out that ends such a transaction.
    """
    is_local = settings.database_pooler
    limit = _limit(int(settings.database_idle_timeout * 1000), is_local=is_local)

    def connected(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.run_async(lambda driver: driver.execute(limit))

    return _on_begin(limit) if is_local else connected


def _limit(milliseconds: int, *, is_local: bool) -> str:
    return (
        "SELECT CASE WHEN current_setting('server_version_num')::int >= 170000"
        f" THEN set_config('transaction_timeout', '{milliseconds}', {is_local}) END"
    )


async def take_as_long(connection: AsyncConnection) -> None:
    """Let this transaction take as long as it takes, as that of a migration may."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(_limit(0, is_local=True))


class Hosts:
    """Connects to the first host of the address that may be used, beginning with the one that was used last.

    The driver has one time-out for all of them, and a host that is gone without a word would use it up.
    """

    def __init__(self) -> None:
        self._last = 0

    async def __call__(self, *, host: Any = None, port: Any = None, **how: Any) -> asyncpg.Connection:
        hosts, ports = (host, port) if isinstance(host, list) else ([host], [port])
        failed: Exception | None = None
        for number in [self._last, *(each for each in range(len(hosts)) if each != self._last)]:
            try:
                connection = await asyncpg.connect(host=hosts[number], port=ports[number], **how)
            except asyncpg.TargetServerAttributeNotMatched:
                failed = ConnectionError("no host leads")
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                failed = error
            else:
                self._last = number
                return connection
        raise failed or ValueError("an address without a host")


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
    wait = settings.database_lock_timeout
    writer = create_async_engine(
        settings.url,
        pool_size=1,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        connect_args={"timeout": wait},
        hide_parameters=True,
    )
    reader = create_async_engine(
        settings.url,
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
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
    return _state(error) in _TRY_AGAIN or "locked" in _complaint(error)


def is_busy(error: BaseException) -> bool:
    """Whether it failed for want of a connection or of a lock, so that nothing was done."""
    no_connection = isinstance(error, sqlalchemy.exc.TimeoutError) or _state(error) == "53300"
    return no_connection or _state(error) == "55P03" or "locked" in _complaint(error)


def is_full(error: BaseException) -> bool:
    """Whether the disk has no room left, so that nothing was done."""
    return _state(error) == "53100" or "full" in _complaint(error)


def is_lost(error: BaseException) -> bool:
    """Whether the database is out of reach, so that a commit's outcome may be unknown."""
    if isinstance(error, TimeoutError | asyncio.TimeoutError | OSError | sqlalchemy.exc.TimeoutError):
        return True
    state, complaint = _state(error), _complaint(error)
    if any(words in complaint for words in ("locked", "full", "I/O", "unable to open")):
        return True
    is_cut = isinstance(error, DBAPIError) and error.connection_invalidated
    return is_cut or state.startswith(("08", "53", "57", "25P")) or state in _TRY_AGAIN


def _state(error: BaseException) -> str:
    """The SQLSTATE that PostgreSQL gave."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None) or getattr(getattr(cause, "__cause__", None), "sqlstate", None)
    return str(state or "")


def _complaint(error: BaseException) -> str:
    """What SQLite says of its files and locks."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return str(cause) if isinstance(cause, sqlite3.OperationalError) else ""
