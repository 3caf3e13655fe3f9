"""On PostgreSQL the database itself keeps partners apart: whatever a statement forgot to ask, there is nothing else."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from promos.actions import editions, events, making
from promos.actions.imports import Report
from promos.database import Database, among_all
from promos.models import Base, Entry, Event, Offer, PromoCode
from promos.parsing import codes_csv
from promos.rules.people import Actor, Grant, Role
from promos.rules.refusals import NotFound
from tests.web.sides import Side, World
from tests.web.walls import routed_of
from tests.world import ADMIN, DAY, NOW, a_code

WALLED = {table.name: "partner_id" for table in Base.metadata.sorted_tables if "partner_id" in table.columns} | {
    "partners": "id"
}
OPEN = {"roles"}  # those of the publisher's own people belong to no partner, and are there for everybody


@pytest.fixture
def kind() -> str:
    return "postgresql"


@pytest.fixture
async def plain(database: Database) -> AsyncIterator[AsyncConnection]:
    """The application's own way in, without having said whose rows it is about."""
    async with database.writer.connect() as connection:
        yield connection


@pytest.fixture
def owner(world: World) -> Actor:
    return Actor("person", world.b.role, frozenset({Grant(Role.OWNER, world.b.partner)}))


@contextmanager
def watched(database: Database) -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """What is sent to the database by those who write, and with what."""
    sent: list[tuple[str, tuple[Any, ...]]] = []

    def see(_connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, _many: bool) -> None:
        sent.append((" ".join(statement.split()), given))

    engine = database.writer.sync_engine
    sa.event.listen(engine, "before_cursor_execute", see)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", see)


def said(sent: list[tuple[str, tuple[Any, ...]]]) -> set[str]:
    """The partners about whose rows these were, `everybody` among them."""
    return {"everybody" if given[0] else given[1] for statement, given in sent if "promos.everybody" in statement}


async def brought(database: Database, offer_id: UUID, *words: str, by: Actor, dry_run: bool = False) -> Report:
    listed = codes_csv.rows(["\n".join(("code", *words)).encode()])
    return await making.take(database, lambda: NOW, offer_id, listed, by=by, dry_run=dry_run)


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


async def test_a_name_that_others_have_is_told_apart_without_seeing_theirs(
    world: World, database: Database, owner: Actor
) -> None:
    """Slugs are unique in the installation, and a partner sees his own ones only."""
    words = {"name": "Open Day", "venue": "Hall", "city": "Lyon", "country": "FR", "timezone": "Europe/Paris"}
    when = {"starts_at": NOW + DAY, "ends_at": NOW + 2 * DAY, "url": "https://open.example/", "highlights": ()}
    async with database.writing() as session:
        for _ in range(8):
            await events.create(session, world.a.partner, **words, **when, now=NOW, by=ADMIN)  # type: ignore[arg-type]

    async with database.writing(of=owner.reach) as session:
        made = await events.create(session, world.b.partner, **words, **when, now=NOW, by=owner)  # type: ignore[arg-type]

    assert made.slug.startswith("open-day-")


async def test_a_word_that_others_have_is_proposed_for_no_next_edition(
    world: World, database: Database, owner: Actor
) -> None:
    async def proposed() -> list[str]:
        async with database.reading(of=owner.reach) as session:
            edition = await editions.proposed(session, world.b.event, by=owner)
        return [word for offer in edition.offers for _, word in offer.codes.values()]

    before = await proposed()
    async with database.writing() as session:
        theirs = await session.get_one(Offer, world.a.offer)
        for word in before:
            await a_code(session, theirs, word)

    assert before
    assert {*await proposed()}.isdisjoint(before)


@pytest.mark.parametrize("dry_run", [True, False])
async def test_of_a_word_that_others_have_a_list_hears_that_it_is_taken(
    dry_run: bool, world: World, database: Database, owner: Actor
) -> None:
    theirs, own = world.a.codes[0], world.b.codes[0]

    report = await brought(database, world.b.offer, theirs, own, "QUARTZ9", by=owner, dry_run=dry_run)

    assert (report.taken, report.known, report.bad) == (1, 1, 1)
    assert [(wrong.line, wrong.code, wrong.slug) for wrong in report.wrong] == [(2, theirs, "code-taken")]


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_list_goes_into_no_offer_of_others_whatever_a_look_up_forgot(
    dry_run: bool, world: World, database: Database, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Offer, "run_by", lambda _actor: sa.true())

    with pytest.raises(NotFound):
        await brought(database, world.a.offer, "QUARTZ9", by=owner, dry_run=dry_run)

    async with database.reading() as session:
        assert await session.scalar(sa.select(PromoCode.id).where(PromoCode.text == "QUARTZ9")) is None


async def test_of_all_that_a_list_asks_one_look_comes_to_the_rows_of_others(
    world: World, database: Database, owner: Actor
) -> None:
    with watched(database) as sent:
        await brought(database, world.b.offer, "QUARTZ8", "QUARTZ9", by=owner)

    statements = [statement for statement, _ in sent]
    begin = next(at for at, each in enumerate(statements) if each.startswith("SAVEPOINT"))
    inside = statements[begin + 1 : begin + 4]
    assert said(sent[begin : begin + 4]) == {"everybody"}
    assert said([*sent[:begin], *sent[begin + 4 :]]) == {str(world.b.partner)}
    looked = ("SELECT set_config('promos.everybody',", "SELECT promo_codes.text,", "ROLLBACK TO SAVEPOINT")
    assert [statement.startswith(begun) for statement, begun in zip(inside, looked, strict=True)] == [True] * 3


async def test_a_look_among_all_ends_with_its_block_and_leaves_nothing(world: World, database: Database) -> None:
    here, seen = frozenset({world.b.partner}), sa.select(Event.partner_id)
    async with database.writing(of=here) as session:
        async with among_all(session):
            assert set(await session.scalars(seen)) == {world.a.partner, world.b.partner}
            await session.execute(sa.update(Event).values(name="Ours"))
        assert set(await session.scalars(seen)) == here
        with pytest.raises(DBAPIError):
            async with among_all(session):
                await session.execute(sa.text("SELECT 1 / 0"))
        assert set(await session.scalars(seen)) == here

    async with database.reading() as session:
        assert "Ours" not in set(await session.scalars(sa.select(Event.name)))


async def asked_by_a_token(side: Side, client: httpx.AsyncClient) -> httpx.Response:
    reader = {"email": "bo@readers.example"}
    headers = {"Authorization": f"Bearer {side.secrets[Role.OWNER]}"}
    return await client.post("/api/v1/redemptions", json={"code": side.codes[0], "reader": reader}, headers=headers)


async def asked_by_mail(side: Side, client: httpx.AsyncClient) -> httpx.Response:
    return await client.post(f"/api/v1/claims/{side.claim_secret}/confirm", json={})


@pytest.mark.parametrize("asked", [asked_by_a_token, asked_by_mail])
async def test_who_redeems_is_decided_among_the_rows_of_the_codes_partner_alone(
    asked: Any, world: World, client: httpx.AsyncClient
) -> None:
    whole: Any = client._transport
    with watched(routed_of(whole.app).state.database) as sent:
        answer = await asked(world.b, client)

    assert answer.status_code == 201
    assert any(statement.startswith("INSERT INTO redemptions") for statement, _ in sent)
    assert said(sent) == {str(world.b.partner)}


async def test_codes_are_made_among_the_rows_of_who_ordered_them(world: World, database: Database) -> None:
    with watched(database) as sent:
        made = await making.make(database, lambda: NOW, batch_id=world.b.batch)

    begin = next(at for at, (statement, _) in enumerate(sent) if statement.startswith("UPDATE code_batches"))
    assert made is not None
    assert said(sent[begin:]) == {str(world.b.partner)}
