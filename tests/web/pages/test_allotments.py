"""Passes set aside on the partner's desk: for whom, changed, moved, given back; and what is refused, where."""

import re
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from promos.actions import allotments, redemptions
from promos.database import Database
from promos.models import Allotment, Offer, OfferPublication, Partner, PromoCode, Publication
from promos.rules.people import Role
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner
from tests.world import ADMIN, DAY, NOW, a_code, a_partner, a_publication, an_ask


async def shared(database: Database, **facts: int) -> tuple[Partner, Offer, PromoCode, PromoCode, Publication]:
    """An offer of 20 that FreeA may place, with FREEAGENAI and GUESTS."""
    partner, _, offer, code = await a_world(database, **facts)
    async with database.writing() as session:
        guests = await a_code(session, offer, "GUESTS")
        freea = await a_publication(session)
        session.add(OfferPublication(offer_id=offer.id, publication_id=freea.id, partner_id=offer.partner_id))
    return partner, offer, code, guests, freea


async def part_of(database: Database, offer: Offer, limit: int, **whose: Any) -> Allotment:
    async with database.writing() as session:
        return await allotments.create(session, offer.id, limit=limit, now=NOW, by=ADMIN, **whose)


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found
    return found[1]


def rows(page: str) -> list[str]:
    """The table's rows, as their words."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body.split("</tr>")[:-1]]


async def test_an_offer_of_which_nothing_is_set_aside_says_when_one_needs_it(
    database: Database, signed_in: SignIn
) -> None:
    partner, offer, *_ = await shared(database, redeemed=3)
    browser = await an_owner(signed_in, partner)

    event = await browser.get(f"/partner/events/{offer.event_id}")
    page = await browser.get(f"/partner/offers/{offer.id}/allotments")

    assert f'href="/partner/offers/{offer.id}/allotments"' in event.text
    assert "Nothing is set aside" in page.text
    assert "must not take what another was promised" in page.text
    assert re.findall(r'class="figure"><data value="(\d+)"', page.text) == ["20", "0", "3", "17"]
    assert re.findall(r"<option[^>]*>([^<]+)<", page.text) == [
        "Choose…",
        "Newsletter FreeA",
        "Code FREEAGENAI",
        "Code GUESTS",
    ]


async def test_an_offer_without_a_limit_has_nothing_to_set_aside(database: Database, signed_in: SignIn) -> None:
    partner, offer, code, *_ = await shared(database)
    async with database.writing() as session:
        await session.execute(sa.update(Offer).values(limit=None))
    browser = await an_owner(signed_in, partner)
    here = f"/partner/offers/{offer.id}/allotments"

    page = await browser.get(here)
    refused = await browser.post(here, {"whom": f"code-{code.id}", "limit": "5"})

    assert "This offer has no limit" in page.text
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]
    assert refused.status_code == 409
    assert "Parts can be set aside of an offer that has a limit." in refused.text


async def test_passes_set_aside_are_taken_through_their_newsletter_and_shown_as_a_tree(
    database: Database, signed_in: SignIn
) -> None:
    partner, offer, _, guests, freea = await shared(database)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/offers/{offer.id}/allotments"

    first = await browser.post(
        here, {"whom": f"publication-{freea.id}", "limit": "12", "returns_at": "2026-11-28T18:00"}
    )
    [part] = await all_of(database, sa.select(Allotment))
    second = await browser.post(here, {"whom": f"code-{guests.id}", "within": str(part.id), "limit": "4"})
    async with database.writing() as session:
        await redemptions.redeem(session, [an_ask(guests, "ada")], now=NOW)
    page = await browser.get(here)

    assert (first.headers["Location"], second.status_code) == (f"{here}?said=saved", 303)
    assert part.returns_at == NOW.replace(day=28, hour=17)
    assert rows(page.text)[0].startswith(
        "Newsletter FreeA 12 4 of them shared out 1 8 Saturday 28 November 2026, 18:00 (Paris) Change"
    )
    assert rows(page.text)[1].startswith("Code GUESTS out of: Newsletter FreeA 4 1 3 when you give it back Change")
    assert re.findall(r'class="figure"><data value="(\d+)"', page.text) == ["20", "12", "0", "8"]


async def test_what_does_not_fit_is_refused_at_its_field_with_the_number_that_does(
    database: Database, signed_in: SignIn
) -> None:
    partner, offer, code, guests, freea = await shared(database, redeemed=3)
    part = await part_of(database, offer, 5, publication_id=freea.id)
    await part_of(database, offer, 2, code_id=guests.id, within_id=part.id)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/offers/{offer.id}/allotments"

    many = await browser.post(here, {"whom": f"code-{code.id}", "limit": "13", "returns_at": "2026-11-28T18:00"})
    within = await browser.post(here, {"whom": f"code-{code.id}", "limit": "4", "within": str(part.id)})
    more = await browser.post(f"/partner/allotments/{part.id}", {"limit": "18", "seen": "5"})
    less = await browser.post(f"/partner/allotments/{part.id}", {"limit": "1", "seen": "5"})

    assert [answer.status_code for answer in (many, within, more, less)] == [409] * 4
    for answer, words in (
        (many, "The most that can be set aside here now: 12."),
        (within, "The most that can be set aside here now: 3."),
        (more, "The most that can be set aside here now: 17."),
        (less, "The least that it can be now: 2."),
    ):
        assert re.findall(r'href="#field-(\w+)"', answer.text) == ["limit"]
        assert re.search(rf'id="field-limit-error">.*?{re.escape(words)}', answer.text, re.DOTALL)
    assert f'<option value="code-{code.id}" selected>' in many.text
    assert 'value="2026-11-28T18:00"' in many.text
    assert 'value="13"' in many.text
    assert 'value="18"' in more.text


async def test_what_makes_no_sense_is_told_where_it_stands(database: Database, signed_in: SignIn) -> None:
    partner, offer, code, *_ = await shared(database)
    part = await part_of(database, offer, 5, code_id=code.id)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/offers/{offer.id}/allotments"

    nothing = await browser.post(here, {"within": "nonsense", "returns_at": "tomorrow", "limit": "many"})
    past = await browser.post(
        f"/partner/allotments/{part.id}", {"limit": "5", "seen": "5", "returns_at": "2026-11-22T18:00"}
    )
    zero = await browser.post(f"/partner/allotments/{part.id}", {"limit": "0", "seen": "5"})
    nowhere = await browser.post(f"/partner/allotments/{part.id}/move", {"passes": "", "seen": "5"})
    twice = await browser.post(here, {"whom": f"code-{code.id}", "limit": "2"})

    assert nothing.status_code == past.status_code == zero.status_code == nowhere.status_code == 422
    assert sorted(re.findall(r'href="#field-(\w+)"', nothing.text)) == ["limit", "returns_at", "whom", "within"]
    assert re.findall(r'href="#field-(\w+)">([^<]+)', past.text) == [("returns_at", "Choose a time to come.")]
    assert re.findall(r'href="#field-(\w+)"', zero.text) == ["limit"]
    assert sorted(re.findall(r'href="#field-(\w+)"', nowhere.text)) == ["passes", "to"]
    assert twice.status_code == 409
    assert "Passes are set aside for it already" in twice.text
    assert await all_of(database, sa.select(sa.func.count(Allotment.id)), sa.select(Allotment.limit)) == [1, 5]


async def test_a_part_is_borrowed_for_given_some_back_and_kept_to_the_second(
    database: Database, signed_in: SignIn
) -> None:
    partner, offer, code, *_ = await shared(database)
    exact = NOW + DAY + timedelta(seconds=17)
    part = await part_of(database, offer, 5, code_id=code.id, returns_at=exact)
    browser = await an_owner(signed_in, partner)
    stored = (sa.select(Allotment.limit), sa.select(Allotment.returns_at), sa.select(Offer.allotted))

    form = (await browser.get(f"/partner/offers/{offer.id}/allotments?part={part.id}")).text
    shown = re.search(r'name="returns_at"[^>]* value="([^"]+)"', form)
    assert shown
    await browser.post(f"/partner/allotments/{part.id}", {"limit": "9", "seen": seen(form), "returns_at": shown[1]})
    more = await all_of(database, *stored)
    await browser.post(f"/partner/allotments/{part.id}", {"limit": "2", "seen": "9", "returns_at": ""})
    less = await all_of(database, *stored)

    assert more == [9, exact, 9]
    assert less == [2, None, 2]


async def test_passes_move_once_however_often_the_form_is_sent(database: Database, signed_in: SignIn) -> None:
    partner, offer, code, guests, _ = await shared(database)
    part, other = [await part_of(database, offer, 8, code_id=each.id) for each in (code, guests)]
    browser = await an_owner(signed_in, partner)
    move = {"passes": "3", "to": str(other.id), "seen": "8"}

    moved, again = [await browser.post(f"/partner/allotments/{part.id}/move", move) for _ in range(2)]
    many = await browser.post(f"/partner/allotments/{part.id}/move", {**move, "passes": "6", "seen": "5"})

    assert (moved.status_code, again.status_code, many.status_code) == (303, 422, 409)
    assert re.findall(r'href="#field-(\w+)">([^<]+)', again.text)[0][0] == "passes"
    assert "Somebody changed this part meanwhile" in again.text
    assert "The most that can be moved now: 5." in many.text
    assert f'<option value="{other.id}" selected>' in many.text
    assert await all_of(
        database, *(sa.select(Allotment.limit).where(Allotment.id == each.id) for each in (part, other))
    ) == [5, 11]


async def test_a_number_that_somebody_else_changed_meanwhile_is_not_overwritten(
    database: Database, signed_in: SignIn
) -> None:
    partner, offer, code, *_ = await shared(database)
    part = await part_of(database, offer, 5, code_id=code.id)
    browser = await an_owner(signed_in, partner)
    async with database.writing() as session:
        await allotments.update(session, part.id, limit=11, now=NOW, by=ADMIN)

    stale = await browser.post(f"/partner/allotments/{part.id}", {"limit": "6", "seen": "5"})
    kept = await all_of(database, sa.select(Allotment.limit))
    looked = await browser.post(f"/partner/allotments/{part.id}", {"limit": "6", "seen": seen(stale.text)})

    assert stale.status_code == 422
    assert "Somebody changed this part meanwhile" in stale.text
    assert 'value="6"' in stale.text
    assert kept == [11]
    assert looked.status_code == 303
    assert await all_of(database, sa.select(Allotment.limit)) == [6]


async def test_a_part_given_back_is_free_for_all_and_its_old_forms_say_so(
    database: Database, signed_in: SignIn
) -> None:
    partner, offer, code, guests, _ = await shared(database)
    part, other = [await part_of(database, offer, 8, code_id=each.id) for each in (code, guests)]
    browser = await an_owner(signed_in, partner)

    back, again = [await browser.post(f"/partner/allotments/{part.id}/return") for _ in range(2)]
    changed = await browser.post(f"/partner/allotments/{part.id}", {"limit": "6", "seen": "8"})
    moved = await browser.post(f"/partner/allotments/{other.id}/move", {"passes": "1", "to": str(part.id), "seen": "8"})
    page = await browser.get(back.headers["Location"])
    told = await browser.get(f"/partner/events/{offer.event_id}")

    assert back.status_code == again.status_code == 303
    assert "Given back. What was unused is free for others again." in page.text
    assert [row.partition(" 8 ")[0] for row in rows(page.text)] == ["Code GUESTS"]
    assert changed.status_code == moved.status_code == 404
    for answer in (changed, moved):
        assert "A part that you chose was given back meanwhile." in answer.text
        assert "What is set aside" in answer.text
    assert "Passes that were set aside are free for all again." in told.text


async def test_a_part_whose_time_has_come_is_free_before_anybody_settles_it(
    database: Database, signed_in: SignIn
) -> None:
    partner, offer, code, *_ = await shared(database)
    async with database.writing() as session:
        await allotments.create(
            session, offer.id, limit=8, code_id=code.id, returns_at=NOW - DAY, now=NOW - 2 * DAY, by=ADMIN
        )
    browser = await an_owner(signed_in, partner)

    page = await browser.get(f"/partner/offers/{offer.id}/allotments")

    assert "Nothing is set aside" in page.text
    assert re.findall(r'class="figure"><data value="(\d+)"', page.text) == ["20", "0", "0", "20"]


async def test_another_partners_parts_do_not_exist(database: Database, signed_in: SignIn) -> None:
    _, offer, code, guests, _ = await shared(database)
    part, other = [await part_of(database, offer, 5, code_id=each.id) for each in (code, guests)]
    async with database.writing() as session:
        stranger = await a_partner(session, name="Other")
    browser: Browser = await signed_in("hugo@other.example", Role.OWNER, partner_id=stranger.id)

    asked = [
        await browser.get(f"/partner/offers/{offer.id}/allotments"),
        await browser.post(f"/partner/offers/{offer.id}/allotments", {"whom": f"code-{code.id}", "limit": "1"}),
        await browser.post(f"/partner/allotments/{part.id}", {"limit": "1", "seen": "5"}),
        await browser.post(f"/partner/allotments/{part.id}/move", {"passes": "1", "to": str(other.id), "seen": "5"}),
        await browser.post(f"/partner/allotments/{part.id}/return"),
    ]

    assert [answer.status_code for answer in asked] == [404] * 5
    assert all("GUESTS" not in answer.text for answer in asked)
    assert await all_of(database, sa.select(sa.func.sum(Allotment.limit))) == [10]
