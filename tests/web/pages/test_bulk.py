"""Codes in bulk on the partner's desk: ordered, watched, taken out, and brought as a list."""

import csv
import io
import re

import sqlalchemy as sa

from promos.actions import batches, making
from promos.database import Database
from promos.models import CodeBatch, PromoCode
from promos.rules.people import Role
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner
from tests.world import ADMIN, NOW, a_partner

ORDER = {"count": "40", "pattern": "GENAI-****-****-****-*", "limit": "1"}


async def sent(browser: Browser, path: str, content: bytes, then: str) -> str:
    answer = await browser.client.post(
        path, data={"_csrf_token": browser.csrf, "then": then}, files={"list": ("list.csv", content, "text/csv")}
    )
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_an_order_is_watched_stopped_gone_on_with_and_taken_out(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/offers/{offer.id}/bulk"

    empty = await browser.get(here)
    ordered = await browser.post(here, ORDER)
    [batch_id] = await all_of(database, sa.select(CodeBatch.id))
    waiting = await browser.get(ordered.headers["Location"])
    await browser.post(f"/partner/batches/{batch_id}/stop")
    none = await making.make(database, lambda: NOW)
    stopped = await browser.get(here)
    await browser.post(f"/partner/batches/{batch_id}/continue")
    await making.make(database, lambda: NOW)
    done = await browser.get(here)
    file = await browser.get(f"/partner/batches/{batch_id}/codes.csv")

    assert "No secret codes yet" in empty.text
    assert 'data-watch="/partner/offers' in waiting.text
    assert '<progress max="40" value="0"' in waiting.text
    assert none is None
    assert "Make the rest" in stopped.text
    assert "data-watch" not in stopped.text
    assert "40 of 40" in done.text
    rows = list(csv.reader(io.StringIO(file.text)))
    assert rows[0] == ["code", "limit", "used", "status"]
    assert len({row[0] for row in rows[1:]}) == 40
    assert all(row[0].startswith("GENAI-") and row[1:] == ["1", "0", "active"] for row in rows[1:])


async def test_a_form_that_is_sent_twice_orders_once(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/offers/{offer.id}/bulk"
    [once] = re.findall(r'name="once" value="([^"]+)"', (await browser.get(here)).text)

    answers = [(await browser.post(here, ORDER | {"once": once})).status_code for _ in range(2)]
    others = [(await browser.post(here, ORDER)).status_code for _ in range(2)]

    assert answers + others == [303] * 4
    assert await all_of(database, sa.select(sa.func.count(CodeBatch.id))) == [3]


async def test_an_order_that_is_done_by_the_time_says_so_itself(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/offers/{offer.id}/bulk"
    await browser.post(here, ORDER)
    [batch_id] = await all_of(database, sa.select(CodeBatch.id))
    await making.make(database, lambda: NOW)

    answer = await browser.post(f"/partner/batches/{batch_id}/stop")

    assert (answer.status_code, answer.headers["Location"]) == (303, here)


async def test_a_pattern_is_shown_by_example_before_anything_is_ordered(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/offers/{offer.id}/bulk"

    shown = await browser.post(here, {**ORDER, "pattern": "paris-****-****-****-##", "then": "example"})
    narrow = await browser.post(here, {**ORDER, "pattern": "GENAI-****"})
    looked = await browser.client.get(here, params={"pattern": "VIP-****-****-****-*"})

    assert shown.text.count('<code translate="no">PARIS-') == 3
    assert (narrow.status_code, 'value="GENAI-****"' in narrow.text) == (422, True)
    assert "could be guessed" in narrow.text
    assert looked.text.count('<code translate="no">VIP-') == 3
    assert await all_of(database, sa.select(sa.func.count(CodeBatch.id))) == [0]


async def test_a_list_is_tried_then_taken_in_with_its_bad_rows_told(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    path = f"/partner/offers/{offer.id}/bulk/import"
    content = "\ufeffCode;Limite\r\nALPHA-1;5\r\nÉTÉ;1\r\nBETA-2;x\r\n".encode()

    tried = await sent(browser, path, content, "try")
    before = await all_of(database, sa.select(sa.func.count(PromoCode.id)))
    taken = await sent(browser, path, content, "take")
    event = await browser.get(f"/partner/events/{offer.event_id}")

    assert "Only tried" in tried
    assert "ÉTÉ" in tried
    assert before == [1]
    assert "The list is taken in" in taken
    assert "ALPHA-1" in event.text
    assert "brought a list of codes" in event.text


async def test_a_thousand_codes_are_one_line_on_the_events_page(database: Database, signed_in: SignIn) -> None:
    partner, event, offer, _ = await a_world(database)
    async with database.writing() as session:
        await batches.order(session, offer.id, 1000, pattern="GENAI-****-****-****-*", now=NOW, by=ADMIN)
    await making.make(database, lambda: NOW)
    browser = await an_owner(signed_in, partner)

    page = await browser.get(f"/partner/events/{event.id}")
    home = await browser.get("/partner")

    assert "Secret codes: 1,000 made, 0 passes out." in page.text
    assert "GENAI-" not in page.text
    assert 'value="1001"' in home.text


async def test_another_partners_orders_do_not_exist(database: Database, signed_in: SignIn) -> None:
    _, _, offer, _ = await a_world(database)
    async with database.writing() as session:
        batch = await batches.order(session, offer.id, 3, now=NOW, by=ADMIN)
        other = await a_partner(session, name="Other")
    browser = await signed_in("hugo@other.example", Role.OWNER, partner_id=other.id)

    asked = [
        await browser.get(f"/partner/offers/{offer.id}/bulk"),
        await browser.post(f"/partner/offers/{offer.id}/bulk", ORDER),
        await browser.get(f"/partner/batches/{batch.id}/codes.csv"),
        await browser.post(f"/partner/batches/{batch.id}/stop"),
        await browser.post(f"/partner/batches/{batch.id}/continue"),
        await browser.client.post(
            f"/partner/offers/{offer.id}/bulk/import",
            data={"_csrf_token": browser.csrf, "then": "take"},
            files={"list": ("list.csv", b"THEIRS\n", "text/csv")},
        ),
    ]

    assert [answer.status_code for answer in asked] == [404] * 6
    assert await all_of(database, sa.select(sa.func.count(CodeBatch.id))) == [1]
