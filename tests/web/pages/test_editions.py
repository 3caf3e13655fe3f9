"""The next edition on the partner's desk: shown whole, stored by one press, and sent back whole where it cannot be."""

import re
from typing import Any

import httpx
import sqlalchemy as sa

from promos.database import Database
from promos.models import Event, PromoCode
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, all_of, an_owner
from tests.world import a_code


def fields(page: httpx.Response) -> dict[str, Any]:
    """The second form, as it stands."""
    form = page.text.partition('action="/partner/events/')[2].partition('method="post" action=')[2]
    form = form.partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if given.get("type") != "checkbox" or " checked" in tag:
            found[given["name"]] = given.get("value", "")
    found.pop("_csrf_token", None)
    return found


async def test_one_press_makes_what_is_shown(database: Database, signed_in: SignIn) -> None:
    partner, event, _, _ = await a_world(database, redeemed=2)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}/next"

    page = await browser.get(here)
    stored_before = await all_of(database, sa.select(sa.func.count()).select_from(Event))
    made = await browser.post(here, fields(page))

    assert stored_before == [1]
    assert "Instead of FREEAGENAI" in page.text
    assert made.status_code == 303, made.text
    [following] = await all_of(database, sa.select(Event).where(Event.previous_event_id == event.id))
    assert made.headers["Location"] == f"/partner/events/{following.id}?said=created"
    assert following.starts_at.isoformat() == "2027-12-02T12:00:00+00:00"
    [code] = await all_of(database, sa.select(PromoCode).where(PromoCode.event_id == following.id))
    assert (code.spelled, code.status, code.used) == ("FREEAGENAI27", "paused", 0)


async def test_all_dates_move_with_the_first_day(database: Database, signed_in: SignIn) -> None:
    partner, event, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)

    page = await browser.get(f"/partner/events/{event.id}/next?starts_at=2027-07-05T13:00")

    typed = fields(page)
    assert typed["starts_at"] == "2027-07-05T13:00"
    assert typed["ends_at"] == "2027-07-05T22:00"
    assert typed[f"ends_at-{offer.id}"] == "2027-07-02T13:00"
    for day in ("9999-12-31T23:00", "0001-01-01T00:00", "soon"):
        assert (await browser.get(f"/partner/events/{event.id}/next?starts_at={day}")).status_code == 200


async def test_a_word_that_is_taken_is_refused_at_its_field_and_all_is_kept(
    database: Database, signed_in: SignIn
) -> None:
    partner, event, offer, code = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}/next"
    typed = fields(await browser.get(here)) | {"name": "Générations", f"code-{code.id}": "soon-taken"}
    async with database.writing() as session:
        await a_code(session, offer, "SOON-TAKEN", status="paused")

    refused = await browser.post(here, typed)

    assert refused.status_code == 409
    assert f'href="#field-code-{code.id}"' in refused.text
    assert 'value="Générations"' in refused.text
    assert await all_of(database, sa.select(sa.func.count()).select_from(Event)) == [1]


async def test_an_offer_that_is_not_ticked_stays_behind(database: Database, signed_in: SignIn) -> None:
    partner, event, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}/next"
    typed = fields(await browser.get(here))
    del typed[f"take-{offer.id}"]

    assert (await browser.post(here, typed)).status_code == 303
    assert await all_of(database, sa.select(sa.func.count()).select_from(PromoCode)) == [1]
