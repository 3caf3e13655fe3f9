"""Lists on the desk: searched, sorted, narrowed and paged by their address alone."""

import html
import re
import time
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Event, Partner
from promos.rules.people import Role
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, an_owner
from tests.world import DAY, NOW, a_partner, an_event

NAMES = ("Éclat", "apéro", "Zénith", "100 % IA", "École_d’été")


async def a_desk(database: Database, *names: str) -> Partner:
    async with database.writing() as session:
        partner = await a_partner(session)
        for number, name in enumerate(names):
            ends = NOW + (number + 1) * DAY
            await an_event(
                session,
                partner,
                name=name,
                slug=f"e{number}",
                starts_at=ends - DAY / 2,
                ends_at=ends,
                city=f"C{number}",
            )
        return partner


def at(**asked: str) -> str:
    return f"/partner?{urlencode(asked)}"


def listed(page: str) -> list[str]:
    return [
        html.unescape(each)
        for each in re.findall(r'<th scope="row"><a href="/partner/events/[^"]+">([^<]+?) 2026<', page)
    ]


async def test_a_list_finds_words_in_any_case_and_accent(signed_in: SignIn, database: Database) -> None:
    browser = await an_owner(signed_in, await a_desk(database, *NAMES))

    found = {q: listed((await browser.get(at(q=q))).text) for q in ("ÉCLAT", "é", "100 %", "_", "c1")}

    assert found == {
        "ÉCLAT": ["Éclat"],
        "é": ["École_d’été", "Zénith", "apéro", "Éclat"],
        "100 %": ["100 % IA"],
        "_": ["École_d’été"],
        "c1": ["apéro"],
    }


async def test_a_heading_sorts_and_says_so(signed_in: SignIn, database: Database) -> None:
    browser = await an_owner(signed_in, await a_desk(database, "b", "a", "C"))

    first = (await browser.get("/partner?sort=name")).text
    second = (await browser.get("/partner?sort=-name")).text

    assert (listed(first), listed(second)) == (["a", "b", "C"], ["C", "b", "a"])
    assert 'aria-sort="ascending"><a href="/partner?sort=-name"' in first
    assert 'aria-sort="descending"><a href="/partner?sort=name"' in second


async def test_pages_follow_each_other_in_every_order(signed_in: SignIn, database: Database) -> None:
    names = [f"event {number % 7} {chr(97 + number % 26)}" for number in range(120)]
    browser = await an_owner(signed_in, await a_desk(database, *names))

    for sort in ("", "name", "-name", "begins", "-begins", "made", "-made"):
        address, seen = f"/partner?q=event&sort={sort}", []
        while address:
            page = (await browser.get(address)).text
            seen += listed(page)
            following = re.search(r'rel="next" href="([^"]+)"', page)
            address = html.unescape(following[1]) if following else ""
        assert sorted(seen) == sorted(names)
        if "name" in sort:
            assert seen == sorted(names, reverse=sort.startswith("-"))


async def test_the_other_language_keeps_what_was_searched(signed_in: SignIn, database: Database) -> None:
    browser = await an_owner(signed_in, await a_desk(database, "b", "a"))

    page = (await browser.get("/partner?q=a%26b&sort=name&said=saved&lang=en")).text

    assert 'href="/partner?q=a%26b&amp;sort=name&amp;lang=fr"' in page


async def test_nothing_found_is_not_nothing_yet(signed_in: SignIn, database: Database) -> None:
    browser = await an_owner(signed_in, await a_desk(database))

    empty = (await browser.get("/partner/codes")).text
    no_offer = (await browser.get("/partner/offers")).text

    assert "No code yet" in empty
    assert "Nothing found" not in empty
    assert "No offer yet" in no_offer
    assert 'role="search"' not in empty


async def test_offers_and_codes_of_all_events_are_found(signed_in: SignIn, database: Database) -> None:
    partner, *_ = await a_world(database, redeemed=2)
    browser = await an_owner(signed_in, partner)

    offers, codes = (
        (await browser.get("/partner/offers?when=open")).text,
        (await browser.get("/partner/codes?q=freea")).text,
    )
    over, nothing = (
        (await browser.get("/partner/offers?when=over")).text,
        (await browser.get("/partner/codes?q=nosuch")).text,
    )

    assert "For readers" in offers
    assert "FREEAGENAI" in codes
    assert "Nothing found" in over
    assert "Nothing found" in nothing
    assert 'href="/partner/codes">Show all' in nothing


HOSTILE = (
    "name; DROP TABLE events",
    "(SELECT pg_sleep(3))",
    "name'||pg_sleep(3)--",
    "id",
    "partner_id",
    "--name",
    "\x00",
    "é",
)


@pytest.mark.parametrize("sort", HOSTILE)
async def test_an_order_that_there_is_not_is_left_out(signed_in: SignIn, database: Database, sort: str) -> None:
    browser = await an_owner(signed_in, await a_desk(database, "only"))

    began = time.monotonic()
    answer = await browser.get(at(sort=sort, q="only", when=sort))

    assert (answer.status_code, listed(answer.text)) == (200, ["only"])
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "q", ["' OR 1=1 --", "%", "\\", "\x00", "a" * 5000, "'; SELECT pg_sleep(3); --", "\ud7ff", "%00", "_"]
)
async def test_what_is_searched_is_plain_text(signed_in: SignIn, database: Database, q: str) -> None:
    browser = await an_owner(signed_in, await a_desk(database, "only"))

    answer = await browser.get(at(q=q))

    assert answer.status_code == 200
    assert listed(answer.text) == (["only"] if q == "\x00" else [])


async def test_a_cursor_of_somebody_else_s_list_is_none(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        other = await a_partner(session, name="Zephyr")
        for number in range(60):
            await an_event(session, other, name=f"Zephyr {number}", slug=f"z{number}")
    theirs = await signed_in("theirs@other.example", Role.OWNER, partner_id=other.id)
    following = re.search(r'rel="next" href="([^"]+)"', (await theirs.get("/partner?sort=name")).text)
    assert following
    browser = await an_owner(signed_in, await a_desk(database, "only"))

    answer = await browser.get(html.unescape(following[1]))

    assert answer.status_code == 422
    assert "Zephyr" not in answer.text


async def test_a_long_list_asks_no_more_than_a_short_one(signed_in: SignIn, database: Database) -> None:
    async def statements(browser: Browser) -> int:
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        engine = database.reader.sync_engine
        sa.event.listen(engine, "before_cursor_execute", count)
        try:
            assert (await browser.get("/partner?sort=name&q=e")).status_code == 200
        finally:
            sa.event.remove(engine, "before_cursor_execute", count)
        return counted

    browser = await an_owner(signed_in, await a_desk(database, "one"))
    few = await statements(browser)
    async with database.writing() as session:
        partner = (await session.scalars(sa.select(Partner))).one()
        for number in range(40):
            await an_event(session, partner, name=f"event {number}", slug=f"m{number}")
        assert await session.scalar(sa.select(sa.func.count()).select_from(Event)) == 41

    assert await statements(browser) == few
