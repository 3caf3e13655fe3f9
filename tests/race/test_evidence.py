"""Many add evidence at once: one chain, without a gap and without a fork."""

import asyncio

from promos.actions import evidence
from promos.database import Database
from promos.rules.evidence import verify
from tests.world import NOW, a_publication

MANY = 32


async def test_entries_of_one_moment_follow_each_other(database: Database) -> None:
    async with database.writing() as session:
        publication = (await a_publication(session)).id

    async def add(number: int) -> None:
        async with database.writing() as session:
            await evidence.append(session, publication, "test.made", {"number": number}, now=NOW)

    await asyncio.gather(*(add(number) for number in range(MANY)))

    async with database.reading() as session:
        entries = await evidence.chain(session, publication)
    broken, whole, _ = verify(entries)
    assert (broken, whole) == (None, MANY)
    assert sorted(entry["facts"]["number"] for entry in entries) == list(range(MANY))
