"""Your account: the passkeys, recovery codes and browsers of whoever is signed in. Nobody else's can be seen.

It has no operations in the API: a token is no person.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import account, passkeys, recovery
from promos.models import Person
from promos.parsing.passkeys import site
from promos.rules.people import SignedIn
from promos.rules.refusals import NotFound, Refusal
from promos.settings import Keys, Settings
from promos.web.access import SIGNED_IN, fresh, session_cookie, set_session_cookie
from promos.web.given import Reads, Writes
from promos.web.pages.confirm import session_of
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend


@get("/account", opt=SIGNED_IN)
async def account_page(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], settings: NamedDependency[Settings]
) -> Response[str]:
    return await _shown(request, reads, settings)


@post("/account/passkeys/challenge", opt=SIGNED_IN, status_code=200)
async def challenge(
    request: Request[Any, Any, Any], writes: NamedDependency[Writes], settings: NamedDependency[Settings]
) -> Response[Any]:
    """What the browser makes a new passkey for."""
    mine, here = session_of(request), site(settings.base_url)

    async def effect(session: AsyncSession, now: datetime) -> dict[str, Any]:
        return await passkeys.options_to_add(session, mine, here, now=now)

    return Response(await writes.run(effect))


@get("/account/passkeys/new", opt=fresh(SIGNED_IN))
async def new_page(request: Request[Any, Any, Any], settings: NamedDependency[Settings]) -> Response[str]:
    return _new(request, settings, "", {})


@post("/account/passkeys/new", opt=fresh(SIGNED_IN), status_code=200)
async def add(
    request: Request[Any, Any, Any],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    """With the first passkey come the recovery codes, on this one page and nowhere else."""
    mine, cookie, typed = session_of(request), session_cookie(request) or "", await Typed.of(request)
    name, answer, here = typed.text("name"), typed.text("_answer"), site(settings.base_url)

    async def effect(session: AsyncSession, now: datetime) -> tuple[str | Refusal, list[str]]:
        outcome = await passkeys.add(session, mine, cookie, answer, name, here, now=now)
        if isinstance(outcome, Refusal) or mine.has_passkey:
            return outcome, []
        return outcome, await recovery.make(session, mine, keys=keys, now=now)

    try:
        outcome, codes = await writes.run(effect)
        if isinstance(outcome, Refusal):
            raise outcome
    except TO_MEND as refusal:
        errors, status = to_mend(refusal, language_of(request))
        return _new(request, settings, name, errors, status=status)
    cookies = [set_session_cookie(outcome, settings)]
    if not codes:
        return go("/account", "created", cookies=cookies)
    shown = _codes(request, codes)
    shown.cookies.extend(cookies)
    return shown


@post("/account/passkeys/{passkey_id:uuid}/name", opt=fresh(SIGNED_IN))
async def rename(
    request: Request[Any, Any, Any],
    passkey_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    mine, name = session_of(request), (await Typed.of(request)).text("name")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await passkeys.rename(session, passkey_id, name, mine, now=now)

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = to_mend(refusal, language_of(request))
        at = f"name-{passkey_id}"
        return await _shown(request, reads, settings, {at: errors.get("name", "")}, {at: name}, status=status)
    return go("/account", "saved")


@post("/account/passkeys/{passkey_id:uuid}/remove", opt=fresh(SIGNED_IN))
async def remove(
    request: Request[Any, Any, Any], passkey_id: FromPath[UUID], writes: NamedDependency[Writes]
) -> Response[Any]:
    mine = session_of(request)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await passkeys.remove(session, passkey_id, mine, now=now)

    await writes.run(effect)
    return go("/account", "removed")


@post("/account/recovery-codes", opt=fresh(SIGNED_IN), status_code=200)
async def make_codes(
    request: Request[Any, Any, Any], writes: NamedDependency[Writes], keys: NamedDependency[Keys]
) -> Response[str]:
    mine = session_of(request)

    async def effect(session: AsyncSession, now: datetime) -> list[str]:
        return await recovery.make(session, mine, keys=keys, now=now)

    return _codes(request, await writes.run(effect))


@post("/account/sessions/end", opt=SIGNED_IN)
async def end_sessions(request: Request[Any, Any, Any], writes: NamedDependency[Writes]) -> Response[Any]:
    """All other ones, or the one that is chosen."""
    mine, typed = session_of(request), await Typed.of(request)
    only = typed.id("session")
    if only is None and typed.text("session"):
        raise NotFound("session")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await account.end_sessions(session, mine, only, now=now)

    await writes.run(effect)
    return go("/account", "sessions-ended")


async def _shown(
    request: Request[Any, Any, Any],
    reads: Reads,
    settings: Settings,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response[str]:
    mine: SignedIn = session_of(request)
    async with reads() as session:
        person = await session.get_one(Person, mine.person_id)
        held = await passkeys.of_person(session, mine.person_id)
        left = await recovery.left(session, mine.person_id)
        sessions = await account.sessions(session, mine.person_id, now=request.app.state.clock())
    return page(
        request,
        "account/account.html",
        status=status,
        person=person,
        held=held,
        left=left,
        sessions=sessions,
        can_have=site(settings.base_url) is not None,
        errors=errors or {},
        typed=typed or {},
    )


def _new(
    request: Request[Any, Any, Any], settings: Settings, name: str, errors: Mapping[str, str], *, status: int = 200
) -> Response[str]:
    can_have = site(settings.base_url) is not None
    return page(request, "account/passkey.html", status=status, name=name, errors=errors, can_have=can_have)


def _codes(request: Request[Any, Any, Any], codes: Sequence[str]) -> Response[str]:
    return page(request, "account/codes.html", codes=codes)


HANDLERS: list[Any] = [account_page, challenge, new_page, add, rename, remove, make_codes, end_sessions]
