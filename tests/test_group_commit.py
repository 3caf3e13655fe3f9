"""Waiting claims become transactions: in order, bounded, and answered whatever happens."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from promos.actions.idempotency import Keyed, Stored
from promos.database import Database
from promos.group_commit import GroupCommit
from promos.models import Offer, PromoCode, Redemption
from promos.queries import recount
from promos.rules.redemption import Redeemed
from promos.rules.refusals import IdempotencyKeyReused, OfferExhausted, OutcomeUnknown, Overloaded
from tests.world import NOW, a_code, an_ask, an_offer


def keyed(key: str, body: str) -> Keyed:
    return Keyed("token:1", key, body)


def kept(outcome: Redeemed) -> tuple[int, Any]:
    return 201, {"id": str(outcome.redemption_id)}


async def made(database: Database, **facts: Any) -> PromoCode:
    async with database.writing() as session:
        return await a_code(session, await an_offer(session, **facts))


async def test_a_crowd_is_decided_in_few_transactions_and_in_order_of_arrival(database: Database) -> None:
    code = await made(database, limit=3)
    transactions = 0

    def counted(*_: object) -> None:
        nonlocal transactions
        transactions += 1

    sa.event.listen(database.writer.sync_engine, "commit", counted)
    counter = GroupCommit(database, lambda: NOW)

    asks = [an_ask(code, f"reader{number}") for number in range(20)]
    outcomes = await asyncio.gather(*(counter.redeem(code.offer_id, ask) for ask in asks))

    assert [type(outcome) for outcome in outcomes] == [Redeemed] * 3 + [OfferExhausted] * 17
    assert transactions <= 2


async def test_nobody_waits_longer_than_was_said_for_a_transaction_that_stalls(database: Database) -> None:
    """Somebody else keeps the locks: the first is told that nobody can say, those behind that nothing happened."""
    code = await made(database, limit=3)
    counter = GroupCommit(database, lambda: NOW, wait=0.3)
    loop = asyncio.get_running_loop()

    async with connection_of(database) as stalls:
        await stalls.execute(sa.update(Offer).values(name="Kept"))
        began = loop.time()
        first = asyncio.create_task(counter.redeem(code.offer_id, an_ask(code, "ada")))
        while not counter.is_busy(code.offer_id):  # noqa: ASYNC110 -- the loop turns, no time is waited
            await asyncio.sleep(0)
        behind = [asyncio.create_task(counter.redeem(code.offer_id, an_ask(code, name))) for name in ("bo", "cy")]
        told = await asyncio.gather(first, *behind, return_exceptions=True)
        waited = loop.time() - began

    assert [type(answer) for answer in told] == [OutcomeUnknown, Overloaded, Overloaded]
    assert waited < 5
    await counter.close()
    again = GroupCommit(database, lambda: NOW)
    assert isinstance(await again.redeem(code.offer_id, an_ask(code, "ada")), Redeemed)
    async with database.reading() as session:
        assert await recount.differences(session) == []
        assert await session.scalar(sa.select(sa.func.count()).select_from(Redemption)) == 1


async def test_who_went_away_before_a_transaction_took_them_gets_nothing(database: Database) -> None:
    code = await made(database, limit=3)
    counter = GroupCommit(database, lambda: NOW)

    first = asyncio.create_task(counter.redeem(code.offer_id, an_ask(code, "ada")))
    while not counter.is_busy(code.offer_id):  # noqa: ASYNC110 -- the loop turns, no time is waited
        await asyncio.sleep(0)
    gone = asyncio.create_task(counter.redeem(code.offer_id, an_ask(code, "bo")))
    await asyncio.sleep(0)
    gone.cancel()
    last = await counter.redeem(code.offer_id, an_ask(code, "cy"))

    assert isinstance(await first, Redeemed)
    assert isinstance(last, Redeemed)
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Redemption)) == 2


async def test_one_key_for_two_requests_refuses_the_second_alone(database: Database) -> None:
    code = await made(database, limit=9)
    counter = GroupCommit(database, lambda: NOW)

    outcomes = await asyncio.gather(
        *(
            counter.redeem(code.offer_id, an_ask(code, name), key=key, answer=kept)
            for name, key in (
                ("ada", keyed("k", "ada")),
                ("bo", keyed("k", "bo")),
                ("cy", keyed("other", "cy")),
                ("ada", keyed("k", "ada")),
            )
        )
    )

    assert isinstance(outcomes[0], Redeemed)
    assert isinstance(outcomes[1], IdempotencyKeyReused)
    assert isinstance(outcomes[2], Redeemed)
    assert isinstance(outcomes[3], Redeemed | Stored)
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Redemption)) == 2


async def test_a_key_whose_request_was_refused_is_free_for_the_next(database: Database) -> None:
    code = await made(database, limit=1)
    counter = GroupCommit(database, lambda: NOW)
    await counter.redeem(code.offer_id, an_ask(code, "ada"))

    refused = await counter.redeem(code.offer_id, an_ask(code, "bo"), key=keyed("k", "bo"), answer=kept)
    holder = await counter.redeem(code.offer_id, an_ask(code, "ada"), key=keyed("k", "ada"), answer=kept)

    assert isinstance(refused, OfferExhausted)
    assert isinstance(holder, Redeemed)


async def test_a_process_that_ends_decides_all_who_wait_and_takes_nobody_new(database: Database) -> None:
    code = await made(database, limit=3)
    counter = GroupCommit(database, lambda: NOW)
    waiting = [asyncio.create_task(counter.redeem(code.offer_id, an_ask(code, name))) for name in ("ada", "bo")]
    await asyncio.sleep(0)

    await counter.close()

    assert [type(await each) for each in waiting] == [Redeemed, Redeemed]
    with pytest.raises(Overloaded):
        await counter.redeem(code.offer_id, an_ask(code, "cy"))


async def test_expired_holds_are_settled_by_whoever_comes_next(database: Database) -> None:
    code = await made(database, limit=1)
    times = iter([NOW, NOW + timedelta(minutes=10)])
    counter = GroupCommit(database, lambda: next(times))
    hold = an_ask(code, "ada", held_for="shop", held_until=NOW + timedelta(minutes=10))

    held = await counter.redeem(code.offer_id, hold)
    given = await counter.redeem(code.offer_id, an_ask(code, "bo"))

    assert isinstance(held, Redeemed)
    assert isinstance(given, Redeemed)
    assert given.version == held.version + 2  # the end of the hold is a version of its own


def connection_of(database: Database) -> Any:
    """A transaction beside the program's: on SQLite it holds the one lock there is."""
    return database.writer.begin()
