"""The report for somebody without an account: a link that is shown once, ends, and can be revoked."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import ReportLink
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner
from tests.world import DAY, NOW


async def shared(browser: Browser, event_id: Any, **typed: str) -> str:
    """The path of a new link to the report."""
    given = {"name": "Claire’s boss", "language": "en", "days": "30"} | typed
    answer = await browser.post(f"/partner/events/{event_id}/reports", given)
    assert answer.status_code == 200, answer.text
    found = re.search(r"/report/\w+", answer.text)
    assert found
    return found[0]


async def test_who_has_the_link_sees_counts_and_money_and_no_reader(
    signed_in: SignIn, nobody: Browser, database: Database
) -> None:
    partner, event, *_ = await a_world(database, redeemed=2)
    link = await shared(await an_owner(signed_in, partner), event.id)

    answer = await nobody.get(link)

    assert answer.status_code == 200
    assert "for Claire’s boss" in answer.text
    assert re.search(r'passes out</dt><dd class="figure">2<', answer.text)
    assert "€1,998" in answer.text
    assert "FREEAGENAI" in answer.text
    assert "readers.example" not in answer.text
    assert "noindex" in answer.headers["x-robots-tag"]
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")


async def test_the_report_speaks_the_language_it_was_shared_in(
    signed_in: SignIn, nobody: Browser, database: Database
) -> None:
    partner, event, *_ = await a_world(database, redeemed=2)
    link = await shared(await an_owner(signed_in, partner), event.id, language="fr")

    assert '<html lang="fr">' in (await nobody.get(link)).text
    assert '<html lang="en">' in (await nobody.get(f"{link}?lang=en")).text


async def test_ended_revoked_and_unknown_links_answer_alike(
    signed_in: SignIn, nobody: Browser, database: Database
) -> None:
    partner, event, *_ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    revoked, ended = await shared(browser, event.id), await shared(browser, event.id)
    [first, second] = [row.id for row in await _links(database)]

    assert (await browser.post(f"/partner/reports/{first}/revoke")).status_code == 303
    async with database.writing() as session:
        await session.execute(sa.update(ReportLink).where(ReportLink.id == second).values(expires_at=NOW))
    answers = [await nobody.get(link) for link in (revoked, ended, "/report/NOSUCH", "/report/é%00")]

    assert {answer.status_code for answer in answers} == {410}
    assert len({re.sub(r"/report/\S+?lang", "lang", answer.text) for answer in answers}) == 1
    assert "Ask whoever gave it to you" in answers[0].text


async def test_the_link_is_shown_once_and_lives_for_as_long_as_was_said(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    link = await shared(browser, event.id, days="7")

    page = (await browser.get(f"/partner/events/{event.id}/reports")).text

    assert "Claire’s boss" in page
    assert link not in page
    assert await all_of(database, sa.select(ReportLink.expires_at)) == [NOW + timedelta(days=7)]
    assert "shared the report by a link" in (await browser.get(f"/partner/events/{event.id}")).text


@pytest.mark.parametrize(
    ("field", "typed"), [("name", ""), ("days", "0"), ("days", "9999"), ("days", "x"), ("language", "de")]
)
async def test_what_makes_no_sense_comes_back_to_be_mended(
    field: str, typed: str, signed_in: SignIn, database: Database
) -> None:
    partner, event, *_ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    given = {"name": "Claire’s boss", "language": "en", "days": "30"} | {field: typed}

    answer = await browser.post(f"/partner/events/{event.id}/reports", given)

    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
    assert await _links(database) == []


async def test_many_codes_stay_one_page(signed_in: SignIn, nobody: Browser, database: Database) -> None:
    """The codes with most passes have a line each, the others one together, and all of them add up."""
    from promos.actions import codes
    from tests.world import ADMIN

    partner, event, offer, _ = await a_world(database, redeemed=3)
    async with database.writing() as session:
        for number in range(12):
            await codes.create(session, offer.id, f"WORD{number:02}", now=NOW - DAY, by=ADMIN)
    link = await shared(await an_owner(signed_in, partner), event.id)

    page = (await nobody.get(link)).text

    assert len(re.findall(r'<th scope="row">(?:FREEAGENAI|WORD\d\d)<', page)) == 7
    assert "6 other codes" in page


async def test_the_report_is_a_file_too_by_its_link_and_on_the_desk(
    signed_in: SignIn, nobody: Browser, database: Database
) -> None:
    partner, event, *_ = await a_world(database, redeemed=2)
    browser = await an_owner(signed_in, partner)
    link = await shared(browser, event.id)

    by_link = await nobody.get(f"{link}/pdf")
    at_the_desk = await browser.get(f"/partner/events/{event.id}/reports/pdf")

    assert by_link.content.startswith(b"%PDF-")
    assert by_link.content == at_the_desk.content
    assert by_link.headers["content-disposition"].endswith('.pdf"')
    assert (by_link.headers["cache-control"], by_link.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert (await nobody.get("/report/NOSUCH/pdf")).status_code == 410
    assert (await nobody.get(f"/partner/events/{event.id}/reports/pdf")).status_code == 303


async def _links(database: Database) -> list[ReportLink]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(ReportLink).order_by(ReportLink.id)))
