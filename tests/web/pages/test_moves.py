"""Moving and cancelling an event on the partner's desk: first how many readers are told, then it is done."""

import re

import sqlalchemy as sa

from promos.database import Database
from promos.models import Event, Move, Pass
from promos.rules import signing
from promos.settings import Keys
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner

FIELDS = {
    "name": "GenerationAI",
    "timezone": "Europe/Paris",
    "starts_at": "2026-12-03T13:00",
    "ends_at": "2026-12-03T22:00",
    "venue": "Palais",
    "city": "Paris",
    "country": "FR",
    "url": "https://generation.example/",
}


async def test_a_move_asks_first_and_keeps_what_was_typed(database: Database, signed_in: SignIn) -> None:
    partner, event, *_ = await a_world(database, redeemed=2)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}/edit"

    asked = await browser.post(here, FIELDS | {"venue": "Grand Palais"})
    before = await all_of(database, sa.select(Event.venue))
    confirmed = await browser.post(here, FIELDS | {"venue": "Grand Palais", "tell_readers": "true"})

    assert (asked.status_code, before) == (409, ["Palais"])
    assert "2 readers hold passes, and will be told of the new time or place by mail" in asked.text
    assert "Save, and tell 2 readers" in asked.text
    assert 'value="Grand Palais"' in asked.text
    assert confirmed.headers["Location"] == f"/partner/events/{event.id}?said=moved"
    assert await all_of(database, sa.select(Event.venue), sa.select(sa.func.count()).select_from(Move)) == [
        "Grand Palais",
        1,
    ]


async def test_what_readers_need_not_hear_is_saved_at_once(database: Database, signed_in: SignIn) -> None:
    partner, event, *_ = await a_world(database, redeemed=2)
    browser = await an_owner(signed_in, partner)

    saved = await browser.post(f"/partner/events/{event.id}/edit", FIELDS | {"name": "Generation AI"})

    assert saved.headers["Location"] == f"/partner/events/{event.id}?said=saved"


async def test_a_window_that_makes_no_sense_any_more_is_pointed_out(database: Database, signed_in: SignIn) -> None:
    partner, event, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    words = "This window makes no sense beside the event any more"

    before = await browser.get(f"/partner/events/{event.id}")
    earlier = {"starts_at": "2026-11-25T13:00", "ends_at": "2026-11-25T22:00"}
    await browser.post(f"/partner/events/{event.id}/edit", FIELDS | earlier)
    after = await browser.get(f"/partner/events/{event.id}")

    assert words not in before.text
    assert words in after.text
    assert f'href="/partner/offers/{offer.id}"' in after.text


async def test_a_cancelled_event_is_said_everywhere(
    database: Database, signed_in: SignIn, nobody: Browser, keys: Keys
) -> None:
    partner, event, *_ = await a_world(database, redeemed=2)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}"
    [pass_id] = await all_of(database, sa.select(Pass.id).limit(1))
    link = f"/p/{signing.link(keys.signing, 'pass', pass_id)}"

    offered = await browser.get(here)
    done = await browser.post(f"{here}/cancel")
    desk, code, held = await browser.get(here), await nobody.get("/c/FREEAGENAI"), await nobody.get(link)
    entry = await nobody.get(f"{link}/calendar.ics")

    assert "2 readers hold a pass or wait for one, and are told by mail at once. This cannot be undone." in offered.text
    assert done.headers["Location"] == f"{here}?said=cancelled"
    assert "This event is cancelled." in desk.text
    assert (f'action="{here}/cancel"' in offered.text, f'action="{here}/cancel"' in desk.text) == (True, False)
    assert "The organiser has cancelled this event" in code.text
    assert "<form" not in code.text.partition("<main")[2].partition("</main>")[0]
    assert "there is nothing to come to" in held.text
    assert re.search(r"METHOD:CANCEL", entry.text)
    assert "SEQUENCE:1" in entry.text
