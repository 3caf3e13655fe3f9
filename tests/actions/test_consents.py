"""What a reader shares, and takes back."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import consents, readers, redemptions
from promos.models import Entry, Pass, Reader
from promos.queries import results
from promos.rules.redemption import Asker
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


async def test_opening_the_used_link_again_agrees_to_nothing(session: AsyncSession) -> None:
    claim = await a_claim(session, await a_code(session), "ada", shares=["email"])
    proof = proof_of(claim, shares=("email",), wordings=("w",))
    await redemptions.redeem(session, [proof], now=NOW)
    held = (await session.scalars(sa.select(Pass))).one()
    await consents.withdraw(session, held.id, now=NOW)

    await redemptions.redeem(session, [proof], now=NOW)

    assert await consents.shared(session, held.id) == []


async def test_a_pass_that_was_there_before_does_not_swallow_what_a_reader_agreed_to(session: AsyncSession) -> None:
    code = await a_code(session)
    first = await a_claim(session, code, "ada")
    await redemptions.redeem(session, [proof_of(first)], now=NOW)
    second = await a_claim(session, code, "ada", shares=["email"])
    held = (await session.scalars(sa.select(Pass))).one()

    await redemptions.redeem(session, [proof_of(second, shares=("email",), wordings=("w",))], now=NOW)

    assert await consents.shared(session, held.id) == ["email"]


async def test_a_stranger_cannot_rename_a_reader(session: AsyncSession) -> None:
    for name in ("Ada", "Rude Word"):
        asker = Asker("k" * 64, "ada@readers.example", name, "en")
        await readers.remember(session, {asker.email: asker}, now=NOW)

    assert await session.scalar(sa.select(Reader.name)) == "Ada"
