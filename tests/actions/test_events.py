from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import events, redemptions
from promos.models import Entry, Event, PassType
from promos.rules.refusals import InvalidRequest, LimitBelowUsed, NotFound, TermsFrozen
from tests.world import (
    ADMIN,
    DAY,
    NOW,
    a_code,
    a_partner,
    a_pass_type,
    an_ask,
    an_event,
    an_offer,
    door_of,
    member_of,
    owner_of,
)

GENERATION: Any = {
    "name": "GénérationIA",
    "edition": "2026",
    "starts_at": NOW + 10 * DAY,
    "ends_at": NOW + 11 * DAY,
    "timezone": "Europe/Paris",
    "venue": "Palais",
    "city": "Paris",
    "country": "FR",
    "url": "https://generation.example/",
    "highlights": ["1 200 participants", " "],
}


async def test_events_of_one_name_get_slugs_of_their_own(session: AsyncSession) -> None:
    partner = await a_partner(session)

    three = [await events.create(session, partner.id, **GENERATION, now=NOW, by=member_of(partner)) for _ in range(3)]

    assert [event.slug for event in three] == ["generationia-2026", "generationia-2026-2", "generationia-2026-3"]
    assert three[0].highlights == ["1 200 participants"]
    assert not three[0].asks_name


async def test_a_name_without_latin_letters_still_has_a_slug(session: AsyncSession) -> None:
    partner = await a_partner(session)

    event = await events.create(
        session, partner.id, **GENERATION | {"name": "生成", "edition": None}, now=NOW, by=ADMIN
    )

    assert event.slug == "x"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ends_at", NOW + 10 * DAY),
        ("starts_at", datetime(1999, 12, 31)),
        ("starts_at", NOW.replace(year=1999)),
        ("ends_at", NOW.replace(year=2101)),
        ("timezone", "America/Argentina"),
        ("timezone", "localtime"),
        ("country", "France"),
        ("url", "javascript:alert(1)"),
        ("url", "https://generation.example@evil.example/"),
        ("name", "x" * 201),
        ("venue", "a\nb"),
        ("city", "\x00"),
        ("highlights", ["x"] * 13),
    ],
)
async def test_an_impossible_event_is_refused_by_field(session: AsyncSession, field: str, value: object) -> None:
    partner = await a_partner(session)

    with pytest.raises(InvalidRequest) as refused:
        await events.create(session, partner.id, **GENERATION | {field: value}, now=NOW, by=ADMIN)

    assert [error["field"] for error in refused.value.errors] == [field]
    assert await session.scalar(sa.select(sa.func.count()).select_from(Event)) == 0


async def test_only_its_people_announce_a_partners_events(session: AsyncSession) -> None:
    partner, other = await a_partner(session), await a_partner(session)
    narrowed = replace(owner_of(partner), event_ids=frozenset())

    for stranger in (owner_of(other), door_of(partner), narrowed):
        with pytest.raises(NotFound):
            await events.create(session, partner.id, **GENERATION, now=NOW, by=stranger)
    with pytest.raises(NotFound):
        await events.create(session, UUID(int=99), **GENERATION, now=NOW, by=ADMIN)


async def test_an_event_that_moves_keeps_its_slug_and_cannot_end_before_it_begins(session: AsyncSession) -> None:
    event = await an_event(session)

    moved = await events.update(session, event.id, name="Other", starts_at=NOW, now=NOW, by=ADMIN)
    assert (moved.slug, moved.starts_at) == ("generationai", NOW)

    with pytest.raises(InvalidRequest):
        await events.update(session, event.id, ends_at=NOW - DAY, now=NOW, by=ADMIN)
    facts = await session.scalar(sa.select(Entry.facts).where(Entry.verb == "event.changed"))
    assert facts == {"changed": ["name", "starts_at"]}


async def test_a_foreign_event_does_not_exist(session: AsyncSession) -> None:
    event = await an_event(session)
    stranger = owner_of(await a_partner(session))
    pass_type = await a_pass_type(session, event)

    with pytest.raises(NotFound):
        await events.update(session, event.id, name="Mine", now=NOW, by=stranger)
    with pytest.raises(NotFound):
        await events.create_pass_type(session, event.id, **FULL, now=NOW, by=stranger)
    with pytest.raises(NotFound):
        await events.update_pass_type(session, pass_type.id, capacity=1, now=NOW, by=stranger)


FULL: Any = {
    "name": "Full pass",
    "face_value": 99900,
    "currency": "EUR",
    "vat": "included",
    "vat_rate": Decimal("20"),
    "capacity": 3,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacity", 0),
        ("capacity", -5),
        ("capacity", 1_000_001),
        ("face_value", -1),
        ("currency", "EURO"),
        ("currency", "XXX"),
        ("vat", "perhaps"),
        ("vat_rate", Decimal("100.01")),
        ("vat_rate", Decimal("NaN")),
        ("vat_rate", Decimal("5.555")),
        ("name", " "),
    ],
)
async def test_an_impossible_pass_type_is_refused_by_field(session: AsyncSession, field: str, value: object) -> None:
    event = await an_event(session)

    with pytest.raises(InvalidRequest) as refused:
        await events.create_pass_type(session, event.id, **FULL | {field: value}, now=NOW, by=ADMIN)

    assert [error["field"] for error in refused.value.errors] == [field]


async def a_redeemed_pass_type(session: AsyncSession, passes: int, **facts: Any) -> PassType:
    pass_type = await a_pass_type(session, **facts)
    offer = await an_offer(session, pass_type, limit=None)
    for number in range(passes):
        code = await a_code(session, offer, f"CODE{number}")
        await redemptions.redeem(session, [an_ask(code, f"reader{number}")], now=NOW)
    return pass_type


async def test_a_first_capacity_counts_the_passes_that_are_out(session: AsyncSession) -> None:
    pass_type = await a_redeemed_pass_type(session, passes=3, capacity=None)

    with pytest.raises(LimitBelowUsed) as refused:
        await events.update_pass_type(session, pass_type.id, capacity=2, now=NOW, by=ADMIN)
    assert refused.value.used == 3

    changed = await events.update_pass_type(session, pass_type.id, capacity=3, now=NOW, by=ADMIN)
    assert (changed.capacity, changed.used) == (3, 3)


async def test_a_capacity_that_is_lifted_counts_no_more_until_it_is_set_again(session: AsyncSession) -> None:
    pass_type = await a_redeemed_pass_type(session, passes=2, capacity=5)

    lifted = await events.update_pass_type(session, pass_type.id, capacity=None, now=NOW, by=ADMIN)
    assert (lifted.capacity, lifted.used) == (None, 0)

    again = await events.update_pass_type(session, pass_type.id, capacity=9, now=NOW, by=ADMIN)
    assert (again.capacity, again.used) == (9, 2)


async def test_what_a_pass_is_worth_stands_once_one_is_out(session: AsyncSession) -> None:
    pass_type = await a_redeemed_pass_type(session, passes=1)

    with pytest.raises(TermsFrozen) as refused:
        await events.update_pass_type(
            session, pass_type.id, face_value=100, vat="unknown", vat_rate=Decimal("20"), now=NOW, by=ADMIN
        )
    assert refused.value.fields == ["face_value", "vat"]

    renamed = await events.update_pass_type(
        session, pass_type.id, name="Whole pass", face_value=99900, now=NOW, by=ADMIN
    )
    assert renamed.name == "Whole pass"


async def test_what_a_pass_is_worth_can_change_before(session: AsyncSession) -> None:
    pass_type = await a_redeemed_pass_type(session, passes=0)

    changed = await events.update_pass_type(
        session, pass_type.id, face_value=100, currency="CHF", vat_rate=None, now=NOW + timedelta(hours=1), by=ADMIN
    )

    assert (changed.face_value, changed.currency, changed.vat_rate) == (100, "CHF", None)
