"""Signing in without a password: a link by mail, once, and a session that the server can end at any moment."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal, people
from promos.models import Delivery, Person, Session, SignInLink, StaffRole, new_id
from promos.rules.people import NOBODY, PROGRAM, Actor, Grant, Role
from promos.rules.refusals import LinkEnded
from promos.rules.signing import fingerprint, secret_of
from promos.settings import Keys


async def ask(
    session: AsyncSession, email: str, *, keys: Keys, now: datetime, lifetime: timedelta
) -> SignInLink | None:
    """Owe a mail with a link to whoever of the staff reads `email`; `None` where nobody does.

    Whoever asks must not learn which it was. Raises `AddressInvalid`.
    """
    person = await people.person_by_email(session, email)
    if person is None or not await session.scalar(sa.select(sa.exists().where(StaffRole.person_id == person.id))):
        return None
    link, _ = await _link(session, person, keys=keys, now=now, lifetime=lifetime)
    session.add(Delivery(kind="sign_in", sign_in_link_id=link.id, language=person.language, due_at=now, created_at=now))
    await journal.record(session, "sign_in.asked", person.id, at=now, by=NOBODY)
    return link


async def link_for(session: AsyncSession, person: Person, *, keys: Keys, now: datetime, lifetime: timedelta) -> str:
    """A secret to sign in with, for whoever holds the machine itself: no mail is owed."""
    _, secret = await _link(session, person, keys=keys, now=now, lifetime=lifetime)
    await journal.record(session, "sign_in.printed", person.id, at=now, by=PROGRAM)
    return secret


def secret(link: SignInLink, keys: Keys) -> str | None:
    """The secret of a link, made again for its mail; `None` once the key that made it is gone."""
    made = (secret_of(key, "sign-in", link.id) for key in keys.signing)
    return next((again for again in made if fingerprint(again) == link.token_hash), None)


async def enter(
    session: AsyncSession, secret: str, *, now: datetime, lifetime: timedelta, old_cookie: str | None = None
) -> tuple[Person, str]:
    """Use up a link: who it was for, and the new session's secret for the cookie.

    The secret is always drawn here, whatever the browser brought; the session of `old_cookie` ends. Raises
    `LinkEnded` for a link that is used, over or unknown: of two that come at once, one enters.
    """
    person_id = await session.scalar(
        sa.update(SignInLink)
        .where(SignInLink.token_hash == fingerprint(secret), SignInLink.used_at.is_(None), SignInLink.expires_at > now)
        .values(used_at=now)
        .returning(SignInLink.person_id)
    )
    person = await session.get(Person, person_id) if person_id else None
    if person is None:
        raise LinkEnded
    if old_cookie:
        await session.execute(sa.delete(Session).where(Session.token_hash == fingerprint(old_cookie)))
    cookie = secrets.token_urlsafe(32)
    session.add(Session(person_id=person.id, token_hash=fingerprint(cookie), created_at=now, expires_at=now + lifetime))
    await journal.record(session, "person.signed_in", person.id, at=now, by=Actor("person", person.id))
    return person, cookie


async def leave(session: AsyncSession, cookie: str, *, now: datetime) -> None:
    """End the session of `cookie` in every process; one that is over already is no error."""
    ended = sa.delete(Session).where(Session.token_hash == fingerprint(cookie)).returning(Session.person_id)
    if person_id := await session.scalar(ended):
        await journal.record(session, "person.signed_out", person_id, at=now, by=Actor("person", person_id))


async def actor_of_session(session: AsyncSession, cookie: str, *, now: datetime) -> Actor | None:
    """Who is behind `cookie`, with the roles of this moment; `None` for a session that is over or never was."""
    rows = (
        await session.execute(
            sa.select(
                Person.id, Person.name, Person.email, StaffRole.role, StaffRole.partner_id, StaffRole.publication_id
            )
            .join(Session, Session.person_id == Person.id)
            .outerjoin(StaffRole, StaffRole.person_id == Person.id)
            .where(Session.token_hash == fingerprint(cookie), Session.expires_at > now)
        )
    ).all()
    if not rows:
        return None
    grants = frozenset(Grant(Role(row.role), row.partner_id, row.publication_id) for row in rows if row.role)
    return Actor("person", rows[0].id, grants, name=rows[0].name or rows[0].email)


def csrf_of(cookie: str, keys: Keys) -> str:
    """What a form of this session has to bring along, 64 hexadecimal digits."""
    return hmac.new(keys.signing[0], b"csrf\0" + cookie.encode(), hashlib.sha256).hexdigest()


async def _link(
    session: AsyncSession, person: Person, *, keys: Keys, now: datetime, lifetime: timedelta
) -> tuple[SignInLink, str]:
    id_ = new_id()
    made = secret_of(keys.signing[0], "sign-in", id_)
    link = SignInLink(
        id=id_, person_id=person.id, token_hash=fingerprint(made), created_at=now, expires_at=now + lifetime
    )
    session.add(link)
    await session.flush()
    return link, made
