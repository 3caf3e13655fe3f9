"""The running application for tests of the API, and a world for them to ask about."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import httpx
import msgspec
import pytest
from litestar import Litestar

from promos import settings as configuration
from promos.app import create_app
from promos.database import Database
from promos.outside.web import Web
from promos.settings import Keys, Settings
from promos.web.headers import Headers
from tests.outside.fakes import InProcess
from tests.outside.fakes.ghost import FakeGhost
from tests.outside.fakes.pretix import FakePretix
from tests.web.sides import World, a_world
from tests.world import NOW


async def a_public_address(_host: str) -> list[str]:
    """What every name is, as far as these tests know."""
    return ["93.184.215.14"]


@asynccontextmanager
async def running(
    settings: Settings,
    clock: Callable[[], datetime] = lambda: NOW,
    web: Web | None = None,
    shops: Web | None = None,
) -> AsyncIterator[Headers]:
    """The whole application between its start and its end; mails wait, as it has no worker.

    One task starts and ends it, as a server does: a fixture may begin in one and end in another.
    """
    ways = {"web": web, "hooks": Web(a_public_address), "shops": shops or InProcess(FakePretix())}
    whole = create_app(msgspec.structs.replace(settings, embedded_worker=False), clock=clock, **ways)
    assert isinstance(whole, Headers)
    app = whole.app
    assert isinstance(app, Litestar)
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await stop.wait()

    living, waiting = asyncio.create_task(live()), asyncio.create_task(started.wait())
    await asyncio.wait([living, waiting], return_when=asyncio.FIRST_COMPLETED)
    if living.done():
        waiting.cancel()
        living.result()
    try:
        yield whole
    finally:
        stop.set()
        await living


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return configuration.keys(settings)


PAGES = {"https://freea.example/42": "<p>Use the code ZEPHYR3 for one of 20 free passes.</p>"}


@pytest.fixture
def ghost() -> FakeGhost:
    """The one newsletter tool that there is out there."""
    fake = FakeGhost(NOW)
    fake.add("<p>Une semaine calme.</p>")
    return fake


@pytest.fixture
async def client(settings: Settings, ghost: FakeGhost) -> AsyncIterator[httpx.AsyncClient]:
    """A program that asks at `NOW`."""
    async with running(settings, web=InProcess(ghost, PAGES)) as app:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as asking:
            yield asking


@pytest.fixture
async def world(database: Database, keys: Keys) -> World:
    async with database.writing() as session:
        return await a_world(session, keys)
