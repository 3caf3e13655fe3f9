"""On PostgreSQL the database itself keeps partners apart: whatever a statement forgot to ask, there is nothing else."""

from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from promos.actions import events
from promos.database import Database
from promos.models import Base, Entry, Event, Offer
from promos.rules.people import Actor, Grant, Role
from promos.settings import Keys
from tests.web.sides import World, a_world
from tests.world import ADMIN, DAY, NOW

WALLED = {table.name: "partner_id" for table in Base.metadata.sorted_tables if "partner_id" in table.columns} | {
    "partners": "id"
}
OPEN = {"roles"}  # those of the publisher's own people belong to no partner, and are there for everybody


@pytest.fixture
def kind() -> str:
    return "postgresql"


@pytest.fixture
async def world(database: Database, keys: Keys) -> World:
    async with database.writing() as session:
        return await a_world(session, keys)


@pytest.fixture
async def plain(database: Database) -> AsyncIterator[AsyncConnection]:
    """The application's own way in, without having said whose rows it is about."""
    async with database.writer.connect() as connection:
        yield connection


async def test_every_table_of_partners_is_walled_against_its_owner_too(plain: AsyncConnection) -> None:
    rows = await plain.execute(
        sa.text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity")
    )

    assert set(rows.scalars()) == set(WALLED)


async def test_the_application_is_nobody_whom_walls_do_not_stop(plain: AsyncConnection) -> None:
    role = await plain.execute(
        sa.text("SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    )
    owned = await plain.execute(
        sa.text("SELECT count(*) FROM pg_class WHERE pg_has_role(current_user, relowner, 'USAGE') AND relkind = 'r'")
    )

    assert (role.scalar(), owned.scalar()) == (False, 0)


async def test_who_does_not_say_whose_rows_finds_none(world: World, plain: AsyncConnection) -> None:
    for name, column in WALLED.items():
        found = await plain.scalar(sa.text(f"SELECT count(*) FROM {name} WHERE {column} IS NOT NULL"))

        assert found == 0, name


async def test_without_a_word_about_a_partner_there_are_that_partners_rows_alone(
    world: World, database: Database
) -> None:
    """Statements as one writes them who forgot that there are partners."""
    async with database.reading(of=frozenset({world.b.partner})) as session:
        for name, column in WALLED.items():
            owners = set(await session.scalars(sa.text(f"SELECT DISTINCT {column} FROM {name}")))

            assert owners - ({None} if name in OPEN else set()) <= {world.b.partner}, name
    async with database.reading() as session:
        everybodys = set(await session.scalars(sa.select(Event.partner_id)))

    assert everybodys == {world.a.partner, world.b.partner}


async def test_nothing_is_written_into_or_moved_to_another_partner(world: World, database: Database) -> None:
    here = frozenset({world.b.partner})
    async with database.writing(of=here) as session:
        changed = await session.execute(sa.update(Event).where(Event.id == world.a.event).values(name="Ours"))
        gone = await session.execute(sa.text("DELETE FROM attempts"))
        assert changed.rowcount == 0  # type: ignore[attr-defined]
        assert gone.rowcount == 0  # type: ignore[attr-defined]

    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.writing(of=here) as session:
            await session.execute(sa.update(Event).where(Event.id == world.b.event).values(partner_id=world.a.partner))


async def test_what_one_transaction_said_is_not_there_in_the_next(world: World, database: Database) -> None:
    async with database.writer.connect() as connection:
        for _ in range(3):
            async with database.writing(of=frozenset({world.b.partner})) as session:
                assert set(await session.scalars(sa.select(Event.partner_id))) == {world.b.partner}
        assert await connection.scalar(sa.text("SELECT count(*) FROM events")) == 0


async def test_history_of_nobodys_may_be_added_to_and_not_read(world: World, database: Database) -> None:
    async with database.writing(of=frozenset({world.b.partner})) as session:
        session.add(Entry(verb="person.signed_out", subject_id=world.b.role, at=NOW, actor_kind="person", facts={}))
        await session.flush()
        assert await session.scalar(sa.select(sa.exists().where(Entry.partner_id.is_(None)))) is False


async def test_a_look_up_that_forgot_who_asks_finds_nothing_all_the_same(
    world: World, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Offer, "visible_to", lambda _actor: sa.true())
    asked = {"headers": {"Authorization": f"Bearer {world.b.secrets[Role.OWNER]}"}}

    theirs = await client.get(f"/api/v1/offers/{world.a.offer}", **asked)  # type: ignore[arg-type]
    own = await client.get(f"/api/v1/offers/{world.b.offer}", **asked)  # type: ignore[arg-type]
    listed = await client.get("/api/v1/offers", **asked)  # type: ignore[arg-type]

    assert (theirs.status_code, own.status_code) == (404, 200)
    assert str(world.b.offer) in {each["id"] for each in listed.json()["items"]}
    assert "Zephyr" not in listed.text


async def test_a_name_that_others_have_is_told_apart_without_seeing_theirs(world: World, database: Database) -> None:
    """Slugs are unique in the installation, and a partner sees his own ones only."""
    words = {"name": "Open Day", "venue": "Hall", "city": "Lyon", "country": "FR", "timezone": "Europe/Paris"}
    when = {"starts_at": NOW + DAY, "ends_at": NOW + 2 * DAY, "url": "https://open.example/", "highlights": ()}
    async with database.writing() as session:
        for _ in range(8):
            await events.create(session, world.a.partner, **words, **when, now=NOW, by=ADMIN)  # type: ignore[arg-type]

    owner = Actor("person", world.b.role, frozenset({Grant(Role.OWNER, world.b.partner)}))
    async with database.writing(of=owner.reach) as session:
        made = await events.create(session, world.b.partner, **words, **when, now=NOW, by=owner)  # type: ignore[arg-type]

    assert made.slug.startswith("open-day-")
