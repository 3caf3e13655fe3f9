"""Signing in without a password: a link by mail, once, and a session that the server can end at any moment."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import invitations, journal, people
from promos.models import Delivery, Partner, Passkey, Person, Publication, Session, SignInLink, StaffRole, new_id
from promos.rules.people import NOBODY, PROGRAM, Actor, Grant, Role, SignedIn
from promos.rules.refusals import LinkElsewhere, LinkEnded, SecondFactorNeeded, SignInNeeded
from promos.rules.signing import fingerprint, secret_of
from promos.settings import Keys


async def ask(
    session: AsyncSession, email: str, *, target: str | None = None, keys: Keys, now: datetime, lifetime: timedelta
) -> SignInLink | None:
    """Owe a mail with a link to whoever of the staff reads `email`; `None` where nobody does.

    `target` is the page of ours that it leads to. Whoever asks must not learn which it was. Raises `AddressInvalid`.
    """
    person = await people.person_by_email(session, email)
    if person is None or not await people.may_enter(session, person.id, now=now):
        return None
    link, _ = await _link(session, person.id, target=target, keys=keys, now=now, lifetime=lifetime)
    session.add(_mail(link, person.language, now))
    await journal.record(session, "sign_in.asked", person.id, at=now, by=NOBODY)
    return link


async def link_for(session: AsyncSession, person: Person, *, keys: Keys, now: datetime, lifetime: timedelta) -> str:
    """A secret to sign in with, for whoever holds the machine itself: no mail is owed."""
    _, secret = await _link(session, person.id, keys=keys, now=now, lifetime=lifetime)
    await journal.record(session, "sign_in.printed", person.id, at=now, by=PROGRAM)
    return secret


def secret(link: SignInLink, keys: Keys) -> str | None:
    """The secret of a link, made again for its mail; `None` once the key that made it is gone."""
    made = (secret_of(key, "sign-in", link.id) for key in keys.signing)
    return next((again for again in made if fingerprint(again) == link.token_hash), None)


async def enter(
    session: AsyncSession,
    secret: str,
    *,
    now: datetime,
    lifetime: timedelta,
    old_cookie: str | None = None,
    browser: str = "",
) -> tuple[Person, str]:
    """Use up a link: who it was for, and the new session's secret for the cookie.

    The secret is always drawn here, whatever the browser brought; the session of `old_cookie` ends. What the person is
    invited to is taken up. Raises `LinkEnded` for a link that is used, over or unknown (of two that come at once, one
    enters), and for who has nothing here any more.
    """
    used = await _used(session, secret, None, now)
    person = await session.get(Person, used.person_id) if used else None
    if person is None or not await people.may_enter(session, person.id, now=now):
        raise LinkEnded
    await invitations.take_up(session, person.id, now=now)
    if old_cookie:
        await session.execute(sa.delete(Session).where(Session.token_hash == fingerprint(old_cookie)))
    cookie = _cookie(secrets.token_urlsafe(24))
    session.add(
        Session(
            person_id=person.id,
            token_hash=fingerprint(cookie),
            created_at=now,
            expires_at=now + lifetime,
            proved_at=now,
            browser=browser,
        )
    )
    await journal.record(session, "person.signed_in", person.id, at=now, by=Actor("person", person.id))
    return person, cookie


async def ask_to_confirm(
    session: AsyncSession, mine: SignedIn, *, target: str | None, keys: Keys, now: datetime, lifetime: timedelta
) -> None:
    """Owe this session's person a mail with a link that confirms this session, and opens no other.

    Raises `SecondFactorNeeded` for who has a passkey: a mail is less than that.
    """
    if mine.has_passkey:
        raise SecondFactorNeeded
    person = await session.get_one(Person, mine.person_id)
    link, _ = await _link(session, person.id, session_id=mine.id, target=target, keys=keys, now=now, lifetime=lifetime)
    session.add(_mail(link, person.language, now))
    await journal.record(session, "confirmation.asked", person.id, at=now, by=mine.actor)


async def confirm(
    session: AsyncSession, secret: str, mine: SignedIn, cookie: str, *, now: datetime
) -> tuple[str, str | None]:
    """Use up a link that this session asked for: its new cookie, and the page where its person was.

    Raises `LinkElsewhere` for one that another session asked for, which stays good there, `LinkEnded`, and
    `SecondFactorNeeded` for who has a passkey by now.
    """
    if mine.has_passkey:
        raise SecondFactorNeeded
    used = await _used(session, secret, mine.id, now)
    if used is None:
        is_good = (SignInLink.token_hash == fingerprint(secret), SignInLink.used_at.is_(None))
        if await session.scalar(sa.select(sa.exists().where(*is_good, SignInLink.expires_at > now))):
            raise LinkElsewhere
        raise LinkEnded
    await journal.record(session, "person.confirmed", used.person_id, at=now, by=mine.actor)
    return await renew(session, mine.id, cookie, now=now), used.target


async def renew(
    session: AsyncSession, session_id: UUID, cookie: str, *, second_factor: bool = False, now: datetime
) -> str:
    """The session proved itself: it goes by another secret from now on, the old one is over."""
    renewed = _cookie(cookie.partition(".")[0])
    mine = sa.update(Session).where(Session.id == session_id, Session.token_hash == fingerprint(cookie))
    proved = mine.values(token_hash=fingerprint(renewed), proved_at=now)
    if second_factor:
        proved = proved.values(second_factor_at=now)
    if await session.scalar(proved.returning(Session.id)) is None:
        raise SignInNeeded
    return renewed


async def leave(session: AsyncSession, cookie: str, *, now: datetime) -> None:
    """End the session of `cookie` in every process; one that is over already is no error."""
    ended = sa.delete(Session).where(Session.token_hash == fingerprint(cookie)).returning(Session.person_id)
    if person_id := await session.scalar(ended):
        await journal.record(session, "person.signed_out", person_id, at=now, by=Actor("person", person_id))


async def actor_of_session(session: AsyncSession, cookie: str, *, now: datetime) -> Actor | None:
    """Who is behind `cookie`, as `signed_in` finds them."""
    found = await signed_in(session, cookie, now=now)
    return found.actor if found else None


async def signed_in(session: AsyncSession, cookie: str, *, now: datetime) -> SignedIn | None:
    """The session of `cookie`, with the roles of this moment; `None` for one that is over or never was.

    Where a passkey is required, a role counts once this session was proved by one.
    """
    rows = (
        await session.execute(
            sa.select(
                Session.id.label("session_id"),
                Session.proved_at,
                Session.second_factor_at,
                sa.exists().where(Passkey.person_id == Person.id).label("has_passkey"),
                sa.func.coalesce(Partner.requires_passkey, Publication.requires_passkey, sa.false()).label("requires"),
                Person.id,
                Person.name,
                Person.email,
                StaffRole.role,
                StaffRole.partner_id,
                StaffRole.publication_id,
                Partner.suspended_at,
            )
            .join(Session, Session.person_id == Person.id)
            .outerjoin(StaffRole, StaffRole.person_id == Person.id)
            .outerjoin(Partner, Partner.id == StaffRole.partner_id)
            .outerjoin(Publication, Publication.id == StaffRole.publication_id)
            .where(Session.token_hash == fingerprint(cookie), Session.expires_at > now)
        )
    ).all()
    if not rows:
        return None
    first = rows[0]
    held = [row for row in rows if row.role]
    given = [row for row in held if first.second_factor_at or not row.requires]
    grants = frozenset(
        Grant(Role(row.role), row.partner_id, row.publication_id, is_suspended=row.suspended_at is not None)
        for row in given
    )
    return SignedIn(
        first.session_id,
        first.id,
        Actor("person", first.id, grants, name=first.name or first.email),
        first.proved_at,
        first.second_factor_at,
        first.has_passkey,
        len(given) < len(held),
    )


def csrf_of(cookie: str, keys: Keys) -> str:
    """What a form of this session has to bring along, 64 hexadecimal digits: the same however often it proves itself,
    so that a form that waits in another tab is not lost."""
    lasting = cookie.partition(".")[0]
    return hmac.new(keys.signing[0], b"csrf\0" + lasting.encode(), hashlib.sha256).hexdigest()


def _cookie(lasting: str) -> str:
    """A session's secret: what its forms are bound to, and what is another each time that it proves itself."""
    return f"{lasting}.{secrets.token_urlsafe(32)}"


def _mail(link: SignInLink, language: str, now: datetime) -> Delivery:
    return Delivery(kind="sign_in", sign_in_link_id=link.id, language=language, due_at=now, created_at=now)


async def _used(session: AsyncSession, secret: str, session_id: UUID | None, now: datetime) -> SignInLink | None:
    """The link, used up for good; `None` for one that is over, unknown or of another session."""
    found = await session.scalars(
        sa.update(SignInLink)
        .where(
            SignInLink.token_hash == fingerprint(secret),
            SignInLink.session_id.is_not_distinct_from(session_id),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now,
        )
        .values(used_at=now)
        .returning(SignInLink)
        .execution_options(populate_existing=True)
    )
    return found.one_or_none()


async def _link(
    session: AsyncSession,
    person_id: UUID,
    *,
    session_id: UUID | None = None,
    target: str | None = None,
    keys: Keys,
    now: datetime,
    lifetime: timedelta,
) -> tuple[SignInLink, str]:
    id_ = new_id()
    made = secret_of(keys.signing[0], "sign-in", id_)
    link = SignInLink(
        id=id_,
        person_id=person_id,
        token_hash=fingerprint(made),
        session_id=session_id,
        target=target,
        created_at=now,
        expires_at=now + lifetime,
    )
    session.add(link)
    await session.flush()
    return link, made
