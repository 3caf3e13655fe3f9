"""Many who ask become few transactions; each hears in time what came of it, whatever the database does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa

from promos.actions.idempotency import Keyed, Stored
from promos.database import RETRIES, Database, connect
from promos.group_commit import GroupCommit
from promos.models import Offer, PromoCode, Reader, Redemption
from promos.queries import recount
from promos.rules.redemption import Redeemed
from promos.rules.refusals import CodePaused, IdempotencyKeyReused, OfferExhausted, OutcomeUnknown, Overloaded
from promos.settings import Settings
from tests.postgres import Server
from tests.world import NOW, a_code, an_ask, an_offer


@pytest.fixture
async def code(database: Database) -> PromoCode:
    async with database.writing() as session:
        return await a_code(session, await an_offer(session, limit=20))


@pytest.fixture
def commits(database: Database) -> list[str]:
    """`commit` and `rollback`, as they came on connections that write."""
    seen: list[str] = []
    engine = database.writer.sync_engine
    for name in ("commit", "rollback"):
        sa.event.listen(engine, name, lambda _connection, name=name: seen.append(name))
    return seen


def counter(database: Database, **how: Any) -> GroupCommit:
    return GroupCommit(database, lambda: NOW, **how)


@asynccontextmanager
async def locked(settings: Settings, offer_id: UUID) -> AsyncIterator[None]:
    """Somebody else is at the offer, and does not go."""
    elsewhere = connect(settings)
    try:
        async with elsewhere.writing() as session:
            await session.execute(sa.select(Offer.id).where(Offer.id == offer_id).with_for_update())
            yield
    finally:
        await elsewhere.close()


async def asking(group: GroupCommit, code: PromoCode, *names: str, **how: Any) -> list[asyncio.Task[Any]]:
    """These ask in this order; the first of them is in a transaction by then, if nobody was."""
    tasks = [
        asyncio.create_task(group.redeem(code.offer_id, an_ask(code, name), of=code.partner_id, **how))
        for name in names
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def holders(database: Database) -> set[str]:
    async with database.reading() as session:
        found = await session.scalars(
            sa.select(Reader.email)
            .join(Redemption, Redemption.reader_id == Reader.id)
            .where(Redemption.state == "confirmed")
        )
        return {email.partition("@")[0] for email in found}


async def until_given(group: GroupCommit, code: PromoCode, name: str) -> Redeemed:
    """Ask again and again, as the answer says."""
    while True:
        try:
            outcome = await group.redeem(code.offer_id, an_ask(code, name), of=code.partner_id)
        except (Overloaded, OutcomeUnknown):
            await asyncio.sleep(0)
            continue
        assert isinstance(outcome, Redeemed)
        return outcome


async def test_a_crowd_is_decided_in_few_transactions_and_in_order_of_arrival(
    database: Database, commits: list[str]
) -> None:
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session, limit=3))
    group = counter(database)
    commits.clear()

    outcomes = await asyncio.gather(
        *(group.redeem(code.offer_id, an_ask(code, f"reader{number}"), of=code.partner_id) for number in range(20))
    )

    assert [type(outcome) for outcome in outcomes] == [Redeemed] * 3 + [OfferExhausted] * 17
    assert len(commits) <= 2


async def test_nobody_waits_longer_than_was_said_and_who_was_sent_away_gets_nothing_later(
    settings: Settings, database: Database, code: PromoCode
) -> None:
    group = counter(database, size=1, wait=0.2)
    async with locked(settings, code.offer_id):
        tasks = await asking(group, code, "ada", "bo", "cy")
        told = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(each) for each in told] == [OutcomeUnknown, Overloaded, Overloaded]
    await until_given(group, code, "dee")
    await group.close()
    assert await holders(database) == {"dee"}
    async with database.reading() as session:
        assert await recount.differences(session) == []


async def test_who_went_away_is_passed_over(settings: Settings, database: Database) -> None:
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session, limit=2))
    group = counter(database, size=1)
    async with locked(settings, code.offer_id):
        ada, bo, cy = await asking(group, code, "ada", "bo", "cy")
        bo.cancel()

    assert [type(each) for each in await asyncio.gather(ada, cy)] == [Redeemed, Redeemed]
    assert await holders(database) == {"ada", "cy"}


async def test_a_key_used_twice_in_a_batch_costs_only_the_second_request(
    settings: Settings, database: Database, code: PromoCode, commits: list[str]
) -> None:
    group = counter(database)
    async with locked(settings, code.offer_id):
        await asking(group, code, "zoe")
        commits.clear()
        answer = {"answer": lambda _given: (201, {"id": 1})}
        ada, *_ = await asking(group, code, "ada", key=Keyed("token:1", "k", "one request"), **answer)
        bo, *_ = await asking(group, code, "bo", key=Keyed("token:1", "k", "another"), **answer)
        again, *_ = await asking(group, code, "ada", key=Keyed("token:1", "k", "one request"), **answer)
        cy, *_ = await asking(group, code, "cy", key=Keyed("token:2", "k", "another"), **answer)

    told = await asyncio.gather(ada, bo, again, cy)

    assert [type(each) for each in told] == [Redeemed, IdempotencyKeyReused, Stored, Redeemed]
    assert commits == ["commit"] * 3  # of zoe, of the three, of bo
    assert await holders(database) == {"zoe", "ada", "cy"}


async def test_a_refused_request_leaves_its_key_to_the_next_of_the_batch(
    settings: Settings, database: Database, code: PromoCode
) -> None:
    async with database.writing() as session:
        paused = await a_code(session, await session.get_one(Offer, code.offer_id), "PAUSED", status="paused")
    group = counter(database)
    async with locked(settings, code.offer_id):
        await asking(group, code, "zoe")
        ada, *_ = await asking(group, paused, "ada", key=Keyed("token:1", "k", "paused"))
        bo, *_ = await asking(group, code, "bo", key=Keyed("token:1", "k", "open"))

    assert [type(each) for each in await asyncio.gather(ada, bo)] == [CodePaused, Redeemed]


async def test_a_key_whose_request_was_refused_is_free_for_the_next(database: Database) -> None:
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session, limit=1))
    group = counter(database)
    await group.redeem(code.offer_id, an_ask(code, "ada"), of=code.partner_id)

    refused = await group.redeem(code.offer_id, an_ask(code, "bo"), of=code.partner_id, key=Keyed("token:1", "k", "bo"))
    holder = await group.redeem(
        code.offer_id, an_ask(code, "ada"), of=code.partner_id, key=Keyed("token:1", "k", "ada")
    )

    assert [type(refused), type(holder)] == [OfferExhausted, Redeemed]


@pytest.fixture
async def hasty(settings: Settings) -> AsyncIterator[Database]:
    """It waits for a lock for a moment only."""
    opened = connect(msgspec.structs.replace(settings, database_lock_timeout=0.02))
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def failures(hasty: Database) -> asyncio.Queue[str]:
    """What went wrong with statements of those who write."""
    seen: asyncio.Queue[str] = asyncio.Queue()
    sa.event.listen(
        hasty.writer.sync_engine, "handle_error", lambda context: seen.put_nowait(str(context.original_exception))
    )
    return seen


async def test_a_lock_that_was_not_to_be_had_is_tried_again(
    settings: Settings, hasty: Database, code: PromoCode, failures: asyncio.Queue[str]
) -> None:
    group = counter(hasty)
    async with locked(settings, code.offer_id):
        (ada,) = await asking(group, code, "ada")
        await failures.get()

    assert isinstance(await ada, Redeemed)


async def test_a_lock_that_is_never_to_be_had_is_tried_six_times(
    settings: Settings, hasty: Database, code: PromoCode, failures: asyncio.Queue[str]
) -> None:
    group = counter(hasty)
    async with locked(settings, code.offer_id):
        ada, bo = await asking(group, code, "ada", "bo")
        told = await asyncio.gather(ada, bo, return_exceptions=True)

    assert [type(each) for each in told] == [Overloaded, Overloaded]
    assert failures.qsize() == RETRIES + 1
    assert await holders(hasty) == set()


async def test_a_connection_that_died_unnoticed_is_nobodys_problem(
    kind: str, request: pytest.FixtureRequest, database: Database, code: PromoCode
) -> None:
    group = counter(database)
    if kind == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        name = database.writer.url.database
        server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    assert isinstance(await group.redeem(code.offer_id, an_ask(code, "ada"), of=code.partner_id), Redeemed)


async def test_closing_decides_all_who_wait_and_takes_nobody_new(
    settings: Settings, database: Database, code: PromoCode
) -> None:
    group = counter(database, size=1)
    async with locked(settings, code.offer_id):
        tasks = await asking(group, code, "ada", "bo")
        closing = asyncio.create_task(group.close())
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await group.redeem(code.offer_id, an_ask(code, "cy"), of=code.partner_id)

    await closing
    assert all(task.done() for task in tasks)
    assert await holders(database) == {"ada", "bo"}


async def test_an_error_of_one_is_not_the_error_of_all(database: Database, code: PromoCode) -> None:
    group = counter(database)
    nowhere = an_ask(code, "bo", block_id=UUID(int=7))

    told = await asyncio.gather(
        group.redeem(code.offer_id, an_ask(code, "ada"), of=code.partner_id),
        group.redeem(code.offer_id, nowhere, of=code.partner_id),
        group.redeem(code.offer_id, an_ask(code, "cy"), of=code.partner_id),
        return_exceptions=True,
    )

    assert [isinstance(each, Redeemed) for each in told] == [True, False, True]
    assert await holders(database) == {"ada", "cy"}


async def test_expired_holds_are_settled_by_whoever_comes_next(database: Database) -> None:
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session, limit=1))
    times = iter([NOW, NOW + timedelta(minutes=10)])
    group = GroupCommit(database, lambda: next(times))
    hold = an_ask(code, "ada", held_for="shop", held_until=NOW + timedelta(minutes=10))

    held = await group.redeem(code.offer_id, hold, of=code.partner_id)
    given = await group.redeem(code.offer_id, an_ask(code, "bo"), of=code.partner_id)

    assert isinstance(held, Redeemed)
    assert isinstance(given, Redeemed)
    assert given.version == held.version + 2  # the end of the hold is a version of its own
