"""Passkeys: the second factor of whoever has one."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import account, journal, rates, recovery, sign_in
from promos.actions.rates import Rate
from promos.models import Passkey, Person, Session, SignInLink
from promos.parsing import passkeys as ceremony
from promos.parsing.passkeys import Asked, Known, Site
from promos.rules import signing, texts
from promos.rules.people import Actor, SignedIn
from promos.rules.refusals import NotFound, PasskeyNeeded, PasskeyRefused, PasskeysUnavailable, Refusal, TooManyPasskeys
from promos.settings import Keys

MOST = 20  # of a person
CHALLENGE = timedelta(minutes=5)
_NAME: dict[str, texts.Reader] = {"name": texts.line}


async def options_to_add(session: AsyncSession, mine: SignedIn, site: Site | None, *, now: datetime) -> dict[str, Any]:
    """What a browser needs to make one; raises `PasskeysUnavailable` and `TooManyPasskeys`."""
    site, held = _there(site), await of_person(session, mine.person_id)
    if len(held) >= MOST:
        raise TooManyPasskeys(MOST)
    person = await session.get_one(Person, mine.person_id)
    asked = Asked(person.id, person.email, person.name)
    return ceremony.to_add(site, await _challenge(session, mine, "add", now), asked, [_known(each) for each in held])


async def options_to_use(session: AsyncSession, mine: SignedIn, site: Site | None, *, now: datetime) -> dict[str, Any]:
    """What a browser needs to use one; raises `PasskeysUnavailable`."""
    site, held = _there(site), await of_person(session, mine.person_id)
    return ceremony.to_use(site, await _challenge(session, mine, "use", now), [_known(each) for each in held])


async def add(
    session: AsyncSession, mine: SignedIn, cookie: str, answer: str, name: str, site: Site | None, *, now: datetime
) -> str | Refusal:
    """Keep the passkey that a browser made; it proves this session, whose new cookie is returned.

    A refusal is returned, not raised: the challenge is used up all the same. Other sessions of this person are half
    ones from now on. Raises `InvalidRequest` for a name that is none, which uses nothing up.
    """
    given = texts.read(_NAME, {"name": name})
    challenge = await _settled(session, mine, "add", answer, now)
    new = ceremony.added(_there(site), challenge, answer) if challenge else None
    if new is None or await session.scalar(sa.select(sa.exists().where(Passkey.credential_id == new.credential_id))):
        return PasskeyRefused()
    passkey = Passkey(
        person_id=mine.person_id,
        name=given["name"],
        credential_id=new.credential_id,
        public_key=new.public_key,
        sign_count=new.sign_count,
        transports=list(new.transports),
        created_at=now,
    )
    session.add(passkey)
    await session.flush()
    await account.tell(session, "passkey.added", passkey.id, mine, now=now)
    return await sign_in.renew(session, mine.id, cookie, second_factor=True, now=now)


async def use(
    session: AsyncSession, mine: SignedIn, cookie: str, answer: str, site: Site | None, *, keys: Keys, now: datetime
) -> str | Refusal:
    """The session is proved by a passkey of its person: its new cookie, or the refusal that comes of the try."""
    if too_many := await rates.take(session, _brakes(mine.person_id, keys), now=now):
        return too_many
    challenge = await _settled(session, mine, "use", answer, now)
    passkey = await session.scalar(
        sa.select(Passkey)
        .where(Passkey.person_id == mine.person_id, Passkey.credential_id == ceremony.credential_of(answer))
        .with_for_update()
    )
    count = ceremony.used(_there(site), challenge, answer, _known(passkey)) if challenge and passkey else None
    if passkey is None or count is None:
        await journal.record(session, "passkey.refused", mine.person_id, at=now, by=mine.actor)
        return PasskeyRefused()
    passkey.sign_count, passkey.used_at = count, now
    await journal.record(session, "passkey.used", passkey.id, at=now, by=mine.actor)
    return await sign_in.renew(session, mine.id, cookie, second_factor=True, now=now)


async def rename(session: AsyncSession, passkey_id: UUID, name: str, mine: SignedIn, *, now: datetime) -> None:
    """Raises `NotFound` and `InvalidRequest`."""
    passkey = await _mine(session, passkey_id, mine)
    passkey.name = texts.read(_NAME, {"name": name})["name"]
    await journal.record(session, "passkey.renamed", passkey.id, at=now, by=mine.actor)


async def remove(session: AsyncSession, passkey_id: UUID, mine: SignedIn, *, now: datetime) -> None:
    """Take a passkey away: other sessions and unused links end, and without a last one its recovery codes do.

    Raises `NotFound`.
    """
    await session.delete(await _mine(session, passkey_id, mine))
    await session.flush()
    others = sa.delete(Session).where(Session.person_id == mine.person_id, Session.id != mine.id)
    await session.execute(others)
    unused = sa.update(SignInLink).where(SignInLink.person_id == mine.person_id, SignInLink.used_at.is_(None))
    await session.execute(unused.values(used_at=now))
    if not await of_person(session, mine.person_id):
        await recovery.forget(session, mine.person_id)
        await session.execute(sa.update(Session).where(Session.id == mine.id).values(second_factor_at=None))
    await account.tell(session, "passkey.removed", passkey_id, mine, now=now)


async def has_own(session: AsyncSession, by: Actor, *, needed: bool) -> None:
    """Raise `PasskeyNeeded` for a person who has none; a token never needs one."""
    if needed and by.kind == "person" and by.id and not await of_person(session, by.id):
        raise PasskeyNeeded


async def of_person(session: AsyncSession, person_id: UUID) -> Sequence[Passkey]:
    found = sa.select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.id)
    return (await session.scalars(found)).all()


async def _challenge(session: AsyncSession, mine: SignedIn, purpose: str, now: datetime) -> bytes:
    """Something new to sign, for this session and purpose alone; what was asked before is not good any more."""
    challenge = secrets.token_bytes(32)
    asked = sa.update(Session).where(Session.id == mine.id)
    await session.execute(asked.values(challenge_hash=_mark(purpose, challenge), challenge_ends_at=now + CHALLENGE))
    return challenge


async def _settled(session: AsyncSession, mine: SignedIn, purpose: str, answer: str, now: datetime) -> bytes | None:
    """The challenge that `answer` speaks of, used up; `None` where this session was not asked it, or too long ago."""
    challenge = ceremony.challenge_of(answer)
    if challenge is None:
        return None
    used = (
        sa.update(Session)
        .where(
            Session.id == mine.id,
            Session.challenge_hash == _mark(purpose, challenge),
            Session.challenge_ends_at > now,
        )
        .values(challenge_hash=None, challenge_ends_at=None)
    )
    return challenge if await session.scalar(used.returning(Session.id)) else None


def _mark(purpose: str, challenge: bytes) -> str:
    return signing.fingerprint(purpose.encode() + b"\0" + challenge)


async def _mine(session: AsyncSession, passkey_id: UUID, mine: SignedIn) -> Passkey:
    found = await session.scalar(
        sa.select(Passkey).where(Passkey.id == passkey_id, Passkey.person_id == mine.person_id).with_for_update()
    )
    if found is None:
        raise NotFound("passkey")
    return found


def _brakes(person_id: UUID, keys: Keys) -> list[Rate]:
    """Nobody guesses a signature: this only keeps our own work small, and no one out for longer than five minutes."""
    return [Rate(signing.bucket(keys.reader, "passkey", str(person_id)), 5, 300)]


def _there(site: Site | None) -> Site:
    if site is None:
        raise PasskeysUnavailable
    return site


def _known(passkey: Passkey) -> Known:
    return Known(passkey.credential_id, passkey.public_key, passkey.sign_count, passkey.transports)
