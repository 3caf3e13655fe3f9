"""Holds that are over stop counting, however many they are and whoever comes first."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from promos.actions import holds, passes, redemptions
from promos.actions.locks import LimitsMoved
from promos.database import Database
from promos.group_commit import GroupCommit
from promos.models import Offer, PromoCode, Redemption
from promos.queries import recount
from promos.rules.redemption import Redeemed
from promos.rules.refusals import CodePaused, CodeRevoked, Refusal
from tests.world import ADMIN, NOW, a_code, an_ask, an_offer

HOUR = timedelta(hours=1)
LATER = NOW + HOUR


async def a_pile(database: Database, *, limit: int) -> Sequence[PromoCode]:
    """An offer that is used up by one hold of each of its codes, all over an hour later."""
    async with database.writing() as session:
        offer = await an_offer(session, limit=limit)
        codes = [await a_code(session, offer, f"WORD{number}") for number in range(limit)]
        asks = [an_ask(code, f"shop{code.text}", held_for="shop", held_until=LATER) for code in codes]
        await redemptions.redeem(session, asks, now=NOW)
    return codes


async def stands(database: Database) -> tuple[list[str], int]:
    """The states of all redemptions, and what the offer counts."""
    async with database.reading() as session:
        states = await session.scalars(sa.select(Redemption.state).order_by(Redemption.state))
        assert await recount.differences(session) == []
        return list(states), await session.scalar(sa.select(Offer.used)) or 0


async def test_a_pile_of_holds_is_settled_a_short_transaction_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "AT_ONCE", 2)
    codes = await a_pile(database, limit=5)

    async with database.writing() as session:
        some = await holds.settle(session, codes[0].event_id, now=LATER)
    assert some == 2
    assert await stands(database) == (["expired"] * 2 + ["held"] * 3, 3)

    await holds.clear(database, [codes[0].event_id], lambda: LATER, None)
    assert await stands(database) == (["expired"] * 5, 0)


async def test_who_comes_to_a_pile_of_holds_finds_what_is_free(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "AT_ONCE", 2)
    codes = await a_pile(database, limit=5)
    ask = an_ask(codes[4], "ada")

    async with database.writing() as session:
        with pytest.raises(LimitsMoved):
            await redemptions.redeem(session, [ask], now=LATER)
    outcome = await GroupCommit(database, lambda: LATER).redeem(codes[4].offer_id, ask, of=codes[4].partner_id)

    assert isinstance(outcome, Redeemed)
    assert await stands(database) == (["confirmed", *["expired"] * 5], 1)


@pytest.mark.parametrize(
    ("held_for", "status", "expected"),
    [
        ("shop", "active", None),
        ("shop", "paused", CodePaused),
        ("shop", "revoked", CodeRevoked),
        ("review", "paused", None),
        ("review", "revoked", CodeRevoked),
    ],
)
async def test_a_hold_becomes_no_pass_by_a_code_that_is_stopped(
    database: Database, held_for: str, status: str, expected: type[Refusal] | None
) -> None:
    async with database.writing() as session:
        code = await a_code(session)
        await redemptions.redeem(session, [an_ask(code, "ada", held_for=held_for, held_until=LATER)], now=NOW)
        code.status = status
    async with database.writing() as session:
        held = (await session.scalars(sa.select(Redemption))).one()
        if expected is None:
            [ended] = await passes.confirm(session, [held.id], now=NOW, by=ADMIN)
            assert ended.state == "confirmed"
            return
        with pytest.raises(expected):
            await passes.confirm(session, [held.id], now=NOW, by=ADMIN)
        assert held.state == "held"
