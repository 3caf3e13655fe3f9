"""Partners: the organisations that promote events."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import partners, suspensions
from promos.models import Partner
from promos.queries import pages
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.web.access import allows
from promos.web.api.bodies import told
from promos.web.given import Reads, Writes

SEEN_BY = (Role.ADMIN, Role.EDITOR, Role.OWNER, Role.MEMBER)


class NewPartner(msgspec.Struct, forbid_unknown_fields=True):
    """A disclosure names the partner, so the legal identity is asked for whole."""

    name: str
    legal_name: str
    country: str  # ISO 3166-1 alpha-2
    legal_form: str | None = None
    register_number: str | None = None
    address: str | None = None


class PartnerChanges(msgspec.Struct, forbid_unknown_fields=True):
    name: str | UnsetType = UNSET
    legal_name: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    legal_form: str | UnsetType | None = UNSET
    register_number: str | UnsetType | None = UNSET
    address: str | UnsetType | None = UNSET


class Suspension(msgspec.Struct, forbid_unknown_fields=True):
    """`why`: for the partner's people; readers are not told."""

    why: str


class PasskeyRule(msgspec.Struct, forbid_unknown_fields=True):
    required: bool


class PartnerSeen(msgspec.Struct):
    """`suspended_why`: for who works for it; of a partner that is suspended."""

    id: UUID
    name: str
    legal_name: str
    legal_form: str | None
    register_number: str | None
    address: str | None
    country: str
    advertiser: str  # as a disclosure names it
    requires_passkey: bool  # before a role of its people counts
    suspended_at: datetime | None
    suspended_why: str | None
    created_at: datetime


class PartnersSeen(msgspec.Struct):
    items: list[PartnerSeen]
    next: str | None


def seen(partner: Partner, by: Actor) -> PartnerSeen:
    found = msgspec.convert(partner, PartnerSeen, from_attributes=True)
    return found if by.runs(partner.id) else msgspec.structs.replace(found, suspended_why=None)


@post("/partners", status_code=201, opt=allows(Role.ADMIN, scope=Scope.WRITE), operation_id="createPartner")
async def create(
    data: JSONBody[NewPartner], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[PartnerSeen]:
    """Take in a partner."""

    async def effect(session: AsyncSession, now: datetime) -> PartnerSeen:
        return seen(await partners.create(session, now=now, by=actor, **told(data)), actor)

    return await writes.answer(effect, status=201)


@get("/partners", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="listPartners")
async def list_partners(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> PartnersSeen:
    """One's own partner; for editors those whose offers name their publication; for admins all."""
    statement = sa.select(Partner).where(Partner.visible_to(actor))
    async with reads() as session:
        rows, following = await pages.page(session, statement, Partner.id, cursor, size)
    return PartnersSeen([seen(row, actor) for row in rows], following)


@get("/partners/{id:uuid}", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="getPartner")
async def get_partner(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> PartnerSeen:
    async with reads() as session:
        partner = await session.scalar(sa.select(Partner).where(Partner.id == id, Partner.visible_to(actor)))
    if partner is None:
        raise NotFound("partner")
    return seen(partner, actor)


@patch("/partners/{id:uuid}", opt=allows(Role.ADMIN, Role.OWNER, scope=Scope.WRITE), operation_id="changePartner")
async def change(
    id: FromPath[UUID],
    data: JSONBody[PartnerChanges],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[PartnerSeen]:
    """Change what disclosures say of a partner."""

    async def effect(session: AsyncSession, now: datetime) -> PartnerSeen:
        return seen(await partners.update(session, id, now=now, by=actor, **told(data)), actor)

    return await writes.answer(effect)


@post(
    "/partners/{id:uuid}/suspend",
    status_code=200,
    opt=allows(Role.ADMIN, scope=Scope.WRITE),
    operation_id="suspendPartner",
)
async def suspend(
    id: FromPath[UUID],
    data: JSONBody[Suspension],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[PartnerSeen]:
    """From now on its codes give nothing new, and its people and tokens read only; passes that are out stay good."""

    async def effect(session: AsyncSession, now: datetime) -> PartnerSeen:
        return seen(await suspensions.suspend(session, id, data.why, now=now, by=actor), actor)

    return await writes.answer(effect)


@post(
    "/partners/{id:uuid}/lift",
    status_code=200,
    opt=allows(Role.ADMIN, scope=Scope.WRITE),
    operation_id="liftSuspension",
)
async def lift(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[PartnerSeen]:
    """End a suspension: all is as before."""

    async def effect(session: AsyncSession, now: datetime) -> PartnerSeen:
        return seen(await suspensions.lift(session, id, now=now, by=actor), actor)

    return await writes.answer(effect)


@put(
    "/partners/{id:uuid}/passkeys",
    opt=allows(Role.ADMIN, Role.OWNER, scope=Scope.WRITE),
    operation_id="requirePasskeys",
)
async def require_passkeys(
    id: FromPath[UUID],
    data: JSONBody[PasskeyRule],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[PartnerSeen]:
    """Let the roles of its people count in sessions only that were proved by a passkey, or in all."""

    async def effect(session: AsyncSession, now: datetime) -> PartnerSeen:
        return seen(await partners.require_passkey(session, id, required=data.required, now=now, by=actor), actor)

    return await writes.answer(effect)


HANDLERS: list[Any] = [create, list_partners, get_partner, change, suspend, lift, require_passkeys]
