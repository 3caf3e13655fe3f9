"""Each safeguard by itself: what it alone stops, past all the others that would stop it too.

`tests/mutants.py` takes them away one at a time and names the test that notices.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import holds, limits, locks, passes, redemptions
from promos.actions.idempotency import Keyed
from promos.actions.locks import Change
from promos.database import Database, connect, is_busy
from promos.group_commit import GroupCommit
from promos.models import (
    Allotment,
    Delivery,
    Entry,
    Event,
    IdempotencyRecord,
    Offer,
    Pass,
    PassType,
    PromoCode,
    Redemption,
    new_id,
    table,
)
from promos.queries import terms
from promos.rules.redemption import Redeemed
from promos.settings import Settings
from tests.world import ADMIN, DAY, NOW, a_code, a_pass_type, an_ask, an_event, an_offer

LIMITED: tuple[tuple[type[Any], str, str], ...] = (
    (Event, "used", "capacity"),
    (PassType, "used", "capacity"),
    (Offer, "used", "limit"),
    (Offer, "spent", "budget"),
    (PromoCode, "used", "limit"),
)


async def limited(session: AsyncSession, **facts: Any) -> PromoCode:
    """A code under an offer, a pass type and an event, each for 3; the money is enough for 3, too."""
    kind = await a_pass_type(session, await an_event(session, capacity=3, used=0), capacity=3, face_value=100)
    offer = await an_offer(session, kind, limit=3, budget=300, spent=0, **facts)
    return await a_code(session, offer, limit=3)


async def given(database: Database, number: int = 0, **facts: Any) -> PromoCode:
    """The same, stored, with `number` passes given."""
    async with database.writing() as session:
        code = await limited(session, **facts)
        if number:
            await redemptions.redeem(session, [an_ask(code, f"reader{at}") for at in range(number)], now=NOW)
        return code


async def rows_of(session: AsyncSession, *models: type[Any]) -> list[int]:
    return [await session.scalar(sa.select(sa.func.count()).select_from(model)) or 0 for model in models]


@contextmanager
def watching(engine: Any, see: Callable[[str, Any], None]) -> Iterator[None]:
    """`see` each statement and its parameters just before it is sent; what it raises, the statement raises."""

    def sent(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        see(" ".join(statement.split()), parameters)

    sa.event.listen(engine, "before_cursor_execute", sent)
    try:
        yield
    finally:
        sa.event.remove(engine, "before_cursor_execute", sent)


@pytest.mark.parametrize(("model", "counter", "limit"), LIMITED)
async def test_the_database_counts_no_further_than_a_limit(
    model: type[Any], counter: str, limit: str, session: AsyncSession
) -> None:
    await limited(session)
    beyond = sa.update(model).values({counter: getattr(model, limit) + 1})

    with pytest.raises(IntegrityError):
        await session.execute(beyond)


async def test_the_database_keeps_parts_within_their_whole(session: AsyncSession) -> None:
    code = await limited(session)
    shared = {"partner_id": code.partner_id, "event_id": code.event_id, "offer_id": code.offer_id}
    await session.execute(sa.update(Offer).values(allotted=2))
    part = shared | {"id": new_id(), "code_id": code.id, "limit": 2, "used": 0, "allotted": 0, "allotted_used": 0}
    await session.execute(sa.insert(Allotment), [part | {"created_at": NOW}])

    for wrong in (
        sa.update(Allotment).values(used=3),
        sa.update(Offer).values(used=2, allotted_used=0),
        sa.update(Offer).values(allotted_used=3),
    ):
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(wrong)


@pytest.mark.parametrize("wide", ["event", "capacity", "offer", "budget", "code"])
async def test_a_counter_is_moved_by_nobody_past_its_limit(wide: str, session: AsyncSession) -> None:
    code = await limited(session)
    look = (await terms.of_codes(session, [code.id], now=NOW))[code.id]
    await session.execute(sa.update(Event).values(capacity=9 if wide != "event" else 3))
    await session.execute(sa.update(PassType).values(capacity=9 if wide != "capacity" else 3))
    await session.execute(sa.update(PromoCode).values(limit=9 if wide != "code" else 3))
    bounds = {"limit": 9 if wide != "offer" else 3, "budget": 900 if wide != "budget" else 300}
    await session.execute(sa.update(Offer).values(bounds))

    with pytest.raises(RuntimeError, match="passed its limit"):
        await locks.count(session, [Change(look, (), uses=4, cost=400)])


@pytest.mark.parametrize("same", ["reader", "version"])
async def test_the_database_stores_no_second_pass_of_a_reader_and_no_version_twice(
    same: str, database: Database
) -> None:
    await given(database, 1)
    async with database.reading() as session:
        first = dict((await session.execute(sa.select(table(Redemption)))).mappings().one())
    second = first | {"id": new_id()} | ({"version": 2} if same == "reader" else {"reader_key": "f" * 64})

    with pytest.raises(IntegrityError):
        async with database.writing() as session:
            await session.execute(sa.insert(table(Redemption)), [second])


async def test_a_key_is_stored_once(database: Database) -> None:
    row = {"principal": "token:1", "key": "k", "fingerprint": "f", "status": 201, "body": "{}", "created_at": NOW}

    async with database.writing() as session:
        await session.execute(sa.insert(IdempotencyRecord), [row | {"id": new_id()}])

    with pytest.raises(IntegrityError):
        async with database.writing() as session:
            await session.execute(sa.insert(IdempotencyRecord), [row | {"id": new_id()}])


STEPS = (
    "INSERT INTO readers",
    "INSERT INTO redemptions",
    "INSERT INTO journal",
    "INSERT INTO passes",
    "INSERT INTO deliveries",
    "UPDATE events",
    "UPDATE pass_types",
    "UPDATE offers",
    "UPDATE promo_codes",
    "INSERT INTO idempotency_records",
)


@pytest.mark.parametrize("step", STEPS)
async def test_whatever_fails_on_the_way_to_a_pass_leaves_nothing_behind(step: str, database: Database) -> None:
    code = await given(database)
    counter = GroupCommit(database, lambda: NOW)

    def fail(statement: str, _parameters: Any) -> None:
        if statement.startswith(step):
            raise ZeroDivisionError

    with watching(database.writer.sync_engine, fail), pytest.raises(ZeroDivisionError):
        await counter.redeem(
            code.offer_id,
            an_ask(code, "ada"),
            of=code.partner_id,
            key=Keyed("token:1", "k", "f"),
            answer=lambda _: (201, {}),
        )

    async with database.reading() as session:
        assert await rows_of(session, Redemption, Pass, Delivery, Entry, IdempotencyRecord) == [0] * 5
        used = [await session.scalar(sa.select(getattr(model, name))) for model, name, _ in LIMITED]
    assert used == [0] * 5


async def test_every_pass_is_stored_with_its_mail_and_its_version(database: Database) -> None:
    code = await given(database, 2)

    async with database.reading() as session:
        assert await rows_of(session, Redemption, Pass, Delivery, Entry) == [2, 2, 2, 2]
        versions = await session.scalars(sa.select(Redemption.version).order_by(Redemption.version))
        assert list(versions) == [1, 2]
        assert await session.scalar(sa.select(PromoCode.version).where(PromoCode.id == code.id)) == 2


async def test_one_reader_asking_twice_at_once_is_sent_to_the_database_once(database: Database) -> None:
    code = await given(database)
    sent: list[Any] = []

    def see(statement: str, parameters: Any) -> None:
        if statement.startswith("INSERT INTO redemptions"):
            sent.extend(parameters if isinstance(parameters, list) else [parameters])

    with watching(database.writer.sync_engine, see):
        async with database.writing() as session:
            outcomes = await redemptions.redeem(session, [an_ask(code, "ada"), an_ask(code, "ada")], now=NOW)

    assert len(sent) == 1
    assert len({outcome.given for outcome in outcomes.values() if isinstance(outcome, Redeemed)}) == 1


async def test_limited_rows_are_locked_widest_first(kind: str, database: Database) -> None:
    code = await given(database)
    locked: list[str] = []

    def see(statement: str, _parameters: Any) -> None:
        if statement.endswith("FOR NO KEY UPDATE"):
            locked.append(statement.split(" FROM ")[1].split(maxsplit=1)[0])

    with watching(database.writer.sync_engine, see):
        async with database.writing() as session:
            await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)

    wanted = ["events", "pass_types", "offers", "promo_codes"]
    assert [name for name in locked if name in wanted] == (wanted if kind == "postgresql" else [])


async def test_nobody_else_writes_while_a_redemption_is_decided(settings: Settings, database: Database) -> None:
    """PostgreSQL locks each limited row; SQLite the whole database, from the first statement on."""
    code = await given(database)
    impatient = connect(
        Settings(
            data_dir=settings.data_dir,
            database_url=settings.database_url,
            secret_keys=settings.secret_keys,
            reader_key=settings.reader_key,
            database_lock_timeout=0.01,
        )
    )
    try:
        async with database.writing() as session:
            look = await terms.of_codes(session, [code.id], now=NOW)
            await locks.lock(session, look.values())
            for model in (Event, PassType, Offer, PromoCode):
                with pytest.raises(DBAPIError) as refused:
                    async with impatient.writing() as other:
                        await other.execute(sa.select(model.id).with_for_update(key_share=True))
                assert is_busy(refused.value)
    finally:
        await impatient.close()


async def test_what_was_seen_before_the_lock_decides_nothing(database: Database) -> None:
    code = await given(database, 2)
    async with database.reading() as session:
        look = await terms.of_ways(session, [(code.id, None)], now=NOW)
    async with database.writing() as session:
        await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)

    async with database.writing() as session:
        read = await holds.locked_terms(session, look.keys(), now=NOW, look=look)

    assert (look[code.id, None].left, read[code.id, None].left) == (1, 0)


async def test_a_first_limit_keeps_everybody_below_it_waiting(
    kind: str, settings: Settings, database: Database
) -> None:
    if kind == "sqlite":
        pytest.skip("one writer at a time, whatever it writes")
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session, limit=None))
    impatient = connect(Settings(database_url=settings.database_url, database_lock_timeout=0.01))
    try:
        async with database.writing() as session:
            offer = await limits.locked_offer(session, code.offer_id, ADMIN)
            await limits.set_limit(session, offer, 3)
            with pytest.raises(DBAPIError) as refused:
                async with impatient.writing() as other:
                    await other.execute(sa.select(PromoCode.id).with_for_update(key_share=True))
    finally:
        await impatient.close()
    assert is_busy(refused.value)


async def test_a_hold_that_is_over_counts_for_nothing_though_nobody_wrote_so(session: AsyncSession) -> None:
    code = await limited(session)
    hold = an_ask(code, "ada", held_for="shop", held_until=NOW + timedelta(minutes=5))
    await redemptions.redeem(session, [hold], now=NOW)

    left = [(await terms.of_codes(session, [code.id], now=NOW + timedelta(minutes=at)))[code.id].left for at in (4, 5)]

    assert left == [2, 3]


async def test_a_use_returns_once_however_often_it_is_ended(session: AsyncSession) -> None:
    code = await limited(session)
    ask = an_ask(code, "ada", held_for="shop", held_until=NOW + timedelta(minutes=5))
    outcome = (await redemptions.redeem(session, [ask, an_ask(code, "grace")], now=NOW))[ask.id]
    assert isinstance(outcome, Redeemed)

    for _ in range(2):
        await passes.cancel(session, [outcome.redemption_id], now=NOW, by=ADMIN)
        await holds.settle(session, code.event_id, now=NOW + DAY)

    after = (await terms.of_codes(session, [code.id], now=NOW + DAY))[code.id]
    assert (after.left, after.version) == (2, 3)
