"""Every refusal and every mistake leaves the API as a problem document (RFC 9457) with a stable `code`."""

import asyncio
import logging
from datetime import date, datetime
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, ValidationException
from litestar.middleware import ASGIMiddleware
from litestar.types import (
    ASGIApp,
    ExceptionHandlersMap,
    Message,
    Receive,
    Scope,
    Send,
)

from promos.database import is_busy, is_full, is_lost
from promos.rules.language import N_
from promos.rules.refusals import (
    Blocked,
    DiskFull,
    Invalid,
    NotFound,
    NotYet,
    NotYours,
    OutcomeUnknown,
    Over,
    Overloaded,
    Refusal,
    Taken,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unknown,
)

log = logging.getLogger(__name__)

STATUS: dict[type[Refusal], int] = {
    Unauthenticated: 401,
    NotYours: 403,
    Unknown: 404,
    NotYet: 409,
    Taken: 409,
    Blocked: 409,
    Over: 410,
    TooLarge: 413,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}

# What Litestar refuses before a handler is reached, by status.
UNHANDLED = {
    400: ("malformed-request", N_("This request cannot be read.")),
    405: ("method-not-allowed", N_("This address does not understand that method.")),
    413: ("body-too-large", N_("This is larger than we read in one piece.")),
    415: ("unsupported-media-type", N_("We cannot read a body of this media type.")),
    500: ("unexpected", N_("Something went wrong on our side. It has been noted; nothing was lost.")),
}


BUSY = 2  # seconds after which to ask again where everything is taken
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TAKES_LONG: dict[str, Any] = {"takes_long": True}  # the `opt` of an operation on lists as long as you like


class InTime(ASGIMiddleware):
    """An answer begins within `seconds`, or it is a 503.

    What it waits for its request to come does not count; each part of that may take as long.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["route_handler"].opt.get("takes_long"):
            await next_app(scope, receive, send)
            return
        now, has_begun = asyncio.get_running_loop().time, False

        async def heard() -> Any:
            if has_begun:
                return await receive()
            left = (limit.when() or now()) - now()
            limit.reschedule(now() + self._seconds)  # for whoever sends; what we took before is not given back
            message = await receive()
            if not has_begun:
                limit.reschedule(now() + left)
            return message

        async def answering(message: Message) -> None:
            nonlocal has_begun
            if not has_begun:
                has_begun = True
                limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as limit:
                await next_app(scope, heard, answering)
        except TimeoutError:
            raise (Overloaded(BUSY) if scope.get("method") in SAFE else OutcomeUnknown()) from None


class Problem(msgspec.Struct):
    """RFC 9457; the facts of the refusal are further members."""

    type: str
    title: str
    status: int
    code: str


def status_of(refusal: type[Refusal]) -> int:
    return next(STATUS[family] for family in refusal.__mro__ if family in STATUS)


def plain(fact: Any) -> Any:
    """A fact as JSON has it: instants in UTC, RFC 3339."""
    if isinstance(fact, datetime | date):
        return msgspec.to_builtins(fact)
    return fact


def problem(request: Request[Any, Any, Any], status: int, code: str, title: str, **facts: Any) -> Response[Any]:
    base = request.app.state.settings.base_url
    content = {"type": f"{base}/problems/{code}", "title": title, "status": status, "code": code}
    content |= {name: plain(fact) for name, fact in facts.items()}
    headers = {"Retry-After": str(facts["retry_after"])} if "retry_after" in facts else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(content, status_code=status, media_type="application/problem+json", headers=headers)


def as_refusal(error: Exception) -> Refusal | None:
    """The refusal that `error` is or amounts to; `None` for what has no words of its own."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, HTTPException) and error.status_code == 404:
        return NotFound()
    if is_full(error):
        return DiskFull()
    if is_busy(error):
        return Overloaded(BUSY)
    if is_lost(error):
        return OutcomeUnknown()
    return None


def refused(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any exception as a problem document, without a word of the driver's or a trace."""
    if refusal := as_refusal(error):
        kind = type(refusal)
        return problem(request, status_of(kind), kind.slug, kind.title, **refusal.facts)
    status = _status_of_mistake(error)
    code, title = UNHANDLED[status]
    facts: dict[str, Any] = {}
    if isinstance(error, ValidationException):
        facts["errors"] = [
            {"field": str(each.get("key", "")), "message": str(each.get("message", ""))}
            for each in error.extra or []
            if isinstance(each, dict)
        ]
    if status == 500:
        # Not the address itself: it may hold a secret.
        log.error("unexpected error", exc_info=error, extra={"path": request.scope.get("path_template")})
    return problem(request, status, code, title, **facts)


def _status_of_mistake(error: Exception) -> int:
    """One of `UNHANDLED`. Only a body that is nested deeper than any of ours makes its decoder give up."""
    if isinstance(error, RecursionError):
        return 400
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status in UNHANDLED:
        return status
    return 400 if 400 <= status < 500 else 500


HANDLERS: ExceptionHandlersMap = {Exception: refused, HTTPException: refused, Refusal: refused}
