"""Recovery codes: ten words on paper for the day when the passkey is not at hand."""

import base64
import secrets
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import account, journal, rates, sign_in
from promos.actions.rates import Rate
from promos.models import RecoveryCode
from promos.rules import signing
from promos.rules.people import SignedIn
from promos.rules.refusals import RecoveryCodeRefused, Refusal
from promos.settings import Keys

COUNT = 10
_BYTES = 10  # 80 bit, 16 letters and digits
TRIES = ((5, 300), (20, 3600), (50, 86400))  # at most so many in so many seconds


async def make(session: AsyncSession, mine: SignedIn, *, keys: Keys, now: datetime) -> list[str]:
    """Ten new codes, `ABCD-EFGH-IJKL-MNOP`, which are stored nowhere; those of before are good no more."""
    await forget(session, mine.person_id)
    made = [base64.b32encode(secrets.token_bytes(_BYTES)).decode() for _ in range(COUNT)]
    session.add_all(
        RecoveryCode(person_id=mine.person_id, code_hash=_mark(code, keys), created_at=now) for code in made
    )
    await journal.record(session, "recovery_codes.made", mine.person_id, at=now, by=mine.actor)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in made]


async def use(
    session: AsyncSession, mine: SignedIn, cookie: str, typed: str, *, keys: Keys, now: datetime
) -> str | Refusal:
    """Prove the session by a code instead of the passkey: its new cookie, or the refusal that comes of the try.

    A code is good once. A refusal is returned, not raised, so that the try counts.
    """
    brakes = [Rate(signing.bucket(keys.reader, "recovery", str(mine.person_id)), *each) for each in TRIES]
    if too_many := await rates.take(session, brakes, now=now):
        return too_many
    read = "".join(letter for letter in typed.upper() if letter.isalnum())
    used = (
        sa.update(RecoveryCode)
        .where(
            RecoveryCode.person_id == mine.person_id,
            RecoveryCode.code_hash == _mark(read, keys),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    code_id = await session.scalar(used.returning(RecoveryCode.id))
    if code_id is None:
        await journal.record(session, "recovery_code.refused", mine.person_id, at=now, by=mine.actor)
        return RecoveryCodeRefused()
    await account.tell(session, "recovery_code.used", code_id, mine, now=now)
    return await sign_in.renew(session, mine.id, cookie, second_factor=True, now=now)


async def left(session: AsyncSession, person_id: UUID) -> int:
    unused = sa.select(sa.func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return await session.scalar(unused) or 0


async def forget(session: AsyncSession, person_id: UUID) -> None:
    await session.execute(sa.delete(RecoveryCode).where(RecoveryCode.person_id == person_id))


def _mark(code: str, keys: Keys) -> str:
    return signing.keyed_mark(keys.reader, "recovery", code)
