"""Parts of an offer's limit: never more than the whole, borrowed, given back, moved, and back by themselves."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments, holds, offers, passes, redemptions
from promos.actions.locks import LimitsMoved
from promos.models import Allotment, Offer, PromoCode
from promos.queries import recount, terms
from promos.rules.redemption import Redeemed
from promos.rules.refusals import (
    AllotmentExhausted,
    AllotmentInUse,
    AllotmentTooLarge,
    InvalidRequest,
    LimitBelowUsed,
    LimitNeeded,
    NotFound,
    OfferExhausted,
    PublicationNotNamed,
    TextTaken,
)
from tests.world import ADMIN, DAY, NOW, a_code, a_pass_type, a_publication, an_ask, an_offer


async def give(session: AsyncSession, code: PromoCode, *names: str, **facts: Any) -> list[object]:
    now = facts.pop("now", NOW)
    asks = [an_ask(code, name, **facts) for name in names]
    found = await redemptions.redeem(session, asks, now=now)
    return [type(found[ask.id]) for ask in asks]


async def part(session: AsyncSession, offer: Offer, limit: int, **facts: Any) -> Allotment:
    return await allotments.create(session, offer.id, limit=limit, now=NOW, by=ADMIN, **facts)


async def test_what_is_set_aside_is_for_its_code_and_the_rest_for_the_others(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=5)
    mine, other = await a_code(session, offer, "MINE"), await a_code(session, offer, "OTHER")
    await part(session, offer, 2, code_id=mine.id)

    others = await give(session, other, "a", "b", "c", "d")
    mines = await give(session, mine, "e", "f", "g")

    assert others == [Redeemed, Redeemed, Redeemed, OfferExhausted]
    assert mines == [Redeemed, Redeemed, AllotmentExhausted]
    assert await recount.differences(session) == []


async def test_parts_are_never_more_than_the_whole(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=5)
    code, other = await a_code(session, offer, "MINE"), await a_code(session, offer, "OTHER")
    await give(session, other, "a")

    with pytest.raises(AllotmentTooLarge) as refused:
        await part(session, offer, 5, code_id=code.id)
    made = await part(session, offer, 4, code_id=code.id)
    with pytest.raises(AllotmentTooLarge):
        await allotments.update(session, made.id, limit=5, now=NOW, by=ADMIN)

    assert refused.value.left == 4
    assert await give(session, other, "b") == [OfferExhausted]


async def test_the_database_itself_keeps_the_parts_within_the_whole(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=5)
    code = await a_code(session, offer)
    await part(session, offer, 3, code_id=code.id)

    for values in ({"allotted": 6}, {"used": 3}, {"allotted_used": 4}):
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(sa.update(Offer).where(Offer.id == offer.id).values(**values))


async def test_a_part_within_a_part_counts_for_both(session: AsyncSession) -> None:
    publication = await a_publication(session)
    offer = await an_offer(session, limit=10, publications=(publication,))
    code, other = await a_code(session, offer, "MINE"), await a_code(session, offer, "OTHER")
    wide = await part(session, offer, 4, publication_id=publication.id)
    narrow = await part(session, offer, 3, code_id=code.id, within_id=wide.id)

    assert await give(session, code, "a", "b", "c", "d") == [Redeemed, Redeemed, Redeemed, AllotmentExhausted]
    assert await give(session, other, *"efghij") == [Redeemed] * 6
    assert await give(session, other, "k") == [OfferExhausted]
    with pytest.raises(LimitBelowUsed):
        await allotments.update(session, wide.id, limit=2, now=NOW, by=ADMIN)
    await session.refresh(wide)
    assert (wide.used, wide.allotted, wide.allotted_used, narrow.limit) == (3, 3, 3, 3)
    assert await recount.differences(session) == []


async def test_more_is_borrowed_and_unused_is_given_back_or_moved(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=6)
    first, second = await a_code(session, offer, "FIRST"), await a_code(session, offer, "SECOND")
    mine = await part(session, offer, 2, code_id=first.id)
    other = await part(session, offer, 3, code_id=second.id)
    await give(session, first, "a", "b")

    await allotments.update(session, mine.id, limit=3, now=NOW, by=ADMIN)
    assert await give(session, first, "c", "d") == [Redeemed, AllotmentExhausted]
    await allotments.move(session, other.id, to=mine.id, passes=2, now=NOW, by=ADMIN)
    assert await give(session, first, "d", "e", "f") == [Redeemed, Redeemed, AllotmentExhausted]
    with pytest.raises(LimitBelowUsed):
        await allotments.move(session, mine.id, to=other.id, passes=1, now=NOW, by=ADMIN)
    with pytest.raises(InvalidRequest):
        await allotments.move(session, mine.id, to=mine.id, passes=1, now=NOW, by=ADMIN)
    await allotments.give_back(session, other.id, now=NOW, by=ADMIN)
    await allotments.give_back(session, other.id, now=NOW, by=ADMIN)

    assert await give(session, second, "g", "h") == [Redeemed, OfferExhausted]
    assert await recount.differences(session) == []


async def test_what_is_unused_falls_back_by_time_and_not_by_a_job(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=4)
    mine, other = await a_code(session, offer, "MINE"), await a_code(session, offer, "OTHER")
    made = await part(session, offer, 3, code_id=mine.id, returns_at=NOW + DAY)
    await give(session, mine, "a")
    ask = an_ask(other, "b")
    before = (await terms.of_codes(session, [other.id], now=NOW + DAY - timedelta(microseconds=1)))[other.id]
    after = (await terms.of_codes(session, [other.id], now=NOW + DAY))[other.id]

    await redemptions.redeem(session, [ask, an_ask(other, "c"), an_ask(other, "d")], now=NOW + DAY)

    assert (before.left, after.left) == (1, 3)
    await session.refresh(made)
    await session.refresh(offer)
    assert made.returned_at == NOW + DAY
    assert (offer.used, offer.allotted, offer.allotted_used) == (4, 0, 0)
    assert await recount.differences(session) == []


async def test_a_use_given_back_is_the_parts_again_and_the_wholes_once_the_part_fell_back(
    session: AsyncSession,
) -> None:
    offer = await an_offer(session, limit=3)
    mine, other = await a_code(session, offer, "MINE"), await a_code(session, offer, "OTHER")
    await part(session, offer, 2, code_id=mine.id, returns_at=NOW + DAY)
    asks = [an_ask(mine, "a"), an_ask(mine, "b")]
    found = await redemptions.redeem(session, asks, now=NOW)
    ids = [outcome.redemption_id for ask in asks if isinstance(outcome := found[ask.id], Redeemed)]
    await give(session, other, "c")

    await passes.cancel(session, [ids[0]], now=NOW, by=ADMIN)
    assert await give(session, other, "d") == [OfferExhausted]
    assert await give(session, mine, "d") == [Redeemed]
    await passes.cancel(session, [ids[1]], now=NOW + DAY, by=ADMIN)

    assert await give(session, other, "e", now=NOW + DAY) == [Redeemed]
    assert await recount.differences(session) == []


async def test_a_limit_with_parts_is_neither_lifted_nor_lowered_below_them(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=5)
    mine, other = await a_code(session, offer, "MINE"), await a_code(session, offer, "OTHER")
    await part(session, offer, 3, code_id=mine.id)
    await give(session, other, "a")

    with pytest.raises(AllotmentInUse):
        await offers.update(session, offer.id, limit=None, now=NOW, by=ADMIN)
    with pytest.raises(LimitBelowUsed) as refused:
        await offers.update(session, offer.id, limit=3, now=NOW, by=ADMIN)
    await offers.update(session, offer.id, limit=4, now=NOW, by=ADMIN)

    assert refused.value.used == 4
    assert await give(session, other, "b") == [OfferExhausted]


async def test_parts_are_for_what_the_offer_knows_and_once_each(session: AsyncSession) -> None:
    kind = await a_pass_type(session)
    offer, unlimited = await an_offer(session, kind, limit=9), await an_offer(session, kind, limit=None)
    stranger = await a_code(session, unlimited, "ELSEWHERE")
    code, publication = await a_code(session, offer, "MINE"), await a_publication(session)
    await part(session, offer, 1, code_id=code.id)

    for facts, no in (
        ({"code_id": code.id}, TextTaken),
        ({"code_id": stranger.id}, NotFound),
        ({"publication_id": publication.id}, PublicationNotNamed),
        ({"issue_id": UUID(int=1)}, NotFound),
        ({}, InvalidRequest),
        ({"code_id": code.id, "publication_id": publication.id}, InvalidRequest),
        ({"code_id": code.id, "within_id": UUID(int=1)}, NotFound),
        ({"code_id": code.id, "returns_at": NOW}, InvalidRequest),
    ):
        with pytest.raises(no):
            await part(session, offer, 1, **facts)
    with pytest.raises(LimitNeeded):
        await part(session, unlimited, 1, code_id=stranger.id)


@pytest.mark.parametrize(("wide", "narrow"), [(1, 1), (1, 2), (2, 1)])
async def test_a_part_and_the_part_within_it_both_fall_back(wide: int, narrow: int, session: AsyncSession) -> None:
    publication = await a_publication(session)
    offer = await an_offer(session, limit=10, publications=(publication,))
    mine, other = await a_code(session, offer, "MINE"), await a_code(session, offer, "OTHER")
    whole = await part(session, offer, 5, publication_id=publication.id, returns_at=NOW + wide * DAY / 24)
    await part(session, offer, 3, code_id=mine.id, within_id=whole.id, returns_at=NOW + narrow * DAY / 24)

    got = await give(session, other, *(f"reader{at}" for at in range(12)), now=NOW + DAY / 8)

    assert got.count(Redeemed) == 10
    assert await recount.differences(session) == []


async def test_a_use_of_a_part_that_was_given_back_returns_to_the_part_around_it(session: AsyncSession) -> None:
    publication = await a_publication(session)
    offer = await an_offer(session, limit=10, publications=(publication,))
    code = await a_code(session, offer, "MINE")
    whole = await part(session, offer, 5, publication_id=publication.id)
    inner = await part(session, offer, 3, code_id=code.id, within_id=whole.id)
    ask = an_ask(code, "ada")
    given = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
    assert isinstance(given, Redeemed)

    await allotments.give_back(session, inner.id, now=NOW, by=ADMIN)
    await passes.cancel(session, [given.redemption_id], now=NOW, by=ADMIN)

    await session.refresh(whole)
    assert whole.used == 0
    assert await recount.differences(session) == []


@pytest.mark.parametrize("limit", [2, None])
async def test_a_part_whose_time_has_come_holds_no_limit_up(limit: int | None, session: AsyncSession) -> None:
    offer = await an_offer(session, limit=10)
    code = await a_code(session, offer, "MINE")
    await part(session, offer, 5, code_id=code.id, returns_at=NOW + DAY)

    with pytest.raises(LimitsMoved) as anew:
        await offers.update(session, offer.id, limit=limit, now=NOW + 2 * DAY, by=ADMIN)
    for event_id in anew.value.events:
        await holds.settle(session, event_id, now=NOW + 2 * DAY)
    changed = await offers.update(session, offer.id, limit=limit, now=NOW + 2 * DAY, by=ADMIN)

    assert (changed.limit, changed.allotted) == (limit, 0)
