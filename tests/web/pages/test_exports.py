"""Lists as files: linked from the pages that show them, in the language of the page."""

import io
from datetime import timedelta

import openpyxl
import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Entry, Session
from promos.rules.people import Role
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, an_owner
from tests.world import NOW, a_partner


async def test_a_partner_takes_the_readers_of_an_event_away_as_a_workbook(
    signed_in: SignIn, database: Database
) -> None:
    partner, event, _, _ = await a_world(database, redeemed=2)
    claire = await an_owner(signed_in, partner)
    page = await claire.get(f"/partner/events/{event.id}/redemptions?lang=fr")
    address = f"/partner/{partner.id}/exports/redemptions?event={event.id}"
    assert f'href="{address}&amp;format=xlsx"' in page.text

    file = await claire.get(f"{address}&format=xlsx")

    assert file.status_code == 200
    assert file.headers["content-disposition"] == 'attachment; filename="promos-redemptions.xlsx"'
    assert file.headers["cache-control"] == "no-store"
    rows = list(openpyxl.load_workbook(io.BytesIO(file.content)).active.iter_rows(values_only=True))
    assert (len(rows), rows[0][1], rows[1][1]) == (3, "Événement", "GenerationAI")
    assert "readers.example" not in file.text
    async with database.reading() as session:
        entry = (await session.scalars(sa.select(Entry).where(Entry.verb == "list.exported"))).one()
    assert entry.facts == {"list": "redemptions", "rows": 2, "format": "xlsx"}
    assert "a exporté une liste (lignes : 2)" in (await claire.get(f"/partner/events/{event.id}")).text


@pytest.mark.parametrize("name", ["events", "offers", "codes", "redemptions", "check-ins"])
async def test_each_list_comes_as_excel_in_french_opens_it(signed_in: SignIn, database: Database, name: str) -> None:
    partner, _, _, _ = await a_world(database, redeemed=1)
    claire = await an_owner(signed_in, partner)

    file = await claire.get(f"/partner/{partner.id}/exports/{name}?format=csv-excel&lang=fr")

    assert (file.status_code, file.content[:3]) == (200, b"\xef\xbb\xbf")
    assert ";" in file.text.splitlines()[0]


async def test_the_exact_address_of_another_partners_list_is_nothing(signed_in: SignIn, database: Database) -> None:
    partner, event, _, _ = await a_world(database, redeemed=1)
    async with database.writing() as session:
        stranger = await a_partner(session, name="Quartz")
    eve = await an_owner(signed_in, stranger)

    for address in (
        f"/partner/{partner.id}/exports/redemptions?event={event.id}",
        f"/partner/{partner.id}/exports/codes",
        f"/partner/{stranger.id}/exports/secrets",
        f"/partner/{stranger.id}/exports/codes?event=nonsense",
    ):
        assert (await eve.get(address)).status_code == 404, address
    none = await eve.get(f"/partner/{stranger.id}/exports/redemptions?event={event.id}&format=csv")
    assert none.text.count("\r\n") == 1


async def test_an_owner_takes_everything_away_and_nobody_else_does(signed_in: SignIn, database: Database) -> None:
    partner, _, _, _ = await a_world(database, redeemed=1)
    claire = await an_owner(signed_in, partner)
    mona = await signed_in("mona@partner.example", Role.MEMBER, partner_id=partner.id)
    address = f"/partner/{partner.id}/everything"
    assert f'href="{address}"' in (await claire.get(f"/partner/team/{partner.id}")).text

    file = await claire.get(address)

    assert (file.status_code, file.content[:2]) == (200, b"PK")
    assert file.headers["content-disposition"] == 'attachment; filename="promos-generation-2026-11-23.zip"'
    assert (await mona.get(address)).status_code == 403


async def test_the_door_takes_nothing_away(signed_in: SignIn, database: Database) -> None:
    partner, _, _, _ = await a_world(database)
    dora = await signed_in("dora@partner.example", Role.DOOR, partner_id=partner.id)

    assert (await dora.get(f"/partner/{partner.id}/exports/codes")).status_code == 403


async def test_who_signed_in_long_ago_confirms_before_readers_are_taken_away(
    signed_in: SignIn, database: Database
) -> None:
    partner, _, _, _ = await a_world(database)
    claire = await an_owner(signed_in, partner)
    async with database.writing() as session:
        await session.execute(sa.update(Session).values(proved_at=NOW - timedelta(minutes=11)))

    codes = await claire.get(f"/partner/{partner.id}/exports/codes")
    readers = await claire.get(f"/partner/{partner.id}/exports/redemptions")

    everything = await claire.get(f"/partner/{partner.id}/everything")

    assert everything.status_code == 303
    assert codes.status_code == 200
    assert readers.status_code == 303
    assert readers.headers["location"].startswith("/confirm")


async def test_a_format_that_there_is_not_is_refused(signed_in: SignIn, database: Database) -> None:
    partner, _, _, _ = await a_world(database)
    claire = await an_owner(signed_in, partner)

    assert (await claire.get(f"/partner/{partner.id}/exports/codes?format=xls")).status_code == 422
