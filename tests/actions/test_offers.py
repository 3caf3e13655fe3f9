import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import codes, events, offers, redemptions
from promos.actions.locks import LimitsMoved
from promos.database import Database
from promos.models import Entry, Event, Offer, PassType, PromoCode, Redemption
from promos.rules.people import NOBODY
from promos.rules.redemption import Ask, Redeemed
from promos.rules.refusals import InvalidRequest, LimitBelowUsed, NotFound, TermsFrozen
from tests.world import (
    ADMIN,
    DAY,
    NOW,
    a_code,
    a_partner,
    a_pass_type,
    a_publication,
    an_ask,
    an_event,
    an_offer,
    door_of,
    editor_of,
    member_of,
    owner_of,
)

TERMS: Any = {"opens_at": NOW, "ends_at": NOW + 7 * DAY}


async def test_an_offer_takes_what_is_usual_where_nothing_is_said(session: AsyncSession) -> None:
    pass_type = await a_pass_type(session)

    offer = await offers.create(session, pass_type.event_id, pass_type.id, **TERMS, now=NOW, by=ADMIN)

    assert (offer.name, offer.benefit, offer.limit, offer.used) == ("Full pass", "free_pass", None, 0)
    assert (offer.proof, offer.on_cancel, offer.partner_id) == ("mailbox", "return", pass_type.partner_id)
    assert await offers.publications(session, [offer.id]) == {offer.id: []}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ends_at", NOW),
        ("ends_at", NOW - DAY),
        ("opens_at", datetime(2026, 1, 1)),
        ("limit", 0),
        ("limit", -1),
        ("limit", 10**9),
        ("benefit", "gift"),
        ("budget", "-1.00"),
        ("budget", "10.005"),
        ("place_hours", 0),
        ("proof", "subscriber_link"),
        ("fulfilment", "post"),
        ("on_cancel", "burn"),
        ("eligibility", "x" * 501),
        ("conditions_url", "//generation.example"),
        ("shop_url", "tickets.example/{code}"),
        ("shop_url", "https://tickets.example/{code}/{code}"),
    ],
)
async def test_impossible_terms_are_refused_by_field(session: AsyncSession, field: str, value: object) -> None:
    pass_type = await a_pass_type(session)

    with pytest.raises(InvalidRequest) as refused:
        await offers.create(session, pass_type.event_id, pass_type.id, **TERMS | {field: value}, now=NOW, by=ADMIN)

    assert [error["field"] for error in refused.value.errors] == [field]


async def test_an_offer_links_nothing_that_is_not_there(session: AsyncSession) -> None:
    pass_type = await a_pass_type(session)
    foreign = await a_pass_type(session, await an_event(session, slug="foreign"))

    with pytest.raises(NotFound):
        await offers.create(session, pass_type.event_id, foreign.id, **TERMS, now=NOW, by=ADMIN)
    with pytest.raises(NotFound):
        await offers.create(session, UUID(int=9), pass_type.id, **TERMS, now=NOW, by=ADMIN)
    with pytest.raises(NotFound):
        await offers.create(
            session, pass_type.event_id, pass_type.id, publication_ids=[UUID(int=9)], **TERMS, now=NOW, by=ADMIN
        )


async def test_an_offer_names_exactly_the_publications_it_is_told(session: AsyncSession) -> None:
    one, two = await a_publication(session, slug="one"), await a_publication(session, slug="two")
    offer = await an_offer(session, publications=(one,))

    await offers.update(session, offer.id, publication_ids=[two.id, two.id], now=NOW, by=ADMIN)
    await offers.update(session, offer.id, publication_ids=[two.id], now=NOW, by=ADMIN)

    assert await offers.publications(session, [offer.id]) == {offer.id: [two.id]}
    changes = await session.scalars(sa.select(Entry.facts).where(Entry.verb == "offer.changed"))
    assert list(changes) == [{"changed": ["publication_ids"]}]


async def test_only_those_who_run_an_offer_change_it(session: AsyncSession) -> None:
    publication = await a_publication(session)
    partner, other = await a_partner(session), await a_partner(session)
    offer = await an_offer(
        session, await a_pass_type(session, await an_event(session, partner)), publications=(publication,)
    )

    for stranger in (owner_of(other), door_of(partner), editor_of(publication), NOBODY):
        with pytest.raises(NotFound):
            await offers.update(session, offer.id, limit=1, now=NOW, by=stranger)
        with pytest.raises(NotFound):
            await offers.create(session, offer.event_id, offer.pass_type_id, **TERMS, now=NOW, by=stranger)
    changed = await offers.update(session, offer.id, limit=1, now=NOW, by=member_of(partner))
    assert changed.limit == 1


async def test_a_window_is_changed_from_either_end_but_never_turned_round(session: AsyncSession) -> None:
    offer = await an_offer(session)

    longer = await offers.update(session, offer.id, ends_at=NOW + 9 * DAY, now=NOW, by=ADMIN)
    assert longer.ends_at == NOW + 9 * DAY

    with pytest.raises(InvalidRequest):
        await offers.update(session, offer.id, opens_at=NOW + 9 * DAY, now=NOW, by=ADMIN)


async def redeemed(session: AsyncSession, offer: Offer, number: int) -> None:
    code = await a_code(session, offer, f"{offer.name.upper()}X{number}")
    outcomes = await redemptions.redeem(session, [an_ask(code, f"{code.text}{n}") for n in range(number)], now=NOW)
    assert all(isinstance(outcome, Redeemed) for outcome in outcomes.values())


async def test_a_first_limit_counts_what_all_codes_gave_before(session: AsyncSession) -> None:
    pass_type = await a_pass_type(session)
    offer = await an_offer(session, pass_type, name="one", limit=None)
    other = await an_offer(session, pass_type, name="two", limit=None)
    await redeemed(session, offer, 1)
    await redeemed(session, offer, 2)
    await redeemed(session, other, 4)

    with pytest.raises(LimitBelowUsed) as refused:
        await offers.update(session, offer.id, limit=2, now=NOW, by=ADMIN)
    assert refused.value.used == 3

    limited = await offers.update(session, offer.id, limit=3, now=NOW, by=ADMIN)
    assert (limited.limit, limited.used) == (3, 3)


async def test_a_limit_moves_up_and_down_to_what_is_used(session: AsyncSession) -> None:
    offer = await an_offer(session, name="one", limit=5)
    await redeemed(session, offer, 3)

    for limit in (50, 3):
        moved = await offers.update(session, offer.id, limit=limit, now=NOW, by=ADMIN)
        assert (moved.limit, moved.used) == (limit, 3)
    with pytest.raises(LimitBelowUsed):
        await offers.update(session, offer.id, limit=2, now=NOW, by=ADMIN)

    lifted = await offers.update(session, offer.id, limit=None, now=NOW, by=ADMIN)
    assert (lifted.limit, lifted.used) == (None, 0)


async def test_another_pass_type_is_possible_until_the_first_pass_is_given(session: AsyncSession) -> None:
    offer = await an_offer(session, name="one")
    event = await session.get_one(Event, offer.event_id)
    other = await a_pass_type(session, event, name="Evening")

    moved = await offers.update(session, offer.id, pass_type_id=other.id, now=NOW, by=ADMIN)
    assert moved.pass_type_id == other.id

    await redeemed(session, offer, 1)
    with pytest.raises(TermsFrozen):
        await offers.update(session, offer.id, pass_type_id=(await a_pass_type(session, event)).id, now=NOW, by=ADMIN)


async def test_an_offer_does_not_move_to_another_events_pass_type(session: AsyncSession) -> None:
    offer = await an_offer(session)
    foreign = await a_pass_type(session, await an_event(session, slug="foreign"))

    with pytest.raises(NotFound):
        await offers.update(session, offer.id, pass_type_id=foreign.id, now=NOW, by=ADMIN)


# Limits that move while readers redeem: committed for real, several transactions at once ----------------------------


async def redeem_until_decided(database: Database, ask: Ask) -> bool:
    while True:
        try:
            async with database.writing() as session:
                outcomes = await redemptions.redeem(session, [ask], now=NOW)
        except LimitsMoved:
            continue
        return isinstance(outcomes[ask.id], Redeemed)


async def test_a_first_limit_misses_no_redemption_that_goes_on_meanwhile(database: Database) -> None:
    async with database.writing() as session:
        offer = await an_offer(session, await a_pass_type(session, capacity=None), limit=None)
        one, two = await a_code(session, offer, "ONE"), await a_code(session, offer, "TWO")
    asks = [an_ask(code, f"{code.text}{number}") for number in range(8) for code in (one, two)]

    async def set_limits() -> None:
        for limit in (10, None, 12, None, 11):
            with suppress(LimitBelowUsed):
                async with database.writing() as session:
                    await offers.update(session, offer.id, limit=limit, now=NOW, by=ADMIN)
            with suppress(LimitBelowUsed):
                async with database.writing() as session:
                    await events.update_pass_type(session, offer.pass_type_id, capacity=limit, now=NOW, by=ADMIN)

    async def add_a_code() -> bool:
        async with database.writing() as session:
            late = await codes.create(session, offer.id, "LATE", now=NOW, by=ADMIN)
        return await redeem_until_decided(database, an_ask(late, "late"))

    got = await asyncio.gather(set_limits(), add_a_code(), *(redeem_until_decided(database, ask) for ask in asks[:8]))
    got += await asyncio.gather(set_limits(), *(redeem_until_decided(database, ask) for ask in asks[8:]))

    async with database.reading() as session:
        given = await session.scalar(sa.select(sa.func.count()).select_from(Redemption))
        stored, pass_type = await session.get_one(Offer, offer.id), await session.get_one(PassType, offer.pass_type_id)
        by_code = list(await session.scalars(sa.select(PromoCode.used)))
    assert given == sum(by_code) == got.count(True)
    assert stored.used == (0 if stored.limit is None else given)
    assert pass_type.used == (0 if pass_type.capacity is None else given)
    assert stored.limit is None or given <= stored.limit


async def first_limit(database: Database, offer: Offer, what: str) -> int:
    """How many passes are counted by the first limit of an offer, or of its pass type."""
    async with database.writing() as session:
        if what == "offer":
            return (await offers.update(session, offer.id, limit=5, now=NOW, by=ADMIN)).used
        return (await events.update_pass_type(session, offer.pass_type_id, capacity=5, now=NOW, by=ADMIN)).used


@pytest.mark.parametrize("what", ["offer", "pass type"])
async def test_a_first_limit_waits_for_the_redemption_before_it(database: Database, what: str) -> None:
    async with database.writing() as session:
        offer = await an_offer(session, await a_pass_type(session, capacity=None), limit=None)
        code = await a_code(session, offer)

    async with database.writing() as session:
        await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
        setting = asyncio.create_task(first_limit(database, offer, what))
        await asyncio.wait([setting], timeout=0.5)  # without its locks it is done by now, and wrong

    assert await setting == 1


@pytest.mark.parametrize("what", ["offer", "pass type"])
async def test_a_first_limit_waits_for_the_code_that_is_being_made(database: Database, what: str) -> None:
    async with database.writing() as session:
        offer = await an_offer(session, await a_pass_type(session, capacity=None), limit=None)

    async with database.writing() as session:
        code = await codes.create(session, offer.id, "LATE", now=NOW, by=ADMIN)
        await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
        setting = asyncio.create_task(first_limit(database, offer, what))
        await asyncio.wait([setting], timeout=0.5)

    assert await setting == 1
