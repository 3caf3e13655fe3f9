"""Many add evidence at once: one chain, without a gap and without a fork."""

import asyncio

import sqlalchemy as sa

from promos.actions import evidence, observations
from promos.database import Database
from promos.models import Delivery, Observation
from promos.parsing.issues import HTML
from promos.rules.evidence import verify
from promos.rules.people import Role
from tests.newsroom import a_placeable_code, a_ready_issue, publish, rendered, rules
from tests.world import ADMIN, DAY, NOW, a_person, a_publication

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


async def test_a_label_that_two_miss_at_once_is_told_by_one_mail(database: Database) -> None:
    async with database.writing() as session:
        publication = await a_publication(session)
        await a_person(session, "ada@freea.example", Role.EDITOR, publication_id=publication.id)
        issue = await a_ready_issue(session, publication, await a_placeable_code(session, publication))
        await publish(session, issue)
        expected = await observations.expected(session, issue.id, now=NOW, by=ADMIN)
        mail = await rendered(session, issue, "email_html")

    async def look(content: str) -> None:
        seen = observations.look(expected, content, HTML, rules())
        async with database.writing() as session:
            given = {"through": "upload", "grace": DAY, "now": NOW, "by": ADMIN}
            await observations.record(session, issue.id, seen, **given)  # type: ignore[arg-type]

    await look(mail)
    await asyncio.gather(*(look(mail.replace("ublicité", "").replace("ollaboration", "")) for _ in range(8)))

    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Delivery.id))) == 1
        assert await session.scalar(sa.select(sa.func.count(Observation.id))) == 9
