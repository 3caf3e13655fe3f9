"""Keys of programs and scanners to the API."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal, people
from promos.models import Event, Partner, Token, new_id
from promos.queries.together import padded
from promos.rules import texts
from promos.rules.language import N_
from promos.rules.people import SCOPES, Actor, Grant, Role, Scope
from promos.rules.refusals import InvalidRequest, NotAllowed, NotFound
from promos.rules.signing import fingerprint, secret_of
from promos.settings import Keys

PREFIX = "pk_"
_READERS: dict[str, texts.Reader] = {"name": texts.line, "expires_at": texts.optional(texts.instant)}


async def create(
    session: AsyncSession,
    *,
    name: str,
    role: Role,
    partner_id: UUID | None = None,
    publication_id: UUID | None = None,
    scopes: Collection[Scope],
    event_ids: Collection[UUID] | None = None,
    expires_at: datetime | None = None,
    keys: Keys,
    now: datetime,
    by: Actor,
) -> tuple[Token, str]:
    """A token and its secret, which is stored nowhere; an admin makes any, an owner those of the own partner.

    A door's token names its events, other tokens may (not an editor's). Raises `NotAllowed`, `NotFound`,
    `InvalidRequest`.
    """
    await people.reach(session, role, partner_id=partner_id, publication_id=publication_id, by=by)
    given = texts.read(_READERS, {"name": name, "expires_at": expires_at})
    wrong = {
        "scopes": _scopes(role, scopes),
        "event_ids": _events(role, event_ids),
        "expires_at": N_("This is over already.") if given["expires_at"] and given["expires_at"] <= now else "",
    }
    if wrong := {field: message for field, message in wrong.items() if message}:
        raise InvalidRequest(wrong)
    if event_ids is not None:
        await _are_known(session, event_ids, partner_id)
    id_ = new_id()
    token = Token(
        id=id_,
        name=given["name"],
        token_hash=fingerprint(secret(id_, keys)),
        role=role,
        partner_id=partner_id,
        publication_id=publication_id,
        scopes=sorted(scopes),
        event_ids=None if event_ids is None else sorted(str(event) for event in set(event_ids)),
        created_at=now,
        expires_at=given["expires_at"],
    )
    session.add(token)
    await session.flush()
    await journal.record(
        session,
        "token.created",
        id_,
        at=now,
        by=by,
        partner=partner_id,
        publication=publication_id,
        facts={"role": role, "scopes": token.scopes, "events": token.event_ids},
    )
    return token, secret(id_, keys)


def secret(token_id: UUID, keys: Keys) -> str:
    """The secret of a new token; made again when the request that created it is repeated."""
    return PREFIX + secret_of(keys.signing[0], "token", token_id)


async def revoke(session: AsyncSession, token_id: UUID, *, now: datetime, by: Actor) -> Token:
    """End a token at once; again is no error. Raises `NotFound` for one that `by` may not see."""
    seen = sa.true() if by.is_admin else Token.partner_id.in_(by.partners(Role.OWNER))
    token = await session.scalar(sa.select(Token).where(Token.id == token_id, seen).with_for_update())
    if token is None:
        raise NotFound("token")
    if by.event_ids is not None:
        raise NotAllowed([Role.ADMIN, Role.OWNER])
    if token.revoked_at is None:
        token.revoked_at = now
        await journal.record(
            session,
            "token.revoked",
            token.id,
            at=now,
            by=by,
            partner=token.partner_id,
            publication=token.publication_id,
        )
    return token


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a token speaks for, until when."""

    actor: Actor
    expires_at: datetime | None

    def at(self, now: datetime) -> Actor | None:
        """`None` once it is over."""
        return self.actor if self.expires_at is None or self.expires_at > now else None


async def known(session: AsyncSession, secrets: Sequence[str]) -> dict[str, Known]:
    """The tokens that have one of these secrets and are not revoked."""
    marks = {fingerprint(secret): secret for secret in secrets}
    found = await session.execute(_NOT_REVOKED, {"marks": padded(list(marks))})
    return {
        marks[token.token_hash]: Known(actor(token, is_suspended=suspended_at is not None), token.expires_at)
        for token, suspended_at in found
    }


_NOT_REVOKED = (
    sa.select(Token, Partner.suspended_at)
    .outerjoin(Partner, Token.partner_id == Partner.id)
    .where(Token.token_hash.in_(sa.bindparam("marks", expanding=True)), Token.revoked_at.is_(None))
)


def actor(token: Token, *, is_suspended: bool = False) -> Actor:
    return Actor(
        "token",
        token.id,
        frozenset({Grant(Role(token.role), token.partner_id, token.publication_id, is_suspended)}),
        frozenset(Scope(scope) for scope in token.scopes),
        None if token.event_ids is None else frozenset(UUID(event) for event in token.event_ids),
        token.name,
    )


def _scopes(role: Role, scopes: Collection[Scope]) -> str:
    fits = scopes and set(scopes) <= SCOPES[role]
    return "" if fits else N_("Choose at least one scope, and only those that this role can have.")


def _events(role: Role, event_ids: Collection[UUID] | None) -> str:
    if role is Role.EDITOR and event_ids is not None:
        return N_("An editor's token is not limited to events.")
    if event_ids is None and role is not Role.DOOR:
        return ""
    return "" if event_ids else N_("Choose at least one event.")


async def _are_known(session: AsyncSession, event_ids: Collection[UUID], partner_id: UUID | None) -> None:
    """Other partners' events are as unknown as those that never were."""
    known = sa.select(sa.func.count()).select_from(Event).where(Event.id.in_(event_ids))
    if partner_id is not None:
        known = known.where(Event.partner_id == partner_id)
    if await session.scalar(known) != len(set(event_ids)):
        raise NotFound("event")
