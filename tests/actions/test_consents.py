"""What a reader shares, and takes back."""

import hashlib

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, consents, readers, redemptions
from promos.models import Entry, Pass, Reader
from promos.queries import results
from promos.rules.finding import Asked
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


SHARES = ("email", "name", "company")


async def a_sharing_reader(session: AsyncSession, shares: tuple[str, ...] = SHARES) -> Pass:
    claim = await a_claim(session, await a_code(session), "ada", shares=list(shares))
    proof = proof_of(claim, shares=shares, wordings=("w",) * len(shares), name="Ada", company="Zephyr SA")
    await redemptions.redeem(session, [proof], now=NOW)
    return (await session.scalars(sa.select(Pass))).one()


async def test_each_field_is_taken_back_by_itself(session: AsyncSession) -> None:
    held = await a_sharing_reader(session)

    await consents.withdraw(session, held.id, field="name", now=NOW)

    [line], _ = await results.redemptions(session, by=ADMIN, agreed=True)
    assert (line.email, line.name, line.company) == ("ada@readers.example", None, "Zephyr SA")
    assert await consents.shared(session, held.id) == ["company", "email"]


async def test_who_takes_everything_back_is_no_reader_who_agreed(session: AsyncSession) -> None:
    held = await a_sharing_reader(session)
    assert await results.agreed(session, by=ADMIN) == results.Agreeing(1, 1)

    for field in SHARES:
        await consents.withdraw(session, held.id, field=field, now=NOW)

    assert await results.redemptions(session, by=ADMIN, agreed=True) == ([], None)
    assert await results.agreed(session, by=ADMIN) == results.Agreeing(1, 0)


async def test_what_is_no_longer_shown_cannot_be_searched_for(session: AsyncSession) -> None:
    held = await a_sharing_reader(session)
    for words in ("ada", "zephyr"):
        assert (await results.redemptions(session, by=ADMIN, asked=Asked(words)))[0] != []

    await consents.withdraw(session, held.id, now=NOW)

    for words in ("ada", "zephyr"):
        assert await results.redemptions(session, by=ADMIN, asked=Asked(words)) == ([], None)


async def test_the_trace_says_what_is_no_longer_shown_and_not_by_whom(session: AsyncSession) -> None:
    held = await a_sharing_reader(session)

    await consents.withdraw(session, held.id, field="name", now=NOW)

    entry = (await session.scalars(sa.select(Entry).where(Entry.verb == "consent.withdrawn"))).one()
    assert (entry.partner_id, entry.event_id, entry.facts) == (held.partner_id, held.event_id, {"fields": ["name"]})
    assert {str(held.id), str(held.reader_id)}.isdisjoint({str(entry.subject_id), str(entry.actor_id)})


async def test_a_company_is_kept_only_while_somebody_may_see_it(session: AsyncSession) -> None:
    held = await a_sharing_reader(session)
    assert await session.scalar(sa.select(Reader.company)) == "Zephyr SA"

    await consents.withdraw(session, held.id, field="company", now=NOW)

    assert await session.scalar(sa.select(Reader.company)) is None
    assert await session.scalar(sa.select(Reader.name)) == "Ada"


async def test_sentences_that_were_agreed_to_keep_their_marks() -> None:
    assert claims.wording("email", "fr") == hashlib.sha256(b"consent 1 email fr").hexdigest()
    assert claims.wording("name", "en") == hashlib.sha256(b"consent 1 name en").hexdigest()
    assert len({claims.wording(field, language) for field in claims.SHAREABLE for language in ("en", "fr")}) == 6
