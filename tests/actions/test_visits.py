import asyncio
from dataclasses import fields
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from promos.actions.visits import Place, VisitCounter
from promos.database import Database
from promos.models import PromoCode, Visit, new_id
from tests.world import NOW, a_code


async def a_place(database: Database) -> Place:
    async with database.writing() as session:
        code = await a_code(session)
    return place_of(code)


def place_of(code: PromoCode) -> Place:
    return Place(code.partner_id, code.event_id, code.id)


async def stored(database: Database) -> list[tuple[date, int, int]]:
    async with database.reading() as session:
        rows = await session.execute(sa.select(Visit.day, Visit.human, Visit.machine).order_by(Visit.day))
        return [(day, human, machine) for day, human, machine in rows]


async def test_people_and_machines_are_counted_apart_by_day(database: Database) -> None:
    place, counter = await a_place(database), VisitCounter()

    for hours in (0, 1, 11.9, 12, 13):
        counter.count(place, is_machine=False, now=NOW + timedelta(hours=hours))
    counter.count(place, is_machine=True, now=NOW)
    await counter.flush(database)

    assert await stored(database) == [(date(2026, 11, 23), 3, 1), (date(2026, 11, 24), 2, 0)]


async def test_two_processes_add_to_the_same_row(database: Database) -> None:
    place = await a_place(database)
    counters = [VisitCounter(), VisitCounter()]

    for _ in range(3):
        for counter in counters:
            counter.count(place, is_machine=False, now=NOW)
        await asyncio.gather(*(counter.flush(database) for counter in counters))

    assert await stored(database) == [(date(2026, 11, 23), 6, 0)]


async def test_nothing_counted_writes_nothing_and_nothing_is_counted_twice(database: Database) -> None:
    place, counter = await a_place(database), VisitCounter()

    await counter.flush(database)
    counter.count(place, is_machine=False, now=NOW)
    await counter.flush(database)
    await counter.flush(database)

    assert counter.is_empty
    assert await stored(database) == [(date(2026, 11, 23), 1, 0)]


async def test_who_found_nothing_left_is_counted_beside_the_visits(database: Database) -> None:
    place, counters = await a_place(database), [VisitCounter(), VisitCounter()]

    for counter in counters:
        counter.refuse(place, now=NOW)
        counter.refuse(place, now=NOW)
        counter.count(place, is_machine=False, now=NOW)
        await counter.flush(database)

    async with database.reading() as session:
        rows = await session.execute(sa.select(Visit.human, Visit.machine, Visit.refused))
        assert [tuple(row) for row in rows] == [(2, 0, 4)]


async def test_what_could_not_be_stored_is_kept(database: Database) -> None:
    counter = VisitCounter()
    counter.count(Place(new_id(), new_id(), new_id()), is_machine=False, now=NOW)

    with pytest.raises(IntegrityError):
        await counter.flush(database)

    assert not counter.is_empty


def test_a_visit_has_no_room_for_an_address_or_a_reader() -> None:
    kept = {column.name for column in Visit.__table__.columns}

    assert kept == {
        "id",
        "partner_id",
        "event_id",
        "code_id",
        "block_id",
        "source_id",
        "day",
        "human",
        "machine",
        "refused",
    }
    assert {field.name for field in fields(Place)} < kept
