"""Who asks, and whether they may: programs by token, browsers by cookie, forms by where they came from.

An operation says who may use it (`opt=allows(Role.ADMIN, scope=Scope.READ)`), that whoever is signed in may
(`opt=SIGNED_IN`) or that everybody may (`opt=ANYONE`); one that says nothing is refused, and `undeclared` finds it
before the first request does.

What must not be done by somebody who merely found an open browser asks for a fresh sign-in: `allows(…, fresh=True)` on
a page. Nothing else is needed there. Whoever proved longer ago than `PROMOS_FRESH_FOR` who they are is led to
`/confirm` and comes back; what was typed into the form is sent again by itself. Where it depends on what is asked,
a handler calls `needs_fresh(request)` before it opens its transaction. A token cannot confirm anything: for the API,
its scope is enough.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, FormMultiDict
from litestar.enums import ScopeType
from litestar.exceptions import ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.params import QueryParameter
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Send
from litestar.types import Scope as Asking

from promos.actions import devices, sign_in, tokens
from promos.rules.language import N_
from promos.rules.people import CHANGING, NOBODY, Actor, Role, Scope, SignedIn
from promos.rules.refusals import (
    ForeignOrigin,
    FormEnded,
    FreshSignInNeeded,
    InvalidRequest,
    PasskeyNeeded,
    SecondFactorNeeded,
    SignInNeeded,
    TokenUnknown,
)
from promos.rules.signing import same
from promos.settings import Settings
from promos.web.headers import host_of, own_hosts

ANYONE: dict[str, Any] = {"allows": {"roles": frozenset(), "scope": None}}
SIGNED_IN: dict[str, Any] = {"allows": {"roles": frozenset(), "scope": None, "session": "whole"}}
ONE_CLICK: dict[str, Any] = {"allows": ANYONE["allows"] | {"one_click": True}}  # a signed link is all it takes
HALF_SIGNED_IN: dict[str, Any] = {"allows": {"roles": frozenset(), "scope": None, "session": "half"}}  # or whole
_ONE_CLICK = ("List-Unsubscribe", "One-Click")  # RFC 8058, section 3.2
CSRF_FIELD = "_csrf_token"  # as `parts/forms.html` writes it
CSRF_HEADER = "X-CSRF-Token"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def allows(*roles: Role, scope: Scope, fresh: bool = False) -> dict[str, Any]:
    """The `opt` of an operation: one of `roles` is needed, of a token `scope` as well, of a browser perhaps a `fresh`
    sign-in."""
    if not roles:
        raise ValueError("an operation names its roles, or is for ANYONE")
    return {"allows": {"roles": frozenset(roles), "scope": scope, "fresh": fresh}}


def fresh(opt: dict[str, Any]) -> dict[str, Any]:
    """`opt`, and a fresh sign-in: `opt=fresh(WRITE)`."""
    return {"allows": opt["allows"] | {"fresh": True}}


def undeclared(app: Litestar) -> list[str]:
    """The operations that do not say who may use them: `GET /api/v1/events`."""
    found = []
    for route in app.routes:
        handlers = route.route_handlers if isinstance(route, HTTPRoute) else [route.route_handler]
        for handler in handlers:
            methods = sorted(getattr(handler, "http_methods", ["ASGI"]))
            if methods != ["OPTIONS"] and "allows" not in handler.opt:
                found += [f"{method} {route.path}" for method in methods]
    return sorted(found)


def only_known(scope: Asking, handler: BaseRouteHandler) -> None:
    """Refuse fields of the query that the operation does not have: `dry-run` is no `dry_run`."""
    known = {
        field.kwarg_definition.name or name
        for name, field in handler.parsed_fn_signature.parameters.items()
        if isinstance(field.kwarg_definition, QueryParameter)
    }
    asked = {name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)}
    if unknown := sorted(asked - known):
        raise InvalidRequest(dict.fromkeys(unknown, N_("This operation has no such field.")))


def let_in(scope: Asking, handler: BaseRouteHandler) -> None:
    """Let in who may; raises `SignInNeeded`, `NotAllowed`, `ScopeMissing` or `PartnerSuspended`.

    Of browsers also `SecondFactorNeeded`, and `PasskeyNeeded` where only a role that requires one would be enough.
    """
    if scope.get("method") == "OPTIONS":
        return  # answered by the framework with the methods of this address, nothing else
    allowed = handler.opt.get("allows")
    if allowed is None:
        raise RuntimeError(f"{handler} does not say who may use it")
    wanted = "whole" if allowed["roles"] else allowed.get("session")
    if wanted is None:
        return
    actor: Actor = scope["user"]
    mine = signed_in(scope)
    if mine and mine.is_half and wanted == "whole":
        raise SecondFactorNeeded
    if mine is None and (actor.kind == NOBODY.kind or not allowed["roles"]):
        raise SignInNeeded
    if allowed["roles"]:
        if mine and mine.is_withheld and not actor.roles & allowed["roles"]:
            raise PasskeyNeeded
        actor.needs(*allowed["roles"], scope=allowed["scope"])
        if allowed["scope"] in CHANGING:
            scope["user"] = actor.changing(*allowed["roles"])


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Pages: let in who may, let only our own forms change anything, and ask for a fresh sign-in where one is needed.

    Behind a signed link a mail program may press, too (RFC 8058): it comes from nowhere, and no cookie counts there.

    Raises as `let_in` and `needs_fresh` do, `ForeignOrigin` and `FormEnded`. One guard: the framework copies a handler
    for each.
    """
    let_in(connection.scope, handler)
    may_click = handler.opt["allows"].get("one_click")
    if (
        isinstance(connection, Request)
        and connection.method not in _SAFE
        and not (may_click and await _is_one_click(connection))
    ):
        await _is_our_form(connection)
    if handler.opt["allows"].get("fresh"):
        needs_fresh(connection)


def signed_in(scope: Asking) -> SignedIn | None:
    """The session of the browser that asks, be it a half one."""
    found: SignedIn | None = scope["state"].get("signed_in")
    return found


def needs_fresh(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Raise `FreshSignInNeeded` where somebody proved too long ago who they are."""
    state, mine = connection.app.state, signed_in(connection.scope)
    if mine and mine.proved_at <= state.clock() - timedelta(seconds=state.settings.fresh_for):
        raise FreshSignInNeeded


async def _is_one_click(connection: Request[Any, Any, Any]) -> bool:
    field, value = _ONE_CLICK
    return connection.content_type[0] in _FORMS and (await _form(connection)).get(field) == value


async def _is_our_form(connection: Request[Any, Any, Any]) -> None:
    if connection.content_type[0] not in _FORMS or not is_ours(connection.headers, connection.app.state.settings):
        raise ForeignOrigin
    if not (expected := connection.scope["state"].get("csrf")):
        return
    brought = connection.headers.get(CSRF_HEADER) or (await _form(connection)).get(CSRF_FIELD)
    if not same(brought if isinstance(brought, str) else "", expected):
        raise FormEnded


def is_ours(headers: Mapping[str, str], settings: Settings) -> bool:
    """Whether a browser sent this from one of our pages.

    `Origin` decides; where it is hidden (`null`) or absent, `Sec-Fetch-Site`, which no page can set, then `Referer`.
    """
    origin = headers.get("Origin", "null")
    if origin != "null":
        return _is_own_origin(origin, settings.base_url)
    if site := headers.get("Sec-Fetch-Site"):
        return site in {"same-origin", "none"}
    return _is_own_origin(headers.get("Referer", ""), settings.base_url)


class BearerActor(ASGIMiddleware):
    """The API: `Authorization: Bearer pk_…` or nobody, and whether they may. A cookie counts for nothing here.

    It lets in by itself: the framework copies a handler for each guard of each request.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Asking, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        scope["user"] = NOBODY
        if "Authorization" in connection.headers:
            scheme, _, secret = connection.headers["Authorization"].partition(" ")
            if scheme.lower() != "bearer" or not secret.startswith(tokens.PREFIX):
                raise TokenUnknown
            state = connection.app.state
            known = await state.tokens.find(secret)
            actor = known.at(state.clock()) if known else None
            if actor is None:
                raise TokenUnknown
            scope["user"] = actor
        let_in(scope, scope["route_handler"])
        if scope["query_string"]:
            only_known(scope, scope["route_handler"])
        await next_app(scope, receive, send)


class CookieActor(ASGIMiddleware):
    """Pages: the session of the cookie, the device at the door that has it, or nobody, as long as the passkey of who
    signed in is still to come.

    `state["csrf"]` is what a form of this browser brings along.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Asking, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        state = connection.app.state
        scope["user"], scope["state"]["csrf"], scope["state"]["signed_in"] = NOBODY, "", None
        if cookie := session_cookie(connection):
            scope["state"]["csrf"] = sign_in.csrf_of(cookie, state["keys"])  # `.keys` is the mapping's own
            async with state.database.reading() as session:
                device = await devices.behind(session, cookie, now=state.clock())
                found = None if device else await sign_in.signed_in(session, cookie, now=state.clock())
            if device:
                scope["user"] = device
            elif found:
                scope["user"], scope["state"]["signed_in"] = NOBODY if found.is_half else found.actor, found
        await next_app(scope, receive, send)


def cookie_name(settings: Settings) -> str:
    """`__Host-` binds the cookie to this host and to https; browsers refuse it over http."""
    return "__Host-promos" if settings.is_secure else "promos"


def session_cookie(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """What the browser brought, good or not."""
    return connection.cookies.get(cookie_name(connection.app.state.settings)) or None


def set_device_cookie(secret: str, settings: Settings) -> Cookie:
    """For as long as browsers keep one: a device ends when it is revoked, not in the middle of a queue."""
    return _cookie(settings, secret, 400 * 24 * 3600)


def set_session_cookie(secret: str, settings: Settings) -> Cookie:
    return _cookie(settings, secret, settings.session_lifetime)


def clear_session_cookie(settings: Settings) -> Cookie:
    return _cookie(settings, "", 0)


def _cookie(settings: Settings, value: str, seconds: int) -> Cookie:
    return Cookie(
        key=cookie_name(settings),
        value=value,
        path="/",
        max_age=seconds,
        secure=settings.is_secure,
        httponly=True,
        samesite="lax",
    )


async def _form(request: Request[Any, Any, Any]) -> FormMultiDict:
    """What is read here is kept: for the handler, and for whoever has to confirm first who they are."""
    try:
        form = await request.form()
    except (UnicodeError, ValueError):
        raise ValidationException("This form cannot be read.") from None
    request.scope["state"]["form"] = form
    return form


def _is_own_origin(url: str, base_url: str) -> bool:
    """Whether scheme, host and port of `url` are ours; a local installation goes by every local name."""
    base = urlsplit(base_url)
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return False
    return (
        parts.scheme == base.scheme
        and host_of(parts.netloc) in own_hosts(base_url)
        and port == (base.port or _DEFAULT_PORTS[base.scheme])
    )
