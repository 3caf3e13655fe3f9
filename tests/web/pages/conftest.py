"""The desks as somebody of the staff uses them: signed in, by forms, without a script."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar import Litestar

from promos import settings as configuration
from promos.actions import sign_in
from promos.app import create_app, running
from promos.database import Database
from promos.rules.people import Role
from promos.settings import Keys, Settings
from promos.web.headers import Headers
from tests.world import NOW, a_person

Forms = dict[str, Any]


@dataclass(slots=True)
class Browser:
    """One browser. `csrf` is what the forms of its session bring along."""

    client: httpx.AsyncClient
    csrf: str = ""

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def post(self, path: str, fields: Forms | None = None) -> httpx.Response:
        return await self.client.post(path, data={"_csrf_token": self.csrf, **(fields or {})})


SignIn = Callable[..., Awaitable[Browser]]


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return configuration.keys(settings)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Headers]:
    """The running application at `NOW`, on an empty database; mails wait."""
    whole = create_app(msgspec.structs.replace(settings, embedded_worker=False), clock=lambda: NOW)
    assert isinstance(whole, Headers)
    assert isinstance(whole.app, Litestar)
    async with running(whole.app):
        yield whole


@pytest.fixture
async def nobody(app: Headers, settings: Settings) -> AsyncIterator[Browser]:
    """A browser in which nobody is signed in."""
    async with _client(app, settings) as client:
        yield Browser(client)


@pytest.fixture
async def signed_in(app: Headers, settings: Settings, database: Database, keys: Keys) -> AsyncIterator[SignIn]:
    """Give somebody a role and a browser: `await signed_in("claire@x.example", Role.OWNER, partner_id=…)`."""
    clients: list[httpx.AsyncClient] = []

    async def enter(email: str, role: Role, **reach: UUID) -> Browser:
        async with database.writing() as session:
            person = await a_person(session, email, role, **reach)
            hour = timedelta(hours=1)
            secret = await sign_in.link_for(session, person, keys=keys, now=NOW, lifetime=hour)
            _, cookie = await sign_in.enter(session, secret, now=NOW, lifetime=hour)
        client = _client(app, settings)
        clients.append(client)
        host = urlsplit(settings.base_url).hostname or ""
        client.cookies.set("promos", cookie, domain=host if "." in host else f"{host}.local")  # as its jar names it
        return Browser(client, sign_in.csrf_of(cookie, keys))

    yield enter
    for client in clients:
        await client.aclose()


def _client(app: Headers, settings: Settings) -> httpx.AsyncClient:
    transport: Any = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    headers = {"Origin": settings.base_url}
    return httpx.AsyncClient(transport=transport, base_url=settings.base_url, headers=headers)
