"""Tokens: keys of programs and scanners to this API."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import tokens
from promos.models import Token
from promos.queries import pages
from promos.queries import people as staff
from promos.rules.finding import asked
from promos.rules.people import SCOPES, Actor, Role, Scope
from promos.settings import Keys
from promos.web.access import allows
from promos.web.given import Reads, Writes

HEADS = (Role.ADMIN, Role.OWNER)


class NewToken(msgspec.Struct, forbid_unknown_fields=True):
    """`scopes`: without any, all that the role can have. A door's token names its events; other tokens may."""

    name: str
    role: Role
    partner_id: UUID | None = None
    publication_id: UUID | None = None
    scopes: list[Scope] | None = None
    event_ids: list[UUID] | None = None
    expires_at: datetime | None = None


class TokenSeen(msgspec.Struct):
    id: UUID
    name: str
    role: Role
    partner_id: UUID | None
    publication_id: UUID | None
    scopes: list[Scope]
    event_ids: list[UUID] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class TokenMade(TokenSeen):
    """`secret` is shown here and nowhere else: `Authorization: Bearer pk_…`."""

    secret: str


class TokensSeen(msgspec.Struct):
    items: list[TokenSeen]
    next: str | None


def seen(token: Token) -> TokenSeen:
    return msgspec.convert(token, TokenSeen, from_attributes=True)


@post("/tokens", status_code=201, opt=allows(*HEADS, scope=Scope.WRITE), operation_id="createToken")
async def create(
    data: JSONBody[NewToken],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[TokenMade]:
    """Make a key for a program. Only this answer, and a repeat under its Idempotency-Key, has the secret."""
    scopes = SCOPES[data.role] if data.scopes is None else data.scopes

    async def effect(session: AsyncSession, now: datetime) -> TokenSeen:
        token, _ = await tokens.create(
            session,
            name=data.name,
            role=data.role,
            partner_id=data.partner_id,
            publication_id=data.publication_id,
            scopes=scopes,
            event_ids=data.event_ids,
            expires_at=data.expires_at,
            keys=keys,
            now=now,
            by=actor,
        )
        return seen(token)

    def with_secret(document: dict[str, Any]) -> dict[str, Any]:
        return document | {"secret": tokens.secret(UUID(document["id"]), keys)}

    return await writes.answer(effect, status=201, show=with_secret)


@get("/tokens", opt=allows(*HEADS, scope=Scope.READ), operation_id="listTokens")
async def list_tokens(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    partner: FromQuery[UUID | None] = None,
    publication: FromQuery[UUID | None] = None,
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> TokensSeen:
    """Revoked ones too, never a secret; owners see their own partner's. `sort`: name, ends, made."""
    statement = staff.tokens(actor, partner_id=partner, publication_id=publication)
    async with reads() as session:
        rows, following = await pages.listed(session, statement, staff.TOKENS, asked(q, sort, cursor, size))
    return TokensSeen([seen(row) for row in rows], following)


@get("/tokens/{id:uuid}", opt=allows(*HEADS, scope=Scope.READ), operation_id="getToken")
async def get_token(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> TokenSeen:
    async with reads() as session:
        return seen(await staff.token(session, id, actor))


@post("/tokens/{id:uuid}/revoke", status_code=200, opt=allows(*HEADS, scope=Scope.WRITE), operation_id="revokeToken")
async def revoke(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[TokenSeen]:
    """End a token at once, for good. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> TokenSeen:
        return seen(await tokens.revoke(session, id, now=now, by=actor))

    return await writes.answer(effect)


HANDLERS: list[Any] = [create, list_tokens, get_token, revoke]
