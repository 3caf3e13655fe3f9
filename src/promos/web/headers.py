"""The outermost layer: what every answer carries, errors too, and what is turned away before anything is read."""

import json
import re
from urllib.parse import urlsplit
from uuid import uuid4

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from promos.settings import Settings
from promos.web.problems import UNHANDLED

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
HEALTH = "/health/"  # asked by address, not by name
METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "object-src 'none'"
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def own_hosts(base_url: str) -> frozenset[str]:
    """The names, without port, under which this installation answers; a local one under every local name."""
    host = urlsplit(base_url).hostname or ""
    return LOCAL if host in LOCAL else frozenset({host})


def host_of(netloc: str) -> str | None:
    """`promos.example` of `Promos.example:8000`; `None` for what is no host."""
    try:
        parts = urlsplit(f"//{netloc}")
    except ValueError:
        return None
    return None if parts.username is not None or parts.netloc != netloc else parts.hostname


class Headers:
    """Wraps the whole application. A handler that sets one of the headers itself keeps its own."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._base_url = settings.base_url
        self._hosts = own_hosts(settings.base_url)
        self._headers = _headers(settings, self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        came = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        request_id = next((value for name, value in came if name == b"x-request-id"), "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = str(uuid4())
        scope.setdefault("state", {})["request_id"] = request_id

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [pair for pair in message["headers"] if pair[0].lower() != b"x-request-id"]
                own = {name.lower() for name, _ in headers}
                headers += [pair for pair in self._headers if pair[0] not in own]
                message["headers"] = [*headers, (b"x-request-id", request_id.encode())]
            await send(message)

        hosts = [value for name, value in came if name == b"host"]
        if scope.get("method") == "TRACE":
            await self._turn_away(405, dressed)
        elif not scope["path"].startswith(HEALTH) and [host_of(host) in self._hosts for host in hosts] != [True]:
            await self._turn_away(400, dressed)
        else:
            await self.app(scope, receive, dressed)

    async def _turn_away(self, status: int, send: Send) -> None:
        code, title = UNHANDLED[status]
        problem = {"type": f"{self._base_url}/problems/{code}", "title": title, "status": status, "code": code}
        body = json.dumps(problem).encode()
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
        if status == 405:
            headers.append((b"allow", METHODS.encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _headers(settings: Settings, hosts: frozenset[str]) -> list[tuple[bytes, bytes]]:
    """No address of a page leaves the house.

    `no-referrer` makes the `Origin` of a form `null`; then `Sec-Fetch-Site` tells whose it is. Browsers send that
    over https and on this machine only, so plain http in a network has to do with `same-origin`.
    """
    tells_site = settings.is_secure or hosts == LOCAL
    headers = {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer" if tells_site else "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
        "cache-control": "no-store",
    }
    if settings.is_secure:
        headers["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode()) for name, value in headers.items()]
