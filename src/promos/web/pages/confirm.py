"""Whoever is signed in confirms that it is still them, and comes back to where they were."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import rates, sign_in
from promos.actions.rates import Rate
from promos.rules import signing
from promos.rules.people import SignedIn
from promos.rules.refusals import FreshSignInNeeded, Refusal, SignInNeeded
from promos.settings import Keys, Settings
from promos.web.access import SIGNED_IN, needs_fresh, session_cookie, set_session_cookie, signed_in
from promos.web.given import Writes
from promos.web.pages.show import confirm_page, go, kept, own_path, page

TARGET = "_target"  # the fields of our own frame begin so, and are not sent on


@get("/confirm", opt=SIGNED_IN)
async def ask_page(request: Request[Any, Any, Any]) -> Response[Any]:
    target = own_path(request.query_params.get("next"), "/account")
    try:
        needs_fresh(request)
    except FreshSignInNeeded:
        return confirm_page(request, target, [])
    return go(target)


@post("/confirm/mail", opt=SIGNED_IN, status_code=200)
async def ask(
    request: Request[Any, Any, Any],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[str]:
    """The page waits in this tab with what was typed; the link opens in another one of the same browser."""
    mine, (target, fields) = session_of(request), await waiting(request)
    brake = Rate(signing.bucket(keys.reader, "confirm", "person", str(mine.actor.id)), CONFIRMATIONS_AN_HOUR, 3600)
    lifetime = timedelta(seconds=settings.sign_in_link_lifetime)

    async def effect(session: AsyncSession, now: datetime) -> Refusal | None:
        if too_many := await rates.take(session, [brake], now=now):
            return too_many
        shown = None if fields else target
        await sign_in.ask_to_confirm(session, mine, target=shown, keys=keys, now=now, lifetime=lifetime)
        return None

    if refused := await writes.run(effect):
        raise refused
    minutes = settings.sign_in_link_lifetime // 60
    return page(request, "sign_in/confirm_sent.html", target=target, fields=fields, minutes=minutes)


@get("/confirm/link/{secret:str}", opt=SIGNED_IN)
async def press_page(request: Request[Any, Any, Any], secret: FromPath[str]) -> Response[str]:
    """The mail's link. A scanner that opens it uses nothing up: the button does."""
    return page(request, "sign_in/confirm_press.html", secret=secret)


@post("/confirm/link/{secret:str}", opt=SIGNED_IN, status_code=200)
async def confirm(
    request: Request[Any, Any, Any],
    secret: FromPath[str],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    mine, cookie = session_of(request), session_cookie(request) or ""

    async def effect(session: AsyncSession, now: datetime) -> tuple[str, str | None]:
        return await sign_in.confirm(session, secret, mine, cookie, now=now)

    renewed, target = await writes.run(effect)
    cookies = [set_session_cookie(renewed, settings)]
    if target:
        return go(own_path(target, "/account"), cookies=cookies)
    shown = page(request, "sign_in/confirmed.html")
    shown.cookies.extend(cookies)
    return shown


CONFIRMATIONS_AN_HOUR = 10


def session_of(request: Request[Any, Any, Any]) -> SignedIn:
    """The session of the browser that asks; `opt=SIGNED_IN` has seen to it that there is one."""
    mine = signed_in(request.scope)
    if mine is None:
        raise SignInNeeded
    return mine


async def waiting(request: Request[Any, Any, Any]) -> tuple[str, list[tuple[str, str]]]:
    """What waits for the confirmation: where it goes, and the fields of a form if it is one."""
    target = (await request.form()).get(TARGET)
    return own_path(target if isinstance(target, str) else None, "/account"), kept(request)


HANDLERS: list[Any] = [ask_page, ask, press_page, confirm]
