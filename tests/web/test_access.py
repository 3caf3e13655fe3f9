"""Who gets through: tokens for programs, cookies for browsers, our own forms for changes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from litestar import Litestar, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.params import URLEncodedBody

import promos.web
from promos.actions import people, sign_in, tokens
from promos.database import Database
from promos.models import StaffRole
from promos.queries.together import Together
from promos.rules.people import SCOPES, Actor, Role, Scope
from promos.settings import Keys, Settings
from promos.web import access, problems
from promos.web.access import ANYONE, BearerActor, CookieActor, allows, guard, undeclared
from promos.web.headers import Headers
from tests.world import ADMIN, DAY, NOW, a_partner, a_person, an_event, whom

KEYS = Keys((b"s" * 40,), b"r" * 40)
HERE = {"Origin": "http://127.0.0.1:8000"}
Asked = Request[Actor, Any, State]


class Note(msgspec.Struct):
    text: str


@get("/api/open", opt=ANYONE)
async def read_open(request: Asked) -> str:
    return request.user.kind


@get("/api/things", opt=allows(Role.ADMIN, Role.MEMBER, scope=Scope.READ))
async def read_things(request: Asked) -> str:
    return request.user.name


@post("/api/things", opt=allows(Role.ADMIN, Role.MEMBER, scope=Scope.WRITE))
async def write_thing() -> None: ...


@get("/api/forgotten")
async def forgotten() -> None: ...


@get("/desk", opt=allows(Role.ADMIN, scope=Scope.READ))
async def desk(request: Asked) -> dict[str, str]:
    return {"name": request.user.name, "csrf": request.scope["state"]["csrf"]}


@post("/desk", opt=allows(Role.ADMIN, scope=Scope.WRITE))
async def write_desk(data: URLEncodedBody[Note]) -> str:
    return data.text


@post("/upload", opt=ANYONE)
async def upload(request: Asked) -> str:
    return str((await request.form())["text"])


@post("/enter", opt=ANYONE)
async def enter(request: Asked) -> Response[None]:
    settings = request.app.state.settings
    return Response(None, cookies=[access.set_session_cookie("secret", settings)])


@post("/leave", opt=ANYONE)
async def leave(request: Asked) -> Response[None]:
    return Response(None, cookies=[access.clear_session_cookie(request.app.state.settings)])


API = [read_open, read_things, write_thing]
PAGES = [desk, write_desk, upload, enter, leave]


def an_app(database: Database | None, settings: Settings, *, api: Any = API) -> Litestar:
    return Litestar(
        [
            Router("/", route_handlers=api, middleware=[BearerActor()]),
            Router("/", route_handlers=PAGES, middleware=[CookieActor()], guards=[guard]),
        ],
        exception_handlers=problems.HANDLERS,
        openapi_config=None,
        state=State(
            {
                "database": database,
                "settings": settings,
                "keys": KEYS,
                "clock": lambda: NOW,
                "tokens": Together(database, tokens.known) if database else None,
            }
        ),
    )


@asynccontextmanager
async def browsing(
    database: Database | None = None, *, base_url: str = "http://127.0.0.1:8000", api: Any = API
) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(base_url=base_url)
    app = Headers(an_app(database, settings, api=api), settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=base_url) as client:  # type: ignore[arg-type]
        yield client


async def a_token(database: Database, role: Role = Role.ADMIN, *scopes: Scope, **given: Any) -> str:
    async with database.writing() as session:
        _, secret = await tokens.create(
            session,
            **{"name": "shop", "role": role, "scopes": scopes or SCOPES[role]} | given,
            keys=KEYS,
            now=NOW,
            by=ADMIN,
        )
    return secret


async def a_session(database: Database, role: Role = Role.ADMIN, **reach: Any) -> tuple[StaffRole, str]:
    """A signed-in person's role and cookie."""
    async with database.writing() as session:
        person = await a_person(session, "ada@example.org", role, **reach)
        secret = await sign_in.link_for(session, person, keys=KEYS, now=NOW, lifetime=DAY)
        _, cookie = await sign_in.enter(session, secret, now=NOW, lifetime=DAY)
        row = (await session.scalars(sa.select(StaffRole))).one()
    return row, cookie


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_without_a_token_only_what_is_for_anyone_opens(database: Database) -> None:
    async with browsing(database) as client:
        assert (await client.get("/api/open")).text == "anonymous"
        answer = await client.get("/api/things")

    assert code_of(answer) == (401, "sign-in-needed")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_opens_what_its_role_and_scope_allow(database: Database) -> None:
    secret = await a_token(database, Role.ADMIN, Scope.READ)

    async with browsing(database) as client:
        assert (await client.get("/api/things", headers=bearing(secret))).text == "shop"
        assert code_of(await client.post("/api/things", headers=bearing(secret))) == (403, "scope-missing")


async def test_another_role_is_told_which_it_takes(database: Database) -> None:
    async with database.writing() as session:
        event = await an_event(session, await a_partner(session))
    secret = await a_token(database, Role.DOOR, partner_id=event.partner_id, event_ids=[event.id])

    async with browsing(database) as client:
        answer = await client.get("/api/things", headers=bearing(secret))

    assert code_of(answer) == (403, "not-allowed")
    assert answer.json()["needs"] == ["admin", "member"]


@pytest.mark.parametrize("header", ["Bearer pk_UNKNOWN", "Bearer", "Bearer ", "Basic YTpi", "pk_X", "", "Bearer pk_é"])
async def test_a_token_that_is_none_is_refused_even_where_anyone_may(database: Database, header: str) -> None:
    async with browsing(database) as client:
        answer = await client.get("/api/open", headers=[(b"Authorization", header.encode())])

    assert code_of(answer) == (401, "token-unknown")


async def test_a_revoked_token_is_refused_at_the_next_request(database: Database) -> None:
    secret = await a_token(database)
    async with browsing(database) as client:
        assert (await client.get("/api/things", headers=bearing(secret))).status_code == 200
        async with database.writing() as session:
            actor = await whom(session, secret, now=NOW)
            assert actor is not None
            assert actor.id is not None
            await tokens.revoke(session, actor.id, now=NOW, by=ADMIN)
        assert (await client.get("/api/things", headers=bearing(secret))).status_code == 401


async def test_a_cookie_counts_for_nothing_in_the_api_and_a_token_for_nothing_on_pages(database: Database) -> None:
    _, cookie = await a_session(database)
    secret = await a_token(database)

    async with browsing(database) as client:
        assert (await client.get("/api/things", headers={"Cookie": f"promos={cookie}"})).status_code == 401
        assert (await client.get("/desk", headers=bearing(secret))).status_code == 401


async def test_an_operation_that_names_nobody_is_refused_and_found(database: Database) -> None:
    app = an_app(database, Settings(), api=[*API, forgotten])
    async with browsing(database, api=[*API, forgotten]) as client:
        assert (await client.get("/api/forgotten")).status_code == 500

    assert undeclared(app) == ["GET /api/forgotten"]
    assert undeclared(an_app(database, Settings())) == []
    with pytest.raises(ValueError, match="names its roles"):
        allows(scope=Scope.READ)


async def test_a_session_opens_pages_until_it_ends(database: Database) -> None:
    _, cookie = await a_session(database)
    async with browsing(database) as client:
        client.cookies.set("promos", cookie)
        assert (await client.get("/desk")).json() == {"name": "ada", "csrf": sign_in.csrf_of(cookie, KEYS)}
        async with database.writing() as session:
            await sign_in.leave(session, cookie, now=NOW)
        assert code_of(await client.get("/desk")) == (401, "sign-in-needed")


async def test_a_removed_role_closes_the_page_at_the_next_request(database: Database) -> None:
    role, cookie = await a_session(database)
    async with browsing(database) as client:
        client.cookies.set("promos", cookie)
        assert (await client.get("/desk")).status_code == 200
        async with database.writing() as session:
            await people.remove_role(session, role.id, now=NOW, by=ADMIN)
        assert (await client.get("/desk")).status_code == 401


async def test_a_form_of_our_own_page_reaches_its_handler(database: Database) -> None:
    _, cookie = await a_session(database)
    async with browsing(database) as client:
        client.cookies.set("promos", cookie)
        token = (await client.get("/desk")).json()["csrf"]

        form = await client.post("/desk", data={"text": "é", access.CSRF_FIELD: token}, headers=HERE)
        header = await client.post("/desk", data={"text": "é"}, headers=HERE | {access.CSRF_HEADER: token})
        upload = await client.post(
            "/upload", files={"text": (None, "é"), access.CSRF_FIELD: (None, token)}, headers=HERE
        )

    assert [answer.text for answer in (form, header, upload)] == ["é", "é", "é"]


@pytest.mark.parametrize("brought", [None, "", "0" * 64, "é"])
async def test_a_form_without_its_sessions_secret_has_ended(database: Database, brought: str | None) -> None:
    _, cookie = await a_session(database)
    data = {"text": "x"} | ({} if brought is None else {access.CSRF_FIELD: brought})
    async with browsing(database) as client:
        client.cookies.set("promos", cookie)

        assert code_of(await client.post("/desk", data=data, headers=HERE)) == (403, "form-ended")
        files = {name: (None, value) for name, value in data.items()}
        assert code_of(await client.post("/upload", files=files, headers=HERE)) == (403, "form-ended")


async def test_the_secret_of_another_session_is_no_good(database: Database) -> None:
    _, cookie = await a_session(database)
    async with browsing(database) as client:
        client.cookies.set("promos", cookie)
        data = {"text": "x", access.CSRF_FIELD: sign_in.csrf_of("another", KEYS)}

        assert code_of(await client.post("/desk", data=data, headers=HERE)) == (403, "form-ended")


def test_the_templates_write_the_field_that_is_looked_for() -> None:
    forms = Path(promos.web.__path__[0], "templates", "parts", "forms.html").read_text()

    assert f'"{access.CSRF_FIELD}"' in forms


@pytest.mark.parametrize(
    ("base_url", "headers", "is_ours"),
    [
        ("https://promos.example", {"Origin": "https://promos.example"}, True),
        ("https://promos.example", {"Origin": "https://promos.example:443"}, True),
        ("https://promos.example", {"Origin": "http://promos.example"}, False),
        ("https://promos.example", {"Origin": "https://promos.example:8443"}, False),
        ("https://promos.example", {"Origin": "https://promos.example.evil.example"}, False),
        ("https://promos.example", {"Origin": "https://evil.example"}, False),
        ("https://promos.example", {"Origin": "https://promos.example@evil.example"}, False),
        ("https://promos.example", {"Origin": "https://promos.example:x"}, False),
        ("https://promos.example", {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
        ("https://promos.example", {"Origin": "null"}, False),
        ("https://promos.example", {"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ("https://promos.example", {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ("https://promos.example", {"Sec-Fetch-Site": "same-site"}, False),
        ("https://promos.example", {"Sec-Fetch-Site": "none"}, True),
        ("https://promos.example", {"Referer": "https://promos.example/c/FREEAGENAI"}, True),
        ("https://promos.example", {"Referer": "https://evil.example/https://promos.example"}, False),
        ("https://promos.example", {"Sec-Fetch-Site": "cross-site", "Referer": "https://promos.example/"}, False),
        ("https://promos.example", {}, False),
        ("http://127.0.0.1:8000", {"Origin": "http://localhost:8000"}, True),
        ("http://127.0.0.1:8000", {"Origin": "http://localhost:3000"}, False),
    ],
)
async def test_a_form_comes_from_one_of_our_pages(base_url: str, headers: dict[str, str], is_ours: bool) -> None:
    async with browsing(base_url=base_url) as client:
        answer = await client.post("/upload", data={"text": "x"}, headers=headers)

    assert answer.status_code == (201 if is_ours else 403)
    assert is_ours or answer.json()["code"] == "foreign-origin"


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "", "x"])
async def test_pages_take_forms_and_nothing_else(content_type: str) -> None:
    async with browsing() as client:
        answer = await client.post("/upload", content=b"text=x", headers=HERE | {"Content-Type": content_type})

    assert code_of(answer) == (403, "foreign-origin")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=text\r\n\r\n\xff\xfe\r\n--b--",
        ),
        ("multipart/form-data; boundary=b", b"\xff\x00 no form"),
        ("multipart/form-data; boundary=\xe9", b"x"),
        ("application/x-www-form-urlencoded", b"%ff=%zz&\xff\x00&=&"),
    ],
)
async def test_a_broken_form_is_no_mistake_of_ours(database: Database, content_type: str, body: bytes) -> None:
    async with browsing(database) as client:
        headers = [
            (b"Origin", b"http://127.0.0.1:8000"),
            (b"Cookie", b"promos=dead"),
            (b"Content-Type", content_type.encode("latin-1")),
        ]
        answer = await client.post("/upload", content=body, headers=headers)

    assert answer.status_code in {400, 403}


@pytest.mark.parametrize(
    ("base_url", "begins", "secure"),
    [("http://127.0.0.1:8000", "promos=secret;", False), ("https://promos.example", "__Host-promos=secret;", True)],
)
async def test_the_cookie_is_ours_alone(base_url: str, begins: str, secure: bool) -> None:
    async with browsing(base_url=base_url) as client:
        given = (await client.post("/enter", data={"a": "b"}, headers={"Origin": base_url})).headers["Set-Cookie"]
        client.cookies.clear()
        taken = (await client.post("/leave", data={"a": "b"}, headers={"Origin": base_url})).headers["Set-Cookie"]

    assert given.startswith(begins)
    assert {"httponly", "samesite=lax", "path=/", "max-age=1209600"} <= set(given.lower().split("; "))
    assert ("Secure" in given) is secure
    assert "domain" not in given.lower()
    assert "Max-Age=0" in taken
