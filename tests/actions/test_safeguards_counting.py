"""What is counted, each row by itself: past its limit and below nothing, in the statement and in the database."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments, holds, idempotency, line, locks, redemptions
from promos.actions.idempotency import Keyed
from promos.actions.locks import Change, LimitsMoved
from promos.database import Database, connect, is_lost
from promos.models import (
    Allotment,
    CheckIn,
    Claim,
    Entry,
    Event,
    Offer,
    Pass,
    PassType,
    PromoCode,
    Redemption,
    new_id,
    table,
)
from promos.queries import recount, terms
from promos.rules.redemption import Redeemed, Terms, Waiting
from promos.rules.refusals import HoldExpired, IdempotencyKeyReused, OfferExhausted
from promos.settings import Settings
from tests.actions.test_safeguards import LIMITED, given, limited, watching
from tests.world import ADMIN, DAY, NOW, a_claim, a_code, add, an_ask, an_offer, proof_of

COUNTED = (*LIMITED, (Allotment, "used", "limit"), (Offer, "allotted_used", "allotted"))


async def set_aside(session: AsyncSession, **facts: Any) -> PromoCode:
    """A code under an offer, a pass type and an event, each for 3; 2 of the offer are set aside for the code."""
    code = await limited(session, **facts)
    await allotments.create(session, code.offer_id, limit=2, code_id=code.id, now=NOW, by=ADMIN)
    return code


async def give(session: AsyncSession, code: PromoCode, *names: str, **facts: Any) -> list[Any]:
    asks = [an_ask(code, name, **facts) for name in names]
    outcomes = await redemptions.redeem(session, asks, now=NOW)
    return [outcomes[ask.id] for ask in asks]


async def seen(session: AsyncSession, code: PromoCode) -> Terms:
    return (await terms.of_codes(session, [code.id], now=NOW))[code.id]


@pytest.mark.parametrize(("model", "counter", "limit"), COUNTED)
async def test_each_row_above_a_pass_counts_it(
    model: type[Any], counter: str, limit: str, session: AsyncSession
) -> None:
    code = await set_aside(session)

    await give(session, code, "ada", "bo")

    counted = await session.scalar(sa.select(getattr(model, counter)))
    assert counted == (200 if counter == "spent" else 2)


@pytest.mark.parametrize(("model", "counter", "limit"), COUNTED)
async def test_the_database_counts_nothing_below_nothing(
    model: type[Any], counter: str, limit: str, session: AsyncSession
) -> None:
    await set_aside(session)

    with pytest.raises(IntegrityError):
        await session.execute(sa.update(model).values({counter: -1}))


@pytest.mark.parametrize(
    "wrong",
    [
        sa.update(Offer).values(limit=None),
        sa.update(Allotment).values(allotted_used=1),
        sa.update(Allotment).values(allotted=2),
        sa.update(Redemption).values(counted=False),
    ],
)
async def test_the_database_keeps_what_is_promised(wrong: sa.Update, session: AsyncSession) -> None:
    """The limit of which parts are set aside, what parts of parts used and leave, the use of a live redemption."""
    code = await set_aside(session)
    await give(session, code, "ada")

    with pytest.raises(IntegrityError):
        await session.execute(wrong)


async def test_a_part_is_counted_no_further_than_it_goes(session: AsyncSession) -> None:
    code = await set_aside(session)
    look = await seen(session, code)
    wide = {Event: {"capacity": 9}, PassType: {"capacity": 9}, Offer: {"limit": 9, "allotted": 9, "budget": 900}}
    for model, bounds in wide.items():
        await session.execute(sa.update(model).values(bounds))
    await session.execute(sa.update(PromoCode).values(limit=9))
    path = tuple(part.id for part in look.allotments)

    with pytest.raises(RuntimeError, match="passed its limit"):
        await locks.count(session, [Change(look, path, uses=4, cost=400)])


@pytest.mark.parametrize(("model", "counter", "limit"), COUNTED[:-1])
async def test_nothing_comes_back_that_was_not_counted(
    model: type[Any], counter: str, limit: str, session: AsyncSession
) -> None:
    code = await set_aside(session)
    await give(session, code, "ada")
    look = await seen(session, code)
    await session.execute(sa.update(model).values({counter: 0}))
    path = tuple(part.id for part in look.allotments)

    with pytest.raises(RuntimeError, match="passed its limit"):
        await locks.count(session, [Change(look, path, uses=-1, cost=-100)])


@pytest.mark.parametrize(
    ("model", "limits"),
    [
        (Event, {"capacity": 3}),
        (PassType, {"capacity": 3}),
        (Offer, {"limit": 3}),
        (Offer, {"budget": 300}),
    ],
)
async def test_a_limit_that_came_before_the_lock_begins_anew(
    model: type[Any], limits: dict[str, int], session: AsyncSession
) -> None:
    code = await limited(session)
    lifted: dict[str, None] = dict.fromkeys(limits)
    await session.execute(sa.update(model).values(lifted))
    if model is Offer:
        await session.execute(sa.update(Offer).values(limit=None, budget=None))
    look = await terms.of_ways(session, [(code.id, None)], now=NOW)
    await session.execute(sa.update(model).values(limits))

    with pytest.raises(LimitsMoved):
        await holds.locked_terms(session, look.keys(), now=NOW, look=look)


async def test_a_hold_that_is_over_is_confirmed_by_nobody(session: AsyncSession) -> None:
    code = await limited(session)
    await give(session, code, "ada", held_for="shop", held_until=NOW + DAY)
    held = (await session.scalars(sa.select(Redemption))).all()

    with pytest.raises(HoldExpired):
        await holds.confirm(session, held, now=NOW + DAY, by=ADMIN)


async def test_who_waits_comes_before_who_is_new(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=1, waiting_list=True))
    await give(session, code, "ada")
    first, second = await a_claim(session, code, "bo"), await a_claim(session, code, "cy")
    for claim in (first, second):
        ask = proof_of(claim, waits=True)
        assert isinstance((await redemptions.redeem(session, [ask], now=NOW))[ask.id], Waiting)

    await session.execute(sa.update(Offer).values(limit=2))
    (outcome,) = await give(session, code, "new")

    assert isinstance(outcome, OfferExhausted)
    assert await held_for(session) == [first.reader_key]


async def test_nobody_new_passes_a_line_too_long_for_one_transaction(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "AT_ONCE", 1)
    code = await a_code(session, await an_offer(session, limit=1, waiting_list=True))
    await give(session, code, "ada")
    claims = [await a_claim(session, code, name) for name in ("bo", "cy")]
    await redemptions.redeem(session, [proof_of(claim, waits=True) for claim in claims], now=NOW)

    await session.execute(sa.update(Offer).values(limit=3))
    (outcome,) = await give(session, code, "new")

    assert isinstance(outcome, OfferExhausted)


async def held_for(session: AsyncSession) -> list[str]:
    """Whose place is kept."""
    return list(await session.scalars(sa.select(Redemption.reader_key).where(Redemption.held_for == "place")))


async def test_a_history_has_no_gap_where_a_reader_got_a_pass_by_another_code(session: AsyncSession) -> None:
    offer = await an_offer(session)
    one, other = await a_code(session, offer, "ONE"), await a_code(session, offer, "OTHER")
    asks = [an_ask(one, "ada"), an_ask(other, "ada"), an_ask(other, "bo")]

    outcomes = await redemptions.redeem(session, asks, now=NOW)

    assert [getattr(outcomes[ask.id], "version", None) for ask in asks] == [1, 1, 1]
    assert await recount.differences(session) == []


async def test_readers_reach_the_unique_index_in_one_order(database: Database) -> None:
    """Whatever the order they came in; else two offers of one event could wait for each other without end."""
    code = await given(database)
    names = ("ada", "bo", "cy")
    keys = [an_ask(code, name).reader_key for name in names]
    sent: list[str] = []

    def see(statement: str, parameters: Any) -> None:
        if statement.startswith("INSERT INTO redemptions"):
            rows = parameters if isinstance(parameters, list) else [parameters]
            sent.extend(value for row in rows for value in row if value in keys)

    in_wrong_order = sorted(names, key=lambda name: an_ask(code, name).reader_key, reverse=True)
    with watching(database.writer.sync_engine, see):
        async with database.writing() as session:
            await give(session, code, *in_wrong_order)

    assert sent == sorted(keys)


async def test_rows_of_one_kind_are_locked_by_id(kind: str, database: Database) -> None:
    if kind == "sqlite":
        pytest.skip("SQLite locks the whole database, not rows")
    code = await given(database)
    locked: list[str] = []

    def see(statement: str, _parameters: Any) -> None:
        if "FOR NO KEY UPDATE" in statement:
            locked.append(statement)

    with watching(database.writer.sync_engine, see):
        async with database.writing() as session:
            await locks.lock(session, [await seen(session, code)])

    names = ["events", "pass_types", "offers", "promo_codes"]
    assert [each.partition(" ORDER BY ")[2].split()[0] for each in locked] == [f"{name}.id" for name in names]


@pytest.mark.parametrize("model", [Entry, Pass, Claim, CheckIn, Allotment])
async def test_the_database_stores_nothing_twice_that_stands_alone(model: type[Any], session: AsyncSession) -> None:
    """A version in a code's history, a live pass of a redemption, a reader in a line, who is inside, a code's part."""
    code = await set_aside(session)
    (given,) = await give(session, code, "ada")
    await a_claim(session, code, "bo", state="waiting")
    shared = {"partner_id": code.partner_id, "event_id": code.event_id, "pass_id": given.pass_id}
    await add(session, CheckIn(**shared, scan_id="1", token_hash="t", result="admitted", at=NOW))
    stored = await session.execute(sa.select(table(model)).order_by(table(model).c.id.desc()).limit(1))
    others = {Claim: {"token_hash": "other"}, CheckIn: {"scan_id": "2"}}
    second = dict(stored.mappings().one()) | {"id": new_id()} | others.get(model, {})

    with pytest.raises(IntegrityError):
        await session.execute(sa.insert(table(model)), [second])


async def test_a_key_gives_its_answer_to_the_same_request_alone(session: AsyncSession) -> None:
    await idempotency.store(session, [(Keyed("token:1", "k", "one request"), 201, {})], now=NOW)

    other = Keyed("token:1", "k", "another")

    assert isinstance((await idempotency.answered(session, [other]))[other], IdempotencyKeyReused)


async def test_sqlite_writes_through_keeps_references_and_lets_no_reader_write(kind: str, database: Database) -> None:
    if kind == "postgresql":
        pytest.skip("PostgreSQL does these by itself; here they are what we set on each connection")
    async with database.writing() as session:
        kept = [await session.scalar(sa.text(f"PRAGMA {name}")) for name in ("synchronous", "foreign_keys")]
    assert kept == [2, 1]

    async with database.reading() as session:
        with pytest.raises(sa.exc.OperationalError, match="readonly"):
            await session.execute(sa.update(Offer).values(used=0))


@pytest.mark.parametrize("is_pooled", [False, True])
async def test_postgresql_ends_a_transaction_whose_program_was_cut_off(
    kind: str, settings: Settings, is_pooled: bool
) -> None:
    if kind == "sqlite":
        pytest.skip("whoever is cut off from a file has ended")
    connected = connect(msgspec.structs.replace(settings, database_pooler=is_pooled, database_idle_timeout=0.05))
    try:
        async with connected.writing() as session:
            if int(await session.scalar(sa.text("SHOW server_version_num")) or 0) < 170000:
                pytest.skip("PostgreSQL before 17 cannot")
        with pytest.raises(sa.exc.DBAPIError) as told:
            async with connected.writing() as session:
                await session.execute(sa.text("SELECT pg_sleep(5)"))  # neither idle nor late
        assert is_lost(told.value)
    finally:
        await connected.close()


LIES: tuple[tuple[str, sa.Update], ...] = (
    ("event.used", sa.update(Event).values(used=1)),
    ("pass_type.used", sa.update(PassType).values(used=1)),
    ("offer.used", sa.update(Offer).values(used=1, allotted_used=1)),
    ("offer.spent", sa.update(Offer).values(spent=100)),
    ("code.used", sa.update(PromoCode).values(used=1)),
    ("allotment.used", sa.update(Allotment).values(used=1)),
    ("offer.allotted", sa.update(Offer).values(allotted=3)),
    ("offer.allotted_used", sa.update(Offer).values(allotted_used=1)),
    ("code.version", sa.update(PromoCode).values(version=9)),
    ("redemption.passes", sa.update(Pass).values(state="revoked")),
    ("redemption.copies", sa.update(Redemption).values(event_id=UUID(int=0))),
)


@pytest.mark.parametrize(("what", "lie"), LIES)
async def test_a_recount_tells_each_lie_from_the_truth(what: str, lie: sa.Update, session: AsyncSession) -> None:
    code = await set_aside(session)
    outcomes = await give(session, code, "ada", "bo")
    assert all(isinstance(outcome, Redeemed) for outcome in outcomes)
    assert await recount.differences(session) == []

    await session.execute(lie)

    assert what in {each["what"] for each in await recount.differences(session)}
