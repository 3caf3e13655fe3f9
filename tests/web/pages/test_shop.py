"""The page of an event's ticket shop: connected by an owner, words for what goes wrong, and never the token."""

from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar

from promos.database import Database
from promos.models import Offer, Shop, Supply
from promos.outside.web import Web
from promos.rules.people import Role
from promos.web.headers import Headers
from tests.outside.fakes import InProcess
from tests.outside.fakes.pretix import FakePretix
from tests.web.pages.conftest import Browser, SignIn
from tests.world import a_pool

ACCESS: dict[str, Any] = {
    **{"base_url": "https://pretix.example", "organizer": "genai", "slug": "2027", "token": FakePretix.key},
}


@pytest.fixture
async def offer(database: Database) -> Offer:
    async with database.writing() as session:
        return await a_pool(session, limit=5)


@pytest.fixture
def fake(app: Headers) -> FakePretix:
    assert isinstance(app.app, Litestar)
    made = FakePretix()
    app.app.state.stocking._web = InProcess(made)
    return made


@pytest.fixture
async def owner(signed_in: SignIn, offer: Offer, fake: FakePretix) -> Browser:
    return await signed_in("claire@partner.example", Role.OWNER, partner_id=offer.partner_id)


async def test_an_owner_connects_it_and_fills_an_offer(owner: Browser, offer: Offer, database: Database) -> None:
    here = f"/partner/events/{offer.event_id}/shop"
    assert "Connect your pretix" in (await owner.get(here)).text

    done = await owner.post(here, ACCESS)
    assert done.headers["Location"] == f"{here}?said=saved"
    shown = (await owner.get(here)).text
    assert "Two days (999.00 EUR)" in shown
    assert "/api/v1/shops/" in shown
    assert FakePretix.key not in shown

    filled = await owner.post(f"{here}/supply", {"offer": str(offer.id), "how": "make", "item": "1", "most": "3"})
    assert filled.headers["Location"] == f"{here}?said=saved"
    async with database.reading() as session:
        row = (await session.scalars(sa.select(Supply))).one()
    assert (row.item, row.most, row.makes, row.blocks_quota) == (1, 3, True, False)
    assert "For readers" in (await owner.get(here)).text
    assert "In your ticket shop" in (await owner.get(f"/partner/events/{offer.event_id}")).text

    assert (await owner.post(f"{here}/read", {})).headers["Location"] == f"{here}?said=asked-shop"
    await owner.post(f"{here}/leave", {})
    assert "Connect your pretix" in (await owner.get(here)).text


async def test_a_number_as_long_as_a_page_is_no_product(owner: Browser, offer: Offer) -> None:
    here = f"/partner/events/{offer.event_id}/shop"
    await owner.post(here, ACCESS)

    answer = await owner.post(f"{here}/supply", {"offer": str(offer.id), "how": "make", "item": "9" * 5000})

    assert answer.status_code == 422


async def test_what_is_wrong_is_told_and_what_was_typed_stays_but_for_the_token(
    owner: Browser, offer: Offer, fake: FakePretix, app: Headers, database: Database
) -> None:
    here = f"/partner/events/{offer.event_id}/shop"
    for wrong, words in (
        ({"token": "deadbeef"}, "does not know our token"),
        ({"slug": "2028"}, "has no such event"),
        ({"token": " "}, "Give the token as the shop shows it"),
        ({"base_url": "pretix"}, "Write a whole web address"),
    ):
        told = await owner.post(here, ACCESS | wrong)
        assert told.status_code in {409, 422}
        assert words in told.text
        assert 'value="genai"' in told.text
        assert "deadbeef" not in told.text
        assert FakePretix.key not in told.text
    fake.is_down = True
    assert "cannot be reached" in (await owner.post(here, ACCESS)).text
    assert isinstance(app.app, Litestar)
    app.app.state.stocking._web = Web()
    for inside in ("https://127.0.0.1", "http://169.254.169.254", "https://[::1]:8443", "https://2130706433"):
        told = await owner.post(here, ACCESS | {"base_url": inside})
        assert (told.status_code, "open to the whole internet" in told.text) == (422, True)
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Shop)) == 0


async def test_a_member_reads_and_fills_but_neither_connects_nor_sees_the_address_to_call(
    owner: Browser, signed_in: SignIn, offer: Offer
) -> None:
    here = f"/partner/events/{offer.event_id}/shop"
    await owner.post(here, ACCESS)
    member = await signed_in("max@partner.example", Role.MEMBER, partner_id=offer.partner_id)

    shown = await member.get(here)
    assert (shown.status_code, "/api/v1/shops/" in shown.text, "Connect again" in shown.text) == (200, False, False)
    assert (await member.post(here, ACCESS)).status_code == 403
    assert (await member.post(f"{here}/leave", {})).status_code == 403
    assert "Choose an offer" in (await member.post(f"{here}/supply", {})).text
    assert (await member.post(f"{here}/supply", {"offer": str(offer.id), "item": "1"})).status_code in {302, 303}
