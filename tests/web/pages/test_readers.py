"""The partner's page of readers who agreed."""

import sqlalchemy as sa

from promos.actions import consents
from promos.database import Database
from promos.models import Pass, Redemption
from tests.queries.test_results import agrees
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, an_owner
from tests.world import NOW, a_partner


async def test_who_agreed_stands_there_until_they_do_not(signed_in: SignIn, database: Database) -> None:
    partner, event, _, _ = await a_world(database, redeemed=2)
    claire = await an_owner(signed_in, partner)
    assert "Nobody shows you anything yet" in (await claire.get("/partner/readers?lang=en")).text
    async with database.writing() as session:
        held = (await session.scalars(sa.select(Pass).order_by(Pass.id).limit(1))).one()
        redemption = await session.get_one(Redemption, held.redemption_id)
        await agrees(session, redemption, partner, "email")

    page = (await claire.get("/partner/readers")).text
    found = (await claire.get("/partner/readers?q=reader")).text
    lost = (await claire.get("/partner/readers?q=nobody")).text

    assert page.count("@readers.example</a>") == found.count("@readers.example</a>") == 1
    assert "GenerationAI" in page
    assert f"/partner/{partner.id}/exports/readers?q=reader&amp;format=xlsx" in found
    assert "@readers.example" not in lost
    async with database.writing() as session:
        await consents.withdraw(session, held.id, now=NOW)
    assert "@readers.example" not in (await claire.get("/partner/readers")).text
    assert "A reader stopped sharing: address." in (await claire.get(f"/partner/events/{event.id}")).text


async def test_another_partners_readers_are_not_there(signed_in: SignIn, database: Database) -> None:
    partner, _, _, _ = await a_world(database, redeemed=1)
    async with database.writing() as session:
        stranger = await a_partner(session, name="Quartz")
        redemption = (await session.scalars(sa.select(Redemption))).one()
        await agrees(session, redemption, partner, "email")
    eve = await an_owner(signed_in, stranger)

    assert "readers.example" not in (await eve.get("/partner/readers")).text
    assert (await eve.get(f"/partner/{partner.id}/exports/readers")).status_code == 404
