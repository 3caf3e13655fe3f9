"""What every answer carries, and what is turned away at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar, Request, Response, get

from promos.settings import Settings
from promos.web import problems
from promos.web.headers import POLICY, Headers

HERE = Settings(base_url="http://127.0.0.1:8000")
PUBLIC = Settings(base_url="https://promos.example")


@get("/page")
async def page(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {"request_id": request.scope["state"]["request_id"]}


@get("/preview")
async def preview() -> Response[str]:
    headers = {"Content-Security-Policy": "sandbox", "Cache-Control": "max-age=60"}
    return Response("", headers=headers, media_type="text/html")


@get("/health/live")
async def live() -> str:
    return "ok"


@get("/broken")
async def broken() -> str:
    raise ZeroDivisionError


@asynccontextmanager
async def browsing(settings: Settings = HERE) -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar([page, preview, live, broken], exception_handlers=problems.HANDLERS, openapi_config=None)
    app.state.settings = settings
    transport = httpx.ASGITransport(app=Headers(app, settings))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
        yield client


@pytest.mark.parametrize("path", ["/page", "/nothing-here", "/broken"])
async def test_every_answer_carries_the_guards(path: str) -> None:
    async with browsing(PUBLIC) as client:
        answer = await client.get(path)

    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Permissions-Policy"].startswith("camera=(self)")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["Cache-Control"] == "no-store"
    assert UUID(answer.headers["X-Request-Id"])


def test_no_script_and_no_style_stands_in_a_page_itself() -> None:
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))

    assert "unsafe" not in POLICY
    assert rules["default-src"] == rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"


async def test_over_plain_http_nothing_promises_https() -> None:
    async with browsing() as client:
        assert "Strict-Transport-Security" not in (await client.get("/page")).headers


@pytest.mark.parametrize(
    ("base_url", "policy"),
    [
        ("http://127.0.0.1:8000", "no-referrer"),
        ("http://localhost:8000", "no-referrer"),
        ("http://192.0.2.7:8000", "same-origin"),
    ],
)
async def test_forms_can_show_where_they_come_from(base_url: str, policy: str) -> None:
    async with browsing(Settings(base_url=base_url)) as client:
        assert (await client.get("/page")).headers["Referrer-Policy"] == policy


async def test_a_handler_may_set_a_header_itself() -> None:
    async with browsing() as client:
        answer = await client.get("/preview")

    assert answer.headers.get_list("Content-Security-Policy") == ["sandbox"]
    assert answer.headers.get_list("Cache-Control") == ["max-age=60"]


async def test_a_request_keeps_the_id_that_it_came_with() -> None:
    async with browsing() as client:
        answer = await client.get("/page", headers={"X-Request-Id": "trace-0001"})

    assert answer.headers["X-Request-Id"] == answer.json()["request_id"] == "trace-0001"


@pytest.mark.parametrize("sent", ["short", "a" * 65, "with space", "a;b;c;d;e", "é" * 9])
async def test_a_senseless_request_id_is_replaced(sent: str) -> None:
    async with browsing() as client:
        answer = await client.get("/page", headers=[(b"X-Request-Id", sent.encode())])

    assert UUID(answer.headers["X-Request-Id"])


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "promos.example.evil.example",
        "evil.example:443",
        "a@promos.example",
        "promos.example/x",
        "[",
        "",
    ],
)
async def test_another_host_is_turned_away(host: str) -> None:
    async with browsing(PUBLIC) as client:
        answer = await client.get("/page", headers={"Host": host, "X-Forwarded-Host": "promos.example"})

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "malformed-request"
    assert answer.headers["Content-Security-Policy"] == POLICY


async def test_two_hosts_are_no_host() -> None:
    async with browsing(PUBLIC) as client:
        hosts = [(b"Host", b"promos.example"), (b"Host", b"promos.example")]
        assert (await client.get("/page", headers=hosts)).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "LOCALHOST", "[::1]:8000"])
async def test_a_local_installation_goes_by_every_local_name(host: str) -> None:
    async with browsing() as client:
        assert (await client.get("/page", headers={"Host": host})).status_code == 200
    async with browsing(PUBLIC) as client:
        assert (await client.get("/page", headers={"Host": host})).status_code == 400


async def test_health_is_asked_by_address() -> None:
    async with browsing(PUBLIC) as client:
        assert (await client.get("/health/live", headers={"Host": "10.0.0.7:8000"})).status_code == 200


async def test_nothing_is_traced() -> None:
    async with browsing() as client:
        answer = await client.request("TRACE", "/page")

    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert "TRACE" not in answer.headers["Allow"]
