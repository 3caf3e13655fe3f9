"""Whoever signed in by mail shows the passkey; later they confirm that it is still them, and come back to where they
were."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import passkeys, rates, recovery, sign_in
from promos.actions.rates import Rate
from promos.parsing.passkeys import site
from promos.rules import signing
from promos.rules.people import SignedIn
from promos.rules.refusals import FreshSignInNeeded, Refusal, SignInNeeded
from promos.settings import Keys, Settings
from promos.web import problems
from promos.web.access import (
    HALF_SIGNED_IN,
    SIGNED_IN,
    needs_fresh,
    session_cookie,
    set_session_cookie,
    signed_in,
)
from promos.web.given import Writes
from promos.web.pages.show import confirm_page, errors_of, go, kept, language_of, located, own_path, page
from promos.web.pages.sign_in import home_of
from promos.web.pages.typed import Typed

TARGET, SENDS = "_target", "_sends"  # the fields of our own frame begin so, and are not sent on


@get("/confirm", opt=HALF_SIGNED_IN)
async def ask_page(request: Request[Any, Any, Any]) -> Response[Any]:
    mine, target = session_of(request), own_path(request.query_params.get("next"), "")
    try:
        needs_fresh(request)
    except FreshSignInNeeded:
        return confirm_page(request, target, [])
    return confirm_page(request, target, []) if mine.is_half else go(target or home_of(mine.actor))


@post("/confirm/challenge", opt=HALF_SIGNED_IN, status_code=200)
async def challenge(
    request: Request[Any, Any, Any], writes: NamedDependency[Writes], settings: NamedDependency[Settings]
) -> Response[Any]:
    """What the browser asks a passkey to sign."""

    async def effect(session: AsyncSession, now: datetime) -> dict[str, Any]:
        return await passkeys.options_to_use(session, session_of(request), site(settings.base_url), now=now)

    return Response(await writes.run(effect))


@post("/confirm/passkey", opt=HALF_SIGNED_IN, status_code=200)
async def by_passkey(
    request: Request[Any, Any, Any],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    mine, cookie = session_of(request), session_cookie(request) or ""
    answer, here = (await Typed.of(request)).text("_answer"), site(settings.base_url)

    async def effect(session: AsyncSession, now: datetime) -> str | Refusal:
        return await passkeys.use(session, mine, cookie, answer, here, keys=keys, now=now)

    return await _outcome(request, await writes.run(effect), "", settings)


@post("/confirm/recovery", opt=HALF_SIGNED_IN, status_code=200)
async def by_code(
    request: Request[Any, Any, Any],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    mine, cookie = session_of(request), session_cookie(request) or ""
    typed = (await Typed.of(request)).text("_code")

    async def effect(session: AsyncSession, now: datetime) -> str | Refusal:
        return await recovery.use(session, mine, cookie, typed, keys=keys, now=now)

    return await _outcome(request, await writes.run(effect), "_code", settings)


async def _outcome(
    request: Request[Any, Any, Any], outcome: str | Refusal, field: str, settings: Settings
) -> Response[Any]:
    """On to what waits, with the session's new cookie; or the page again, with what went wrong."""
    target, fields, sends = await waiting(request)
    if isinstance(outcome, Refusal):
        errors = {field: errors_of(outcome, language_of(request))[""]}
        status = problems.status_of(type(outcome))
        return confirm_page(request, target, fields, sends=sends, errors=errors, status=status)
    cookies = [set_session_cookie(outcome, settings)]
    if sends:  # 307: the browser sends the same form on, by itself
        return Response(None, status_code=307, headers={"Location": located(target)}, cookies=cookies)
    return go(target or home_of(session_of(request).actor), cookies=cookies)


@post("/confirm/mail", opt=SIGNED_IN, status_code=200)
async def ask(
    request: Request[Any, Any, Any],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[str]:
    """The page waits in this tab with what was typed; the link opens in another one of the same browser."""
    mine, (target, fields, sends) = session_of(request), await waiting(request)
    brake = Rate(signing.bucket(keys.reader, "confirm", "person", str(mine.actor.id)), CONFIRMATIONS_AN_HOUR, 3600)
    lifetime = timedelta(seconds=settings.sign_in_link_lifetime)

    async def effect(session: AsyncSession, now: datetime) -> Refusal | None:
        if too_many := await rates.take(session, [brake], now=now):
            return too_many
        shown = None if sends else target
        await sign_in.ask_to_confirm(session, mine, target=shown, keys=keys, now=now, lifetime=lifetime)
        return None

    if refused := await writes.run(effect):
        raise refused
    minutes = settings.sign_in_link_lifetime // 60
    waits: dict[str, Any] = {"target": target or "/account", "fields": fields, "sends": sends}
    return page(request, "sign_in/confirm_sent.html", **waits, minutes=minutes)


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
    """The session of the browser that asks; the `opt` of its page has seen to it that there is one."""
    mine = signed_in(request.scope)
    if mine is None:
        raise SignInNeeded
    return mine


async def waiting(request: Request[Any, Any, Any]) -> tuple[str, list[tuple[str, str]], bool]:
    """What waits for the confirmation: where it goes, the fields of a form, and whether it is one."""
    form = await request.form()
    path = own_path(target if isinstance(target := form.get(TARGET), str) else None, "")
    return path, kept(request), bool(path and form.get(SENDS))


HANDLERS: list[Any] = [ask_page, challenge, by_passkey, by_code, ask, press_page, confirm]
