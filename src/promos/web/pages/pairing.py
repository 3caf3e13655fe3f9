"""A phone becomes a device at the door. Opening the link changes nothing; the button does."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import devices, rates, sign_in
from promos.rules import browsers
from promos.rules.refusals import PairingCodeEnded, Refusal
from promos.settings import Keys, Settings
from promos.web import problems
from promos.web.access import ANYONE, session_cookie, set_device_cookie
from promos.web.api.devices import rate
from promos.web.given import Writes
from promos.web.pages.show import errors_of, go, language_of, page


@get("/door/pair", opt=ANYONE)
async def pair_page(request: Request[Any, Any, Any]) -> Response[str]:
    return _shown(request, request.query_params.get("code", "")[:40], {})


@post("/door/pair", opt=ANYONE)
async def pair(
    request: Request[Any, Any, Any],
    writes: NamedDependency[Writes],
    keys: NamedDependency[Keys],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """The browser is the device from now on; who was signed in there is not any more."""
    typed = str((await request.form()).get("code", ""))[:40]
    old, browser = session_cookie(request), browsers.named(request.headers.get("User-Agent", ""))
    brake = rate(request, keys)

    async def effect(session: AsyncSession, now: datetime) -> Refusal | str:
        if too_many := await rates.take(session, [brake], now=now):
            return too_many
        try:
            _, _, secret = await devices.pair(session, typed, browser=browser, now=now)
        except PairingCodeEnded as refusal:
            return refusal  # the try counts
        if old:
            await sign_in.leave(session, old, now=now)
        return secret

    answer = await writes.run(effect)
    if isinstance(answer, PairingCodeEnded):
        errors = {"code": errors_of(answer, language_of(request))[""]}
        return _shown(request, typed, errors, status=problems.status_of(type(answer)))
    if isinstance(answer, Refusal):
        raise answer
    return go("/door", cookies=[set_device_cookie(answer, settings)])


def _shown(request: Request[Any, Any, Any], code: str, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    return page(
        request, "door/pair.html", status=status, code=code, errors=errors, headers={"Cache-Control": "no-store"}
    )


HANDLERS: list[Any] = [pair_page, pair]
