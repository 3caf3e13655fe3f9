"""Every test that touches a database runs twice: on SQLite and on a real PostgreSQL, both made by the real migrations.

`session` is for actions: one transaction, rolled back. `database` is a clone of its own, for what commits for real.
On PostgreSQL the tests work as the application's role, which owns nothing.
"""

import asyncio
import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncSession

from promos import app, schema
from promos.database import Database, confine, connect
from promos.settings import Settings
from tests.postgres import Server

SECRETS: dict[str, Any] = {"secret_keys": "s" * 40, "reader_key": "r" * 40}
ROOM = 4 << 30  # bytes; two runs take half of it
_names = (f"clone_{number}" for number in itertools.count())


def pytest_configure() -> None:
    """No file outlives its test: they lie in memory where that has room; a database is made there at once."""
    memory = Path("/dev/shm")
    if "TMPDIR" not in os.environ and memory.is_dir() and shutil.disk_usage(memory).free > ROOM:
        os.environ["TMPDIR"] = str(memory)
        tempfile.tempdir = None  # to be found again


def pytest_collection_finish() -> None:
    """What is loaded by now stays, so nobody has to look through it again, test by test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


_ROUTED: dict[float, list[Litestar]] = {}  # free ones; to make one takes as long as most tests


@pytest.fixture(autouse=True)
def routed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An application of an earlier test, without its installation, does as well as a new one."""
    make, taken = app.routed, list[tuple[float, Litestar]]()

    def take(answer_timeout: float) -> Litestar:
        free = _ROUTED.setdefault(answer_timeout, [])
        found = free.pop() if free else make(answer_timeout)
        taken.append((answer_timeout, found))
        return found

    monkeypatch.setattr(app, "routed", take)
    yield
    for answer_timeout, used in taken:
        used.state = State()
        _ROUTED[answer_timeout].append(used)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    server = Server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgresql_template(postgres: Server) -> str:
    postgres.create_database("template_promos")
    owner = Settings(database_url=postgres.url("template_promos"))
    asyncio.run(schema.upgrade(owner))
    postgres.execute(
        "DO $$ BEGIN CREATE ROLE promos_web LOGIN IN ROLE promos_app; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    return "template_promos"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite")
    asyncio.run(schema.upgrade(Settings(data_dir=str(folder))))
    return folder / "promos.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database this test runs on."""
    return str(request.param)


@pytest.fixture
def template(kind: str, request: pytest.FixtureRequest) -> Any:
    """What the database of this test is a copy of: a file of SQLite, or the name of a database. An empty one."""
    return request.getfixturevalue(f"{kind}_template")


@pytest.fixture
def settings(kind: str, template: Any, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an installation with a database of its own."""
    if kind == "sqlite":
        shutil.copy(template, tmp_path / "promos.sqlite3")
        yield Settings(data_dir=str(tmp_path), **SECRETS)
        return
    server: Server = request.getfixturevalue("postgres")
    name = next(_names)
    server.create_database(name, template=template)
    try:
        yield Settings(
            data_dir=str(tmp_path),
            database_url=server.url(name, user="promos_web"),
            owner_database_url=server.url(name),
            **SECRETS,
        )
    finally:
        server.drop_database(name)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = connect(settings)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def shared(kind: str, request: pytest.FixtureRequest) -> Settings:
    """Settings of the database that `session` tests share; they leave nothing in it."""
    if kind == "sqlite":
        return Settings(data_dir=str(request.getfixturevalue("sqlite_template").parent), **SECRETS)
    name = request.getfixturevalue("shared_postgres")
    server: Server = request.getfixturevalue("postgres")
    return Settings(database_url=server.url(name, user="promos_web"), **SECRETS)


@pytest.fixture
async def session(shared: Settings) -> AsyncIterator[AsyncSession]:
    """A session whose every change is undone when the test ends."""
    opened = connect(shared)
    try:
        async with opened.writer.connect() as connection, connection.begin() as transaction:
            await confine(connection, None)
            async with AsyncSession(
                bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False
            ) as given:
                yield given
            await transaction.rollback()
    finally:
        await opened.close()


@pytest.fixture(scope="session")
def shared_postgres(postgres: Server, postgresql_template: str) -> str:
    postgres.create_database("shared_promos", template=postgresql_template)
    return "shared_promos"
