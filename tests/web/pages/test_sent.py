"""On the desks: an issue is looked at as it was sent, and a partner's code waits for its label."""

import re
from uuid import UUID

import pytest
import sqlalchemy as sa

from promos.actions import codes
from promos.database import Database
from promos.models import Issue, Observation, PromoCode
from promos.rules.people import Role
from tests.newsroom import a_placeable_code, a_ready_issue, an_issue, publish, rendered
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import all_of
from tests.world import ADMIN, NOW, a_publication


@pytest.fixture
async def places(database: Database) -> dict[str, str]:
    async with database.writing() as session:
        publication = await a_publication(session)
        code = await a_placeable_code(session, publication, limit=20)
        issue = await a_ready_issue(session, publication, code)
        await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
        await publish(session, issue)
        draft = await an_issue(session, publication, number="43")
        return {
            "publication": str(publication.id),
            "partner": str(code.partner_id),
            "event": str(code.event_id),
            "sent": f"/editor/issues/{issue.id}/sent",
            "empty": f"/editor/issues/{draft.id}/sent",
            "mail": await rendered(session, issue, "email_html"),
        }


@pytest.fixture
async def editor(signed_in: SignIn, places: dict[str, str]) -> Browser:
    return await signed_in("ada@freea.example", Role.EDITOR, publication_id=UUID(places["publication"]))


async def test_a_look_opens_the_code_and_another_one_warns(
    database: Database, places: dict[str, str], editor: Browser
) -> None:
    before = await editor.get(places["sent"])
    seen = await editor.post(places["sent"], {"content": places["mail"], "media_type": "text/html"})
    [live] = await all_of(database, sa.select(PromoCode.status))
    bare = re.sub("publicité|collaboration commerciale", "", places["mail"], flags=re.IGNORECASE)
    gone = await editor.post(places["sent"], {"content": bare, "media_type": "guess"})

    assert "Nobody has looked yet" in before.text
    assert "It opens once the label is seen here." in before.text
    assert "the label is there" in seen.text
    assert "It is live because its label was seen." in seen.text
    assert live == "active"
    assert "the label is gone" in gone.text
    assert "publish a correction" in gone.text
    assert "Its label is gone: it is paused on" in gone.text
    assert await all_of(database, sa.select(sa.func.count(Observation.id))) == [2]


@pytest.mark.parametrize("fields", [{}, {"content": "   "}, {"content": "\x00", "media_type": "text/html"}])
async def test_nothing_to_read_is_told_at_the_field(
    places: dict[str, str], editor: Browser, fields: dict[str, str]
) -> None:
    answer = await editor.post(places["sent"], fields)

    assert answer.status_code == 422
    assert 'id="field-content-error"' in answer.text


async def test_an_issue_without_a_block_and_a_stranger_have_no_such_page(
    places: dict[str, str], editor: Browser, signed_in: SignIn, database: Database
) -> None:
    async with database.writing() as session:
        other = await a_publication(session, slug="other")
    stranger = await signed_in("eve@other.example", Role.EDITOR, publication_id=other.id)

    assert (await editor.get(places["empty"])).status_code == 409
    assert (await stranger.get(places["sent"])).status_code == 404
    assert (await stranger.post(places["sent"], {"content": "<p>x</p>"})).status_code == 404


async def test_a_partner_decides_whether_a_code_waits(
    database: Database, places: dict[str, str], signed_in: SignIn
) -> None:
    owner = await signed_in("pia@partner.example", Role.OWNER, partner_id=UUID(places["partner"]))
    event = f"/partner/events/{places['event']}"
    waits = await owner.get(event)
    await owner.post("/partner/codes/FREEAGENAI/label")
    free = await owner.get(event)
    await owner.post("/partner/codes/FREEAGENAI/label", {"needs_label": "true"})
    await owner.post("/partner/codes/FREEAGENAI/resume")
    waived = await owner.get(event)

    assert "opens once its label is seen in what was sent" in waits.text
    assert "Wait for its label" in free.text
    assert "works without its label, as you decided" in waived.text
    assert await all_of(database, sa.select(PromoCode.label)) == ["waived"]


async def test_a_new_code_may_wait_from_the_start(
    database: Database, places: dict[str, str], signed_in: SignIn
) -> None:
    owner = await signed_in("pia@partner.example", Role.OWNER, partner_id=UUID(places["partner"]))
    [offer] = await all_of(database, sa.select(PromoCode.offer_id))

    await owner.post(f"/partner/offers/{offer}/codes", {"code": "LATER", "needs_label": "true"})

    [made] = await all_of(database, sa.select(PromoCode).where(PromoCode.text == "LATER"))
    assert (made.status, made.label) == ("paused", "awaited")


async def test_to_how_many_an_issue_went_is_told_on_its_page(
    database: Database, places: dict[str, str], editor: Browser
) -> None:
    page = places["sent"].removesuffix("/sent")

    answer = await editor.post(f"{page}/recipients", {"recipients": "128000"})

    assert answer.headers["Location"] == f"{page}?said=saved"
    assert 'value="128000"' in (await editor.get(page)).text
    assert await all_of(database, sa.select(Issue.recipients).where(Issue.state == "published")) == [128_000]
    assert (await editor.post(f"{page}/recipients", {"recipients": "many"})).status_code == 422
