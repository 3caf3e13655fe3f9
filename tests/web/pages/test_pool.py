"""A partner's own shop: codes are brought on the desk, and a reader sees theirs on the pass and in the mail."""

import sqlalchemy as sa

from promos.database import Database
from promos.models import Offer, PoolCode
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner


async def sent(browser: Browser, path: str, content: bytes, then: str) -> tuple[int, str]:
    answer = await browser.client.post(
        path, data={"_csrf_token": browser.csrf, "then": then}, files={"list": ("list.csv", content, "text/csv")}
    )
    return answer.status_code, answer.text


async def a_pool(database: Database, offer: Offer) -> str:
    async with database.writing() as session:
        shop = {"fulfilment": "pool", "pooled": 0, "shop_url": "https://tickets.example/?voucher={code}"}
        await session.execute(sa.update(Offer).where(Offer.id == offer.id).values(**shop))
    return f"/partner/offers/{offer.id}/pool"


async def test_a_list_is_tried_and_taken_in(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = await a_pool(database, offer)

    _, tried = await sent(browser, here, b"code\nA1\n=B2\n", "try")
    _, taken = await sent(browser, here, b"code\nA1\nB2\n", "take")
    status, wrong = await sent(browser, here, b"%PDF-1.7", "take")
    shown = (await browser.get(here)).text
    await browser.post(f"{here}/empty")

    assert "Only tried" in tried
    assert "begins with a letter or a digit" in tried
    assert "The list is taken in." in taken
    assert status == 422
    assert "This is no table" in wrong
    assert "B2" in shown
    assert await all_of(database, sa.select(Offer.pooled).where(Offer.id == offer.id)) == [0]


async def test_the_burnt_ones_are_listed_to_be_cancelled_in_the_shop(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = await a_pool(database, offer)
    await sent(browser, here, b"code\nA1\nB2\n", "take")
    assert "?state=burnt" not in (await browser.get(here)).text
    async with database.writing() as session:
        first = sa.select(PoolCode.id).order_by(PoolCode.id).limit(1).scalar_subquery()
        await session.execute(sa.update(PoolCode).where(PoolCode.id == first).values(state="burnt"))
        await session.execute(sa.update(Offer).where(Offer.id == offer.id).values(pool_used=1))

    assert f"{here}?state=burnt" in (await browser.get(here)).text
    shown = (await browser.get(f"{here}?state=burnt")).text

    assert ">A1<" in shown
    assert ">B2<" not in shown
    assert "Cancel them there" in shown


async def test_an_offer_without_a_pool_has_no_such_page(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)

    answer = await browser.get(f"/partner/offers/{offer.id}/pool")

    assert answer.status_code == 409
    assert "Choose that in the offer first" in answer.text
