"""The reader's way through the pages, without a script and without a browser."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from promos.actions import allotments, deliveries, pools, redemptions
from promos.database import Database
from promos.models import Claim, Delivery, Offer, OfferPublication, Pass, PromoCode, Redemption
from promos.rules import signing
from promos.settings import Keys, Settings
from tests import world
from tests.queries.test_funnel import a_block
from tests.web.conftest import running


@pytest.fixture
async def browser(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running(settings) as app:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        headers = {"Origin": settings.base_url, "User-Agent": "Mozilla/5.0"}
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url, headers=headers) as client:
            yield client


async def opened(database: Database, **facts: Any) -> PromoCode:
    async with database.writing() as session:
        return await world.a_code(session, await world.an_offer(session, **facts))


async def secret_of(database: Database, keys: Keys) -> str:
    async with database.reading() as session:
        claim = (await session.scalars(sa.select(Claim).order_by(Claim.id.desc()))).first()
    assert claim
    return signing.secret_of(keys.signing[0], "claim", claim.id)


async def count(database: Database, table: type) -> int:
    async with database.reading() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def test_a_code_becomes_a_pass_by_one_mail_and_one_press(
    browser: httpx.AsyncClient, database: Database, keys: Keys
) -> None:
    await opened(database)

    offer = await browser.get("/c/free-agenai")
    sent = await browser.post("/c/FREEAGENAI", data={"email": "Ada@Readers.example"})
    secret = await secret_of(database, keys)
    for method in ("GET", "HEAD", "GET", "GET"):  # scanners look, and looking gives nothing
        await browser.request(method, f"/claim/{secret}")
    held_before = await count(database, Pass)
    pressed = await browser.post(f"/claim/{secret}", data={"press": "yes"})
    again = await browser.post(f"/claim/{secret}", data={"press": "yes"})
    page = await browser.get(pressed.headers["Location"])

    assert (offer.status_code, sent.status_code, pressed.status_code, page.status_code) == (200, 200, 303, 200)
    assert "Generation Events SAS" in offer.text
    assert held_before == 0
    assert again.headers["Location"] == pressed.headers["Location"]
    assert "<svg" in page.text
    assert await count(database, Pass) == 1
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"ends_at": world.NOW}, "The time for this code is over."),
        ({"opens_at": world.NOW + world.DAY}, "This code does not work yet."),
        ({"limit": 0, "waiting_list": False}, "All passes for this code are gone."),
        ({"proof": "none"}, "own shop"),
    ],
)
async def test_each_state_of_a_code_has_its_own_page(
    browser: httpx.AsyncClient, database: Database, facts: dict[str, object], says: str
) -> None:
    await opened(database, **facts)

    page = await browser.get("/c/FREEAGENAI")

    assert says in page.text
    assert 'name="email"' not in page.text


@pytest.mark.parametrize(
    ("benefit", "says"),
    [
        ({"benefit": "percent", "percent": Decimal("20.00")}, ["€799.20 instead of €999", "Reduction", "You pay"]),
        ({"benefit": "amount", "amount": 29900}, ["€700 instead of €999"]),
        ({"benefit": "fixed_price", "amount": 50000}, ["€500 instead of €999"]),
        ({"benefit": "access"}, ["The right to buy “Full pass” for €999"]),
        ({}, ["One free pass “Full pass”", "Worth"]),
    ],
)
async def test_a_code_says_what_it_gives_and_what_is_left_to_pay(
    browser: httpx.AsyncClient, database: Database, benefit: dict[str, Any], says: list[str]
) -> None:
    await opened(database, **benefit)

    page = await browser.get("/c/FREEAGENAI")

    assert all(each in page.text for each in says)
    assert ("free pass" in page.text) == (not benefit)


async def test_a_block_with_a_part_of_its_own_is_open_while_the_rest_is_gone(
    browser: httpx.AsyncClient, database: Database
) -> None:
    code = await opened(database, limit=2)
    async with database.writing() as session:
        publication = await world.a_publication(session)
        named = OfferPublication(offer_id=code.offer_id, publication_id=publication.id, partner_id=code.partner_id)
        await world.add(session, named)
        block = await a_block(session, code, publication, "12")
        await allotments.create(session, code.offer_id, limit=1, issue_id=block.issue_id, now=world.NOW, by=world.ADMIN)
        await redemptions.redeem(session, [world.an_ask(code, "di")], now=world.NOW)

    without, through = await browser.get("/c/FREEAGENAI"), await browser.get(f"/c/FREEAGENAI?block={block.id}")

    assert "Put me on the waiting list" in without.text
    assert "One free pass" in through.text


async def test_an_unknown_code_gets_a_page_that_helps(browser: httpx.AsyncClient) -> None:
    for typed in ("NOPE", "%3Cscript%3E", "é" * 50, "a b", "x" * 500, "%00"):
        page = await browser.get(f"/c/{typed}")
        assert page.status_code == 404
        assert "<script>" not in page.text.replace('<script type="module"', "")


async def test_what_was_typed_comes_back_with_what_to_mend(browser: httpx.AsyncClient, database: Database) -> None:
    await opened(database)

    page = await browser.post("/c/FREEAGENAI", data={"email": '"><b>nobody'})

    assert page.status_code == 422
    assert "&gt;&lt;b&gt;nobody" in page.text
    assert await count(database, Claim) == 0


async def test_three_mails_a_day_and_one_a_minute_however_often_somebody_asks(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await opened(database)

    pages = [await browser.post("/c/FREEAGENAI", data={"email": f"victim+{number}@gmail.com"}) for number in range(30)]

    answers = [page.status_code for page in pages]
    assert answers.count(200) == 1
    assert set(answers[1:]) == {429}
    assert int(pages[1].headers["Retry-After"]) == 60
    assert "works again in 1 minute." in pages[1].text
    assert 'value="victim+1@gmail.com"' in pages[1].text
    assert await count(database, Delivery) == 1


async def test_a_pass_of_the_partners_own_shop_shows_its_code_and_the_way_there(
    browser: httpx.AsyncClient, database: Database, keys: Keys
) -> None:
    async with database.writing() as session:
        offer = await world.a_pool(session, shop_url="https://tickets.example/?voucher={code}")
        scribe = pools.Scribe(keys)
        await pools.take(session, offer, [scribe.word("VIP&1")], now=world.NOW)
        code = await world.a_code(session, offer)
        ask = world.an_ask(code, "ada")
        await redemptions.redeem(session, [ask], now=world.NOW)
        pass_id = (await session.scalars(sa.select(Pass.id))).one()
    link = signing.link(keys.signing, "pass", pass_id)

    page = (await browser.get(f"/p/{link}")).text
    told = (await browser.get(f"/api/v1/passes/{link}")).json()
    kept = await browser.post(f"/p/{link}/hand-on", data={"email": "bo@readers.example"})
    async with database.writing() as session:
        [owed] = await deliveries.claim(session, now=world.NOW, lease=world.DAY)

    assert '<code translate="no">VIP&amp;1</code>' in page
    assert "https://tickets.example/?voucher=VIP%261" in page
    assert "Show this at the door" not in page
    assert "they have a code of their own" in page
    assert kept.status_code == 409
    assert "No code of the ticket shop is left for another person" in kept.text
    assert told["shop"] == {"code": "VIP&1", "url": "https://tickets.example/?voucher=VIP%261"}
    assert owed.promo
    assert owed.promo.sealed
    assert pools.shown(owed.promo.sealed, keys) == "VIP&1"


async def test_a_pass_is_given_back_once_and_the_page_says_so(
    browser: httpx.AsyncClient, database: Database, keys: Keys
) -> None:
    await opened(database, limit=1)
    await browser.post("/c/FREEAGENAI", data={"email": "ada@readers.example", "share_email": "true"})
    link = (await browser.post(f"/claim/{await secret_of(database, keys)}", data={"press": "yes"})).headers["Location"]

    shared = await browser.get(link)
    await browser.post(f"{link}/stop-sharing", data={"press": "yes"})
    unshared = await browser.get(link)
    back = [await browser.post(f"{link}/give-back", data={"press": "yes"}) for _ in range(2)]
    page = await browser.get(link)
    calendar = await browser.get(f"{link}/calendar.ics")

    assert "Share it no more" in shared.text
    assert "Share it no more" not in unshared.text
    assert [answer.status_code for answer in back] == [303, 303]
    assert "Show this at the door" not in page.text
    assert calendar.text.startswith("BEGIN:VCALENDAR")
    async with database.reading() as session:
        assert await session.scalar(sa.select(Offer.used)) == 0
        assert await session.scalar(sa.select(Redemption.state)) == "cancelled"


async def test_forged_links_open_nothing(browser: httpx.AsyncClient, keys: Keys) -> None:
    forged = signing.link((b"x" * 40,), "pass", uuid4())
    other = signing.link(keys.signing, "door", uuid4())
    for link in (forged, other, forged[:-1], "x", "A" * 300, "%00"):
        assert (await browser.get(f"/p/{link}")).status_code == 404
        assert (await browser.post(f"/p/{link}/give-back", data={"press": "yes"})).status_code == 404


async def test_a_form_from_another_page_changes_nothing(browser: httpx.AsyncClient, database: Database) -> None:
    await opened(database)

    page = await browser.post(
        "/c/FREEAGENAI", data={"email": "ada@readers.example"}, headers={"Origin": "https://evil.example"}
    )

    assert page.status_code == 403
    assert await count(database, Claim) == 0


async def test_a_click_leads_to_the_codes_page_and_nowhere_else(browser: httpx.AsyncClient) -> None:
    for path in (f"/go/{uuid4()}", "/go/https://evil.example", "/go/..%2f", "/go/javascript:x"):
        assert (await browser.get(path)).status_code == 404
