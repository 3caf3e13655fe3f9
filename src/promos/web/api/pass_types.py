"""Pass types: what one gets in with, and what it is worth."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import events
from promos.models import PassType
from promos.models.events import money
from promos.queries import pages
from promos.rules.money import minor
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.web.access import allows
from promos.web.api.bodies import told
from promos.web.given import Reads, Writes

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
SEEN_BY = (*RUN_BY, Role.EDITOR)


class FaceValue(msgspec.Struct, forbid_unknown_fields=True):
    """`{"amount": "999.00", "currency": "EUR", "vat": "included", "vat_rate": "20.00"}`; the rate in percent."""

    amount: str
    currency: str  # ISO 4217
    vat: Literal["included", "excluded", "unknown"] = "unknown"
    vat_rate: Decimal | None = None


class NewPassType(msgspec.Struct, forbid_unknown_fields=True):
    """`capacity`: places of this kind; without one, as many as the offers allow."""

    name: str
    face_value: FaceValue
    capacity: int | None = None


class PassTypeChanges(msgspec.Struct, forbid_unknown_fields=True):
    name: str | UnsetType = UNSET
    face_value: FaceValue | UnsetType = UNSET
    capacity: int | UnsetType | None = UNSET


class PassTypeSeen(msgspec.Struct):
    """`used`: places taken; counted only while there is a capacity."""

    id: UUID
    partner_id: UUID
    event_id: UUID
    name: str
    face_value: FaceValue
    capacity: int | None
    used: int
    archived_at: datetime | None
    created_at: datetime


class PassTypesSeen(msgspec.Struct):
    items: list[PassTypeSeen]
    next: str | None


def seen(kind: PassType) -> PassTypeSeen:
    return PassTypeSeen(
        id=kind.id,
        partner_id=kind.partner_id,
        event_id=kind.event_id,
        name=kind.name,
        face_value=msgspec.convert(money(kind), FaceValue),
        capacity=kind.capacity,
        used=kind.used,
        archived_at=kind.archived_at,
        created_at=kind.created_at,
    )


def columns(body: NewPassType | PassTypeChanges) -> dict[str, Any]:
    """The body with its face value in minor units; raises `InvalidRequest`."""
    given = told(body)
    if worth := given.pop("face_value", None):
        amount = minor(worth.pop("amount"), worth["currency"], field="face_value")
        given |= {**worth, "face_value": amount}
    return given


@post(
    "/events/{id:uuid}/pass-types",
    status_code=201,
    opt=allows(*RUN_BY, scope=Scope.WRITE),
    operation_id="createPassType",
)
async def create(
    id: FromPath[UUID],
    data: JSONBody[NewPassType],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[PassTypeSeen]:
    """Add a kind of pass to an event."""

    async def effect(session: AsyncSession, now: datetime) -> PassTypeSeen:
        return seen(await events.create_pass_type(session, id, now=now, by=actor, **columns(data)))

    return await writes.answer(effect, status=201)


@get("/pass-types", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="listPassTypes")
async def list_pass_types(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    event: FromQuery[UUID | None] = None,
    archived: FromQuery[bool] = False,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> PassTypesSeen:
    statement = sa.select(PassType).where(PassType.visible_to(actor))
    if event:
        statement = statement.where(PassType.event_id == event)
    statement = statement.where(PassType.archived_at.is_not(None) if archived else PassType.archived_at.is_(None))
    async with reads() as session:
        rows, following = await pages.page(session, statement, PassType.id, cursor, size)
    return PassTypesSeen([seen(row) for row in rows], following)


@get("/pass-types/{id:uuid}", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="getPassType")
async def get_pass_type(
    id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> PassTypeSeen:
    async with reads() as session:
        kind = await session.scalar(sa.select(PassType).where(PassType.id == id, PassType.visible_to(actor)))
    if kind is None:
        raise NotFound("pass type")
    return seen(kind)


@patch("/pass-types/{id:uuid}", opt=allows(*RUN_BY, scope=Scope.WRITE), operation_id="changePassType")
async def change(
    id: FromPath[UUID],
    data: JSONBody[PassTypeChanges],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[PassTypeSeen]:
    """Change a kind of pass. Its worth stays as it is once a reader holds one."""

    async def effect(session: AsyncSession, now: datetime) -> PassTypeSeen:
        return seen(await events.update_pass_type(session, id, now=now, by=actor, **columns(data)))

    return await writes.answer(effect)


HANDLERS: list[Any] = [create, list_pass_types, get_pass_type, change]
