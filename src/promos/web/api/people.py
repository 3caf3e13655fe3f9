"""People of the staff, by what they may do: asked in, listed, and no longer."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import invitations
from promos.queries import pages
from promos.queries import people as staff
from promos.rules.finding import asked
from promos.rules.people import Actor, Role, Scope
from promos.settings import Keys, Settings
from promos.web.access import allows
from promos.web.api.bodies import told
from promos.web.given import Reads, Writes

HEADS = (Role.ADMIN, Role.OWNER)


class NewRole(msgspec.Struct, forbid_unknown_fields=True):
    """An editor's role is for one publication; an owner's, a member's or a door's for one partner."""

    email: str
    role: Role
    name: str = ""
    language: str = "en"
    partner_id: UUID | None = None
    publication_id: UUID | None = None


class RoleSeen(msgspec.Struct):
    """`invited`: offered by mail, and nothing before its person has signed in, until `expires_at`."""

    id: UUID
    role: Role
    partner_id: UUID | None
    publication_id: UUID | None
    person_id: UUID
    email: str
    name: str
    created_at: datetime
    state: Literal["held", "invited", "ended"]
    expires_at: datetime | None


class RolesSeen(msgspec.Struct):
    items: list[RoleSeen]
    next: str | None


class RoleRemoved(msgspec.Struct):
    id: UUID


def seen(row: Any) -> RoleSeen:
    return msgspec.convert(row, RoleSeen, from_attributes=True)


@post("/roles", status_code=201, opt=allows(*HEADS, scope=Scope.WRITE), operation_id="giveRole")
async def give(
    data: JSONBody[NewRole],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[RoleSeen]:
    """Ask somebody in: admins for everything, owners for their own partner. Twice is the same as once.

    A mail brings the invitation; the role is `held` once its person has signed in.
    """
    lifetime = timedelta(seconds=settings.invitation_lifetime)

    async def effect(session: AsyncSession, now: datetime) -> RoleSeen:
        asked = told(data) | {"role": data.role}
        person = await invitations.invite(session, keys=keys, lifetime=lifetime, now=now, by=actor, **asked)
        given = staff.roles(actor).where(
            staff.Held.person_id == person.id,
            staff.Held.role == data.role,
            staff.Held.partner_id.is_not_distinct_from(data.partner_id),
            staff.Held.publication_id.is_not_distinct_from(data.publication_id),
        )
        return seen((await session.execute(given)).one())

    return await writes.answer(effect, status=201)


@get("/roles", opt=allows(*HEADS, scope=Scope.READ), operation_id="listRoles")
async def list_roles(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    partner: FromQuery[UUID | None] = None,
    publication: FromQuery[UUID | None] = None,
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> RolesSeen:
    """Who may do what; owners see their own partner's. `q`: of address and name. `sort`: email, name, role, made."""
    statement = staff.roles(actor, partner_id=partner, publication_id=publication)
    async with reads() as session:
        rows, following = await pages.listed(session, statement, staff.ROLES, asked(q, sort, cursor, size))
    return RolesSeen([seen(row) for row in rows], following)


@get("/roles/{id:uuid}", opt=allows(*HEADS, scope=Scope.READ), operation_id="getRole")
async def get_role(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> RoleSeen:
    async with reads() as session:
        return seen(await staff.role(session, id, actor))


@post("/roles/{id:uuid}/send-again", status_code=200, opt=allows(*HEADS, scope=Scope.WRITE), operation_id="inviteAgain")
async def send_again(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
) -> Response[RoleSeen]:
    """Send an invitation once more, at most every ten minutes; its time begins anew."""
    lifetime = timedelta(seconds=settings.invitation_lifetime)

    async def effect(session: AsyncSession, now: datetime) -> RoleSeen:
        await invitations.send_again(session, id, lifetime=lifetime, now=now, by=actor)
        return seen(await staff.role(session, id, actor))

    return await writes.answer(effect)


@delete("/roles/{id:uuid}", status_code=200, opt=allows(*HEADS, scope=Scope.WRITE), operation_id="removeRole")
async def remove(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[RoleRemoved]:
    """Take a role away, and the person's sessions end at once; or withdraw an invitation."""

    async def effect(session: AsyncSession, now: datetime) -> RoleRemoved:
        await invitations.remove(session, id, now=now, by=actor)
        return RoleRemoved(id)

    return await writes.answer(effect)


HANDLERS: list[Any] = [give, list_roles, get_role, send_again, remove]
