"""A code is tried on the partner's desk: for a reader, at another time, under other terms; and nothing is written."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from promos.actions import allotments, redemptions
from promos.database import Database
from promos.models import Base, Issue, OfferPublication, PassType, PromoBlock, PromoCode, table
from promos.rules.people import Role
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, an_owner
from tests.world import ADMIN, DAY, NOW, a_code, a_partner, a_pass_type, a_publication, an_ask, an_event, an_offer


def address(code: PromoCode) -> str:
    return f"/partner/codes/{code.id}/try"


async def asked(browser: Browser, code: PromoCode, **params: str) -> str:
    answer = await (browser.post(address(code), params) if params else browser.get(address(code)))
    assert answer.status_code == 200, answer.text
    return answer.text


def verdicts(page: str) -> dict[str, str]:
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = [re.findall(r"<(?:th|td)[^>]*>(.*?)</(?:th|td)>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]
    said = [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]
    return {rule: f"{verdict}: {why}" for rule, verdict, why in said}


def notice(page: str) -> str:
    found = re.search(r'class="notice flash \w+">.*?<p>(.*?)</p>', page, re.DOTALL)
    assert found, page
    return found[1]


async def test_every_rule_is_told_with_the_answer_and_the_price(database: Database, signed_in: SignIn) -> None:
    partner, event, _, code = await a_world(database, redeemed=3, limit=10)
    browser = await an_owner(signed_in, partner)

    row = (await browser.get(f"/partner/events/{event.id}")).text
    page = await asked(browser, code)

    assert f'href="{address(code)}"' in row
    assert notice(page) == "A pass would be given: €999 − €999 = €0"
    assert verdicts(page) == {
        "Your organisation is not suspended": "yes: –",
        "The event takes place": "yes: –",
        "Not revoked": "yes: –",
        "Before the end": "yes: It works until Monday 30 November 2026, 13:00 (Paris).",
        "After the opening": "yes: It works from Sunday 22 November 2026, 13:00 (Paris) on.",
        "Not paused": "yes: –",
        "Room at the event": "yes: No limit.",
        "Room in the pass type": "yes: No limit.",
        "Limit of the offer": "yes: 3 of 20 taken.",
        "Budget of the offer": "yes: No limit.",
        "Limit of the code": "yes: 3 of 10 taken.",
    }
    assert re.search(r"Passes left</dt><dd><data value=\"7\"", page)


@pytest.mark.parametrize(
    ("params", "rule", "words"),
    [
        ({"at": "2026-11-30T13:00"}, "Before the end", "The time for this code is over."),
        ({"at": "2026-11-22T12:59"}, "After the opening", "This code does not work yet."),
        ({"ends_at": "2026-11-23T13:00"}, "Before the end", "The time for this code is over."),
        ({"opens_at": "2026-11-24T09:00"}, "After the opening", "This code does not work yet."),
        ({"status": "paused"}, "Not paused", "This code is paused for the moment."),
        ({"status": "revoked"}, "Not revoked", "This code was withdrawn."),
        ({"limit": "3"}, "Limit of the code", "All passes for this code are gone."),
        ({"offer_limit": "3"}, "Limit of the offer", "All passes of this offer are gone."),
        ({"capacity": "3"}, "Room in the pass type", "The event has no place of this kind left."),
        ({"event_capacity": "3"}, "Room at the event", "The event has no place of this kind left."),
    ],
)
async def test_other_terms_and_times_are_refused_with_what_the_reader_would_hear(
    params: dict[str, str], rule: str, words: str, database: Database, signed_in: SignIn
) -> None:
    partner, _, _, code = await a_world(database, redeemed=3)
    async with database.writing() as session:
        await session.execute(sa.text("UPDATE events SET used = 3"))
        await session.execute(sa.text("UPDATE pass_types SET used = 3"))
    browser = await an_owner(signed_in, partner)

    page = await asked(browser, code, **params)

    assert notice(page) == f"No pass would be given. The reader would be told: “{words}”"
    assert [name for name, said in verdicts(page).items() if said.startswith("no: ")] == [rule]
    for name, value in params.items():
        assert re.search(rf'name="{name}"[^>]* value="{value}"|<option value="{value}" selected', page)


async def test_what_helps_is_said_and_a_greater_limit_is_seen_to_help(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, code = await a_world(database, redeemed=20)
    browser = await an_owner(signed_in, partner)

    gone = await asked(browser, code)
    raised = await asked(browser, code, offer_limit="80")

    assert "All passes of this offer are gone." in notice(gone)
    assert "The reader could join the waiting list." in gone
    assert f'<a href="/partner/offers/{offer.id}">Raise the limit, or give back what is set aside.</a>' in gone
    assert "A pass would be given" in notice(raised)
    assert verdicts(raised)["Limit of the offer"] == "yes: 20 of 80 taken."
    assert re.search(r"Passes left</dt><dd><data value=\"60\"", raised)


async def test_an_empty_field_and_an_empty_form_ask_how_it_is_now(database: Database, signed_in: SignIn) -> None:
    partner, _, _, code = await a_world(database, status="paused")
    browser = await an_owner(signed_in, partner)
    names = ("at", "reader", "block", "limit", "offer_limit", "capacity", "event_capacity", "opens_at", "ends_at")

    plain = await asked(browser, code)
    empty = await asked(browser, code, status="same", **dict.fromkeys(names, ""))
    resumed = await asked(browser, code, status="active")

    assert "This code is paused for the moment." in notice(plain)
    assert verdicts(plain) == verdicts(empty)
    assert "A pass would be given" in notice(resumed)


async def test_a_pass_of_another_offer_stands_in_a_readers_way(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, code = await a_world(database)
    async with database.writing() as session:
        kind = await session.get_one(PassType, offer.pass_type_id)
        other = await a_code(session, await an_offer(session, kind, name="Other"), "OTHER")
        await redemptions.redeem(session, [an_ask(other, "ada")], now=NOW)
    browser = await an_owner(signed_in, partner)

    holder = await asked(browser, code, reader="Ada@readers.example")
    own = await asked(browser, other, reader="ada@readers.example")
    nobody = await asked(browser, other, reader="bo@readers.example")

    assert "You hold a pass for this event already." in notice(holder)
    assert verdicts(holder)["One pass for each reader"].startswith("no: The reader can give the other pass back")
    for page in (own, nobody):
        assert verdicts(page)["One pass for each reader"] == "yes: –"
        assert "A pass would be given" in notice(page)
    assert ["This reader has it already" in page for page in (holder, own, nobody)] == [False, True, False]


async def test_a_place_that_is_only_held_says_until_when(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, code = await a_world(database)
    async with database.writing() as session:
        kind = await session.get_one(PassType, offer.pass_type_id)
        other = await a_code(session, await an_offer(session, kind, name="Other"), "OTHER")
        held = an_ask(other, "ada", held_for="shop", held_until=NOW + timedelta(hours=1))
        await redemptions.redeem(session, [held], now=NOW)
    browser = await an_owner(signed_in, partner)

    now = await asked(browser, code, reader="ada@readers.example")
    later = await asked(browser, code, reader="ada@readers.example", at="2026-11-23T14:00")

    assert "It is only held, until Monday 23 November 2026, 14:00 (Paris)." in now
    assert "A pass would be given" in notice(later)


async def test_passes_set_aside_for_an_issue_count_for_who_comes_from_it(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, code = await a_world(database)
    async with database.writing() as session:
        block, issue = await _a_block(session, code)
        await allotments.create(session, offer.id, limit=20, issue_id=issue.id, now=NOW, by=ADMIN)
    browser = await an_owner(signed_in, partner)

    typed = await asked(browser, code)
    through = await asked(browser, code, block=str(block.id))
    strange = await browser.post(address(code), {"block": str(offer.id)})

    assert "All passes of this offer are gone." in notice(typed)
    assert verdicts(typed)["Limit of the offer"].startswith("no: 0 of 20 taken. 20 set aside for others.")
    assert "FreeA, issue 12" in typed
    assert verdicts(through)["Passes set aside"] == "yes: 0 of 20 taken."
    assert "the limit of the offer itself is not asked" in through
    assert f'<option value="{block.id}" selected>' in through
    assert (strange.status_code, "Choose one of the newsletters" in strange.text) == (422, True)


async def _a_block(session: Any, code: PromoCode) -> tuple[PromoBlock, Issue]:
    publication = await a_publication(session)
    session.add(OfferPublication(offer_id=code.offer_id, publication_id=publication.id, partner_id=code.partner_id))
    issue = Issue(
        publication_id=publication.id,
        number="12",
        title="Une semaine calme",
        language="fr",
        planned_at=NOW + DAY,
        segments=[],
        content_hash="0",
        created_at=NOW,
    )
    session.add(issue)
    await session.flush()
    block = PromoBlock(
        partner_id=code.partner_id,
        issue_id=issue.id,
        publication_id=publication.id,
        event_id=code.event_id,
        offer_id=code.offer_id,
        code_id=code.id,
        heading="Two days in Paris",
        body="All of it.",
        call_to_action="Ask for a pass",
        replaces=[],
        created_at=NOW,
    )
    session.add(block)
    await session.flush()
    return block, issue


async def test_a_discount_its_budget_and_the_partners_word_are_in_the_answer(
    database: Database, signed_in: SignIn
) -> None:
    async with database.writing() as session:
        event = await an_event(session)
        kind = await a_pass_type(session, event)
        terms: dict[str, Any] = {"benefit": "percent", "percent": 20, "budget": 50_000, "review": True}
        offer = await an_offer(session, kind, **terms, proof="none")
        code = await a_code(session, offer)
    browser = await signed_in("claire@partner.example", Role.OWNER, partner_id=event.partner_id)

    page = await asked(browser, code)

    assert notice(page) == "A place would be held until you decide: €999 − €199.80 = €799.20"
    assert verdicts(page)["Budget of the offer"] == "yes: €0 of €500 given away; this pass costs €199.80 more."
    assert "only your own programs redeem this offer" in page


async def test_what_cannot_be_read_is_told_at_its_field_and_stays_typed(database: Database, signed_in: SignIn) -> None:
    partner, _, _, code = await a_world(database)
    browser = await an_owner(signed_in, partner)

    answer = await browser.post(
        address(code),
        {"limit": "many", "at": "soon", "ends_at": "2199-01-01T00:00", "status": "gone", "reader": "ada"},
    )

    assert answer.status_code == 422
    assert sorted(re.findall(r'href="#field-(\w+)"', answer.text)) == ["at", "ends_at", "limit", "reader", "status"]
    assert 'value="many"' in answer.text
    assert "would be given" not in answer.text


async def test_trying_writes_nothing(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, code = await a_world(database)
    async with database.writing() as session:
        await allotments.create(
            session, offer.id, limit=5, code_id=code.id, returns_at=NOW - DAY, now=NOW - 2 * DAY, by=ADMIN
        )
    browser = await an_owner(signed_in, partner)
    before = await _everything(database)

    await asked(browser, code, reader="ada@readers.example", at="2026-11-29T12:00", limit="80", status="paused")

    assert await _everything(database) == before


async def _everything(database: Database) -> dict[str, list[Any]]:
    tables = [table(each.class_) for each in Base.registry.mappers]
    async with database.reading() as session:
        return {
            each.name: [tuple(row) for row in await session.execute(sa.select(each).order_by(*each.primary_key))]
            for each in tables
        }


async def test_another_partners_code_does_not_exist(database: Database, signed_in: SignIn) -> None:
    _, _, _, code = await a_world(database)
    async with database.writing() as session:
        other = await a_partner(session, name="Other")
    stranger = await signed_in("hugo@other.example", Role.OWNER, partner_id=other.id)

    for answer in (
        await stranger.get(address(code)),
        await stranger.post(address(code), {"reader": "ada@readers.example"}),
    ):
        assert answer.status_code == 404
        assert "FREEAGENAI" not in answer.text


async def test_an_hour_of_the_events_own_time_zone_is_meant(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, code = await a_world(database)
    async with database.writing() as session:
        await session.execute(sa.text("UPDATE events SET timezone = 'America/New_York'"))
    browser = await an_owner(signed_in, partner)
    last = offer.ends_at - timedelta(hours=5, minutes=1)

    fine = await asked(browser, code, at=last.strftime("%Y-%m-%dT%H:%M"))
    over = await asked(browser, code, at=(last + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M"))

    assert "A pass would be given" in notice(fine)
    assert "The time for this code is over." in notice(over)
