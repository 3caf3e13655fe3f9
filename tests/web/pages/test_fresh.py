"""What gives much away, or ends what readers hold, is for who proved lately that it is them; what is typed waits."""

from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from promos.actions import wishes
from promos.database import Database
from promos.models import Event, Offer, PassType, PromoCode
from promos.rules.people import Role
from promos.settings import Keys
from tests.web.pages.conftest import Browser, Forms, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner
from tests.web.pages.test_confirm import hidden, mailed, proved
from tests.web.pages.test_partner import EVENT, OFFER, PASS_TYPE
from tests.world import ADMIN, NOW

Desk = tuple[Browser, Event, Offer]
LIMITS = (PromoCode.limit, PassType.capacity, Event.capacity)


async def an_old_session(signed_in: SignIn, database: Database, **facts: Any) -> Desk:
    """An owner who signed in an hour ago; every limit is 90 passes, the budget 100 euros."""
    partner, event, offer, _ = await a_world(database, limit=90, **facts)
    async with database.writing() as session:
        await session.execute(sa.update(Offer).values(limit=90, budget=100_00))
        await session.execute(sa.update(PassType).values(capacity=90))
        await session.execute(sa.update(Event).values(capacity=90))
    browser = await an_owner(signed_in, partner)
    await proved(database, 60)
    return browser, event, offer


async def is_asked(browser: Browser, path: str, form: Forms | None = None) -> bool:
    answer = await browser.post(path, form)
    assert (answer.status_code, 'action="/confirm/mail"' in answer.text) in {(303, False), (401, True)}, answer.text
    return answer.status_code == 401


@pytest.mark.parametrize(("limit", "asked"), [("20", False), ("90", False), ("100", False), ("101", True), ("", True)])
async def test_a_limit_is_raised_beyond_a_hundred_passes_after_a_fresh_sign_in(
    limit: str, asked: bool, signed_in: SignIn, database: Database
) -> None:
    browser, event, offer = await an_old_session(signed_in, database)
    terms = OFFER | {"name": "Ours", "pass_type_id": str(offer.pass_type_id), "budget": "100", "limit": limit}
    forms = {
        "/partner/codes/FREEAGENAI/limit": {"limit": limit},
        f"/partner/offers/{offer.id}": terms,
        f"/partner/pass-types/{offer.pass_type_id}": PASS_TYPE | {"capacity": limit},
        f"/partner/events/{event.id}/edit": EVENT | {"capacity": limit},
        f"/partner/events/{event.id}/offers/new": terms | {"name": "Another"},
    }

    found = {path: await is_asked(browser, path, form) for path, form in forms.items()}

    assert found == dict.fromkeys(forms, asked)
    stored = await all_of(database, *(sa.select(each) for each in LIMITS))
    assert stored == [90 if asked else int(limit)] * 3


@pytest.mark.parametrize(("budget", "asked"), [("99", False), ("100.00", False), ("100.01", True), ("", True)])
async def test_a_budget_is_raised_after_a_fresh_sign_in(
    budget: str, asked: bool, signed_in: SignIn, database: Database
) -> None:
    browser, _, offer = await an_old_session(signed_in, database)
    terms = OFFER | {"name": "Ours", "pass_type_id": str(offer.pass_type_id), "limit": "90", "budget": budget}

    assert await is_asked(browser, f"/partner/offers/{offer.id}", terms) is asked


async def test_what_had_no_limit_gets_one_without_a_question(signed_in: SignIn, database: Database) -> None:
    browser, *_ = await an_old_session(signed_in, database)
    async with database.writing() as session:
        await session.execute(sa.update(PromoCode).values(limit=None))

    assert not await is_asked(browser, "/partner/codes/FREEAGENAI/limit", {"limit": "500"})


@pytest.mark.parametrize(("passes", "asked"), [("10", False), ("11", True), ("", True)])
async def test_a_wish_that_leads_beyond_a_hundred_is_granted_after_a_fresh_sign_in(
    passes: str, asked: bool, signed_in: SignIn, database: Database
) -> None:
    browser, *_ = await an_old_session(signed_in, database)
    async with database.writing() as session:
        wish, _ = await wishes.ask(session, "FREEAGENAI", passes=50, now=NOW, by=ADMIN)

    assert await is_asked(browser, f"/partner/wishes/{wish.id}/approve", {"passes": passes}) is asked


async def test_what_was_typed_is_sent_again_once_it_is_known_who_it_is(
    signed_in: SignIn, database: Database, keys: Keys
) -> None:
    browser, *_ = await an_old_session(signed_in, database)
    path = "/partner/codes/FREEAGENAI/limit"

    wrong = await browser.post(path, {"limit": "many"})
    asked = await browser.post(path, {"limit": "500"})
    waiting = await browser.post("/confirm/mail", hidden(asked))
    await browser.post(f"/confirm/link/{await mailed(database, keys)}")
    done = await browser.post(path, hidden(waiting))

    assert (wrong.status_code, done.status_code) == (422, 303)  # what makes no sense is said first
    assert await all_of(database, sa.select(PromoCode.limit)) == [500]


@pytest.mark.parametrize("verb", ["cancel", "archive", "delete"])
@pytest.mark.parametrize("redeemed", [0, 1])
async def test_an_event_that_gave_passes_is_ended_after_a_fresh_sign_in(
    verb: str, redeemed: int, signed_in: SignIn, database: Database
) -> None:
    browser, event, _ = await an_old_session(signed_in, database, redeemed=redeemed, status="active")
    if verb != "cancel":
        await browser.post("/partner/codes/FREEAGENAI/pause")

    assert await is_asked(browser, f"/partner/events/{event.id}/{verb}") is bool(redeemed)


async def test_what_takes_or_shows_a_secret_is_for_a_fresh_sign_in(signed_in: SignIn, database: Database) -> None:
    browser, event, _ = await an_old_session(signed_in, database)
    admin = await signed_in("root@promos.example", Role.ADMIN)
    await proved(database, 60)

    for asking, path in (
        (browser, "/partner/devices"),
        (browser, f"/partner/devices/{uuid4()}/code"),
        (browser, f"/partner/events/{event.id}/shop"),
        (admin, f"/editor/publications/{uuid4()}/tool"),
    ):
        assert await is_asked(asking, path, {"name": "x"}), path


async def test_nobody_is_asked_who_signed_in_a_moment_ago(signed_in: SignIn, database: Database) -> None:
    browser, event, _ = await an_old_session(signed_in, database)
    await proved(database, 9)

    assert not await is_asked(browser, "/partner/codes/FREEAGENAI/limit", {"limit": "500"})
    assert not await is_asked(browser, f"/partner/events/{event.id}/cancel")
