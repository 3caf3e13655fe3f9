"""What a reader shows to a partner, from the box that is ticked to every list from which it is gone again."""

import io
import re
from collections.abc import AsyncIterator

import httpx
import openpyxl
import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Claim, Event, Message, Partner, Reader
from promos.rules.people import Role
from promos.settings import Keys, Settings
from tests import world
from tests.web.conftest import running
from tests.web.sides import a_token
from tests.web.test_reader_pages import secret_of

ADA = {"email": "ada@readers.example", "company": "Zephyr SA"}
ALL = {"share_email": "true", "share_company": "true"}


@pytest.fixture
async def browser(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running(settings) as app:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        headers = {"Origin": settings.base_url, "User-Agent": "Mozilla/5.0"}
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url, headers=headers) as client:
            yield client


@pytest.fixture
async def partner(database: Database) -> Partner:
    """With an event that offers readers to show their company, and FREEAGENAI."""
    async with database.writing() as session:
        event = await world.an_event(session, asks_company=True)
        await world.a_code(session, await world.an_offer(session, await world.a_pass_type(session, event)))
        return await session.get_one(Partner, event.partner_id)


async def claims(browser: httpx.AsyncClient, database: Database, keys: Keys, **typed: str) -> str:
    """The page of the pass that comes of it."""
    await browser.post("/c/FREEAGENAI", data=ADA | typed)
    pressed = await browser.post(f"/claim/{await secret_of(database, keys)}", data={"press": "yes"})
    return pressed.headers["Location"]


async def everywhere(browser: httpx.AsyncClient, database: Database, keys: Keys, partner: Partner) -> list[str]:
    """All that the partner can see of readers, as text."""
    async with database.writing() as session:
        secret = await a_token(session, Role.OWNER, keys, partner_id=partner.id)
    owner, exports = {"Authorization": f"Bearer {secret}"}, f"/api/v1/partners/{partner.id}/exports"
    shown = []
    for path in ("/api/v1/redemptions", "/api/v1/redemptions?agreed=true", "/api/v1/journal"):
        shown.append((await browser.get(path, headers=owner)).text)
    for name in ("redemptions", "readers", "check-ins", "codes"):
        shown.append((await browser.get(f"{exports}/{name}", headers=owner)).text)
        file = await browser.get(f"{exports}/{name}?format=xlsx", headers=owner)
        rows = openpyxl.load_workbook(io.BytesIO(file.content)).active.iter_rows(values_only=True)
        shown.append(str(list(rows)))
    async with database.reading() as session:
        shown += [each.body for each in await session.scalars(sa.select(Message))]
    return shown


async def test_a_company_is_asked_for_only_where_the_event_does_and_nothing_is_ticked(
    browser: httpx.AsyncClient, database: Database, partner: Partner
) -> None:
    form = (await browser.get("/c/FREEAGENAI")).text
    async with database.writing() as session:
        await session.execute(sa.update(Event).values(asks_company=False))
    without = (await browser.get("/c/FREEAGENAI")).text

    assert "So that Generation Events SAS knows which companies come." in form
    assert not re.search(r"<input[^>]+(checked|name=\"company\"[^>]+required)", form)
    assert "company" not in without


@pytest.mark.parametrize("typed", [{}, {"share_email": "true"}, {"company": "", **ALL}])
async def test_a_company_that_nobody_may_see_is_not_kept(
    browser: httpx.AsyncClient, database: Database, keys: Keys, partner: Partner, typed: dict[str, str]
) -> None:
    page = await claims(browser, database, keys, **typed)

    assert page.startswith("/p/")  # the pass does not depend on it
    async with database.reading() as session:
        claim = (await session.scalars(sa.select(Claim))).one()
        kept = await session.scalar(sa.select(Reader.company))
    assert (claim.company, kept, "company" in claim.shares) == (None, None, False)
    assert not any("Zephyr" in each for each in await everywhere(browser, database, keys, partner))


async def test_what_is_taken_back_is_gone_from_every_list_at_once(
    browser: httpx.AsyncClient, database: Database, keys: Keys, partner: Partner
) -> None:
    page = await claims(browser, database, keys, **ALL)
    before = await everywhere(browser, database, keys, partner)
    held = (await browser.get(page)).text

    await browser.post(f"{page}/stop-sharing", data={"field": "company"})
    between = await everywhere(browser, database, keys, partner)
    await browser.post(f"{page}/stop-sharing", data={"field": "email"})
    after = await everywhere(browser, database, keys, partner)

    assert held.count('value="company"') == held.count('value="email"') == 1
    assert sum("Zephyr SA" in each for each in before) == sum("ada@readers.example" in each for each in before) == 6
    assert not any("Zephyr" in each for each in between)
    assert sum("ada@readers.example" in each for each in between) == 6
    assert not any("ada@" in each for each in after)
    assert "consent.withdrawn" in after[2]
