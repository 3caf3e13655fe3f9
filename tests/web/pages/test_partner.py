"""The partner's desk, page by page, as its owner, its member and somebody else's owner use it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Event, Offer, OfferPublication, Partner, PassType, PromoCode, Redemption
from promos.rules.people import Role
from tests.newsroom import a_block, a_placeable_code, an_issue
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, all_of, an_owner
from tests.world import (
    DAY,
    NOW,
    a_code,
    a_partner,
    a_pass_type,
    a_publication,
    an_event,
)

EVENT = {
    "name": "Salon <u>",
    "edition": "2027",
    "timezone": "America/New_York",
    "starts_at": "2027-03-01T09:00",
    "ends_at": "2027-03-01T18:00",
    "venue": "Javits",
    "city": "New York",
    "country": "us",
    "url": "https://salon.example/",
    "highlights": "Talks\n\nPeople",
}
PASS_TYPE = {
    "name": "Full pass",
    "face_value_amount": "12,50",
    "face_value_currency": "eur",
    "face_value_vat": "included",
    "face_value_vat_rate": "20",
    "capacity": "",
}
OFFER = {
    "name": "",
    "limit": "20",
    "opens_at": "2026-11-24T09:00",
    "ends_at": "2026-12-01T23:59",
    "proof": "mailbox",
    "benefit": "free_pass",
    "waiting_list": "true",
    "place_hours": "24",
    "on_cancel": "return",
    "on_expiry": "return",
    "eligibility": "",
    "conditions_url": "",
}
DECLARED = {
    "kinds": "passes_for_readers",
    "quantity_0": "20",
    "kind_0": "pass",
    "received_by_0": "readers",
    "unit_value_0": "999.00",
    "currency_0": "EUR",
    "vat_0": "included",
    "vat_rate_0": "20",
    "editorial_control": "none",
    "obligation": "none",
}


async def test_an_empty_desk_says_what_to_do_first(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session)
    browser = await an_owner(signed_in, partner)

    page = (await browser.get("/partner")).text

    assert "3 steps to your first reader" in page
    assert 'href="/partner/events/new"' in page


async def test_what_waits_for_the_partner_stands_above_the_events(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        publication = await a_publication(session)
        code = await a_placeable_code(session, publication)
        block = await a_block(session, await an_issue(session, publication), code)
        partner = await session.get_one(Partner, code.partner_id)
    browser = await an_owner(signed_in, partner)

    page = (await browser.get("/partner")).text

    assert 0 < page.index(f"/partner/blocks/{block.id}/declaration") < page.index(f"/partner/events/{code.event_id}")
    assert "0 of 20 passes" in page


async def test_an_event_is_created_in_its_own_local_time(signed_in: SignIn, database: Database) -> None:
    partner, *_ = await a_world(database)
    browser = await an_owner(signed_in, partner)

    answer = await browser.post("/partner/events/new", EVENT)

    [event] = await all_of(database, sa.select(Event).where(Event.name == "Salon <u>"))
    assert answer.headers["Location"] == f"/partner/events/{event.id}?said=created"
    assert event.starts_at == datetime(2027, 3, 1, 14, 0, tzinfo=UTC)
    assert event.highlights == ["Talks", "People"]
    page = (await browser.get(f"/partner/events/{event.id}")).text
    assert "Monday 1 March 2027, 09:00 (New York)" in page
    assert "Salon &lt;u&gt;" in page
    assert "<u>" not in page
    assert f"/partner/events/{event.id}/pass-types/new" in page


async def test_a_form_that_has_to_be_mended_keeps_what_was_typed(signed_in: SignIn, database: Database) -> None:
    partner, *_ = await a_world(database)
    browser = await an_owner(signed_in, partner)

    answer = await browser.post("/partner/events/new", EVENT | {"country": "France", "ends_at": "soon", "url": "salon"})

    assert answer.status_code == 422
    assert 'value="Javits"' in answer.text
    assert 'value="2027-03-01T09:00"' in answer.text
    told = re.findall(r'href="#field-(\w+)">([^:]+): ', answer.text)  # by name, as they stand on the page
    assert told == [("url", "The event’s own page"), ("ends_at", "Ends"), ("country", "Country")]
    for field in ("country", "ends_at", "url"):
        assert f'id="field-{field}-error"' in answer.text
    assert await all_of(database, sa.select(sa.func.count()).select_from(Event)) == [1]


async def test_a_form_of_an_older_session_leads_back_to_its_page(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    form = f"/partner/events/{event.id}/edit"

    asked = {"form": f"https://promos.example{form}", "elsewhere": "https://promos.example//x.example", "nowhere": "["}
    answers = {
        name: await browser.client.post(form, data={"_csrf_token": "older"}, headers={"Referer": referer})
        for name, referer in asked.items()
    }

    ways = {name: re.findall(r'class="button primary" href="([^"]+)"', answer.text) for name, answer in answers.items()}
    assert {answer.status_code for answer in answers.values()} == {403}
    assert ways == {"form": [form], "elsewhere": ["/"], "nowhere": ["/"]}
    assert "Nothing was stored." in answers["form"].text


async def test_an_event_that_is_saved_unchanged_stays_to_the_second(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        event = await an_event(session, ends_at=NOW + 11 * DAY + timedelta(seconds=59))
        partner = await session.get_one(Partner, event.partner_id)
    browser = await an_owner(signed_in, partner)
    form = (await browser.get(f"/partner/events/{event.id}/edit")).text
    typed = {name: value for name, value in re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', form) if name in EVENT}

    answer = await browser.post(f"/partner/events/{event.id}/edit", EVENT | typed | {"timezone": "Europe/Paris"})

    assert answer.status_code == 303
    [after] = await all_of(database, sa.select(Event))
    assert (after.starts_at, after.ends_at) == (event.starts_at, event.ends_at)


async def test_a_pass_type_is_made_with_a_comma_in_its_worth(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database)
    browser = await an_owner(signed_in, partner)

    await browser.post(f"/partner/events/{event.id}/pass-types/new", PASS_TYPE | {"name": "Day pass"})
    wrong = await browser.post(f"/partner/events/{event.id}/pass-types/new", PASS_TYPE | {"face_value_vat_rate": "x"})

    [kind] = await all_of(database, sa.select(PassType).where(PassType.name == "Day pass"))
    assert (kind.face_value, kind.currency, kind.capacity) == (1250, "EUR", None)
    assert wrong.status_code == 422
    assert 'href="#field-face_value"' in wrong.text


async def test_a_capacity_below_what_is_out_is_refused_with_the_number(signed_in: SignIn, database: Database) -> None:
    partner, _, offer, _ = await a_world(database, redeemed=3)
    browser = await an_owner(signed_in, partner)
    at = f"/partner/pass-types/{offer.pass_type_id}"
    unchanged = PASS_TYPE | {"face_value_amount": "999", "capacity": "2"}

    refused = await browser.post(at, unchanged)
    fits = await browser.post(at, unchanged | {"capacity": "3"})
    frozen = await browser.post(at, unchanged | {"capacity": "3", "face_value_amount": "1"})

    assert refused.status_code == 409
    assert "3 passes are out." in refused.text
    assert 'id="field-capacity-error"' in refused.text
    assert fits.status_code == 303
    assert (frozen.status_code, 'id="field-face_value-error"' in frozen.text) == (409, True)


async def test_an_offer_names_its_newsletters(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        kind = await a_pass_type(session)
        letters = [await a_publication(session, slug=slug) for slug in ("one", "two")]
        partner = await session.get_one(Partner, kind.partner_id)
    browser = await an_owner(signed_in, partner)
    given: dict[str, Any] = OFFER | {
        "pass_type_id": str(kind.id),
        "publication_ids": [str(each.id) for each in letters],
    }

    await browser.post(f"/partner/events/{kind.event_id}/offers/new", given)

    [offer] = await all_of(database, sa.select(Offer))
    assert (offer.name, offer.limit) == ("Full pass", 20)
    assert offer.ends_at == datetime(2026, 12, 1, 22, 59, tzinfo=UTC)
    named = sa.select(sa.func.count()).select_from(OfferPublication)
    assert await all_of(database, named) == [2]

    await browser.post(f"/partner/offers/{offer.id}", given | {"publication_ids": [str(letters[0].id)], "name": "New"})

    assert await all_of(database, named) == [1]
    [offer] = await all_of(database, sa.select(Offer))
    assert offer.name == "New"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ends_at": "2026-11-01T09:00"}, "ends_at"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"pass_type_id": ""}, "pass_type_id"),
        ({"proof": "faith"}, "proof"),
        ({"conditions_url": "javascript:alert(1)"}, "conditions_url"),
    ],
)
async def test_an_offer_without_sense_says_where(
    wrong: dict[str, str], field: str, signed_in: SignIn, database: Database
) -> None:
    partner, event, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)

    answer = await browser.post(
        f"/partner/events/{event.id}/offers/new", OFFER | {"pass_type_id": str(offer.pass_type_id)} | wrong
    )

    assert answer.status_code == 422
    assert f'id="field-{field}-error"' in answer.text


async def test_a_code_is_made_and_run_on_the_event_s_page(signed_in: SignIn, database: Database) -> None:
    partner, event, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    made = f"/partner/offers/{offer.id}/codes"

    taken = await browser.post(made, {"code": "free-agenai", "max": ""})
    malformed = await browser.post(made, {"code": "été!", "max": "-1"})
    await browser.post(made, {"code": "salon-free", "max": "5"})

    assert (taken.status_code, malformed.status_code) == (409, 422)
    assert f'id="field-code-{offer.id}-error"' in taken.text
    assert 'value="free-agenai"' in taken.text
    assert f'id="field-max-{offer.id}-error"' in malformed.text
    page = (await browser.get(f"/partner/events/{event.id}")).text
    assert 'href="/c/SALON-FREE"' in page
    assert "0 of 5 passes" in page

    for verb, status in (("pause", "paused"), ("resume", "active"), ("revoke", "revoked")):
        assert (await browser.post(f"/partner/codes/SALONFREE/{verb}")).status_code == 303
        assert await all_of(database, sa.select(PromoCode.status).where(PromoCode.text == "SALONFREE")) == [status]
    history = (await browser.get(f"/partner/events/{event.id}")).text
    assert "claire revoked SALON-FREE." in history
    assert "claire paused SALON-FREE." in history


async def test_a_limit_is_raised_in_place_and_never_set_below_what_is_out(
    signed_in: SignIn, database: Database
) -> None:
    partner, event, _, code = await a_world(database, redeemed=3)
    browser = await an_owner(signed_in, partner)

    refused = await browser.post("/partner/codes/FREEAGENAI/limit", {"limit": "2"})
    nonsense = await browser.post("/partner/codes/FREEAGENAI/limit", {"limit": "two"})
    raised = await browser.post("/partner/codes/FREE-AGENAI/limit", {"limit": "4"})

    assert (refused.status_code, nonsense.status_code, raised.status_code) == (409, 422, 303)
    assert "3 passes are out." in refused.text
    assert f'id="field-limit-{code.id}-error"' in refused.text
    assert await all_of(database, sa.select(PromoCode.limit)) == [4]
    assert "3 of 4 passes" in (await browser.get(f"/partner/events/{event.id}")).text


async def test_another_partner_s_things_do_not_exist(signed_in: SignIn, database: Database) -> None:
    _, event, offer, _ = await a_world(database, redeemed=1)
    [redemption] = await all_of(database, sa.select(Redemption))
    async with database.writing() as session:
        publication = await a_publication(session)
        code = await a_code(session, await session.get_one(Offer, offer.id), "THEIRS")
        block = await a_block(session, await an_issue(session, publication), code)
        other = await a_partner(session, name="Other")
    browser = await an_owner(signed_in, other)
    looks = [
        f"/partner/events/{event.id}",
        f"/partner/events/{event.id}/edit",
        f"/partner/events/{event.id}/pass-types/new",
        f"/partner/events/{event.id}/offers/new",
        f"/partner/events/{event.id}/redemptions",
        f"/partner/pass-types/{offer.pass_type_id}",
        f"/partner/offers/{offer.id}",
        f"/partner/blocks/{block.id}/declaration",
        f"/partner/team/{event.partner_id}",
        f"/partner/organisation/{event.partner_id}",
    ]
    writes: dict[str, dict[str, str]] = {
        f"/partner/events/{event.id}/edit": EVENT,
        f"/partner/events/{event.id}/pass-types/new": PASS_TYPE,
        f"/partner/pass-types/{offer.pass_type_id}": PASS_TYPE,
        f"/partner/events/{event.id}/offers/new": OFFER | {"pass_type_id": str(offer.pass_type_id)},
        f"/partner/offers/{offer.id}": OFFER | {"pass_type_id": str(offer.pass_type_id)},
        f"/partner/offers/{offer.id}/codes": {"code": "STOLEN"},
        "/partner/codes/FREEAGENAI/limit": {"limit": "1"},
        "/partner/codes/FREEAGENAI/pause": {},
        "/partner/codes/%00/pause": {},
        f"/partner/redemptions/{redemption.id}/cancel": {},
        f"/partner/blocks/{block.id}/declaration": DECLARED,
        f"/partner/team/{event.partner_id}/people": {"email": "spy@x.example", "role": "owner"},
        f"/partner/team/{event.partner_id}/tokens": {"token_name": "x", "token_role": "owner", "scopes": "read"},
        f"/partner/organisation/{event.partner_id}": {"name": "x", "legal_name": "x", "country": "FR"},
    }

    assert {path: (await browser.get(path)).status_code for path in looks} == dict.fromkeys(looks, 404)
    assert {path: (await browser.post(path, form)).status_code for path, form in writes.items()} == dict.fromkeys(
        writes, 404
    )


async def test_a_member_runs_events_but_not_people(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database)
    browser = await signed_in("paul@partner.example", Role.MEMBER, partner_id=partner.id)

    assert (await browser.get(f"/partner/events/{event.id}")).status_code == 200
    assert "/partner/team" not in (await browser.get("/partner")).text
    assert (await browser.get("/partner/team")).status_code == 403


@pytest.mark.parametrize("role", [Role.DOOR, Role.EDITOR])
async def test_the_desk_is_for_those_who_run_events(role: Role, signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        partner, publication = await a_partner(session), await a_publication(session)
    reach = {"publication_id": publication.id} if role is Role.EDITOR else {"partner_id": partner.id}
    browser = await signed_in("someone@x.example", role, **reach)

    assert (await browser.get("/partner")).status_code == 403
