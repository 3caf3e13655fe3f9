"""An event beside another one, on its page of results."""

from uuid import uuid4

from promos.database import Database
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, an_owner, last_year
from tests.world import DAY, NOW, an_event


def _cells(*said: str) -> str:
    heads = ("GenerationAI 2026", "GenerationAI 2025", "Difference")
    return "".join(
        f'<td data-label="{head}" class="right"><span>{each}</span></td>'
        for head, each in zip(heads, said, strict=True)
    )


async def test_an_edition_stands_beside_the_one_before(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database, redeemed=3)
    await last_year(database, partner.id, event.id)
    browser = await an_owner(signed_in, partner)

    page = (await browser.get(f"/partner/events/{event.id}/results")).text
    french = (await browser.get(f"/partner/events/{event.id}/results?lang=fr")).text

    assert "Passes, 10 days before: 3. GenerationAI 2025 had 2 at that time, and 3 in all." in page
    assert f'<th scope="row">Passes</th>{_cells("3", "2", "+50%")}' in page
    assert f'<th scope="row">10 days before</th>{_cells("3", "2", "+50%")}' in page
    assert f'<th scope="row">2 days before</th>{_cells("–", "3", "–")}' in page
    assert "<title>Passes, by days before the event</title>" in page
    assert "10 jours avant" in french


async def test_another_event_is_chosen_and_another_partner_s_does_not_exist(
    signed_in: SignIn, database: Database
) -> None:
    partner, event, *_ = await a_world(database, redeemed=3)
    _, foreign = await last_year(database, partner.id, event.id)
    async with database.writing() as session:
        far = await an_event(session, partner, slug="far", name="Another", starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}/results"

    assert "Another 2026 had 0 at that time" in (await browser.get(f"{here}?with={far.id}")).text
    refused = [await browser.get(f"{here}?with={each}") for each in (foreign, uuid4(), event.id, "nonsense")]
    assert {answer.status_code for answer in refused} == {404}
