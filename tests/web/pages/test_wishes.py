"""Asking for more passes and answering: on the desks by a press, and from a mail by a press behind its link."""

import re
from typing import Any

import httpx
import sqlalchemy as sa

from promos.actions import deliveries, wishes
from promos.database import Database
from promos.models import Delivery, Offer, OfferPublication, Partner, Publication, StaffRole, Wish
from promos.rules.people import Role
from promos.settings import Keys, Settings
from promos.writing import written
from tests.newsroom import a_block, an_issue
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner
from tests.world import DAY, NOW, a_publication, editor_of


async def shared(database: Database, **facts: Any) -> tuple[Partner, Offer, Any, Publication]:
    """FREEAGENAI of an offer of 20 that FreeA may place."""
    partner, _, offer, code = await a_world(database, **facts)
    async with database.writing() as session:
        freea = await a_publication(session)
        session.add(OfferPublication(offer_id=offer.id, publication_id=freea.id, partner_id=offer.partner_id))
    return partner, offer, code, freea


async def mailed(database: Database, settings: Settings, keys: Keys) -> tuple[str, str]:
    """The path of the link in the one mail about a wish, and its subject and text."""
    async with database.writing() as session:
        due = await deliveries.claim(session, now=NOW, lease=DAY, most=100)
    [mail] = [each for each in due if each.kind == "wish"]
    message = written(mail, settings, keys)
    text = message.get_body(("plain",))
    assert text is not None
    said = f"{message['Subject']}\n\n{text.get_content()}"
    found = re.search(r"/decide/\w+", said)
    assert found
    return found[0], said


async def test_an_editor_asks_by_one_press_beside_the_block_and_the_owner_says_yes(
    database: Database, signed_in: SignIn
) -> None:
    partner, _, code, freea = await shared(database)
    async with database.writing() as session:
        issue = await an_issue(session, freea)
        block = await a_block(session, issue, code)
    editor = await signed_in("ed@freea.example", Role.EDITOR, publication_id=freea.id)
    owner = await an_owner(signed_in, partner)

    issue_page = await editor.get(f"/editor/issues/{issue.id}")
    asked = await editor.post(f"/editor/blocks/{block.id}/ask")
    again = await editor.post(f"/editor/blocks/{block.id}/ask", {"passes": "7", "why": "Many asked."})
    desk = await owner.get("/partner/wishes")
    [wish] = await all_of(database, sa.select(Wish))
    given = await owner.post(f"/partner/wishes/{wish.id}/approve", {"passes": "3"})
    mine = await editor.get("/editor/wishes")

    assert f'action="/editor/blocks/{block.id}/ask"' in issue_page.text
    assert (asked.headers["Location"], again.status_code) == ("/editor/wishes?said=wished", 303)
    assert "5 more passes with FREEAGENAI" in desk.text
    assert "Many asked." not in desk.text
    assert given.headers["Location"] == "/partner/wishes?said=wish-approved"
    assert "approved: 3 more" in mine.text
    assert await all_of(database, sa.select(Offer.limit)) == [20]  # three fit into what was left


async def test_a_press_asks_where_a_code_runs_low(database: Database, signed_in: SignIn) -> None:
    partner, event, _, code = await a_world(database, redeemed=3)
    member = await signed_in("mo@partner.example", Role.MEMBER, partner_id=partner.id)
    ask = f'action="/partner/codes/{code.id}/ask"'

    before = await member.get(f"/partner/events/{event.id}")
    async with database.writing() as session:
        await session.execute(sa.update(Offer).values(limit=3))
    after = await member.get(f"/partner/events/{event.id}")
    asked = await member.post(f"/partner/codes/{code.id}/ask")
    [wish] = await all_of(database, sa.select(Wish))
    refused = await member.post(f"/partner/wishes/{wish.id}/approve")
    withdrawn = await member.post(f"/partner/wishes/{wish.id}/withdraw")

    assert ask not in before.text
    assert ask in after.text
    assert asked.headers["Location"] == "/partner/wishes?said=wished"
    assert refused.status_code == 403
    assert withdrawn.headers["Location"] == "/partner/wishes?said=wish-withdrawn"


async def test_a_link_changes_nothing_until_its_button_is_pressed(
    database: Database, nobody: Browser, signed_in: SignIn, settings: Settings, keys: Keys
) -> None:
    partner, _, code, freea = await shared(database, redeemed=20)
    await an_owner(signed_in, partner)
    async with database.writing() as session:
        await wishes.ask(session, code.text, publication_id=freea.id, why="Many asked.", now=NOW, by=editor_of(freea))
    link, text = await mailed(database, settings, keys)

    pages = [await nobody.get(link) for _ in range(3)]
    await nobody.client.head(link)
    untouched = await all_of(database, sa.select(Wish.state), sa.select(Offer.limit))
    pressed = await nobody.post(f"{link}/approve", {"passes": "4"})
    after = await nobody.get(link)
    twice = await nobody.post(f"{link}/approve", {"passes": "4"})
    late = await nobody.post(f"{link}/decline", {"answer": "No."})

    assert "FreeA asks for 5 more passes with FREEAGENAI" in text
    assert "Many asked." in pages[0].text
    assert untouched == ["open", 20]
    assert pressed.headers["Location"] == link
    assert "approved: 4 more" in after.text
    assert "<form" not in after.text.partition("<main")[2].partition("</main>")[0]
    assert (twice.status_code, late.status_code) == (303, 410)
    assert await all_of(database, sa.select(Wish.state), sa.select(Offer.limit)) == ["approved", 24]


async def test_a_link_ends_with_the_role_of_whom_it_was_sent_to(
    database: Database, nobody: Browser, signed_in: SignIn, settings: Settings, keys: Keys
) -> None:
    partner, _, code, freea = await shared(database)
    await an_owner(signed_in, partner)
    async with database.writing() as session:
        await wishes.ask(session, code.text, publication_id=freea.id, now=NOW, by=editor_of(freea))
    link, _ = await mailed(database, settings, keys)
    async with database.writing() as session:
        await session.execute(sa.update(StaffRole).values(role=Role.MEMBER))

    answers: list[httpx.Response] = [await nobody.get(link), await nobody.post(f"{link}/approve")]
    forged = await nobody.post(f"/decide/{'A' * 52}/approve")

    assert [answer.status_code for answer in (*answers, forged)] == [410, 410, 410]
    assert await all_of(database, sa.select(Wish.state)) == ["open"]


async def test_another_sites_form_decides_nothing(
    database: Database, nobody: Browser, signed_in: SignIn, settings: Settings, keys: Keys
) -> None:
    partner, _, code, freea = await shared(database)
    await an_owner(signed_in, partner)
    async with database.writing() as session:
        await wishes.ask(session, code.text, publication_id=freea.id, now=NOW, by=editor_of(freea))
    link, _ = await mailed(database, settings, keys)

    foreign = await nobody.client.post(f"{link}/approve", data={}, headers={"Origin": "https://evil.example"})

    assert foreign.status_code == 403
    assert await all_of(database, sa.select(Wish.state)) == ["open"]


async def test_an_editor_switches_the_mails_off(database: Database, signed_in: SignIn) -> None:
    _, _, _, freea = await shared(database)
    editor = await signed_in("ed@freea.example", Role.EDITOR, publication_id=freea.id)

    before = await editor.get("/editor/wishes")
    saved = await editor.post("/editor/notices")
    after = await editor.get("/editor/wishes")

    assert 'value="wish.settled" checked' in before.text
    assert saved.headers["Location"] == "/editor/wishes?said=saved"
    assert 'value="wish.settled" checked' not in after.text
    assert await all_of(database, sa.select(sa.func.count()).select_from(Delivery)) == [0]
