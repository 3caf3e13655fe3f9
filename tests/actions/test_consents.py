"""What a reader shares, and takes back."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import consents, redemptions
from promos.models import Entry, Pass
from promos.queries import results
from tests.world import ADMIN, NOW, a_claim, a_code, proof_of


async def test_what_is_taken_back_is_gone_from_the_partners_next_list(session: AsyncSession) -> None:
    code = await a_code(session)
    claim = await a_claim(session, code, "ada", shares=["email"])
    await redemptions.redeem(session, [proof_of(claim, shares=("email",), wordings=("w",))], now=NOW)
    held = (await session.scalars(sa.select(Pass))).one()
    before, _ = await results.redemptions(session, by=ADMIN)

    shared = await consents.shared(session, held.id)
    await consents.withdraw(session, held.id, now=NOW)
    await consents.withdraw(session, held.id, now=NOW)

    after, _ = await results.redemptions(session, by=ADMIN)
    assert shared == ["email"]
    assert await consents.shared(session, held.id) == []
    assert [line.email for line in before] == ["ada@readers.example"]
    assert [line.email for line in after] == [None]
    trace = sa.select(sa.func.count()).select_from(Entry).where(Entry.verb == "consent.withdrawn")
    assert await session.scalar(trace) == 1
