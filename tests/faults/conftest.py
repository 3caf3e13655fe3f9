"""Servers on either database that faults are done to, and the table of what was found at the end.

`make faults` does each for as long and as often as it takes; a short form of the same runs with all other tests.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import make_url

from promos import schema
from promos.database import connect
from promos.settings import Settings
from tests.conftest import SECRETS
from tests.faults.crowd import Crowd, Found, crowd_at
from tests.faults.disk import Disk
from tests.faults.house import SOON, Faulty
from tests.faults.pooler import Pooler
from tests.faults.proxy import Proxy
from tests.postgres import Server

SERVERS = 2
ROLE = "DO $$ BEGIN CREATE ROLE promos_web LOGIN IN ROLE promos_app; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
MEANING = """
lost: acknowledged and not there. over: more than the limit. doubled: a second pass for one reader. free: refused while
a pass was left. untold: a pass that nobody heard of. wrong: answers that may not be, as a 500, or none in time. drift:
counters against the ledger. open: transactions left behind. slowest: to an answer, or to none."""
Gather = Callable[..., AbstractAsyncContextManager[Crowd]]


@pytest.fixture(scope="session")
def durable() -> Iterator[Server]:
    """A PostgreSQL of our own that keeps what it acknowledged, with an empty database `faults`."""
    with Server.start(durable=True) as server:
        server.create_database("faults")
        asyncio.run(schema.upgrade(Settings(database_url=server.url("faults"))))
        server.execute(ROLE)
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    """Servers that stay; on PostgreSQL each has a proxy of its own."""
    folder: Path = tmp_path_factory.mktemp("faults")
    settings = Settings(data_dir=str(folder), **SECRETS, **SOON)
    proxies: list[Proxy] = []
    disk, owner = None, ""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "promos.sqlite3")
        disk = Disk(tmp_path_factory.mktemp("disk")) if shutil.which("cc") else None
    else:
        server: Server = request.getfixturevalue("durable")
        settings = msgspec.structs.replace(settings, database_url=server.url("faults", user="promos_web"))
        owner = server.url("faults")
        proxies = [Proxy(make_url(settings.database_url).port or 5432) for _ in range(SERVERS)]
    made = Faulty(settings, connect(settings), proxies, disk=disk, owner=owner)
    try:
        asyncio.run(made.start(SERVERS))
        yield made
    finally:
        made.stop()
        for proxy in proxies:
            proxy.close()


@pytest.fixture(scope="session")
def pooler(durable: Server) -> Iterator[Pooler]:
    if not (program := shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")):
        pytest.skip("no pgbouncer here (Debian: pgbouncer)")
    made = Pooler(program, make_url(durable.url("faults", user="promos_web")))
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture
async def pooled(pooler: Pooler, tmp_path: Path) -> AsyncIterator[Faulty]:
    """Servers that reach PostgreSQL through PgBouncer, and know it."""
    settings = Settings(data_dir=str(tmp_path), database_url=pooler.url, database_pooler=True, **SECRETS, **SOON)
    made = Faulty(settings, connect(settings))
    try:
        await made.start(SERVERS)
        yield made
    finally:
        made.stop()
        await made.database.close()


@pytest.fixture
async def house(standing: Faulty) -> AsyncIterator[Faulty]:
    """The standing servers, whole again before and after."""
    standing.mend()
    await standing.stand()
    standing.database = connect(standing.settings)
    try:
        yield standing
    finally:
        standing.mend()
        await standing.database.close()


@pytest.fixture
def crowd(house: Faulty, tell: Callable[[Found], None]) -> Gather:
    """`crowd("what is done", readers=…, limit=…)` gathers readers before the house."""
    return partial(crowd_at, house, tell=tell)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[Found], None]:
    database = request.node.callspec.params.get("standing", "") if hasattr(request.node, "callspec") else "pgbouncer"
    return lambda found: request.node.user_properties.append(("found", (database, msgspec.to_builtins(found))))


COLUMNS = ("readers", "passes", "lost", "over", "doubled", "free", "untold", "wrong", "drift", "open", "slowest")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    stats = terminalreporter.stats
    ran = [each for kind in ("passed", "failed") for each in stats.get(kind, []) if each.when == "call"]
    rows = [found for each in ran for name, found in each.user_properties if name == "found"]
    uncounted = [each for each in stats.get("failed", []) if not dict(each.user_properties).get("found")]
    uncounted += stats.get("error", [])
    if not rows and not uncounted:
        return
    terminalreporter.section("what was done, and what was found")
    terminalreporter.write_line(f"{'':11}{'':40}" + "".join(f"{name:>8}" for name in COLUMNS) + "  asked again")
    for database, found in rows:
        again = ", ".join(f"{count} {why}" for why, count in sorted(found["unheard"].items())) or "nobody"
        counts = [found[name] for name in ("asked", "acknowledged", "lost", "over", "doubled", "free", "secret")]
        counts += [len(found["wrong"]), found["drift"], found["idle"]]
        cells = "".join(f"{count:>8}" for count in counts) + f"{found['slowest']:>6.1f} s"
        terminalreporter.write_line(f"{database:11}{found['fault']:40}{cells}  {again}")
    for each in uncounted:
        terminalreporter.write_line(f"FAILED before it was counted: {each.nodeid}")
    for each in stats.get("skipped", []):
        terminalreporter.write_line(f"not tried: {each.nodeid}: {each.longrepr[2]}")
    terminalreporter.write_line(MEANING)
    is_well = not (uncounted or stats.get("failed"))
    terminalreporter.write_line(
        f"{len(rows)} faults, {sum(found['acknowledged'] for _, found in rows)} passes acknowledged. "
        + ("All is well: none was lost, none was one too many." if is_well else "SOMETHING IS WRONG: see above.")
    )
