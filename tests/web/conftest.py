"""The running application for tests of the API, and a world for them to ask about."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from promos import settings as configuration
from promos.app import create_app
from promos.database import connect
from promos.outside.web import Web
from promos.settings import Keys, Settings
from promos.web.headers import Headers
from tests.conftest import SECRETS
from tests.outside.fakes import InProcess
from tests.outside.fakes.ghost import FakeGhost
from tests.outside.fakes.pretix import FakePretix
from tests.postgres import Server
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
def template(kind: str, template: Any, request: pytest.FixtureRequest) -> Any:
    """With the world in it for those who ask for it."""
    return request.getfixturevalue(f"{kind}_world")[0] if "world" in request.fixturenames else template


@pytest.fixture
def world(kind: str, request: pytest.FixtureRequest) -> World:
    """Made once, for that takes as long as many a test; each finds it as it was made."""
    made: World = request.getfixturevalue(f"{kind}_world")[1]
    return deepcopy(made)


@pytest.fixture(scope="session")
def sqlite_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    folder = tmp_path_factory.mktemp("world")
    file = Path(shutil.copy(sqlite_template, folder))
    return file, asyncio.run(_made(Settings(data_dir=str(folder), **SECRETS)))


@pytest.fixture(scope="session")
def postgresql_world(postgres: Server, postgresql_template: str) -> tuple[str, World]:
    postgres.create_database("world", template=postgresql_template)
    url = postgres.url("world", user="promos_web")
    return "world", asyncio.run(_made(Settings(database_url=url, **SECRETS)))


async def _made(settings: Settings) -> World:
    database = connect(settings)
    try:
        async with database.writing() as session:
            return await a_world(session, configuration.keys(settings))
    finally:
        await database.close()
