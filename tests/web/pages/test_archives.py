"""Putting away, bringing back and deleting on the partner's desk, and what is said where it cannot be."""

import sqlalchemy as sa

from promos.database import Database
from promos.models import Event, Offer, PassType, PromoCode
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, all_of, an_owner


async def test_what_works_comes_back_with_how_many_codes_are_in_the_way(database: Database, signed_in: SignIn) -> None:
    partner, event, *_ = await a_world(database)
    browser = await an_owner(signed_in, partner)

    refused = await browser.post(f"/partner/events/{event.id}/archive")

    assert refused.status_code == 409
    assert "Pause or end it first, then it can be put away. 1 code works." in refused.text


async def test_an_archived_event_leaves_the_list_and_comes_back(database: Database, signed_in: SignIn) -> None:
    partner, event, _, _ = await a_world(database, status="paused")
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}"

    archived = await browser.post(f"{here}/archive")
    listed, put_away = await browser.get("/partner"), await browser.get("/partner?when=archived")
    page = await browser.get(here)
    changed = await browser.post(f"{here}/edit", {"name": "Other"})
    restored = await browser.post(f"{here}/restore")

    assert archived.headers["Location"] == f"{here}?said=archived"
    assert here not in listed.text
    assert here in put_away.text
    assert "This event is archived" in page.text
    assert changed.status_code in (409, 422)
    assert restored.headers["Location"] == f"{here}?said=restored"
    assert here in (await browser.get("/partner")).text


async def test_archived_offers_codes_and_pass_types_stand_below_and_come_back(
    database: Database, signed_in: SignIn
) -> None:
    partner, event, offer, code = await a_world(database, redeemed=1)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}"
    await browser.post("/partner/codes/FREEAGENAI/pause")

    for place, row_id in (("codes", code.id), ("offers", offer.id), ("pass-types", offer.pass_type_id)):
        assert (await browser.post(f"/partner/{place}/{row_id}/archive")).status_code == 303
    page = await browser.get(here)
    for place, row_id in (("codes", code.id), ("offers", offer.id), ("pass-types", offer.pass_type_id)):
        assert f'action="/partner/{place}/{row_id}/restore"' in page.text
        assert (await browser.post(f"/partner/{place}/{row_id}/restore")).status_code == 303

    assert "Out of sight, and never lost" in page.text
    assert f'action="/partner/codes/{code.text}/pause"' not in page.text
    assert await all_of(database, *(sa.select(kind.archived_at) for kind in (PromoCode, Offer, PassType))) == [None] * 3


async def test_a_draft_is_deleted_and_what_was_used_is_not(database: Database, signed_in: SignIn) -> None:
    partner, _, _, code = await a_world(database, redeemed=1)
    browser = await an_owner(signed_in, partner)
    await browser.post("/partner/codes/FREEAGENAI/pause")

    refused = await browser.post(f"/partner/codes/{code.id}/delete")

    assert refused.status_code == 409
    assert "it cannot be deleted. Archive it instead." in refused.text
    assert await all_of(database, sa.select(sa.func.count()).select_from(Event)) == [1]


async def test_a_deleted_event_leads_back_to_the_list(database: Database, signed_in: SignIn) -> None:
    partner, event, *_ = await a_world(database, status="paused")
    browser = await an_owner(signed_in, partner)

    deleted = await browser.post(f"/partner/events/{event.id}/delete")

    assert deleted.headers["Location"] == "/partner?said=deleted"
    assert await all_of(database, sa.select(sa.func.count()).select_from(Event)) == [0]
