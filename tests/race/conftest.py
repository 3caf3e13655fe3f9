"""Several real processes of `promos serve` on one database of their own, asked over HTTP.

`house` starts none and is a test's own, to be killed as one likes. `crowded` is shared by all tests that only ask: it
stands ready, and after each of them every counter has to agree with the ledger.
"""

import asyncio
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from promos import settings as configuration
from promos.actions import claims, codes, tokens
from promos.database import Database, connect
from promos.models import Offer, PassType, PromoCode
from promos.queries import recount
from promos.rules import signing
from promos.rules.people import PROGRAM, SCOPES, Role, Scope
from promos.settings import Settings
from tests import world
from tests.conftest import SECRETS
from tests.postgres import Server

PROCESSES = {"sqlite": 2, "postgresql": 4}
_words = (f"CROWD{number}" for number in itertools.count())


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

    def port(self, number: int) -> int:
        """The ports in turn."""
        return self.ports[number % len(self.ports)]

    async def claim_of(
        self, session: AsyncSession, code: PromoCode, name: str, *, email: str = "", waits: bool = False
    ) -> str:
        """The secret of a claim that waits for its button."""
        address = email or f"{name}@readers.example"
        want = claims.wanted(code.text, address, name=None, shares=(), block_id=None, language="en", waits=waits)
        claim = await claims.submit(
            session,
            want,
            signing_key=self.keys.signing[0],
            reader_key=self.keys.reader,
            lifetime=3600,
            now=datetime.now(UTC),
        )
        return signing.secret_of(self.keys.signing[0], "claim", claim.id)

    async def claims_of(self, code: PromoCode, names: Iterable[str], **facts: Any) -> list[str]:
        async with self.database.writing() as session:
            return [await self.claim_of(session, code, name, **facts) for name in names]

    async def offer(self, *, beside: Offer | None = None, capacity: int | None = None, **facts: Any) -> Offer:
        """An offer that is open now: of a pass type (`capacity`) and an event of its own, or of those of `beside`."""
        now = datetime.now(UTC)
        async with self.database.writing() as session:
            if beside:
                kind = await session.get_one(PassType, beside.pass_type_id)
            else:
                days: dict[str, Any] = {"starts_at": now + timedelta(days=9), "ends_at": now + timedelta(days=10)}
                event = await world.an_event(session, slug=f"event-{next(_words).lower()}", **days)
                kind = await world.a_pass_type(session, event, capacity=capacity)
            window: dict[str, Any] = {"opens_at": now - timedelta(days=1), "ends_at": now + timedelta(days=5)}
            return await world.an_offer(session, kind, **window | facts)

    async def code(self, offer: Offer | None = None, *, code_limit: int | None = None, **facts: Any) -> PromoCode:
        """A code of `offer`, or of one of its own made of `facts`; as the API would make it, with version 1."""
        offer = offer or await self.offer(**facts)
        async with self.database.writing() as session:
            return await codes.create(
                session, offer.id, next(_words), limit=code_limit, now=datetime.now(UTC), by=PROGRAM
            )

    async def token(
        self, role: Role = Role.ADMIN, *, partner_id: UUID | None = None, scopes: Collection[Scope] | None = None
    ) -> tuple[UUID, str]:
        """Id and secret of a token that may do all its role may, unless `scopes` says less."""
        async with self.database.writing() as session:
            token, secret = await tokens.create(
                session,
                name="crowd",
                role=role,
                partner_id=partner_id,
                scopes=SCOPES[role] if scopes is None else scopes,
                keys=self.keys,
                now=datetime.now(UTC),
                by=PROGRAM,
            )
            return token.id, secret

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


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Processes that stay, on either database in turn."""
    folder: Path = tmp_path_factory.mktemp("house")
    name = "house_of_races"
    settings = Settings(data_dir=str(folder), **SECRETS)
    server: Server | None = None
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "promos.sqlite3")
    else:
        server = request.getfixturevalue("postgres")
        server.create_database(name, template=request.getfixturevalue("postgresql_template"))
        settings = msgspec.structs.replace(settings, database_url=server.url(name, user="promos_web"))
    made = House(settings, connect(settings))
    try:
        asyncio.run(made.start(PROCESSES[request.param]))
        yield made
    finally:
        made.stop()
        if server:
            server.drop_database(name)


@pytest.fixture
async def crowded(standing: House) -> AsyncIterator[House]:
    """The standing house for one test; behind it nothing may have drifted."""
    standing.database = connect(standing.settings)
    try:
        yield standing
        async with standing.database.reading() as session:
            assert await recount.differences(session) == []
    finally:
        await standing.database.close()


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
