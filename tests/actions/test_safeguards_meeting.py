"""Two transactions at one row: the first ends only when the second stands before what it locked.

On SQLite the second begins when the first has ended: there is one writer at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import events, holds, line, passes, redemptions
from promos.actions.locks import LimitsMoved
from promos.database import Database
from promos.group_commit import GroupCommit
from promos.models import Claim, Entry, Event, Offer, PassType, PromoCode, Redemption
from promos.rules.redemption import SOLD_OUT, Redeemed, Waiting
from promos.rules.refusals import AlreadyHoldsPass, PassGivenBack
from tests.actions.test_line import a_sold_out_code, in_line, one_goes_back
from tests.actions.test_safeguards import given, watching
from tests.world import ADMIN, DAY, NOW, a_claim, a_code, an_ask, an_offer, proof_of

Work = Callable[[AsyncSession], Awaitable[Any]]

_WHO_WAIT = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def meeting(database: Database, first: Work, second: Work) -> tuple[Any, Any]:
    """What each of them got."""
    is_done, may_end = asyncio.Event(), asyncio.Event()

    async def hold() -> Any:
        async with database.writing() as session:
            try:
                got = await first(session)
            finally:
                is_done.set()
            await may_end.wait()
            return got

    async def come() -> Any:
        async with database.writing() as session:
            return await second(session)

    before = asyncio.create_task(hold())
    await is_done.wait()
    behind = asyncio.create_task(come())
    while not database.is_sqlite and not behind.done() and not await someone_waits(database):
        pass  # the question itself lets the others go on
    may_end.set()
    return await before, await behind


async def someone_waits(database: Database) -> bool:
    async with database.reading() as session:
        return bool(await session.scalar(_WHO_WAIT))


def redeeming(code: PromoCode, name: str) -> Work:
    async def redeem(session: AsyncSession) -> Any:
        ask = an_ask(code, name)
        return (await redemptions.redeem(session, [ask], now=NOW))[ask.id]

    return redeem


async def used(database: Database) -> list[int]:
    async with database.reading() as session:
        counters = (Event.used, PassType.used, Offer.used, PromoCode.used)
        return [await session.scalar(sa.select(counter)) or 0 for counter in counters]


async def test_the_last_pass_is_given_once(database: Database) -> None:
    code = await given(database, 2)

    first, second = await meeting(database, redeeming(code, "ada"), redeeming(code, "grace"))

    assert isinstance(first, Redeemed)
    assert isinstance(second, SOLD_OUT)


async def test_who_lost_a_pass_a_moment_ago_is_not_refused_for_that_pass(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last pass is the asker's own, and goes back between the look at the limits and the look at who has what."""
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session, limit=1))
        ask = an_ask(code, "ada")
        held = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
    assert isinstance(held, Redeemed)
    look = redemptions._held
    went_back = asyncio.Event()

    async def late(session: AsyncSession, *of: Any) -> Any:
        if not went_back.is_set() and not database.is_sqlite:  # one writer at a time there: no such moment
            went_back.set()
            async with database.writing() as other:
                await passes.give_back(other, held.pass_id, now=NOW)
        return await look(session, *of)

    monkeypatch.setattr(redemptions, "_held", late)
    async with database.writing() as session:
        again = await redeeming(code, "ada")(session)

    assert isinstance(again, Redeemed)
    assert again.is_new is went_back.is_set()


async def test_who_presses_again_while_their_pass_goes_back_gets_no_second_one(database: Database) -> None:
    code = await given(database)
    async with database.writing() as session:
        claim = await a_claim(session, code, "ada")
        ask = proof_of(claim)
        held = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
    assert isinstance(held, Redeemed)

    async def give_back(session: AsyncSession) -> Any:
        return await passes.give_back(session, held.pass_id, now=NOW)

    async def press(session: AsyncSession) -> Any:
        again = proof_of(claim)
        return (await redemptions.redeem(session, [again], now=NOW))[again.id]

    _, second = await meeting(database, give_back, press)

    assert isinstance(second, PassGivenBack)


async def test_one_reader_at_two_offers_of_an_event_gets_one_pass(database: Database) -> None:
    """They lock no row in common; the unique index is where they meet."""
    async with database.writing() as session:
        offer = await an_offer(session)
        kind = await session.get_one(PassType, offer.pass_type_id)
        one, other = await a_code(session, offer, "ONE"), await a_code(session, await an_offer(session, kind), "OTHER")

    first, second = await meeting(database, redeeming(one, "ada"), redeeming(other, "ada"))

    assert isinstance(first, Redeemed)
    assert isinstance(second, AlreadyHoldsPass)


async def test_two_who_settle_one_hold_return_its_use_once(database: Database) -> None:
    code = await given(database, 1)
    async with database.writing() as session:
        hold = an_ask(code, "ada", held_for="shop", held_until=NOW + timedelta(minutes=5))
        await redemptions.redeem(session, [hold], now=NOW)

    async def settle(session: AsyncSession) -> int:
        return await holds.settle(session, code.event_id, now=NOW + DAY)

    await meeting(database, settle, settle)

    assert await used(database) == [1, 1, 1, 1]
    async with database.reading() as session:
        ends = sa.select(sa.func.count()).where(Entry.verb == "redemption.expired")
        assert await session.scalar(ends) == 1


async def test_who_leaves_the_line_while_it_is_served_is_kept_no_place(database: Database) -> None:
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session, limit=1, waiting_list=True))
        claim = await a_claim(session, code, "bo")
        asks = [an_ask(code, "ada"), proof_of(claim, waits=True)]
        assert isinstance((await redemptions.redeem(session, asks, now=NOW))[asks[1].id], Waiting)
        await session.execute(sa.update(Offer).values(limit=2))

    async def leave(session: AsyncSession) -> bool:
        return await line.leave(session, claim, now=NOW)

    async def serve(session: AsyncSession) -> int:
        return await redemptions.serve_line(session, code.offer_id, now=NOW)

    assert await meeting(database, leave, serve) == (True, 0)

    async with database.reading() as session:
        kept = sa.select(sa.func.count()).where(Redemption.held_for == "place")
        assert await session.scalar(kept) == 0


async def test_who_goes_away_before_a_second_attempt_gets_nothing(database: Database) -> None:
    code = await given(database)
    group = GroupCommit(database, lambda: NOW)
    asks = [an_ask(code, name) for name in ("ada", "bo")]
    ada, bo = [asyncio.create_task(group.redeem(code.offer_id, ask, of=code.partner_id)) for ask in asks]

    def interrupt(statement: str, _parameters: Any) -> None:
        if statement.startswith("INSERT INTO redemptions") and not ada.cancelling():
            ada.cancel()
            raise LimitsMoved

    with watching(database.writer.sync_engine, interrupt):
        outcome = await bo

    assert isinstance(outcome, Redeemed)
    assert ada.cancelled()
    async with database.reading() as session:
        assert list(await session.scalars(sa.select(Redemption.reader_key))) == [asks[1].reader_key]


async def test_whose_transaction_has_to_begin_anew_hears_nothing_of_it(database: Database) -> None:
    code = await given(database)
    seen: list[str] = []

    def interrupt(statement: str, _parameters: Any) -> None:
        if statement.startswith("INSERT INTO redemptions"):
            seen.append(statement)
            if len(seen) == 1:
                raise LimitsMoved

    with watching(database.writer.sync_engine, interrupt):
        outcome = await GroupCommit(database, lambda: NOW).redeem(
            code.offer_id, an_ask(code, "ada"), of=code.partner_id
        )

    assert isinstance(outcome, Redeemed)
    assert len(seen) == 2


async def test_places_are_called_off_before_their_claims_as_all_others_take_them(database: Database) -> None:
    """In another order the database has to end one of two who meet (40P01)."""
    async with database.writing() as session:
        code = await a_sold_out_code(session, limit=2)
        await in_line(session, code, "ada", "bo")
        for _ in range(2):
            await one_goes_back(session, code, now=NOW)
        await events.cancel(session, code.event_id, tell_readers=True, now=NOW, by=ADMIN)

    async def call_off() -> int:
        async with database.writing() as session:
            return await line.call_off(session, code.event_id, now=NOW)

    async with database.writing() as session:
        places = sa.select(Redemption.id).where(Redemption.held_for == "place")
        assert len((await session.scalars(places.with_for_update(key_share=True))).all()) == 2
        behind = asyncio.create_task(call_off())
        while not database.is_sqlite and not behind.done() and not await someone_waits(database):
            pass
        free = sa.select(Claim.id).where(Claim.state == "offered").with_for_update(skip_locked=True)
        claims = (await session.scalars(free)).all()

    assert len(claims) == 2
    assert await behind == 2


async def test_a_pass_that_is_given_while_its_event_is_called_off_stays(database: Database) -> None:
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session, limit=9, review=True))
        ask = proof_of(await a_claim(session, code, "ada"))
        asked = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
    assert isinstance(asked, Redeemed)

    async def call_off(session: AsyncSession) -> int:
        await events.cancel(session, code.event_id, tell_readers=True, now=NOW, by=ADMIN)
        return await passes.call_off(session, code.event_id, now=NOW)

    _, ended = await meeting(
        database, lambda session: passes.confirm(session, [asked.redemption_id], now=NOW, by=ADMIN), call_off
    )

    assert ended == 0
    async with database.reading() as session:
        assert await session.scalar(sa.select(Redemption.state)) == "confirmed"
