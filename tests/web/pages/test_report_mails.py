"""Who gets the report by mail: named on the desk by an owner, stopped behind the mail's link by a press."""

import sqlalchemy as sa

from promos.database import Database
from promos.models import ReportSchedule
from promos.rules import signing
from promos.rules.people import Role
from promos.settings import Keys
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner

WEEKLY = {"email": "boss@partner.example", "every": "week", "language": "fr"}


async def test_an_owner_names_who_gets_it_and_stops_it(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}/reports/mails"

    assert (await browser.post(here, WEEKLY)).status_code == 303
    again = await browser.post(here, WEEKLY)
    page = (await browser.get(here)).text
    [schedule] = await all_of(database, sa.select(ReportSchedule.id))
    await browser.post(f"/partner/report-schedules/{schedule}/stop")

    assert again.status_code == 422
    assert "gets the report already" in again.text
    assert "boss@partner.example" in page
    assert "Monday 30 November 2026, 08:00" in page
    assert await all_of(database, sa.select(ReportSchedule.stopped_by)) == ["partner"]


async def test_a_member_sees_them_and_names_nobody(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database)
    member = await signed_in("bo@partner.example", Role.MEMBER, partner_id=partner.id)
    here = f"/partner/events/{event.id}/reports/mails"

    assert "Only an owner" in (await member.get(here)).text
    assert (await member.post(here, WEEKLY)).status_code == 403


async def test_opening_the_mails_link_changes_nothing_and_pressing_ends_it(
    signed_in: SignIn, nobody: Browser, database: Database, keys: Keys
) -> None:
    partner, event, *_ = await a_world(database)
    await (await an_owner(signed_in, partner)).post(f"/partner/events/{event.id}/reports/mails", WEEKLY)
    [schedule] = await all_of(database, sa.select(ReportSchedule.id))
    link = f"/stop-report/{signing.link(keys.signing, 'stop-report', schedule)}"

    opened = await nobody.get(link)
    assert await all_of(database, sa.select(ReportSchedule.stopped_at)) == [None]
    pressed = [await nobody.post(link) for _ in range(2)]

    assert "Arrêter ces e-mails" in opened.text
    assert "Stop these mails" not in opened.text
    assert [answer.status_code for answer in pressed] == [200, 200]
    assert "Vous ne recevrez plus" in pressed[0].text
    assert await all_of(database, sa.select(ReportSchedule.stopped_by)) == ["recipient"]
    for path in ("/stop-report/NOSUCH", f"/stop-report/{signing.link(keys.signing, 'pass', schedule)}"):
        assert (await nobody.get(path)).status_code == 410
        assert (await nobody.post(path)).status_code == 410


async def test_a_mail_program_stops_it_with_one_click_and_without_a_page_of_ours(
    signed_in: SignIn, nobody: Browser, database: Database, keys: Keys
) -> None:
    partner, event, *_ = await a_world(database)
    owner = await an_owner(signed_in, partner)
    await owner.post(f"/partner/events/{event.id}/reports/mails", WEEKLY)
    [schedule] = await all_of(database, sa.select(ReportSchedule.id))
    link = f"/stop-report/{signing.link(keys.signing, 'stop-report', schedule)}"
    del nobody.client.headers["Origin"]
    click = {"List-Unsubscribe": "One-Click"}

    foreign = await nobody.client.post(link, data={"List-Unsubscribe": "Perhaps"})
    elsewhere = await nobody.client.post(f"/partner/report-schedules/{schedule}/stop", data=click)
    before = await all_of(database, sa.select(ReportSchedule.stopped_at))
    clicked = [
        await nobody.client.post(link, data=click),
        await nobody.client.post(link, files=[("x", b"")], data=click),
    ]
    with_a_session = await owner.client.post(link, data=click, headers={"Origin": "https://mail.example"})

    assert (foreign.status_code, elsewhere.status_code, before) == (403, 303, [None])
    assert [answer.status_code for answer in [*clicked, with_a_session]] == [200, 200, 200]
    assert await all_of(database, sa.select(ReportSchedule.stopped_by)) == ["recipient"]


async def test_the_link_of_what_ended_long_ago_says_so(
    signed_in: SignIn, nobody: Browser, database: Database, keys: Keys
) -> None:
    partner, event, *_ = await a_world(database)
    await (await an_owner(signed_in, partner)).post(f"/partner/events/{event.id}/reports/mails", WEEKLY)
    [schedule] = await all_of(database, sa.select(ReportSchedule.id))
    async with database.writing() as session:
        await session.execute(sa.delete(ReportSchedule))
    link = f"/stop-report/{signing.link(keys.signing, 'stop-report', schedule)}"

    answers = [await nobody.post(link), await nobody.get(f"{link}?lang=fr")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "your address is deleted" in answers[0].text
    assert "votre adresse est effacée" in answers[1].text


async def test_the_page_of_a_cancelled_event_says_that_nothing_is_sent(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/events/{event.id}/reports/mails"
    await browser.post(here, WEEKLY)
    await browser.post(f"/partner/events/{event.id}/cancel")

    page = (await browser.get(here)).text
    again = await browser.post(here, WEEKLY | {"email": "x@partner.example"})

    assert "no report of it is sent any more" in page
    assert "Add this address" not in page
    assert "Monday 30 November" not in page
    assert (again.status_code, "This event was cancelled." in again.text) == (410, True)
