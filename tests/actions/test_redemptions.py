"""Giving passes, one transaction at a time."""

from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import outcomes, redemptions
from promos.models import Claim, Delivery, Entry, Offer, Pass, PassType, PromoCode, Reader, Redemption, new_id
from promos.rules.redemption import Ask, Outcome, Redeemed
from promos.rules.refusals import (
    AlreadyHoldsPass,
    CapacityExhausted,
    CodeExhausted,
    CodePaused,
    LinkEnded,
    LinkSuperseded,
    OfferExhausted,
)
from tests.world import DAY, NOW, a_claim, a_code, a_pass_type, an_ask, an_offer, proof_of


def kinds(outcomes: dict[UUID, Outcome], *asks: Ask) -> list[type]:
    return [type(outcomes[ask.id]) for ask in asks]


async def tallies(session: AsyncSession, code: PromoCode) -> tuple[int, int, int, int]:
    row = await session.execute(
        sa.select(PassType.used, Offer.used, PromoCode.used, PromoCode.version)
        .select_from(PromoCode)
        .join(Offer, PromoCode.offer_id == Offer.id)
        .join(PassType, Offer.pass_type_id == PassType.id)
        .where(PromoCode.id == code.id)
    )
    used = row.one()
    return used[0], used[1], used[2], used[3]


async def test_the_last_pass_goes_to_the_first_who_asked(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=1))
    ada, bo = an_ask(code, "ada"), an_ask(code, "bo")

    outcomes = await redemptions.redeem(session, [ada, bo], now=NOW)

    assert kinds(outcomes, ada, bo) == [Redeemed, OfferExhausted]


async def test_the_tightest_limit_holds(session: AsyncSession) -> None:
    roomy = await an_offer(session, await a_pass_type(session, capacity=3), limit=5)
    narrow, wide = await a_code(session, roomy, "NARROW", limit=1), await a_code(session, roomy, "WIDE")
    asks = [an_ask(narrow, "ada"), an_ask(narrow, "bo"), *(an_ask(wide, name) for name in ("cy", "di", "ed"))]

    outcomes = await redemptions.redeem(session, asks, now=NOW)

    assert kinds(outcomes, *asks) == [Redeemed, CodeExhausted, Redeemed, Redeemed, CapacityExhausted]
    assert await tallies(session, wide) == (3, 3, 2, 2)


async def test_who_asks_twice_gets_the_same_pass(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=1))
    ada, again, later = (an_ask(code, "ada") for _ in range(3))

    first = await redemptions.redeem(session, [ada, again], now=NOW)
    second = await redemptions.redeem(session, [later], now=NOW + DAY)

    passes = {outcome.pass_id for outcome in (*first.values(), *second.values()) if isinstance(outcome, Redeemed)}
    assert len(passes) == 1
    answers = (first[ada.id], first[again.id], second[later.id])
    assert [isinstance(answer, Redeemed) and answer.is_new for answer in answers] == [True, False, False]


async def test_one_event_gives_a_reader_one_pass_whatever_the_offer(session: AsyncSession) -> None:
    kind = await a_pass_type(session)
    first = await a_code(session, await an_offer(session, kind), "FIRST")
    second = await a_code(session, await an_offer(session, kind), "SECOND")
    await redemptions.redeem(session, [an_ask(first, "ada")], now=NOW)

    ask = an_ask(second, "ada")
    outcomes = await redemptions.redeem(session, [ask], now=NOW)

    assert kinds(outcomes, ask) == [AlreadyHoldsPass]


async def test_an_offer_without_a_limit_counts_only_its_code(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=None))

    await redemptions.redeem(session, [an_ask(code, name) for name in ("ada", "bo")], now=NOW)

    assert await tallies(session, code) == (0, 0, 2, 2)


async def test_everything_that_follows_a_pass_is_stored_with_it(session: AsyncSession) -> None:
    code = await a_code(session)
    claim = await a_claim(session, code, "ada", shares=["email"])
    ask = proof_of(claim, shares=("email",), wordings=("w",))

    outcome = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]

    assert isinstance(outcome, Redeemed)
    mail = (await session.scalars(sa.select(Delivery))).one()
    entry = (await session.scalars(sa.select(Entry).where(Entry.verb == "code.redeemed"))).one()
    await session.refresh(claim)
    assert (mail.kind, mail.pass_id) == ("pass", outcome.pass_id)
    assert (entry.subject_id, entry.version) == (outcome.redemption_id, 1)
    assert (claim.state, claim.redemption_id) == ("proven", outcome.redemption_id)


async def test_a_refused_claim_may_ask_again_and_a_refused_stranger_is_forgotten(session: AsyncSession) -> None:
    code = await a_code(session, status="paused")
    claim = await a_claim(session, code, "ada")
    asks = [proof_of(claim), an_ask(code, "stranger")]

    paused = await redemptions.redeem(session, asks, now=NOW)
    code.status = "active"
    await session.flush()
    resumed = await redemptions.redeem(session, [proof_of(claim, id=asks[0].id)], now=NOW)

    assert kinds(paused, *asks) == [CodePaused, CodePaused]
    assert kinds(resumed, asks[0]) == [Redeemed]
    assert await session.scalar(sa.select(sa.func.count()).select_from(Reader)) == 1


@pytest.mark.parametrize(
    ("facts", "refusal"), [({"state": "superseded"}, LinkSuperseded), ({"expires_at": NOW}, LinkEnded)]
)
async def test_a_link_that_is_over_gives_nothing(
    session: AsyncSession, facts: dict[str, object], refusal: type
) -> None:
    claim = await a_claim(session, await a_code(session), "ada", **facts)
    ask = proof_of(claim)

    assert kinds(await redemptions.redeem(session, [ask], now=NOW), ask) == [refusal]


async def test_a_pass_that_somebody_else_asked_for_is_mailed_not_shown_and_not_without_end(
    session: AsyncSession,
) -> None:
    code = await a_code(session)
    claim = await a_claim(session, code, "ada")
    await redemptions.redeem(session, [proof_of(claim)], now=NOW)

    for _ in range(5):
        ask = an_ask(code, "ada", token_id=new_id())
        outcome = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
        assert isinstance(outcome, Redeemed)
        assert not outcome.is_mine

    assert await session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == outcomes.RESENDS_A_DAY


async def test_the_database_itself_refuses_one_pass_too_many(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=1))
    await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
    offer = sa.update(Offer).where(Offer.id == code.offer_id)

    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await session.execute(offer.values(used=Offer.used + 1))
    held = (await session.scalars(sa.select(Redemption))).one()
    columns = [column.key for column in Redemption.__mapper__.column_attrs if column.key not in ("id", "version")]
    second = {name: getattr(held, name) for name in columns}
    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await session.execute(sa.insert(Redemption).values(**second, version=2))
    passes = await session.scalar(sa.select(sa.func.count()).select_from(Pass))
    claims = await session.scalar(sa.select(sa.func.count()).select_from(Claim))
    assert (passes, claims) == (1, 0)


async def test_many_proofs_are_settled_together(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=2))
    waiting = [await a_claim(session, code, name) for name in ("ada", "bo", "cy", "di")]

    outcomes = await redemptions.redeem(session, [proof_of(claim) for claim in waiting], now=NOW)

    for claim in waiting:
        await session.refresh(claim)
    assert [claim.state for claim in waiting] == ["proven", "proven", "refused", "refused"]
    assert [claim.refusal for claim in waiting] == [None, None, "offer-exhausted", "offer-exhausted"]
    assert len(outcomes) == 4


async def test_a_reader_with_two_codes_of_one_offer_gets_one_pass(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=2)
    one, other = await a_code(session, offer, "ONE-CODE"), await a_code(session, offer, "TWO-CODE")
    proofs = [proof_of(await a_claim(session, code, "ada")) for code in (one, other)]
    behind = an_ask(other, "bo")

    outcomes = await redemptions.redeem(session, [*proofs, behind, an_ask(one, "cy")], now=NOW)

    ada = [outcomes[proof.id] for proof in proofs]
    assert [isinstance(each, Redeemed) and (each.is_new, each.is_mine) for each in ada] == [(True, True), (False, True)]
    assert len({each.pass_id for each in ada if isinstance(each, Redeemed)}) == 1
    assert isinstance(outcomes[behind.id], Redeemed)
    assert await session.scalar(sa.select(Offer.used)) == 2
    assert sorted(await session.scalars(sa.select(Redemption.version))) == [1, 1]


async def test_a_second_code_helps_where_the_first_is_exhausted(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=5)
    full, free = await a_code(session, offer, "FULL", limit=0), await a_code(session, offer, "FREE-ONE")
    asks = [an_ask(full, "ada"), an_ask(free, "ada")]

    outcomes = await redemptions.redeem(session, asks, now=NOW)

    assert kinds(outcomes, *asks) == [Redeemed, Redeemed]
