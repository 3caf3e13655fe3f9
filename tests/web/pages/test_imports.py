"""Files that a partner brings through the pages: without a script, tried before they are taken in."""

import sqlalchemy as sa

from promos.database import Database
from promos.models import CheckIn, Event, Pass
from promos.rules import pseudonyms
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, an_owner
from tests.world import a_partner

TABLE = "nom;début;fin;lieu;ville;page web\nSalon;03/12/2026 09:00;03/12/2026 18:00;Palais;Paris;https://x.example/\nFoire;soon;;;;\n"


async def sent(browser: Browser, path: str, content: str | None, **fields: str) -> tuple[int, str]:
    files = {} if content is None else {"file": ("list.csv", content, "text/csv")}
    answer = await browser.client.post(path, data={"_csrf_token": browser.csrf, **fields}, files=files or None)
    return answer.status_code, answer.text


async def test_events_are_tried_and_taken_in(signed_in: SignIn, database: Database) -> None:
    partner, _, _, _ = await a_world(database)
    claire = await an_owner(signed_in, partner)
    here = f"/partner/import/of/{partner.id}"
    assert (await claire.get("/partner/import")).headers["location"] == here
    assert "Europe/Paris" in (await claire.get(here)).text
    others = {"timezone": "Europe/Paris", "city": "", "country": "FR", "url": ""}

    status, tried = await sent(claire, f"{here}?lang=fr", TABLE, **others, then="try")
    assert (status, "rien n’a changé" in tried, "début – Écrivez un jour et une heure" in tried) == (200, True, True)
    _, taken = await sent(claire, here, TABLE, **others, then="take")

    async with database.reading() as session:
        event = (await session.scalars(sa.select(Event).where(Event.name == "Salon"))).one()
    assert f'href="/partner/events/{event.id}"' in taken


async def test_a_form_without_a_file_and_a_file_without_a_table_come_back(
    signed_in: SignIn, database: Database
) -> None:
    partner, event, _, _ = await a_world(database)
    claire = await an_owner(signed_in, partner)

    for here in (f"/partner/import/of/{partner.id}", f"/partner/events/{event.id}/arrivals"):
        status, page = await sent(claire, f"{here}?lang=en", None, source="hall")
        assert (status, "Choose a file." in page) == (422, True), here
        status, page = await sent(claire, f"{here}?lang=en", "a,b\n1,2\n", source="hall")
        assert (status, "None of the columns has a name that we know" in page) == (422, True), here


async def test_arrivals_are_tried_and_taken_in(signed_in: SignIn, database: Database) -> None:
    partner, event, _, _ = await a_world(database, redeemed=1)
    claire = await an_owner(signed_in, partner)
    async with database.reading() as session:
        held = (await session.scalars(sa.select(Pass))).one()
    table = f"pass number,time\n{pseudonyms.pass_number(held.id)},2026-11-23 10:00\nnobody,2026-11-23 10:00\n"
    here = f"/partner/events/{event.id}/arrivals"
    assert f'href="{here}"' in (await claire.get(f"/partner/events/{event.id}/redemptions")).text

    _, tried = await sent(claire, f"{here}?lang=en", table, source="hall", then="try")
    _, taken = await sent(claire, f"{here}?lang=en", table, source="hall", then="take")

    assert "Only tried; nothing has changed." in tried
    assert "Say which pass" in tried
    assert "The list is taken in." in taken
    async with database.reading() as session:
        assert [each.result for each in await session.scalars(sa.select(CheckIn))] == ["admitted"]


async def test_nobody_brings_anything_to_another_partner(signed_in: SignIn, database: Database) -> None:
    partner, event, _, _ = await a_world(database)
    async with database.writing() as session:
        stranger = await a_partner(session, name="Quartz")
    eve = await an_owner(signed_in, stranger)

    for here in (f"/partner/import/of/{partner.id}", f"/partner/events/{event.id}/arrivals"):
        assert (await eve.get(here)).status_code == 404
        assert (await sent(eve, here, TABLE, source="hall", then="take"))[0] == 404
