"""An owner who was just invited is led to the first code, by a list that goes away by itself."""

import re

from promos.database import Database
from promos.rules.people import Role
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import an_owner
from tests.world import a_code, a_partner, a_pass_type, an_event, an_offer


async def steps(browser: Browser) -> tuple[int, list[str]]:
    """How many are done, and where the buttons of the list lead; nothing once it is gone."""
    page = (await browser.get("/partner")).text
    found = re.search(r'<ol class="todo">.*?</ol>', page, re.DOTALL)
    return (found[0].count('class="done"'), re.findall(r'href="([^"]+)"', found[0])) if found else (4, [])


async def test_the_list_leads_to_each_first_step_and_goes_away(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session, legal_form=None, register_number=None)
    owner = await an_owner(signed_in, partner)
    identity = f"/partner/organisation/{partner.id}"
    fields = {
        "name": "Generation",
        "legal_name": "Generation",
        "legal_form": "SAS",
        "address": "1 rue",
        "country": "fr",
    }

    assert await steps(owner) == (0, [identity, "/partner/events/new"])
    saved = await owner.post(identity, fields | {"register_number": "RCS Paris 123 456 789"})
    assert saved.headers["Location"] == f"{identity}?said=saved"
    assert "does not fit the others" in (await owner.get(identity)).text
    saved = await owner.post(identity, fields | {"register_number": "RCS Paris 732 829 320"})
    assert saved.headers["Location"] == "/partner?said=saved"  # where the next step stands
    assert await steps(owner) == (1, ["/partner/events/new"])
    async with database.writing() as session:
        event = await an_event(session, partner)
    assert await steps(owner) == (2, [f"/partner/events/{event.id}"])
    async with database.writing() as session:
        offer = await an_offer(session, await a_pass_type(session, event))
    assert await steps(owner) == (3, [f"/partner/events/{event.id}"])
    async with database.writing() as session:
        await a_code(session, offer)
    assert await steps(owner) == (4, [])
    saved = await owner.post(identity, fields | {"register_number": "RCS Paris 732 829 320"})
    assert saved.headers["Location"] == f"/partner/team/{partner.id}?said=saved"


async def test_a_member_sees_what_only_an_owner_does(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session, address=None)
    member = await signed_in("bo@partner.example", Role.MEMBER, partner_id=partner.id)

    page = (await member.get("/partner")).text

    assert "An owner does this." in page
    assert "4 étapes avant votre premier lecteur" in (await member.get("/partner?lang=fr")).text
    assert await steps(member) == (0, ["/partner/events/new"])
