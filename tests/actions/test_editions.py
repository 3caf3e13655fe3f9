"""The next edition: proposed whole, made whole or not at all, and nothing of it is used."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments, codes, editions, redemptions
from promos.actions.editions import Edition, NextOffer
from promos.models import Allotment, Declaration, Event, Offer, PassType, PromoCode
from promos.queries import recount
from promos.rules.refusals import CodeTaken, InvalidRequest, NotFound
from tests.world import (
    ADMIN,
    DAY,
    NOW,
    a_code,
    a_partner,
    a_pass_type,
    a_pool,
    a_publication,
    an_ask,
    an_event,
    an_offer,
    member_of,
    owner_of,
)

AS_ADMIN: Any = {"now": NOW, "by": ADMIN}
LATER = timedelta(days=364)


def as_proposed(edition: Edition) -> dict[str, Any]:
    """The proposal as somebody agrees to it."""
    return {
        "name": edition.name,
        "edition": edition.edition,
        "starts_at": edition.starts_at,
        "ends_at": edition.ends_at,
        "offers": [
            NextOffer(
                offer_id=each.offer.id,
                opens_at=each.opens_at,
                ends_at=each.ends_at,
                codes={code_id: word for code_id, (_, word) in each.codes.items()},
            )
            for each in edition.offers
        ],
    }


async def an_edition(session: AsyncSession) -> tuple[Event, PromoCode]:
    """GenerationAI 2026 with everything, some of it used."""
    event = await an_event(session)
    freea = await a_publication(session)
    kind = await a_pass_type(session, event, capacity=40)
    offer = await an_offer(session, kind, publications=(freea,), eligibility="Readers only", place_hours=5)
    code = await a_code(session, offer, limit=12)
    await a_code(session, offer, "GONE", status="revoked")
    whole = await allotments.create(session, offer.id, limit=9, publication_id=freea.id, **AS_ADMIN)
    await allotments.create(
        session, offer.id, limit=4, code_id=code.id, within_id=whole.id, returns_at=NOW + DAY, **AS_ADMIN
    )
    await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
    return event, code


async def test_a_proposal_is_a_year_later_with_free_words_and_stores_nothing(session: AsyncSession) -> None:
    event, code = await an_edition(session)
    await a_code(session, await session.get_one(Offer, code.offer_id), "FREEAGENAI-27", status="paused")

    edition = await editions.proposed(session, event.id, by=ADMIN)

    assert (edition.name, edition.edition) == ("GenerationAI", "2027")
    assert (edition.starts_at, edition.ends_at) == (event.starts_at + LATER, event.ends_at + LATER)
    [offer] = edition.offers
    assert offer.opens_at == NOW - DAY + LATER
    assert offer.codes[code.id] == ("FREEAGENAI", "FREEAGENAI27-2")
    assert [word for _, word in offer.codes.values()] == ["FREEAGENAI27-2", "FREEAGENAI-2727"]
    assert await session.scalar(sa.select(sa.func.count()).select_from(Event)) == 1


async def test_the_next_edition_has_all_of_this_one_and_nothing_of_it_is_used(session: AsyncSession) -> None:
    event, code = await an_edition(session)
    agreed = as_proposed(await editions.proposed(session, event.id, by=ADMIN))

    made = await editions.create(session, event.id, **agreed, allotments=True, **AS_ADMIN)

    assert (made.previous_event_id, made.slug, made.venue) == (event.id, "generationai-2027", event.venue)
    kind = (await session.scalars(sa.select(PassType).where(PassType.event_id == made.id))).one()
    assert (kind.name, kind.face_value, kind.capacity, kind.used) == ("Full pass", 99900, 40, 0)
    offer = (await session.scalars(sa.select(Offer).where(Offer.event_id == made.id))).one()
    assert (offer.limit, offer.used, offer.place_hours, offer.eligibility) == (20, 0, 5, "Readers only")
    new = (await session.scalars(sa.select(PromoCode).where(PromoCode.event_id == made.id))).one()
    assert (new.spelled, new.limit, new.used, new.status, new.version) == ("FREEAGENAI27", 12, 0, "paused", 1)
    parts = list(await session.scalars(sa.select(Allotment).where(Allotment.event_id == made.id)))
    assert [(part.limit, part.used, part.code_id) for part in parts] == [(9, 0, None), (4, 0, new.id)]
    assert (parts[1].within_id, parts[1].returns_at) == (parts[0].id, NOW + DAY + LATER)
    assert await session.scalar(sa.select(sa.func.count()).select_from(Declaration)) == 0
    assert await recount.differences(session) == []
    await session.refresh(code)
    assert code.used == 1


async def test_the_next_edition_hands_out_codes_of_the_shop_too_and_begins_with_none(session: AsyncSession) -> None:
    event = await an_event(session)
    await a_pool(session, "A1", pass_type=await a_pass_type(session, event), shop_url="https://tickets.example/{code}")
    agreed = as_proposed(await editions.proposed(session, event.id, by=ADMIN))

    made = await editions.create(session, event.id, **agreed, **AS_ADMIN)

    offer = (await session.scalars(sa.select(Offer).where(Offer.event_id == made.id))).one()
    assert (offer.fulfilment, offer.shop_url) == ("pool", "https://tickets.example/{code}")
    assert (offer.pooled, offer.pool_used) == (0, 0)


async def test_a_word_that_was_taken_meanwhile_leaves_nothing_behind(session: AsyncSession) -> None:
    event, code = await an_edition(session)
    agreed = as_proposed(await editions.proposed(session, event.id, by=ADMIN))
    await codes.create(session, code.offer_id, "FREEAGENAI27", **AS_ADMIN)

    with pytest.raises(CodeTaken) as refused:
        async with session.begin_nested():
            await editions.create(session, event.id, **agreed, **AS_ADMIN)

    assert refused.value.promo_code == "FREEAGENAI27"
    for kind, count in ((Event, 1), (PassType, 1), (Offer, 1)):
        assert await session.scalar(sa.select(sa.func.count()).select_from(kind)) == count


async def test_it_begins_in_time_to_come_on_the_day_that_was_chosen(session: AsyncSession) -> None:
    event, _ = await an_edition(session)
    chosen = event.starts_at + timedelta(days=30, hours=1)

    edition = await editions.proposed(session, event.id, starts_at=chosen, by=ADMIN)
    with pytest.raises(InvalidRequest):
        await editions.create(session, event.id, **(as_proposed(edition) | {"starts_at": NOW}), **AS_ADMIN)

    assert edition.ends_at - edition.starts_at == event.ends_at - event.starts_at
    assert edition.offers[0].ends_at == NOW + timedelta(days=37)


async def test_only_who_runs_the_event_makes_its_next_edition(session: AsyncSession) -> None:
    event, _ = await an_edition(session)
    other = await a_partner(session, name="Other")
    agreed = as_proposed(await editions.proposed(session, event.id, by=ADMIN))

    for stranger in (owner_of(other), member_of(other)):
        with pytest.raises(NotFound):
            await editions.proposed(session, event.id, by=stranger)
        with pytest.raises(NotFound):
            await editions.create(session, event.id, **agreed, now=NOW, by=stranger)


async def test_another_events_offers_and_codes_are_not_taken_over(session: AsyncSession) -> None:
    event, code = await an_edition(session)
    elsewhere = await an_event(session, await a_partner(session, name="Other"), slug="other")
    theirs = await a_code(session, await an_offer(session, await a_pass_type(session, elsewhere)), "THEIRS")
    agreed = as_proposed(await editions.proposed(session, event.id, by=ADMIN))
    strange = {**agreed["offers"][0], "codes": {theirs.id: "MINE27"}}

    for wrong in ({**agreed["offers"][0], "offer_id": theirs.offer_id}, strange):
        with pytest.raises(NotFound):
            async with session.begin_nested():
                await editions.create(session, event.id, **(agreed | {"offers": [wrong]}), **AS_ADMIN)
    assert code.spelled == "FREEAGENAI"
