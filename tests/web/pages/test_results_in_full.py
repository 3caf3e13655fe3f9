"""The page of results: narrowed, split, day by day, taken away."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from promos.database import Database
from promos.models import Event, Offer, Partner, PassType, PromoCode, Visit
from tests.newsroom import a_block, an_issue, publish_as_it_is
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, an_owner
from tests.world import NOW, a_partner, a_publication


async def _visited(session: AsyncSession, code: PromoCode) -> None:
    """An issue of which nobody told to how many it went brings 1 200 people and 7 programs."""
    issue = await an_issue(session, await a_publication(session))
    block = await a_block(session, issue, code)
    await publish_as_it_is(session, issue)
    of = {"partner_id": code.partner_id, "event_id": code.event_id, "code_id": code.id}
    seen = {"human": 1200, "machine": 7, "refused": 3}
    session.add(Visit(**of, **seen, block_id=block.id, source_id=block.id, day=(NOW - timedelta(days=2)).date()))


async def test_what_is_not_known_is_said_and_programs_stand_apart(signed_in: SignIn, database: Database) -> None:
    partner, event, _, code = await a_world(database, redeemed=2)
    async with database.writing() as session:
        await _visited(session, code)
    browser = await an_owner(signed_in, partner)

    page = (await browser.get(f"/partner/events/{event.id}/results?by=issue")).text
    daily = (await browser.get(f"/partner/events/{event.id}/results?by=day")).text

    assert "Sent: number not known; Visits: 1,200" in page
    assert '<td class="right">number not known</td><td class="right">1,200</td><td class="right">7</td>' in page
    assert "Of 1 issue nobody told yet to how many it went." in page
    assert "Who did not come is told when the event is over." in page
    assert "No-shows" not in page
    assert "<title>Day by day</title>" in daily
    assert "<title>Day by day</title>" not in page


async def test_the_page_speaks_french_with_french_numbers(signed_in: SignIn, database: Database) -> None:
    partner, event, _, code = await a_world(database, redeemed=2)
    async with database.writing() as session:
        await _visited(session, code)
    browser = await an_owner(signed_in, partner)

    page = (await browser.get(f"/partner/events/{event.id}/results?lang=fr")).text

    assert "Du numéro à la porte" in page
    assert "1\u202f200" in page
    assert "1\u202f998\xa0€" in page
    assert "EUR, TTC (20\xa0%)" in page


async def test_currencies_and_vat_are_never_added_up(signed_in: SignIn, database: Database) -> None:
    partner, event, offer, _ = await a_world(database, redeemed=2)
    async with database.writing() as session:
        kind = await session.get_one(PassType, offer.pass_type_id)
        kind.vat, kind.vat_rate = "unknown", None
    browser = await an_owner(signed_in, partner)

    page = (await browser.get(f"/partner/events/{event.id}/results")).text

    assert '<th scope="row">EUR, VAT not stated</th>' in page


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("code=freeagenai", 200),
        ("code=nosuch", 404),
        ("code=%00%00", 422),
        ("offer=nonsense", 404),
        ("issue=00000000-0000-0000-0000-000000000009", 404),
        ("since=2026-11-23&until=2026-11-23", 200),
        ("since=yesterday", 422),
        ("since=2026-11-23&until=2026-11-22", 422),
        ("since=0001-01-01&until=9999-12-31", 422),
    ],
)
async def test_a_page_that_is_narrowed(signed_in: SignIn, database: Database, query: str, status: int) -> None:
    partner, event, *_ = await a_world(database, redeemed=2)
    browser = await an_owner(signed_in, partner)

    answer = await browser.get(f"/partner/events/{event.id}/results?by=day&{query}")

    assert answer.status_code == status


async def test_the_numbers_are_taken_away_with_the_words_of_the_page(signed_in: SignIn, database: Database) -> None:
    partner, event, offer, _ = await a_world(database, redeemed=2)
    async with database.writing() as session:
        (await session.get_one(Offer, offer.id)).name = " =HYPERLINK(1)"
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}/results"

    plain = await browser.get(f"{here}/export?by=offer&format=csv&lang=en")
    french = await browser.get(f"{here}/export?by=offer&format=csv-excel&lang=fr")

    assert plain.headers["content-disposition"] == 'attachment; filename="promos-results.csv"'
    head, line, total = plain.text.split("\r\n")[:3]
    assert head.startswith("Offer,Sent,Issues of which it is not known,Visits,By programs")
    assert head.endswith('"Given away, EUR, VAT included (20%)"')
    assert line.startswith('"\' =HYPERLINK(1)"') or line.startswith("' =HYPERLINK(1)")
    assert line.endswith(",0,2,0,0,,1998.00")
    assert total.startswith("In all,")
    assert french.content.startswith(b"\xef\xbb\xbfOffre;")
    assert "1998,00" in french.text
    assert (await browser.get(f"{here}/export?format=pdf")).status_code == 422
    assert f"{here}/export?by=code&amp;format=csv" in (await browser.get(here)).text
    assert "took a list away" in (await browser.get(f"/partner/events/{event.id}?lang=en")).text


async def test_another_partner_s_results_do_not_exist(signed_in: SignIn, database: Database) -> None:
    _, event, *_ = await a_world(database, redeemed=2)
    async with database.writing() as session:
        stranger: Partner = await a_partner(session, name="Quartz")
    eve = await an_owner(signed_in, stranger)

    for path in ("results", "results/export?format=csv"):
        assert (await eve.get(f"/partner/events/{event.id}/{path}")).status_code == 404


async def test_an_event_without_anything_has_a_page_too(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database)
    async with database.writing() as session:
        over = await session.get_one(Event, event.id)
        over.starts_at, over.ends_at = NOW - timedelta(days=2), NOW - timedelta(days=1)
    browser = await an_owner(signed_in, partner)

    page = await browser.get(f"/partner/events/{event.id}/results?by=issue")

    assert page.status_code == 200
    assert "Nobody came yet" in page.text
    assert "did not come" in page.text
