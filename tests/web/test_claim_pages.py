"""Each state of a claim has its own page, without a script: in line, offered a place, looked at, handed on, over."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from promos.actions import passes
from promos.database import Database
from promos.models import Claim, Pass, PromoCode, Redemption, Visit
from promos.rules import signing
from promos.settings import Keys, Settings
from tests import world
from tests.web.conftest import running
from tests.world import ADMIN, NOW

HOUR = timedelta(hours=1)
JOIN, ASK, TAKE = "Put me on the waiting list", "Yes, give me the pass", "Take the place"


class Reader:
    """A browser, the mail that comes, and the clock."""

    def __init__(
        self, browser: httpx.AsyncClient, app: Any, database: Database, keys: Keys, clock: list[datetime]
    ) -> None:
        self.browser, self.app, self.database, self.keys, self._clock = browser, app, database, keys, clock

    def lets_time_go_by(self, instant: datetime) -> None:
        self._clock[0] = instant

    async def asks(self, who: str, **typed: str) -> httpx.Response:
        return await self.browser.post("/c/FREEAGENAI", data={"email": f"{who}@readers.example"} | typed)

    async def link(self, name: str) -> str:
        async with self.database.reading() as session:
            key = signing.reader_key(self.keys.reader, f"{name}@readers.example")
            claim = sa.select(Claim.id).where(Claim.reader_key == key).order_by(Claim.id.desc()).limit(1)
            claim_id = (await session.scalars(claim)).one()
        return f"/claim/{signing.secret_of(self.keys.signing[0], 'claim', claim_id)}"

    async def sees(self, path: str) -> httpx.Response:
        return await self.browser.get(path)

    async def presses(self, path: str, **typed: str) -> httpx.Response:
        """The page that comes of a press."""
        answer = await self.browser.post(path, data={"press": "yes"} | typed)
        return await self.sees(answer.headers["Location"]) if answer.status_code == 303 else answer

    async def waits(self, name: str) -> str:
        """In line; the page of the claim."""
        await self.asks(name, wait="true")
        link = await self.link(name)
        await self.presses(link, wait="true")
        return link

    async def gets_a_pass(self, name: str) -> str:
        await self.asks(name)
        answer = await self.browser.post(await self.link(name), data={"press": "yes"})
        return str(answer.headers["Location"])

    async def unserved(self) -> int:
        await self.app.state.visits.flush(self.database)
        async with self.database.reading() as session:
            return await session.scalar(sa.select(sa.func.sum(Visit.refused))) or 0


@pytest.fixture
async def reader(settings: Settings, database: Database, keys: Keys) -> AsyncIterator[Reader]:
    clock = [NOW]
    async with running(settings, clock=lambda: clock[0]) as app:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        headers = {"Origin": settings.base_url, "User-Agent": "Mozilla/5.0"}
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url, headers=headers) as browser:
            yield Reader(browser, app.app, database, keys, clock)


async def opened(database: Database, *, event: dict[str, Any] | None = None, **facts: Any) -> PromoCode:
    async with database.writing() as session:
        kind = await world.a_pass_type(session, await world.an_event(session, **event or {}))
        return await world.a_code(session, await world.an_offer(session, kind, **facts))


async def one_goes_back(database: Database, now: datetime = NOW) -> None:
    async with database.writing() as session:
        first = sa.select(Redemption.id).where(Redemption.state == "confirmed").order_by(Redemption.version).limit(1)
        await passes.cancel(session, [(await session.scalars(first)).one()], now=now, by=ADMIN)


async def test_where_nothing_is_left_the_page_offers_the_waiting_list(reader: Reader) -> None:
    await opened(reader.database, limit=1, place_hours=48)
    await reader.gets_a_pass("di")

    page = await reader.sees("/c/FREEAGENAI")
    sent = await reader.asks("ada", wait="true")
    link = await reader.link("ada")
    before = await reader.sees(link)
    after = await reader.presses(link, wait="true")

    assert "All passes for this code are gone." in page.text
    assert "kept for you for 2 days" in page.text
    assert JOIN in page.text
    assert "you stand in line" in sent.text
    assert JOIN in before.text
    assert "You stand in line, as number 1." in after.text
    assert await reader.unserved() == 0


@pytest.mark.parametrize(
    ("facts", "event"),
    [
        ({"waiting_list": False}, {}),
        ({"ends_at": NOW + 2 * HOUR}, {"starts_at": NOW - HOUR, "ends_at": NOW + HOUR}),
    ],
)
async def test_there_is_no_list_where_the_offer_has_none_or_the_event_has_begun(
    reader: Reader, facts: dict[str, Any], event: dict[str, Any]
) -> None:
    await opened(reader.database, limit=0, event=event, **facts)

    page = await reader.sees("/c/FREEAGENAI")
    forced = await reader.asks("ada", wait="true")

    assert JOIN not in page.text
    assert 'name="email"' not in page.text
    assert forced.status_code == 409
    assert "All passes for this code are gone." in forced.text


async def test_a_form_that_comes_too_late_brings_the_page_as_it_is_by_now(reader: Reader) -> None:
    await opened(reader.database, limit=1)
    await reader.gets_a_pass("di")

    page = await reader.asks("ada", share_email="true")

    assert page.status_code == 409
    assert JOIN in page.text
    assert 'value="ada@readers.example"' in page.text
    assert await reader.unserved() == 1


async def test_who_presses_after_the_last_pass_went_may_wait_or_try_again(reader: Reader) -> None:
    await opened(reader.database, limit=1)
    await reader.asks("ada")
    link = await reader.link("ada")
    await reader.gets_a_pass("di")

    seen = await reader.sees(link)
    tried = await reader.presses(link)
    waiting = await reader.presses(link, wait="true")

    assert "None is left at this moment." in seen.text
    assert JOIN in tried.text
    assert "Only try once more" in tried.text or "only try once more" in tried.text
    assert "as number 1" in waiting.text
    assert await reader.unserved() == 1


async def test_an_offered_place_is_taken_with_one_press_and_looking_takes_nothing(reader: Reader) -> None:
    await opened(reader.database, limit=1)
    await reader.gets_a_pass("di")
    link = await reader.waits("ada")
    await one_goes_back(reader.database)

    seen = [await reader.sees(link) for _ in range(3)]
    async with reader.database.reading() as session:
        held = await session.scalar(sa.select(sa.func.count()).select_from(Pass).where(Pass.state == "live"))
    taken = await reader.presses(link)
    again = await reader.sees(link)

    assert TAKE in seen[0].text
    assert "Tuesday 24 November 2026, 13:00 (Paris)" in seen[2].text
    assert held == 0
    assert "<svg" in taken.text
    assert "Show my pass" in again.text


async def test_a_place_let_go_is_offered_to_the_next(reader: Reader) -> None:
    await opened(reader.database, limit=1)
    await reader.gets_a_pass("di")
    links = [await reader.waits(name) for name in ("ada", "bo")]
    await one_goes_back(reader.database)

    left = await reader.presses(f"{links[0]}/leave")
    again = await reader.presses(f"{links[0]}/leave")
    late = await reader.presses(links[0])

    assert {left.status_code, again.status_code, late.status_code} == {410}
    assert "You left the waiting list." in left.text
    assert TAKE in (await reader.sees(links[1])).text


async def test_a_place_that_nobody_took_in_time_says_so(reader: Reader) -> None:
    await opened(reader.database, limit=1, place_hours=1)
    await reader.gets_a_pass("di")
    link = await reader.waits("ada")
    await one_goes_back(reader.database)
    reader.lets_time_go_by(NOW + HOUR)

    seen, pressed = await reader.sees(link), await reader.presses(link)

    assert seen.status_code == pressed.status_code == 410
    assert "The place went to the next in line." in seen.text
    assert "/c/FREEAGENAI" in seen.text


async def test_the_line_is_closed_when_the_event_begins(reader: Reader) -> None:
    begins = NOW + 2 * HOUR
    days = {"starts_at": begins, "ends_at": begins + HOUR}
    await opened(reader.database, limit=1, ends_at=begins + HOUR, event=days)
    await reader.gets_a_pass("di")
    link = await reader.waits("ada")
    reader.lets_time_go_by(begins)

    page = await reader.sees(link)

    assert "The waiting list is closed." in page.text


async def test_a_request_that_is_looked_at_tells_so_and_then_what_came_of_it(reader: Reader) -> None:
    await opened(reader.database, review=True)
    page = await reader.sees("/c/FREEAGENAI")
    links = {}
    for name in ("ada", "bo"):
        await reader.asks(name)
        links[name] = await reader.link(name)
    told = [await reader.presses(link) for link in links.values()]
    async with reader.database.writing() as session:
        yes, no = await session.scalars(sa.select(Redemption.id).order_by(Redemption.version))
        await passes.confirm(session, [yes], now=NOW, by=ADMIN)
        await passes.cancel(session, [no], now=NOW, by=ADMIN)
    passed, declined = await reader.presses(links["ada"]), await reader.sees(links["bo"])

    assert "looks at every request" in page.text
    assert all("Generation Events SAS looks at your request." in each.text for each in told)
    assert "<svg" in passed.text
    assert "Your request was declined." in declined.text


async def test_a_pass_given_back_after_a_review_was_not_declined(reader: Reader) -> None:
    await opened(reader.database, review=True)
    await reader.asks("ada")
    link = await reader.link("ada")
    await reader.presses(link)
    async with reader.database.writing() as session:
        held = (await session.scalars(sa.select(Redemption.id))).one()
        await passes.confirm(session, [held], now=NOW, by=ADMIN)
        await passes.give_back(session, (await session.scalars(sa.select(Pass.id))).one(), now=NOW)

    page = await reader.sees(link)

    assert "This pass was given back." in page.text


async def test_a_pass_is_offered_taken_and_dead_without_a_word_on_who_has_it(reader: Reader) -> None:
    await opened(reader.database)
    mine = await reader.gets_a_pass("ada")

    form = await reader.sees(mine)
    sent = await reader.presses(f"{mine}/hand-on", email="bo@readers.example")
    still = await reader.sees(mine)
    link = await reader.link("bo")
    seen = await reader.sees(link)
    taken = await reader.presses(link)
    gone = await reader.sees(mine)
    back = await reader.browser.post(f"{mine}/give-back", data={"press": "yes"})

    assert "Your pass stays good until they accept" in form.text
    assert "We wrote to bo@readers.example." in sent.text
    assert "<svg" in still.text
    assert "Somebody who holds this pass wants you to have it." in seen.text
    assert "ada@" not in seen.text + taken.text
    assert "<svg" in taken.text
    assert "Show this at the door" not in gone.text
    assert "bo@" not in gone.text
    assert back.status_code == 410


@pytest.mark.parametrize(
    ("event", "typed", "says"),
    [
        ({}, {"email": "ada@readers.example"}, "This is the address that holds the pass already."),
        ({}, {"email": '"><b>x'}, "&gt;&lt;b&gt;x"),
        ({"asks_name": True}, {"email": "bo@readers.example"}, "The event asks for the name on the pass."),
    ],
)
async def test_what_cannot_be_handed_on_comes_back_with_what_to_mend(
    reader: Reader, event: dict[str, Any], typed: dict[str, str], says: str
) -> None:
    await opened(reader.database, event=event)
    await reader.asks("ada", name="Ada")
    mine = str((await reader.browser.post(await reader.link("ada"), data={"press": "yes"})).headers["Location"])

    page = await reader.presses(f"{mine}/hand-on", **typed)

    assert page.status_code == 422
    assert says in page.text
    assert "<svg" in page.text  # the pass itself stays in sight


async def test_an_offered_pass_that_went_elsewhere_cannot_be_taken(reader: Reader) -> None:
    await opened(reader.database)
    mine = await reader.gets_a_pass("ada")
    await reader.presses(f"{mine}/hand-on", email="bo@readers.example")
    link = await reader.link("bo")
    await reader.browser.post(f"{mine}/give-back", data={"press": "yes"})

    seen, pressed = await reader.sees(link), await reader.presses(link)

    assert seen.status_code == pressed.status_code == 410
    assert "it cannot be handed on to you" in seen.text
    assert "This pass was given back." in pressed.text


async def test_nobody_takes_over_a_second_pass_for_the_event(reader: Reader) -> None:
    await opened(reader.database)
    mine = await reader.gets_a_pass("ada")
    await reader.gets_a_pass("bo")
    reader.lets_time_go_by(NOW + HOUR)  # the mailbox had a mail a moment ago
    await reader.presses(f"{mine}/hand-on", email="bo@readers.example")

    page = await reader.presses(await reader.link("bo"))

    assert page.status_code == 409
    assert "One person, one pass." in page.text


async def test_a_stopped_code_says_so_on_the_page_of_a_claim(reader: Reader) -> None:
    await opened(reader.database)
    await reader.asks("ada")
    async with reader.database.writing() as session:
        await session.execute(sa.update(PromoCode).values(status="revoked"))

    page = await reader.presses(await reader.link("ada"))

    assert page.status_code == 410
    assert "This code was withdrawn." in page.text
    assert ASK not in page.text


async def test_a_secret_of_nothing_leads_nowhere(reader: Reader) -> None:
    for path in ("/claim/x", "/claim/" + "A" * 300, "/claim/%00"):
        assert (await reader.sees(path)).status_code in (404, 410)
        assert (await reader.presses(path)).status_code in (404, 410)
        assert (await reader.presses(f"{path}/leave")).status_code in (404, 410)
