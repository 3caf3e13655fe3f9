"""Several real processes of `promos serve` on one database of their own, asked over HTTP."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from promos import settings as configuration
from promos.actions import claims
from promos.database import Database
from promos.models import PromoCode
from promos.rules import signing
from promos.settings import Settings
from tests import world


class House:
    """`processes` servers on one database. Every one of them answers under its own port."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.keys = configuration.keys(settings)
        self.ports: list[int] = []
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    async def start(self, processes: int) -> None:
        self.ports = [_free_port() for _ in range(processes)]
        for port in self.ports:
            self._serve(port)
        for port in self.ports:
            await self._ready(port)

    async def restart(self, port: int) -> None:
        self._serve(port)
        await self._ready(port)

    def kill(self, port: int) -> None:
        """kill -9 of this server and all it started."""
        process = self._running.pop(port)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        for port in list(self._running):
            self.kill(port)

    async def claim_of(self, session: AsyncSession, code: PromoCode, name: str) -> str:
        """The secret of a claim that waits for its button."""
        want = claims.wanted(code.text, f"{name}@readers.example", name=None, shares=(), block_id=None, language="en")
        claim = await claims.submit(
            session,
            want,
            signing_key=self.keys.signing[0],
            reader_key=self.keys.reader,
            lifetime=3600,
            now=datetime.now(UTC),
        )
        return signing.secret_of(self.keys.signing[0], "claim", claim.id)

    async def code(self, **facts: Any) -> PromoCode:
        """A code that is open now."""
        now = datetime.now(UTC)
        async with self.database.writing() as session:
            event = await world.an_event(session, starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=10))
            kind = await world.a_pass_type(session, event)
            window: dict[str, Any] = {"opens_at": now - timedelta(days=1), "ends_at": now + timedelta(days=5)}
            return await world.a_code(session, await world.an_offer(session, kind, **window | facts))

    def _serve(self, port: int) -> None:
        settings = self.settings
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PROMOS_")}
        environ |= {
            "PROMOS_DATA_DIR": settings.data_dir,
            "PROMOS_DATABASE_URL": settings.url,
            "PROMOS_SECRET_KEYS": settings.secret_keys,
            "PROMOS_READER_KEY": settings.reader_key,
            "PROMOS_BASE_URL": f"http://127.0.0.1:{port}",
            "PROMOS_EMBEDDED_WORKER": "0",
            "PROMOS_LOG_LEVEL": "warning",
        }
        command = [sys.executable, "-m", "promos.cli", "serve", "--port", str(port)]
        self._running[port] = subprocess.Popen(command, env=environ, start_new_session=True)

    async def _ready(self, port: int) -> None:
        async with httpx.AsyncClient() as client, asyncio.timeout(40):
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200:
                        return
                if (code := self._running[port].poll()) is not None:
                    raise RuntimeError(f"the server ended with {code}")
                await asyncio.sleep(0.05)


@pytest.fixture
async def house(settings: Settings, database: Database) -> AsyncIterator[House]:
    made = House(settings, database)
    try:
        yield made
    finally:
        made.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
