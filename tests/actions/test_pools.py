"""Each reader gets one code of the partner's shop, nobody gets another's, and what was shown is never given again."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import offers, passes, pools, redemptions
from promos.models import Delivery, Entry, Offer, PoolCode, Redemption
from promos.queries import recount
from promos.rules.people import Role
from promos.rules.redemption import Outcome, Redeemed
from promos.rules.refusals import OfferExhausted, TermsFrozen
from tests.world import ADMIN, DAY, KEYS, NOW, a_code, a_person, a_pool, an_ask, an_offer

HOUR = timedelta(hours=1)


async def give(session: AsyncSession, offer: Offer, *names: str, word: str = "WORD", **facts: object) -> list[Outcome]:
    code = await a_code(session, offer, word)
    asks = [an_ask(code, name, **facts) for name in names]
    outcomes = await redemptions.redeem(session, asks, now=NOW)
    return [outcomes[ask.id] for ask in asks]


async def codes_of(session: AsyncSession, offer: Offer) -> list[tuple[str | None, str]]:
    """Their texts and states, and that every counter agrees with them."""
    assert await recount.differences(session) == []
    of = sa.select(PoolCode.sealed, PoolCode.state).where(PoolCode.offer_id == offer.id).order_by(PoolCode.id)
    return [(pools.shown(row.sealed, KEYS), row.state) for row in await session.execute(of)]


def ids(outcomes: Sequence[Outcome]) -> list[object]:
    return [outcome.redemption_id for outcome in outcomes if isinstance(outcome, Redeemed)]


async def test_each_pass_has_a_code_of_the_shop(session: AsyncSession) -> None:
    offer = await a_pool(session, "A1", "B2", "C3")

    given = await give(session, offer, "ada", "bo")

    assert [type(outcome) for outcome in given] == [Redeemed, Redeemed]
    assert await codes_of(session, offer) == [("A1", "given"), ("B2", "given"), ("C3", "free")]
    holders = await session.scalars(sa.select(PoolCode.redemption_id).where(PoolCode.state == "given"))
    assert set(holders) == set(ids(given))


async def test_an_empty_pool_is_an_exhausted_offer_and_no_place_too_many(session: AsyncSession) -> None:
    offer = await a_pool(session, "A1", "B2", limit=20)

    given = await give(session, offer, "ada", "bo", "cy")

    assert [type(outcome) for outcome in given] == [Redeemed, Redeemed, OfferExhausted]
    assert [state for _, state in await codes_of(session, offer)] == ["given", "given"]


async def test_the_limit_holds_while_codes_are_left(session: AsyncSession) -> None:
    offer = await a_pool(session, "A1", "B2", limit=1)

    assert [type(each) for each in await give(session, offer, "ada", "bo")] == [Redeemed, OfferExhausted]
    assert await codes_of(session, offer) == [("A1", "given"), ("B2", "free")]


async def test_a_hold_reserves_a_code_and_its_pass_has_the_same(session: AsyncSession) -> None:
    offer = await a_pool(session, "A1", "B2")
    held = await give(session, offer, "ada", held_for="shop", held_until=NOW + HOUR)
    assert await codes_of(session, offer) == [("A1", "reserved"), ("B2", "free")]

    await passes.confirm(session, ids(held), now=NOW, by=ADMIN)  # type: ignore[arg-type]

    assert await codes_of(session, offer) == [("A1", "given"), ("B2", "free")]


@pytest.mark.parametrize(("on_expiry", "state", "used"), [("return", "free", 0), ("keep", "burnt", 1)])
async def test_the_code_of_a_hold_that_is_cancelled_was_shown_to_nobody(
    session: AsyncSession, on_expiry: str, state: str, used: int
) -> None:
    offer = await a_pool(session, "A1", on_expiry=on_expiry)
    held = await give(session, offer, "ada", held_for="shop", held_until=NOW + HOUR)

    await passes.cancel(session, ids(held), now=NOW, by=ADMIN)  # type: ignore[arg-type]

    assert await codes_of(session, offer) == [("A1", state)]
    await session.refresh(offer)
    assert offer.pool_used == used


async def test_a_hold_that_is_over_leaves_its_code_to_the_next(session: AsyncSession) -> None:
    offer = await a_pool(session, "A1")
    await give(session, offer, "ada", held_for="shop", held_until=NOW + HOUR)
    code = await a_code(session, offer, "OTHER")
    ask = an_ask(code, "bo")

    outcome = (await redemptions.redeem(session, [ask], now=NOW + HOUR))[ask.id]

    assert isinstance(outcome, Redeemed)
    assert await codes_of(session, offer) == [("A1", "given")]
    assert await session.scalar(sa.select(PoolCode.redemption_id)) == outcome.redemption_id


async def test_a_code_that_was_shown_is_never_given_again(session: AsyncSession) -> None:
    offer = await a_pool(session, "A1", limit=5)
    given = await give(session, offer, "ada")

    await passes.cancel(session, ids(given), now=NOW, by=ADMIN)  # type: ignore[arg-type]

    assert await codes_of(session, offer) == [("A1", "burnt")]
    assert isinstance((await give(session, offer, "bo", word="OTHER"))[0], OfferExhausted)
    await session.refresh(offer)
    assert (offer.used, offer.pool_used) == (0, 1)


async def test_codes_that_the_event_has_are_taken_once(session: AsyncSession) -> None:
    offer = await a_pool(session, "A1", "B2")
    scribe = pools.Scribe(KEYS)

    new = await pools.take(session, offer, [scribe.word(text) for text in ("b2", "C3", "c3")], now=NOW)

    assert new == 1
    assert [text for text, _ in await codes_of(session, offer)] == ["A1", "B2", "c3"]


async def test_the_database_gives_nobody_anothers_code(session: AsyncSession) -> None:
    offer = await a_pool(session, "A1", "B2")
    given = await give(session, offer, "ada")

    with pytest.raises(sa.exc.IntegrityError):
        await session.execute(sa.update(PoolCode).values(redemption_id=ids(given)[0], state="given"))


async def test_no_pass_goes_out_without_its_code(session: AsyncSession) -> None:
    offer = await a_pool(session, "A1")
    await session.execute(sa.update(Offer).where(Offer.id == offer.id).values(pooled=2))  # somebody counted wrongly

    with pytest.raises(RuntimeError):
        await give(session, offer, "ada", "bo")


async def test_what_lies_in_the_database_is_no_code(session: AsyncSession) -> None:
    await a_pool(session, "SECRET-OF-THE-SHOP")

    row = (await session.execute(sa.select(PoolCode.mark, PoolCode.sealed))).one()

    assert "SECRET" not in row.mark + row.sealed
    assert pools.shown(row.sealed, KEYS) == "SECRET-OF-THE-SHOP"


async def test_the_partners_people_hear_once_that_it_runs_low(session: AsyncSession) -> None:
    offer = await a_pool(session, *(f"CODE{number}" for number in range(40)))
    claire = await a_person(session, "claire@partner.example", Role.OWNER, partner_id=offer.partner_id)

    await give(session, offer, *(f"a{number}" for number in range(19)), word="ONE")
    await give(session, offer, "b", "c", word="TWO")
    await give(session, offer, "d", word="THREE")

    told = (await session.execute(sa.select(Entry.verb, Entry.facts).where(Entry.verb.like("%exhausted")))).all()
    assert [(row.verb, row.facts) for row in told] == [("pool.almost_exhausted", {"left": 19, "rule": "pool"})]
    mails = await session.scalars(sa.select(Delivery.person_id).where(Delivery.kind == "notice"))
    assert list(mails) == [claire.id]


async def test_codes_that_come_later_are_given_too(session: AsyncSession) -> None:
    offer = await a_pool(session)
    assert isinstance((await give(session, offer, "ada"))[0], OfferExhausted)

    await pools.take(session, offer, [pools.Scribe(KEYS).word("A1")], now=NOW)

    assert isinstance((await give(session, offer, "bo", word="OTHER"))[0], Redeemed)


async def test_an_offer_stays_what_it_is_once_a_pass_is_out(session: AsyncSession) -> None:
    offer = await a_pool(session, "A1")
    await give(session, offer, "ada")

    with pytest.raises(TermsFrozen):
        await offers.update(session, offer.id, fulfilment="pass", now=NOW, by=ADMIN)


async def test_an_offer_can_begin_and_cease_to_hand_out_codes_of_a_shop(session: AsyncSession) -> None:
    offer = await an_offer(session)

    pool = await offers.update(
        session, offer.id, fulfilment="pool", shop_url="https://t.example/{code}", now=NOW, by=ADMIN
    )
    assert (pool.pooled, pool.pool_used) == (0, 0)
    await pools.take(session, pool, [pools.Scribe(KEYS).word("A1")], now=NOW)
    ours = await offers.update(session, offer.id, fulfilment="checkout", now=NOW + DAY, by=ADMIN)
    assert ours.pooled is None
    again = await offers.update(session, offer.id, fulfilment="pool", now=NOW + DAY, by=ADMIN)
    assert (again.pooled, again.pool_used) == (1, 0)


async def test_other_offers_pay_for_no_pool(session: AsyncSession) -> None:
    offer = await an_offer(session)
    said: list[str] = []
    bind = session.get_bind()
    engine = getattr(bind, "engine", bind)
    sa.event.listen(engine, "before_cursor_execute", lambda *facts: said.append(str(facts[2])))

    await give(session, offer, "ada", "bo")

    assert said
    assert not [statement for statement in said if "pool_codes" in statement]
    assert await session.scalar(sa.select(sa.func.count()).select_from(Redemption)) == 2
