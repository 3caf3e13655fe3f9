"""Allotments: parts of an offer's limit, set aside for a publication, an issue or a code."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments, codes
from promos.models import Allotment
from promos.queries import allotments as queries
from promos.queries import pages
from promos.rules.finding import asked
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.web.access import allows
from promos.web.given import Reads, Writes

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)


class NewAllotment(msgspec.Struct, forbid_unknown_fields=True):
    """For one `publication_id`, one `issue_id` or one `code`. `within`: of another allotment; else of the offer.

    `returns_at`: when what is unused falls back to the wider part, by itself.
    """

    limit: int
    publication_id: UUID | None = None
    issue_id: UUID | None = None
    code: str | None = None
    within: UUID | None = None
    returns_at: datetime | None = None


class AllotmentChanges(msgspec.Struct, forbid_unknown_fields=True):
    """More is borrowed of the wider part, less is given back. `returns_at` null: never by itself."""

    limit: int | UnsetType = UNSET
    returns_at: datetime | UnsetType | None = UNSET


class Move(msgspec.Struct, forbid_unknown_fields=True):
    """`to`: another part of the same whole."""

    to: UUID
    passes: int


class AllotmentSeen(msgspec.Struct):
    """`allotted`: of the limit, set aside in narrower parts. `returned_at`: when it fell back, for good."""

    id: UUID
    offer_id: UUID
    within_id: UUID | None
    publication_id: UUID | None
    issue_id: UUID | None
    code_id: UUID | None
    limit: int
    used: int
    allotted: int
    returns_at: datetime | None
    returned_at: datetime | None
    created_at: datetime


class AllotmentsSeen(msgspec.Struct):
    items: list[AllotmentSeen]
    next: str | None


def seen(part: Allotment) -> AllotmentSeen:
    return msgspec.convert(part, AllotmentSeen, from_attributes=True)


@post(
    "/offers/{id:uuid}/allotments",
    status_code=201,
    opt=allows(*RUN_BY, scope=Scope.WRITE),
    operation_id="createAllotment",
)
async def create(
    id: FromPath[UUID],
    data: JSONBody[NewAllotment],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[AllotmentSeen]:
    """Set passes of an offer aside."""

    async def effect(session: AsyncSession, now: datetime) -> AllotmentSeen:
        code_id = None if data.code is None else await codes.mine(session, data.code, actor)
        part = await allotments.create(
            session,
            id,
            limit=data.limit,
            publication_id=data.publication_id,
            issue_id=data.issue_id,
            code_id=code_id,
            within_id=data.within,
            returns_at=data.returns_at,
            now=now,
            by=actor,
        )
        return seen(part)

    return await writes.answer(effect, status=201)


@get("/allotments", opt=allows(*RUN_BY, scope=Scope.READ), operation_id="listAllotments")
async def list_allotments(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    offer: FromQuery[UUID | None] = None,
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> AllotmentsSeen:
    statement = sa.select(Allotment).where(Allotment.run_by(actor))
    if offer:
        statement = statement.where(Allotment.offer_id == offer)
    async with reads() as session:
        rows, following = await pages.listed(session, statement, queries.SORTED, asked(q, sort, cursor, size))
    return AllotmentsSeen([seen(row) for row in rows], following)


@get("/allotments/{id:uuid}", opt=allows(*RUN_BY, scope=Scope.READ), operation_id="getAllotment")
async def get_allotment(
    id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> AllotmentSeen:
    async with reads() as session:
        part = await session.scalar(sa.select(Allotment).where(Allotment.id == id, Allotment.run_by(actor)))
    if part is None:
        raise NotFound("allotment")
    return seen(part)


@patch("/allotments/{id:uuid}", opt=allows(*RUN_BY, scope=Scope.WRITE), operation_id="changeAllotment")
async def change(
    id: FromPath[UUID],
    data: JSONBody[AllotmentChanges],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[AllotmentSeen]:
    """Borrow more of the wider part, give some back, or say when the rest falls back."""

    async def effect(session: AsyncSession, now: datetime) -> AllotmentSeen:
        part = await allotments.update(
            session,
            id,
            limit=None if data.limit is UNSET else data.limit,
            returns_at=None if data.returns_at is UNSET else data.returns_at,
            keeps=data.returns_at is None,
            now=now,
            by=actor,
        )
        return seen(part)

    return await writes.answer(effect)


@post(
    "/allotments/{id:uuid}/move",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE),
    operation_id="moveAllotment",
)
async def move(
    id: FromPath[UUID],
    data: JSONBody[Move],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[AllotmentSeen]:
    """Move unused passes to another part of the same whole."""

    async def effect(session: AsyncSession, now: datetime) -> AllotmentSeen:
        return seen(await allotments.move(session, id, to=data.to, passes=data.passes, now=now, by=actor))

    return await writes.answer(effect)


@post(
    "/allotments/{id:uuid}/return",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE),
    operation_id="returnAllotment",
)
async def give_back(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[AllotmentSeen]:
    """Dissolve an allotment: what is unused is the wider part's again. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> AllotmentSeen:
        return seen(await allotments.give_back(session, id, now=now, by=actor))

    return await writes.answer(effect)


HANDLERS: list[Any] = [create, list_allotments, get_allotment, change, move, give_back]
