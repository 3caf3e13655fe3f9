"""What people hear of their own account, and the browsers in which they are signed in."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.models import Delivery, Passkey, Person, RecoveryCode, Session
from promos.rules.people import Actor, SignedIn


async def tell(session: AsyncSession, verb: str, subject: UUID, mine: SignedIn, *, now: datetime) -> None:
    """Write what was done to the account, and owe its person a mail about it."""
    entry_id = await journal.record(session, verb, subject, at=now, by=mine.actor)
    person = await session.get_one(Person, mine.person_id)
    session.add(
        Delivery(
            kind="account",
            entry_id=entry_id,
            person_id=person.id,
            language=person.language,
            due_at=now,
            created_at=now,
        )
    )
    await session.flush()


async def sessions(session: AsyncSession, person_id: UUID, *, now: datetime) -> Sequence[Session]:
    """Where this person is signed in, the newest first."""
    living = sa.select(Session).where(Session.person_id == person_id, Session.expires_at > now)
    return (await session.scalars(living.order_by(Session.id.desc()))).all()


async def end_sessions(session: AsyncSession, mine: SignedIn, only: UUID | None = None, *, now: datetime) -> None:
    """End all other sessions of this person, or `only` that one; what is over already is no error."""
    others = sa.delete(Session).where(Session.person_id == mine.person_id, Session.id != mine.id)
    if only is not None:
        others = others.where(Session.id == only)
    ended = (await session.scalars(others.returning(Session.id))).all()
    if ended:
        facts = {"ended": len(ended)}
        await journal.record(session, "sessions.ended", mine.person_id, at=now, by=mine.actor, facts=facts)


async def forget_passkeys(session: AsyncSession, person_id: UUID, *, now: datetime, by: Actor) -> int:
    """Take away all passkeys and recovery codes of somebody who lost them, and every session. How many there were."""
    held = (await session.scalars(sa.delete(Passkey).where(Passkey.person_id == person_id).returning(Passkey.id))).all()
    await session.execute(sa.delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    await session.execute(sa.delete(Session).where(Session.person_id == person_id))
    await journal.record(session, "passkeys.forgotten", person_id, at=now, by=by, facts={"passkeys": len(held)})
    return len(held)
