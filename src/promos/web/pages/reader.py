"""What a reader sees: the code's page, the mail's button, the pass."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, consents, passes
from promos.actions.visits import Place
from promos.group_commit import GroupCommit
from promos.models import PromoCode
from promos.queries import catalogue, codes
from promos.queries.catalogue import Listing
from promos.rendering import calendar, mails, qr
from promos.rendering.calendar import Appointment
from promos.rendering.language import Language
from promos.rules import codes as spelling
from promos.rules import redemption, signing, visits
from promos.rules.redemption import Waiting
from promos.rules.refusals import (
    AddressInvalid,
    CodeEnded,
    CodeNotOpen,
    CodePaused,
    CodeRevoked,
    CodeUnknown,
    InvalidRequest,
    NameNeeded,
    NotFound,
)
from promos.settings import Keys, Settings
from promos.web.access import ANYONE
from promos.web.api.claims import confirmed, in_its_time, submission
from promos.web.api.passes import PassSeen, pass_id_of, seen
from promos.web.given import Pressed, Reads, Writes
from promos.web.pages.show import errors_of, go, language_of, page

GONE = {CodeEnded: "ended", CodeNotOpen: "not-yet", CodePaused: "paused", CodeRevoked: "revoked"}


@get("/", opt=ANYONE)
async def start(request: Request[Any, Any, Any]) -> Response[str]:
    return page(request, "reader/start.html", typed="")


@post("/", opt=ANYONE)
async def find(request: Request[Any, Any, Any]) -> Response[Any]:
    """A code typed on the start page leads to its own page, known or not."""
    typed = str((await request.form()).get("code", "")).strip()[:60]
    return go(f"/c/{''.join(each for each in typed.upper() if each.isascii() and (each.isalnum() or each == '-'))}")


@get("/go/{block:uuid}", opt=ANYONE)
async def follow(block: FromPath[UUID], state: State) -> Response[Any]:
    """A click in an issue: on to the code's page, which then knows the block. No cookie; nowhere else to go."""
    code = await state.behind_blocks.find(block)
    if code is None:
        raise NotFound("block")
    return go(f"/c/{code}?block={block}")


@get("/c/{code:str}", opt=ANYONE)
async def code_page(
    request: Request[Any, Any, Any],
    code: FromPath[str],
    reads: NamedDependency[Reads],
    now: NamedDependency[datetime],
) -> Response[str]:
    """What the event is, what is given and by whom, and how much is left, as it is now; of a secret code, nothing."""
    async with reads() as session:
        if await codes.is_secret(session, code):
            await _count_secret(request, session, code, now)
            return secret_page(request, code, typed={}, errors={})
        try:
            found = await catalogue.listing(session, code, now=now)
        except CodeUnknown:
            return page(request, "reader/unknown.html", status=404, typed=code[:60])
        block = await _block(session, request.query_params.get("block"), found)
    _count(request, found, block, now)
    return shown(request, found, block, now, typed={}, errors={})


@post("/c/{code:str}", opt=ANYONE, status_code=200)
async def claim(
    request: Request[Any, Any, Any],
    code: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    now: NamedDependency[datetime],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    """The form was sent: a mail goes out, or the form comes back with what to mend."""
    form = await request.form()
    typed = {name: str(form.get(name, ""))[:300] for name in ("email", "name", "share_email", "share_name", "block")}
    async with reads() as session:
        is_secret = await codes.is_secret(session, code)
        found = None if is_secret else await catalogue.listing(session, code, now=now)
        block = await _block(session, typed["block"], found) if found else None
    shares = [field for field in claims.SHAREABLE if typed[f"share_{field}"]]
    try:
        want = claims.wanted(
            code,
            typed["email"],
            name=typed["name"] or None,
            shares=shares,
            block_id=block,
            language=language_of(request).code,
        )
        async with in_its_time(want.promo_code):
            await writes.run(submission(request, want, settings, keys))
    except (AddressInvalid, NameNeeded, InvalidRequest) as refusal:
        field = {AddressInvalid: "email", NameNeeded: "name"}.get(type(refusal))
        errors = errors_of(refusal, language_of(request))
        if field:
            errors = {field: errors[""]}
        if found is None:
            return secret_page(request, code, typed=typed, errors=errors, status=422)
        return shown(request, found, block, now, typed=typed, errors=errors, status=422)
    return page(
        request,
        "reader/sent.html",
        email=want.email,
        is_secret=found is None,
        minutes=settings.claim_link_lifetime // 60,
        request_path=f"/c/{found.code.spelled if found else spelling.spelled(code.replace(' ', ''))}",
    )


def secret_page(
    request: Request[Any, Any, Any],
    code: str,
    *,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response[str]:
    """The same for every text that may be a secret code, so that nobody finds one by trying."""
    return page(
        request,
        "reader/secret.html",
        status=status,
        code=spelling.spelled(code.replace(" ", "")),
        typed={"email": "", "name": ""} | dict(typed),
        errors=dict(errors),
    )


def shown(
    request: Request[Any, Any, Any],
    found: Listing,
    block: UUID | None,
    now: datetime,
    *,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response[str]:
    no = redemption.refusal(found.terms, now)
    state = "open" if no is None else GONE.get(type(no), "exhausted")
    if found.offer.proof == "none" and no is None:
        state = "elsewhere"
    return page(
        request,
        "reader/code.html",
        status=status,
        listing=found,
        state=state,
        block=block or "",
        typed={"email": "", "name": "", "share_email": "", "share_name": ""} | dict(typed),
        errors=dict(errors),
    )


@get("/claim/{secret:str}", opt=ANYONE)
async def proof_page(
    request: Request[Any, Any, Any],
    secret: FromPath[str],
    reads: NamedDependency[Reads],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The mail's link. Looking changes nothing, however many scanners look: only the button does."""
    async with reads() as session:
        opened = await claims.opened(session, secret, now=now)
        spelled = await session.scalar(sa.select(PromoCode.spelled).where(PromoCode.id == opened.claim.code_id))
        found = await catalogue.listing(session, spelled or "", now=now)
    return page(request, "reader/prove.html", listing=found, secret=secret, is_used=opened.claim.state == "proven")


@post("/claim/{secret:str}", opt=ANYONE)
async def prove(
    secret: FromPath[str],
    pressed: NamedDependency[Pressed],
    writes: NamedDependency[Writes],
    counter: NamedDependency[GroupCommit],
    now: NamedDependency[datetime],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    """The button was pressed: the pass exists, or there is a reason why not."""
    outcome = await confirmed(secret, pressed, writes, counter, now)
    if isinstance(outcome, Waiting) or outcome.given is None:
        return go(f"/claim/{secret}")
    if not outcome.is_mine:
        return go(f"/claim/{secret}/mailed")
    return go(f"/p/{signing.link(keys.signing, 'pass', outcome.pass_id)}")


@get("/claim/{secret:str}/mailed", opt=ANYONE)
async def mailed(request: Request[Any, Any, Any]) -> Response[str]:
    """Another spelling of the same mailbox holds the pass; it was mailed there again."""
    return page(request, "reader/mailed.html")


@get("/p/{link:str}", opt=ANYONE)
async def pass_page(
    request: Request[Any, Any, Any],
    link: FromPath[str],
    reads: NamedDependency[Reads],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[str]:
    async with reads() as session:
        held = await seen(session, pass_id_of(link, keys), settings, keys)
    language = language_of(request)
    title = language.gettext("QR code of your pass")
    return page(
        request, "reader/pass.html", held=held, link=link, qr_svg=qr.svg(held.token, title) if held.token else ""
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
    link: FromPath[str], writes: NamedDependency[Writes], keys: NamedDependency[Keys]
) -> Response[Any]:
    pass_id = pass_id_of(link, keys)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await consents.withdraw(session, pass_id, now=now)

    await writes.run(effect)
    return go(f"/p/{link}", "not-shared")


async def _block(session: AsyncSession, typed: str | None, found: Listing) -> UUID | None:
    """The block that the address speaks of, if it shows this code."""
    try:
        block = UUID(typed or "")
    except ValueError:
        return None
    return await claims.block_of(session, block, found.code.id)


def _count(request: Request[Any, Any, Any], found: Listing, block: UUID | None, now: datetime) -> None:
    headers = {name.lower(): value for name, value in request.headers.items()}
    place = Place(found.partner.id, found.event.id, found.code.id, block)
    is_machine = visits.is_machine(request.method, headers)
    request.app.state.visits.count(place, is_machine=is_machine, now=now)


async def _count_secret(request: Request[Any, Any, Any], session: AsyncSession, code: str, now: datetime) -> None:
    row = (
        await session.execute(
            sa.select(PromoCode.partner_id, PromoCode.event_id, PromoCode.id).where(codes.meant(code))
        )
    ).one_or_none()
    if row:
        headers = {name.lower(): value for name, value in request.headers.items()}
        is_machine = visits.is_machine(request.method, headers)
        request.app.state.visits.count(Place(*row), is_machine=is_machine, now=now)


def _appointment(held: PassSeen, language: Language) -> Appointment:
    event = held.event
    about = mails.Event(
        event.name, event.starts_at, event.ends_at, event.timezone, f"{event.venue}, {event.city}", held.partner
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


HANDLERS: list[Any] = [
    start,
    find,
    follow,
    code_page,
    claim,
    proof_page,
    prove,
    mailed,
    pass_page,
    calendar_file,
    give_back,
    resend,
    stop_sharing,
]
