"""Publications: the newsletters of this installation."""

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

from promos.actions import publications
from promos.models import Publication
from promos.queries import pages
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.web.access import allows
from promos.web.api.bodies import told
from promos.web.given import Reads, Writes

SEEN_BY = (Role.ADMIN, Role.EDITOR, Role.OWNER, Role.MEMBER)


class Audience(msgspec.Struct, forbid_unknown_fields=True):
    """A country and its share of the readers, above 0 and up to 1."""

    country: str
    share: float


class NewPublication(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    language: str
    timezone: str  # IANA
    audience: list[Audience]
    slug: str | UnsetType = UNSET  # without one: made from the name


class PublicationChanges(msgspec.Struct, forbid_unknown_fields=True):
    name: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    audience: list[Audience] | UnsetType = UNSET
    slug: str | UnsetType = UNSET


class EditorsPasskeyRule(msgspec.Struct, forbid_unknown_fields=True):
    required: bool


class PublicationSeen(msgspec.Struct):
    id: UUID
    name: str
    slug: str
    language: str
    timezone: str
    audience: list[Audience]
    requires_passkey: bool  # before an editor's role counts
    created_at: datetime


class PublicationsSeen(msgspec.Struct):
    items: list[PublicationSeen]
    next: str | None


def seen(publication: Publication) -> PublicationSeen:
    return msgspec.convert(publication, PublicationSeen, from_attributes=True)


@post("/publications", status_code=201, opt=allows(Role.ADMIN, scope=Scope.WRITE), operation_id="createPublication")
async def create(
    data: JSONBody[NewPublication], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[PublicationSeen]:
    """Take in a newsletter."""

    async def effect(session: AsyncSession, now: datetime) -> PublicationSeen:
        return seen(await publications.create(session, now=now, by=actor, **told(data)))

    return await writes.answer(effect, status=201)


@get("/publications", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="listPublications")
async def list_publications(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> PublicationsSeen:
    """All of them, so that an offer can name some; for editors their own."""
    statement = sa.select(Publication).where(Publication.visible_to(actor))
    async with reads() as session:
        rows, following = await pages.page(session, statement, Publication.id, cursor, size)
    return PublicationsSeen([seen(row) for row in rows], following)


@get("/publications/{id:uuid}", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="getPublication")
async def get_publication(
    id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> PublicationSeen:
    async with reads() as session:
        found = sa.select(Publication).where(Publication.id == id, Publication.visible_to(actor))
        publication = await session.scalar(found)
    if publication is None:
        raise NotFound("publication")
    return seen(publication)


@patch(
    "/publications/{id:uuid}",
    opt=allows(Role.ADMIN, Role.EDITOR, scope=Scope.WRITE),
    operation_id="changePublication",
)
async def change(
    id: FromPath[UUID],
    data: JSONBody[PublicationChanges],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[PublicationSeen]:
    async def effect(session: AsyncSession, now: datetime) -> PublicationSeen:
        return seen(await publications.update(session, id, now=now, by=actor, **told(data)))

    return await writes.answer(effect)


@put(
    "/publications/{id:uuid}/passkeys", opt=allows(Role.ADMIN, scope=Scope.WRITE), operation_id="requireEditorsPasskeys"
)
async def require_passkeys(
    id: FromPath[UUID],
    data: JSONBody[EditorsPasskeyRule],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[PublicationSeen]:
    """Let its editors' roles count in sessions only that were proved by a passkey, or in all."""

    async def effect(session: AsyncSession, now: datetime) -> PublicationSeen:
        return seen(await publications.require_passkey(session, id, required=data.required, now=now, by=actor))

    return await writes.answer(effect)


HANDLERS: list[Any] = [create, list_publications, get_publication, change, require_passkeys]
