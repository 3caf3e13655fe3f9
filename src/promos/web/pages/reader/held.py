"""The page of a pass: shown at the door, handed on, given back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import consents, passes
from promos.rendering import calendar, mails, qr
from promos.rendering.calendar import Appointment
from promos.rendering.language import Language
from promos.rules.refusals import (
    AddressInvalid,
    HandedOnTooOften,
    HandedToHolder,
    InvalidRequest,
    NameNeeded,
    PassInUse,
    PoolCodeUsed,
    PoolEmpty,
    RateLimited,
    Refusal,
)
from promos.settings import Keys, Settings
from promos.web.access import ANYONE
from promos.web.api.passes import NextHolder, PassSeen, offering, pass_id_of, seen
from promos.web.given import Reads, Writes
from promos.web.pages.show import errors_of, go, language_of, page
from promos.web.problems import status_of

FIELD_OF: dict[type[Refusal], str] = {AddressInvalid: "email", HandedToHolder: "email", NameNeeded: "name"}
MENDABLE: tuple[type[Refusal], ...] = (
    *FIELD_OF,
    *(InvalidRequest, HandedOnTooOften, PassInUse, PoolCodeUsed, PoolEmpty, RateLimited),
)


@get("/p/{link:str}", opt=ANYONE)
async def pass_page(
    request: Request[Any, Any, Any],
    link: FromPath[str],
    reads: NamedDependency[Reads],
    now: NamedDependency[datetime],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[str]:
    async with reads() as session:
        held = await seen(session, pass_id_of(link, keys), settings, keys)
    return _shown(request, held, link, now, typed={}, errors={})


def _shown(
    request: Request[Any, Any, Any],
    held: PassSeen,
    link: str,
    now: datetime,
    *,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response[str]:
    title = language_of(request).gettext("QR code of your pass")
    return page(
        request,
        "reader/pass.html",
        status=status,
        held=held,
        link=link,
        qr_svg=qr.svg(held.token, title) if held.token else "",
        is_over=now >= held.event.ends_at or held.event.cancelled_at is not None,
        typed={"email": "", "name": ""} | dict(typed),
        errors=dict(errors),
    )


@get("/p/{link:str}/calendar.ics", opt=ANYONE)
async def calendar_file(
    request: Request[Any, Any, Any],
    link: FromPath[str],
    reads: NamedDependency[Reads],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[str]:
    async with reads() as session:
        held = await seen(session, pass_id_of(link, keys), settings, keys)
    content = calendar.ics(_appointment(held, language_of(request))).decode()
    headers = {"Content-Disposition": 'attachment; filename="pass.ics"'}
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


@post("/p/{link:str}/hand-on", opt=ANYONE, status_code=200)
async def hand_on(
    request: Request[Any, Any, Any],
    link: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    now: NamedDependency[datetime],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[str]:
    """A mail goes to the other person; or the page comes back with what to mend."""
    form = await request.form()
    typed = {name: str(form.get(name, ""))[:300] for name in ("email", "name")}
    pass_id = pass_id_of(link, keys)
    to = NextHolder(typed["email"], typed["name"] or None, language_of(request).code)
    try:
        offered = await writes.run(offering(request, pass_id, to, settings, keys))
    except MENDABLE as refusal:
        errors = errors_of(refusal, language_of(request))
        if field := FIELD_OF.get(type(refusal)):
            errors = {field: errors[""]}
        async with reads() as session:
            held = await seen(session, pass_id, settings, keys)
        return _shown(request, held, link, now, typed=typed, errors=errors, status=status_of(type(refusal)))
    return page(
        request, "reader/handed.html", email=typed["email"].strip(), minutes=offered.expires_in // 60, link=link
    )


@post("/p/{link:str}/give-back", opt=ANYONE)
async def give_back(link: FromPath[str], writes: NamedDependency[Writes], keys: NamedDependency[Keys]) -> Response[Any]:
    pass_id = pass_id_of(link, keys)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await passes.give_back(session, pass_id, now=now)

    await writes.run(effect)
    return go(f"/p/{link}", "given-back")


@post("/p/{link:str}/resend", opt=ANYONE)
async def resend(link: FromPath[str], writes: NamedDependency[Writes], keys: NamedDependency[Keys]) -> Response[Any]:
    pass_id = pass_id_of(link, keys)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await passes.send_again(session, pass_id, now=now)

    await writes.run(effect)
    return go(f"/p/{link}", "sent")


@post("/p/{link:str}/stop-sharing", opt=ANYONE)
async def stop_sharing(
    request: Request[Any, Any, Any],
    link: FromPath[str],
    writes: NamedDependency[Writes],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    """One field, or all of them where the form names none."""
    pass_id = pass_id_of(link, keys)
    field = str((await request.form()).get("field", "")) or None

    async def effect(session: AsyncSession, now: datetime) -> None:
        await consents.withdraw(session, pass_id, field=field, now=now)

    await writes.run(effect)
    return go(f"/p/{link}", "not-shared")


def _appointment(held: PassSeen, language: Language) -> Appointment:
    event = held.event
    about = mails.Event(
        event.name,
        event.starts_at,
        event.ends_at,
        event.timezone,
        f"{event.venue}, {event.city}",
        held.partner,
        event.sequence,
        event.cancelled_at is not None,
    )
    passed = mails.Passed(
        event=about,
        pass_type=held.pass_type,
        code=held.code,
        link=held.url,
        uid=f"{held.id}@promos",
        issued_at=held.issued_at,
    )
    return mails.appointment(passed, language)


HANDLERS: list[Any] = [pass_page, calendar_file, hand_on, give_back, resend, stop_sharing]
