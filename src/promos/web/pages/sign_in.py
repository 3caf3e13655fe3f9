"""Staff come in by a link that works once; nobody has a password."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import rates, sign_in
from promos.actions.rates import Rate
from promos.parsing.browsers import browser_of
from promos.rules import signing
from promos.rules.people import Actor, Role
from promos.rules.refusals import AddressInvalid, LinkEnded, Refusal, every_refusal
from promos.settings import Keys, Settings
from promos.web import problems
from promos.web.access import ANYONE, clear_session_cookie, session_cookie, set_session_cookie
from promos.web.given import Writes, network
from promos.web.paces import paced
from promos.web.pages.show import errors_of, go, language_of, own_path, page

QUARTER = 900  # seconds


@get("/sign-in", opt=ANYONE)
async def ask_page(request: Request[Any, Any, Any]) -> Response[str]:
    target = own_path(request.query_params.get("next"), "")
    return page(request, "sign_in/ask.html", typed={"email": ""}, target=target, errors={})


@post("/sign-in", opt=ANYONE, status_code=200)
async def ask(
    request: Request[Any, Any, Any],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[str]:
    """The same answer for everybody; a mail goes out only to somebody of the staff."""
    form = await request.form()
    email = str(form.get("email", "")).strip()[:254]
    limits = brakes(request, email, settings, keys)
    lifetime = timedelta(seconds=settings.sign_in_link_lifetime)

    async def effect(session: AsyncSession, now: datetime) -> Refusal | None:
        if too_many := await rates.take(session, limits, now=now):
            return too_many
        await sign_in.ask(session, email, target=target or None, keys=keys, now=now, lifetime=lifetime)
        return None

    target = own_path(str(form.get("target", "")), "")[:500]
    try:
        async with paced():
            refused = await writes.run(effect)
        if refused:
            raise refused
    except AddressInvalid as refusal:
        errors = {"email": errors_of(refusal, language_of(request))[""]}
        return page(request, "sign_in/ask.html", status=422, typed={"email": email}, target=target, errors=errors)
    return page(request, "sign_in/sent.html", email=email, minutes=settings.sign_in_link_lifetime // 60)


@get("/sign-in/{secret:str}", opt=ANYONE)
async def press_page(request: Request[Any, Any, Any], secret: FromPath[str]) -> Response[str]:
    """The mail's link. A scanner that opens it uses nothing up: the button does."""
    return page(request, "sign_in/press.html", secret=secret, target=own_path(request.query_params.get("next"), ""))


@post("/sign-in/{secret:str}", opt=ANYONE)
async def enter(
    request: Request[Any, Any, Any],
    secret: FromPath[str],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    lifetime = timedelta(seconds=settings.session_lifetime)
    brake = _of_network(request, "enter", settings, keys)
    old, browser = session_cookie(request), browser_of(request.headers.get("User-Agent", ""))

    async def effect(session: AsyncSession, now: datetime) -> Refusal | tuple[str, Actor | None]:
        if too_many := await rates.take(session, [brake], now=now):
            return too_many
        try:
            _, cookie = await sign_in.enter(
                session, secret, now=now, lifetime=lifetime, old_cookie=old, browser=browser
            )
        except LinkEnded as ended:
            return ended  # not raised here: the try counts
        return cookie, await sign_in.actor_of_session(session, cookie, now=now)

    outcome = await writes.run(effect)
    if isinstance(outcome, Refusal):
        raise outcome
    cookie, actor = outcome
    target = own_path(str((await request.form()).get("target", "")), "") or home_of(actor)
    return go(target, cookies=[set_session_cookie(cookie, settings)])


@post("/sign-out", opt=ANYONE)
async def leave(
    request: Request[Any, Any, Any], writes: NamedDependency[Writes], settings: NamedDependency[Settings]
) -> Response[Any]:
    cookie = session_cookie(request)

    async def effect(session: AsyncSession, now: datetime) -> None:
        if cookie:
            await sign_in.leave(session, cookie, now=now)

    await writes.run(effect)
    return go("/", "signed-out", cookies=[clear_session_cookie(settings)])


@get("/problems/{slug:str}", opt=ANYONE)
async def problem_page(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """What the `type` of a problem document points to."""
    kinds = {kind.slug: (kind.title, problems.status_of(kind)) for kind in every_refusal()}
    kinds |= {code: (title, status) for status, (code, title) in problems.UNHANDLED.items()}
    language = language_of(request)
    if slug not in kinds:
        return page(request, "error.html", status=404)
    title, status = kinds[slug]
    return page(request, "problem.html", slug=slug, title=language.gettext(title), status_code=status)


def brakes(request: Request[Any, Any, Any], email: str, settings: Settings, keys: Keys) -> list[Rate]:
    """Counted whether or not somebody works here under this address, and never set back by a success."""
    address = signing.bucket(keys.reader, "sign-in", "address", email.lower())
    return [
        Rate(address, settings.sign_ins_per_address, QUARTER),
        _of_network(request, "sign-in", settings, keys),
        Rate(signing.bucket(keys.reader, "sign-in", "everybody"), settings.sign_ins_a_minute, 60),
    ]


def _of_network(request: Request[Any, Any, Any], purpose: str, settings: Settings, keys: Keys) -> Rate:
    bucket = rates.network_bucket(keys.reader, purpose, network(request))
    return Rate(bucket, settings.sign_ins_per_network, QUARTER)


def home_of(actor: Actor | None) -> str:
    """Where somebody's work is."""
    roles = actor.roles if actor else frozenset()
    for role, home in ((Role.ADMIN, "/admin"), (Role.EDITOR, "/editor"), (Role.DOOR, "/door")):
        if role in roles and not (role is Role.DOOR and roles & {Role.OWNER, Role.MEMBER}):
            return home
    return "/partner" if roles else "/"


HANDLERS: list[Any] = [ask_page, ask, press_page, enter, leave, problem_page]
