"""Servers that may be ended, starved and cut off, and what is to be true of them afterwards."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
import sqlalchemy as sa
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from promos.database import Database
from promos.settings import PREFIX, Settings
from tests.faults.disk import Disk
from tests.faults.proxy import Proxy
from tests.race.conftest import House

LONG = bool(os.environ.get("PROMOS_TEST_LONG"))
PATIENCE = 15.0  # seconds: nothing hangs longer, whatever happens to the database
# In a short run everything times out sooner, and for the same reasons.
SOON: dict[str, Any] = {} if LONG else {
    "database_connect_timeout": 0.5,
    "database_pool_timeout": 0.5,
    "database_lock_timeout": 0.5,
    "database_timeout": 1.0,
    "database_idle_timeout": 3.0,
    "batch_wait": 1.2,
    "answer_timeout": 2.0,
}  # fmt: skip


class Faulty(House):
    """A house whose servers reach PostgreSQL each through a proxy of its own, or SQLite on a `disk` that may fail."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        proxies: Sequence[Proxy] = (),
        *,
        disk: Disk | None = None,
        owner: str = "",
    ) -> None:
        super().__init__(settings, database)
        self.proxies, self.disk = proxies, disk
        self._owner = owner  # where somebody who is not one of the servers reaches the database

    def mend(self) -> None:
        for proxy in self.proxies:
            proxy.mend()
        if self.disk:
            self.disk.mend()

    @asynccontextmanager
    async def codes_are_kept(self) -> AsyncIterator[None]:
        """By somebody else: on SQLite no server can write, on PostgreSQL none can even read them."""
        if self.database.is_sqlite:
            path = self.database.writer.url.database or ""
            with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as file:
                while not file.in_transaction:  # there is no queue: who waits politely comes after the crowd
                    with suppress(sqlite3.OperationalError):
                        file.execute("BEGIN IMMEDIATE")
                    await asyncio.sleep(0)
                yield
            return
        engine = create_async_engine(self._owner)
        try:
            async with engine.begin() as connection:
                await connection.execute(sa.text("LOCK TABLE promo_codes IN ACCESS EXCLUSIVE MODE"))
                yield
        finally:
            await engine.dispose()

    async def look(self, code: str, times: int) -> list[int]:
        """How `times` who look at the code's page at once are answered."""
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=PATIENCE, limits=limits, verify=False) as client:
            addresses = [f"http://127.0.0.1:{self.port(at)}/c/{code}" for at in range(times)]
            return [answer.status_code for answer in await asyncio.gather(*map(client.get, addresses))]

    async def stand(self) -> None:
        """Every server answers; who was killed or ended is there again."""
        for port in self.ports:
            if port not in self._running:
                self._serve(port)
        for port in self.ports:
            await self._ready(port)

    async def end(self, port: int) -> int:
        """SIGTERM; its exit status when it is gone."""
        process = self._running.pop(port)
        process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(process.wait, 30)

    def processes(self, port: int) -> list[int]:
        """All that run for this server."""
        group = self._running[port].pid
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(fields[2]) == group:
                found.append(int(path.parent.name))
        return found

    async def lives(self) -> bool:
        """Whether every server says so, database or not."""
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            answers = [await client.get(f"http://127.0.0.1:{port}/health/live") for port in self.ports]
        return all(answer.status_code == 200 for answer in answers)

    def _serve(self, port: int) -> None:
        settings = self.settings
        if self.proxies:
            proxy = self.proxies[self.ports.index(port) % len(self.proxies)]
            url = make_url(settings.database_url).set(host="127.0.0.1", port=proxy.port)
            settings = msgspec.structs.replace(settings, database_url=url.render_as_string(hide_password=False))
        settings = msgspec.structs.replace(
            settings, base_url=f"http://127.0.0.1:{port}", embedded_worker=LONG, log_level="critical"
        )
        environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        plain = Settings()
        for name, value in msgspec.structs.asdict(settings).items():
            if value != getattr(plain, name):
                environ[f"{PREFIX}{name.upper()}"] = str(value).lower() if isinstance(value, bool) else str(value)
        if self.disk:
            environ |= self.disk.environ
        command = [sys.executable, "-m", "promos.cli", "serve", "--port", str(port)]
        self._running[port] = subprocess.Popen(command, env=environ, start_new_session=True)
