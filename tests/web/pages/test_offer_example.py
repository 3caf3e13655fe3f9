"""What readers will see, beside the form while an offer is typed: the same words as on a code's page."""

import html
import re

import sqlalchemy as sa

from promos.database import Database
from promos.models import Offer
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, an_owner
from tests.world import a_code

FIELDS = {
    "benefit": "free_pass",
    "name": "Readers",
    "limit": "7",
    "opens_at": "2026-11-20T00:00",
    "ends_at": "2026-11-30T23:59",
    "proof": "mailbox",
    "waiting_list": "true",
    "place_hours": "24",
    "on_cancel": "return",
    "on_expiry": "return",
    "eligibility": "Who works with Python.",
}


def words(page: str, begins: str, ends: str) -> str:
    """What stands between two marks, without tags."""
    part = page[page.index(begins) : page.index(ends, page.index(begins))]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split())


async def test_the_example_says_what_the_code_s_page_will_say(signed_in: SignIn, database: Database) -> None:
    partner, event, old, _ = await a_world(database)
    owner = await an_owner(signed_in, partner)
    fields = FIELDS | {"pass_type_id": str(old.pass_type_id)}

    tried = await owner.post(f"/partner/events/{event.id}/offers/new", fields | {"then": "example"})
    async with database.reading() as session:
        assert (await session.scalars(sa.select(Offer.name))).all() == [old.name]
    made = await owner.post(f"/partner/events/{event.id}/offers/new", fields)
    async with database.writing() as session:
        offer = (await session.scalars(sa.select(Offer).where(Offer.name == "Readers"))).one()
        await a_code(session, offer, text="YOURCODE", spelled="YOURCODE")

    assert (tried.status_code, made.status_code) == (200, 303)
    real = words((await owner.get("/c/YOURCODE")).text, '<p class="lead">', "<h2>")
    assert words(tried.text, '<p class="lead">', '<div class="row"') == real
    assert "One free pass" in real
    assert 'value="Readers"' in tried.text  # what was typed stays


async def test_mistakes_are_told_beside_their_fields_while_one_types(signed_in: SignIn, database: Database) -> None:
    partner, _, old, _ = await a_world(database)
    owner = await an_owner(signed_in, partner)
    fields = FIELDS | {"pass_type_id": str(old.pass_type_id), "then": "example"}
    wrong = {"benefit": "percent", "percent": "120", "limit": "x", "ends_at": "2026-11-01T00:00"}

    tried = (await owner.post(f"/partner/offers/{old.id}", fields | wrong)).text

    for field in ("percent", "limit", "ends_at"):
        assert f'id="field-{field}-error"' in tried
        assert f'href="#field-{field}"' in tried
    assert "autofocus" not in tried
    assert "FREEAGENAI" in words(tried, 'id="example"', "</form>")  # the offer's own code


async def test_the_example_stands_whatever_is_typed(signed_in: SignIn, database: Database) -> None:
    partner, event, old, _ = await a_world(database)
    owner = await an_owner(signed_in, partner)

    for name in (*FIELDS, "pass_type_id", "percent", "amount", "budget", "conditions_url"):
        for value in ("", "\x00", "-1", "9" * 400, "é<b>'\"", "javascript:alert(1)", "1e400", "2026-02-30T99:99"):
            fields = FIELDS | {"pass_type_id": str(old.pass_type_id), name: value, "then": "example"}
            answer = await owner.post(f"/partner/events/{event.id}/offers/new", fields)
            assert answer.status_code == 200, (name, value)
            assert 'javascript:alert(1)"' not in answer.text.replace('value="javascript:alert(1)"', "")
