"""One link, one entry; one row, one session."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import sign_in
from promos.database import Database
from promos.models import Delivery, Entry, Person, Session, SignInLink
from promos.rules.people import Actor, Grant, Role
from promos.rules.refusals import AddressInvalid, LinkEnded
from promos.rules.signing import fingerprint
from promos.settings import Keys
from tests.world import NOW, a_partner, a_person, add

KEYS = Keys((b"s" * 40,), b"r" * 40)
QUARTER, FORTNIGHT = timedelta(minutes=15), timedelta(days=14)


async def a_link(session: AsyncSession, person: Person) -> str:
    return await sign_in.link_for(session, person, keys=KEYS, now=NOW, lifetime=QUARTER)


async def a_cookie(session: AsyncSession, person: Person, old_cookie: str | None = None) -> str:
    secret = await a_link(session, person)
    _, cookie = await sign_in.enter(session, secret, now=NOW, lifetime=FORTNIGHT, old_cookie=old_cookie)
    return cookie


async def test_who_asks_is_owed_a_mail_whose_link_leads_in(session: AsyncSession) -> None:
    person = await a_person(session, "ada@example.org", Role.ADMIN)

    link = await sign_in.ask(session, "Ada@EXAMPLE.org", keys=KEYS, now=NOW, lifetime=QUARTER)

    delivery = (await session.scalars(sa.select(Delivery))).one()
    assert link is not None
    assert (delivery.kind, delivery.sign_in_link_id, delivery.language) == ("sign_in", link.id, "en")
    secret = sign_in.secret(link, KEYS)
    assert secret is not None
    entered, cookie = await sign_in.enter(session, secret, now=NOW, lifetime=FORTNIGHT)
    actor = await sign_in.actor_of_session(session, cookie, now=NOW)
    assert entered is person
    assert actor is not None
    assert actor == Actor("person", person.id, frozenset({Grant(Role.ADMIN)}))
    assert actor.name == "ada"


async def test_nobody_is_owed_a_mail_who_is_not_of_the_staff(session: AsyncSession) -> None:
    await add(session, Person(email="bo@example.org", name="Bo", language="en", created_at=NOW))  # no role any more

    for email in ("nobody@example.org", "bo@example.org"):
        assert await sign_in.ask(session, email, keys=KEYS, now=NOW, lifetime=QUARTER) is None
    with pytest.raises(AddressInvalid):
        await sign_in.ask(session, "nobody", keys=KEYS, now=NOW, lifetime=QUARTER)

    assert await session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 0


async def test_a_link_works_once(session: AsyncSession) -> None:
    person = await a_person(session, "ada@example.org", Role.ADMIN)
    secret = await a_link(session, person)
    await sign_in.enter(session, secret, now=NOW, lifetime=FORTNIGHT)

    with pytest.raises(LinkEnded):
        await sign_in.enter(session, secret, now=NOW, lifetime=FORTNIGHT)


async def test_a_link_is_over_at_its_end_and_an_unknown_one_from_the_start(session: AsyncSession) -> None:
    person = await a_person(session, "ada@example.org", Role.ADMIN)
    secret = await a_link(session, person)

    with pytest.raises(LinkEnded):
        await sign_in.enter(session, secret, now=NOW + QUARTER, lifetime=FORTNIGHT)
    with pytest.raises(LinkEnded):
        await sign_in.enter(session, "A" * 32, now=NOW, lifetime=FORTNIGHT)


async def test_of_many_browsers_with_one_link_one_enters(database: Database) -> None:
    async with database.writing() as session:
        secret = await a_link(session, await a_person(session, "ada@example.org", Role.ADMIN))

    async def press() -> str:
        try:
            async with database.writing() as session:
                await sign_in.enter(session, secret, now=NOW, lifetime=FORTNIGHT)
        except LinkEnded:
            return "ended"
        return "entered"

    outcomes = await asyncio.gather(*(press() for _ in range(8)))

    assert sorted(outcomes) == ["ended"] * 7 + ["entered"]
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Session)) == 1


async def test_a_cookie_that_the_browser_chose_is_never_adopted(session: AsyncSession) -> None:
    person = await a_person(session, "ada@example.org", Role.ADMIN)

    cookie = await a_cookie(session, person, old_cookie="chosen-by-somebody-else")

    assert cookie != "chosen-by-somebody-else"
    assert len(cookie) >= 43  # 256 bit
    assert await sign_in.actor_of_session(session, "chosen-by-somebody-else", now=NOW) is None


async def test_signing_in_again_ends_the_session_before(session: AsyncSession) -> None:
    person = await a_person(session, "ada@example.org", Role.ADMIN)
    elsewhere = await a_cookie(session, person)
    before = await a_cookie(session, person)

    after = await a_cookie(session, person, old_cookie=before)

    assert await sign_in.actor_of_session(session, before, now=NOW) is None
    assert await sign_in.actor_of_session(session, after, now=NOW) is not None
    assert await sign_in.actor_of_session(session, elsewhere, now=NOW) is not None


async def test_who_leaves_is_out_and_may_leave_again(session: AsyncSession) -> None:
    person = await a_person(session, "ada@example.org", Role.ADMIN)
    cookie = await a_cookie(session, person)

    await sign_in.leave(session, cookie, now=NOW)
    await sign_in.leave(session, cookie, now=NOW)

    assert await sign_in.actor_of_session(session, cookie, now=NOW) is None
    verbs = (await session.scalars(sa.select(Entry.verb).order_by(Entry.id))).all()
    assert list(verbs) == ["sign_in.printed", "person.signed_in", "person.signed_out"]


async def test_a_session_is_over_at_its_end(session: AsyncSession) -> None:
    cookie = await a_cookie(session, await a_person(session, "ada@example.org", Role.ADMIN))

    assert await sign_in.actor_of_session(session, cookie, now=NOW + FORTNIGHT - timedelta(seconds=1)) is not None
    assert await sign_in.actor_of_session(session, cookie, now=NOW + FORTNIGHT) is None


async def test_no_secret_lies_in_the_database(session: AsyncSession) -> None:
    person = await a_person(session, "ada@example.org", Role.ADMIN)
    secret = await a_link(session, person)
    _, cookie = await sign_in.enter(session, secret, now=NOW, lifetime=FORTNIGHT)

    links = (await session.execute(sa.select(*SignInLink.__table__.columns))).all()
    sessions = (await session.execute(sa.select(*Session.__table__.columns))).all()
    entries = (await session.execute(sa.select(*Entry.__table__.columns))).all()
    stored = repr([links, sessions, entries])
    assert fingerprint(secret) in stored
    assert not any(said in stored for said in (secret, cookie, "ada@example.org"))


async def test_an_actor_is_found_with_one_statement(session: AsyncSession) -> None:
    partner = await a_partner(session)
    person = await a_person(session, "ada@example.org", Role.OWNER, partner_id=partner.id)
    cookie = await a_cookie(session, person)
    statements: list[str] = []
    connection = (await session.connection()).sync_connection
    event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))

    await sign_in.actor_of_session(session, cookie, now=NOW)

    assert len(statements) == 1


def test_the_secret_of_a_form_belongs_to_one_session_and_one_installation() -> None:
    other = Keys((b"t" * 40,), b"r" * 40)

    assert sign_in.csrf_of("one", KEYS) == sign_in.csrf_of("one", KEYS)
    assert len({sign_in.csrf_of("one", KEYS), sign_in.csrf_of("two", KEYS), sign_in.csrf_of("one", other)}) == 3


async def test_a_link_of_a_key_that_is_gone_is_not_made_again(session: AsyncSession) -> None:
    await a_person(session, "ada@example.org", Role.ADMIN)
    link = await sign_in.ask(session, "ada@example.org", keys=KEYS, now=NOW, lifetime=QUARTER)
    assert link is not None

    newer = Keys((b"t" * 40, *KEYS.signing), KEYS.reader)
    assert sign_in.secret(link, newer) == sign_in.secret(link, KEYS)
    assert sign_in.secret(link, Keys((b"t" * 40,), KEYS.reader)) is None
