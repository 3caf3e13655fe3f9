"""Who works here and which programs do: what an admin, and of the own partner an owner, may read."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Device, Person, StaffRole, Token
from promos.queries.pages import NEVER, Sorted
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotFound

ROLES = Sorted(
    StaffRole.id,
    {"email": Person.email, "name": sa.func.lower(Person.name), "role": StaffRole.role},
    (Person.email, Person.name),
)
TOKENS = Sorted(
    Token.id,
    {"name": sa.func.lower(Token.name), "ends": sa.func.coalesce(Token.expires_at, NEVER)},
    (Token.name,),
)


def roles(
    by: Actor, *, partner_id: UUID | None = None, publication_id: UUID | None = None
) -> sa.Select[*tuple[Any, ...]]:
    """For `pages.page` by `StaffRole.id`: id, role, partner_id, publication_id, created_at, person_id, email, name."""
    return (
        sa.select(
            StaffRole.id,
            StaffRole.role,
            StaffRole.partner_id,
            StaffRole.publication_id,
            StaffRole.created_at,
            StaffRole.person_id,
            Person.email,
            Person.name,
        )
        .join(Person, StaffRole.person_id == Person.id)
        .where(_seen(StaffRole, by, partner_id, publication_id))
    )


def tokens(by: Actor, *, partner_id: UUID | None = None, publication_id: UUID | None = None) -> sa.Select[Token]:
    """For `pages.page` by `Token.id`; revoked ones too."""
    return sa.select(Token).where(_seen(Token, by, partner_id, publication_id))


def keys(by: Actor, partner_id: UUID) -> sa.Select[Token]:
    """A partner's tokens but those of its devices, which have a page of their own."""
    return tokens(by, partner_id=partner_id).where(~sa.exists().where(Device.token_id == Token.id))


async def role(session: AsyncSession, role_id: UUID, by: Actor) -> Any:
    """One row of `roles`; raises `NotFound`."""
    found = (await session.execute(roles(by).where(StaffRole.id == role_id))).one_or_none()
    if found is None:
        raise NotFound("role")
    return found


async def token(session: AsyncSession, token_id: UUID, by: Actor) -> Token:
    """Raises `NotFound`."""
    found = await session.scalar(tokens(by).where(Token.id == token_id))
    if found is None:
        raise NotFound("token")
    return found


def _seen(
    model: type[StaffRole] | type[Token], by: Actor, partner_id: UUID | None, publication_id: UUID | None
) -> sa.ColumnElement[bool]:
    seen: sa.ColumnElement[bool] = sa.true() if by.is_admin else model.partner_id.in_(by.partners(Role.OWNER))
    if partner_id is not None:
        seen = sa.and_(seen, model.partner_id == partner_id)
    if publication_id is not None:
        seen = sa.and_(seen, model.publication_id == publication_id)
    return seen
