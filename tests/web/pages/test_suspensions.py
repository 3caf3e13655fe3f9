"""A suspension on the pages: made with a reason, told to the partner's people, seen by readers, and lifted."""

import sqlalchemy as sa

from promos.database import Database
from promos.models import Offer, Partner
from promos.rules.people import Role
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner


async def test_an_admin_suspends_with_a_reason_and_lifts(
    database: Database, signed_in: SignIn, nobody: Browser
) -> None:
    partner, *_ = await a_world(database)
    admin = await signed_in("ada@admin.example", Role.ADMIN)
    here = f"/admin/partners/{partner.id}/suspension"

    empty = await admin.post(here, {"why": " "})
    done = await admin.post(here, {"why": "Their invoices bounce."})
    page, code = await admin.get(here), await nobody.get("/c/FREEAGENAI")
    lifted = await admin.post(f"{here}/lift")
    again = await nobody.get("/c/FREEAGENAI")

    assert empty.status_code == 422
    assert 'href="#field-why"' in empty.text
    assert done.headers["Location"] == f"{here}?said=suspended"
    assert "Their invoices bounce." in page.text
    assert "This code is not available at the moment." in code.text
    assert "<form" not in code.text.partition("<main")[2].partition("</main>")[0]
    assert "invoices" not in code.text
    assert lifted.headers["Location"] == f"{here}?said=lifted"
    assert "not available" not in again.text
    assert await all_of(database, sa.select(Partner.suspended_at)) == [None]


async def test_its_people_read_why_and_change_nothing(database: Database, signed_in: SignIn) -> None:
    partner, event, offer, code = await a_world(database)
    owner = await an_owner(signed_in, partner)
    admin = await signed_in("ada@admin.example", Role.ADMIN)
    await admin.post(f"/admin/partners/{partner.id}/suspension", {"why": "Their invoices bounce."})

    page, why = await owner.get(f"/partner/events/{event.id}"), await owner.get("/partner/suspended")
    refused = await owner.post(f"/partner/codes/{code.text}/pause")
    edited = await owner.post(f"/partner/offers/{offer.id}", {"name": "Other"})

    assert page.status_code == 200
    assert "Your organisation is suspended" in page.text
    assert "partner suspended" in page.text
    assert "Their invoices bounce." in why.text
    assert (refused.status_code, edited.status_code) == (403, 403)
    assert "you can read everything, and change nothing for now" in refused.text
    assert await all_of(database, sa.select(Offer.name)) == ["For readers"]


async def test_only_admins_see_the_form(database: Database, signed_in: SignIn) -> None:
    partner, *_ = await a_world(database)
    owner = await an_owner(signed_in, partner)

    assert (await owner.get(f"/admin/partners/{partner.id}/suspension")).status_code == 403
    assert (await owner.post(f"/admin/partners/{partner.id}/suspension", {"why": "No."})).status_code == 403
