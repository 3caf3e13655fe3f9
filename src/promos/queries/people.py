"""Who works here and which programs do: what an admin, and of the own partner an owner, may read."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from promos.models import Device, Invitation, Person, StaffRole, Token
from promos.models.base import Instant
from promos.queries.pages import NEVER, Sorted
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotFound


def _rows(model: type[StaffRole] | type[Invitation], state: Any, ends: Any) -> sa.Select[*tuple[Any, ...]]:
    columns = (model.id, model.person_id, model.role, model.partner_id, model.publication_id, model.created_at)
    return sa.select(*columns, state.label("state"), ends.label("expires_at"))


_ALL = sa.union_all(
    _rows(StaffRole, sa.literal("held"), sa.cast(sa.null(), Instant())),
    _rows(
        Invitation,
        sa.case((Invitation.state == "open", "invited"), else_="ended"),
        Invitation.expires_at,
    ).where(Invitation.state.in_(("open", "ended"))),
).subquery("staff")
Held = aliased(StaffRole, _ALL)  # or offered
ROLES = Sorted(
    Held.id,
    {"email": Person.email, "name": sa.func.lower(Person.name), "role": Held.role},
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
    """For `pages.page` by `Held.id`: id, role, partner_id, publication_id, created_at, person_id, email, name; state
    (held, invited, ended) and, of an invitation, expires_at."""
    return (
        sa.select(
            Held.id,
            Held.role,
            Held.partner_id,
            Held.publication_id,
            Held.created_at,
            Held.person_id,
            Person.email,
            Person.name,
            _ALL.c.state,
            _ALL.c.expires_at,
        )
        .join(Person, Held.person_id == Person.id)
        .where(_seen(Held, by, partner_id, publication_id))
    )


def tokens(by: Actor, *, partner_id: UUID | None = None, publication_id: UUID | None = None) -> sa.Select[Token]:
    """For `pages.page` by `Token.id`; revoked ones too."""
    return sa.select(Token).where(_seen(Token, by, partner_id, publication_id))


def keys(by: Actor, partner_id: UUID) -> sa.Select[Token]:
    """A partner's tokens but those of its devices, which have a page of their own."""
    return tokens(by, partner_id=partner_id).where(~sa.exists().where(Device.token_id == Token.id))


async def role(session: AsyncSession, role_id: UUID, by: Actor) -> Any:
    """One row of `roles`; raises `NotFound`."""
    found = (await session.execute(roles(by).where(Held.id == role_id))).one_or_none()
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
