"""The organisation itself: its legal identity, as disclosures name it. Admins take one in, its owners keep it right."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import partners
from promos.models import Partner
from promos.queries import beginnings
from promos.rules import events as rules
from promos.rules import registers
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound, Refusal
from promos.web.access import allows, fresh
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import partners_of
from promos.web.pages.partner.team import READ, WRITE
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend

FIELDS = ("name", "legal_name", "legal_form", "register_number", "address", "country")


@get("/admin/partners/new", opt=allows(Role.ADMIN, scope=Scope.READ))
async def new_page(request: Request[Any, Any, Any]) -> Response[str]:
    return _form(request, None, dict.fromkeys(FIELDS, ""), {})


@post("/admin/partners/new", opt=allows(Role.ADMIN, scope=Scope.WRITE))
async def create(
    request: Request[Any, Any, Any], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    typed = await Typed.of(request)
    given: Any = typed.shown(FIELDS)

    async def effect(session: AsyncSession, now: datetime) -> UUID:
        return (await partners.create(session, now=now, by=actor, **given)).id

    try:
        typed.checked(rules.PARTNER, given)
        made = await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, None, typed, refusal)
    return go(f"/partner/team/{made}", "created")


@get("/partner/organisation/{partner_id:uuid}", opt=READ)
async def edit_page(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        partner = await _found(session, partner_id, actor)
    return _form(request, partner, {name: getattr(partner, name) or "" for name in FIELDS}, {})


@post("/partner/organisation/{partner_id:uuid}", opt=WRITE)
async def change(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        partner = await _found(session, partner_id, actor)
    given: Any = typed.shown(FIELDS)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await partners.update(session, partner_id, now=now, by=actor, **given)

    try:
        typed.checked(rules.PARTNER, given)
        await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, partner, typed, refusal)
    if registers.advice(given["country"].strip().upper(), given["legal_form"], given["register_number"]):
        return go(f"/partner/organisation/{partner_id}", "saved")  # where the advice stands
    async with reads() as session:
        begins = await beginnings.of(session, actor)
    return go("/partner" if begins else f"/partner/team/{partner_id}", "saved")  # on to the next step, or back


@post("/partner/organisation/{partner_id:uuid}/passkeys", opt=fresh(WRITE))
async def require_passkeys(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    required = (await Typed.of(request)).ticked("required")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await partners.require_passkey(session, partner_id, required=required, now=now, by=actor)

    await writes.run(effect)
    return go(f"/partner/organisation/{partner_id}", "saved")


async def _found(session: AsyncSession, partner_id: UUID, by: Actor) -> Partner:
    led = await partners_of(session, by, Role.OWNER)
    partner = next((each for each in led if each.id == partner_id), None)
    if partner is None:
        raise NotFound("partner")
    return partner


def _again(request: Request[Any, Any, Any], partner: Partner | None, typed: Typed, refusal: Refusal) -> Response[str]:
    errors, status = to_mend(refusal, language_of(request))
    return _form(request, partner, typed.shown(FIELDS), errors, status=status)


def _form(
    request: Request[Any, Any, Any],
    partner: Partner | None,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    advice = registers.advice(typed["country"], typed["legal_form"], typed["register_number"])
    return page(
        request,
        "partner/organisation_form.html",
        advice=language_of(request).gettext(advice) if advice else "",
        status=status,
        partner=partner,
        typed=dict(typed),
        errors=dict(errors),
    )


HANDLERS: list[Any] = [new_page, create, edit_page, change, require_passkeys]
