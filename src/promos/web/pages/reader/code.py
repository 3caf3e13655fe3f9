"""The page of a code: what it gives, by whom and how much is left; and the form that asks for it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims
from promos.actions.visits import Place
from promos.models import PromoCode
from promos.queries import catalogue, codes, terms
from promos.queries.catalogue import Listing
from promos.rules import codes as spelling
from promos.rules import redemption, visits
from promos.rules.redemption import SOLD_OUT
from promos.rules.refusals import (
    AddressInvalid,
    CodeEnded,
    CodeNotOpen,
    CodePaused,
    CodeRevoked,
    CodeUnavailable,
    CodeUnknown,
    EventCancelled,
    InvalidRequest,
    NameNeeded,
    NotFound,
    Refusal,
    TooMany,
    Unavailable,
)
from promos.settings import Keys, Settings
from promos.web.access import ANYONE
from promos.web.api.claims import submission
from promos.web.given import Reads, Writes
from promos.web.paces import paced
from promos.web.pages.show import errors_of, go, language_of, page, retry_after
from promos.web.problems import status_of

GONE = {
    CodeEnded: "ended",
    CodeNotOpen: "not-yet",
    CodePaused: "paused",
    CodeRevoked: "revoked",
    CodeUnavailable: "unavailable",
    EventCancelled: "cancelled",
}
BY_NOW: tuple[type[Refusal], ...] = (*SOLD_OUT, *GONE)  # what may have changed since the form was shown
FIELDS = ("email", "name", "company", "share_email", "share_name", "share_company", "wait")


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
            found, block = await _found(session, code, request.query_params.get("block"), now)
        except CodeUnknown:
            return page(request, "reader/unknown.html", status=404, typed=code[:60])
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
    """The form was sent: a mail goes out, or the page comes back with what to mend, or with what is so by now."""
    form = await request.form()
    typed = {name: str(form.get(name, ""))[:300] for name in (*FIELDS, "block")}
    async with reads() as session:
        is_secret = await codes.is_secret(session, code)
        found, block = (None, None) if is_secret else await _found(session, code, typed["block"], now)
    shares = [field for field in claims.SHAREABLE if typed[f"share_{field}"]]
    try:
        want = claims.wanted(
            code,
            typed["email"],
            name=typed["name"] or None,
            shares=shares,
            block_id=block,
            language=language_of(request).code,
            waits=bool(typed["wait"]),
            company=typed["company"] or None,
        )
        async with paced(spelling.may_be_secret(want.promo_code)):
            await writes.run(submission(request, want, settings, keys))
    except (AddressInvalid, NameNeeded, InvalidRequest) as refusal:
        field = {AddressInvalid: "email", NameNeeded: "name"}.get(type(refusal))
        errors = errors_of(refusal, language_of(request))
        if field:
            errors = {field: errors[""]}
        if found is None:
            return secret_page(request, code, typed=typed, errors=errors, status=422)
        return shown(request, found, block, now, typed=typed, errors=errors, status=422)
    except BY_NOW as refusal:
        if isinstance(refusal, SOLD_OUT) and found:
            request.app.state.visits.refuse(_place(found, block), now=now)
        async with reads() as session:
            found, block = await _found(session, code, typed["block"], now)
        return shown(request, found, block, now, typed=typed, errors={}, status=status_of(type(refusal)))
    except (TooMany, Unavailable) as refusal:
        errors, status = errors_of(refusal, language_of(request)), status_of(type(refusal))
        headers = retry_after(refusal)
        if found is None:
            return secret_page(request, code, typed=typed, errors=errors, status=status, headers=headers)
        return shown(request, found, block, now, typed=typed, errors=errors, status=status, headers=headers)
    return page(
        request,
        "reader/sent.html",
        email=want.email,
        is_secret=found is None,
        waits=want.waits,
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
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """The same for every text that may be a secret code, so that nobody finds one by trying."""
    return page(
        request,
        "reader/secret.html",
        status=status,
        headers=headers,
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
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    no = redemption.refusal(found.terms, now)
    state = "open" if no is None else GONE.get(type(no), "exhausted")
    if found.offer.proof == "none" and no is None:
        state = "elsewhere"
    return page(
        request,
        "reader/code.html",
        status=status,
        headers=headers,
        listing=found,
        state=state,
        block=block or "",
        waits=state == "exhausted" and found.terms.has_waiting_list and now < found.terms.starts_at,
        typed=dict.fromkeys(FIELDS, "") | dict(typed),
        errors=dict(errors),
    )


async def _found(session: AsyncSession, code: str, typed: str | None, now: datetime) -> tuple[Listing, UUID | None]:
    """What the code gives to who comes by the block that the address speaks of, if that shows this code.

    Raises `CodeUnknown`.
    """
    found = await catalogue.listing(session, code, now=now)
    try:
        block = await claims.block_of(session, UUID(typed or ""), found.code.id)
    except ValueError:
        block = None
    if block is None:
        return found, None
    way = (found.code.id, block)
    return replace(found, terms=(await terms.of_ways(session, [way], now=now))[way]), block


def _place(found: Listing, block: UUID | None) -> Place:
    return Place(found.partner.id, found.event.id, found.code.id, block)


def _count(request: Request[Any, Any, Any], found: Listing, block: UUID | None, now: datetime) -> None:
    headers = {name.lower(): value for name, value in request.headers.items()}
    is_machine = visits.is_machine(request.method, headers)
    request.app.state.visits.count(_place(found, block), is_machine=is_machine, now=now)


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


HANDLERS: list[Any] = [start, find, follow, code_page, claim]
