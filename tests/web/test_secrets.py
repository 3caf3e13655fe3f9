"""Whoever has not proved a mailbox hears the same of every secret code: of a good one, a spent one and one made up."""

import asyncio
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from promos.actions import batches, codes, making, redemptions
from promos.database import Database
from promos.models import Claim, Delivery, Offer, PromoCode
from promos.rules import signing
from promos.rules.people import Role
from promos.settings import Keys
from promos.web.paces import PACE
from tests.web.sides import World, a_token
from tests.world import ADMIN, DAY, NOW, a_partner, a_pass_type, an_ask, an_event, an_offer

BASE = "/api/v1"
PATTERN = "GENAI-****-****-****-*"
MADE_UP = "GENAI-2345-6789-ABCD-E"
STATES = ("good", "used", "paused", "revoked", "ended", "not open", "sold out", "shop only", "made up")


@pytest.fixture
def browser(client: httpx.AsyncClient) -> httpx.AsyncClient:
    client.headers["Origin"] = str(client.base_url).rstrip("/")
    return client


async def secrets_of(database: Database, offer_id: UUID, count: int = 1, **facts: Any) -> list[str]:
    """Codes as their holders have them in hand."""
    async with database.writing() as session:
        batch = await batches.order(session, offer_id, count, pattern=PATTERN, now=NOW, by=ADMIN, **facts)
    await making.make(database, lambda: NOW, batch_id=batch.id)
    async with database.reading() as session:
        return list(await session.scalars(sa.select(PromoCode.spelled).where(PromoCode.batch_id == batch.id)))


async def an_offer_of(database: Database, slug: str, **facts: Any) -> Offer:
    async with database.writing() as session:
        event = await an_event(session, slug=slug)
        return await an_offer(session, await a_pass_type(session, event), **facts)


@pytest.fixture
async def every(database: Database) -> dict[str, str]:
    """A secret code in each of the states that it can be in."""
    open_, over = await an_offer_of(database, "open", limit=None), await an_offer_of(database, "over", limit=1)
    good, used, paused, revoked = await secrets_of(database, open_.id, 4)
    [sold_out, sold] = await secrets_of(database, over.id, 2)
    others: dict[str, dict[str, Any]] = {
        "ended": {"opens_at": NOW - 2 * DAY, "ends_at": NOW - DAY},
        "not open": {"opens_at": NOW + DAY},
        "shop only": {"proof": "none"},
    }
    found = {
        state: (await secrets_of(database, (await an_offer_of(database, state[:4], **facts)).id))[0]
        for state, facts in others.items()
    }
    async with database.writing() as session:
        await codes.update(session, paused, status="paused", now=NOW, by=ADMIN)
        await codes.update(session, revoked, status="revoked", now=NOW, by=ADMIN)
        for word in (used, sold):
            code = (await session.scalars(sa.select(PromoCode).where(PromoCode.spelled == word))).one()
            await redemptions.redeem(session, [an_ask(code, f"reader-{word[-1].lower()}-{word[6].lower()}")], now=NOW)
    known = {"good": good, "used": used, "paused": paused, "revoked": revoked, "sold out": sold_out}
    return known | found | {"made up": MADE_UP}


def said(answer: httpx.Response, word: str) -> tuple[int, str, dict[str, str]]:
    """All of an answer but the word that was asked for, and what differs from one request to the next anyhow."""
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date"}}
    return answer.status_code, re.sub(re.escape(word), "WORD", answer.text), headers


def test_every_state_is_tried(every: dict[str, str]) -> None:
    assert sorted(every) == sorted(STATES)


async def test_the_page_of_a_secret_code_is_the_same_in_every_state(
    browser: httpx.AsyncClient, every: dict[str, str]
) -> None:
    pages = {state: said(await browser.get(f"/c/{word}"), word) for state, word in every.items()}

    assert {state for state, page in pages.items() if page != pages["good"]} == set()
    assert pages["good"][0] == 200


async def test_the_form_of_a_secret_code_answers_alike_in_every_state(
    browser: httpx.AsyncClient, database: Database, every: dict[str, str]
) -> None:
    answers = {}
    for number, (state, word) in enumerate(every.items()):
        email = f"reader{number}@readers.example"
        answer = await browser.post(f"/c/{word}", data={"email": email})
        answers[state] = said(answer, word)[:2]
        answers[state] = (answers[state][0], answers[state][1].replace(email, "ADDRESS"))

    assert {state for state, answer in answers.items() if answer != answers["good"]} == set()
    assert answers["good"][0] == 200
    async with database.reading() as session:
        mails = await session.scalar(sa.select(sa.func.count()).where(Delivery.kind == "claim"))
    assert mails == len(STATES) - 1


async def test_a_claim_by_api_answers_alike_in_every_state(client: httpx.AsyncClient, every: dict[str, str]) -> None:
    answers = {}
    for number, (state, word) in enumerate(every.items()):
        email = f"reader{number}@readers.example"
        answer = await client.post(f"{BASE}/claims", json={"code": word, "email": email})
        status, body, _ = said(answer, word)
        answers[state] = status, body.replace(email, "ADDRESS")

    assert {state for state, answer in answers.items() if answer != answers["good"]} == set()
    assert answers["good"][0] == 202


async def test_asking_again_for_a_code_that_was_made_up_is_too_often_as_for_any_other(
    client: httpx.AsyncClient, every: dict[str, str]
) -> None:
    for state in ("good", "made up"):
        body = {"code": every[state], "email": f"{state[:4]}@readers.example"}
        first, again = [await client.post(f"{BASE}/claims", json=body) for _ in range(2)]

        assert (first.status_code, again.status_code) == (202, 429), state


async def test_trying_a_secret_code_tells_nobody_whether_there_is_one(
    client: httpx.AsyncClient, database: Database, keys: Keys, every: dict[str, str]
) -> None:
    async with database.reading() as session:
        elsewhere = await session.scalar(sa.select(Offer.partner_id).where(Offer.name == "For readers").limit(1))
    async with database.writing() as session:
        stranger = await a_token(session, Role.OWNER, keys, partner_id=await _another(session, elsewhere))
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {stranger}"}, 404)):
        answers = {
            state: said(await client.post(f"{BASE}/codes/{word}/check", headers=headers), word)
            for state, word in every.items()
        }

        assert {state for state, answer in answers.items() if answer != answers["good"]} == set()
        assert answers["good"][0] == status


async def _another(session: Any, partner_id: Any) -> UUID:
    other = await a_partner(session, name="Other")
    assert other.id != partner_id
    return other.id


async def test_who_runs_a_secret_code_hears_all_about_it(
    client: httpx.AsyncClient, world: World, database: Database
) -> None:
    [word] = await secrets_of(database, world.a.offer)
    owner = {"Authorization": f"Bearer {world.a.secrets[Role.OWNER]}"}
    editor = {"Authorization": f"Bearer {world.editor}"}

    tried = await client.post(f"{BASE}/codes/{word}/check", headers=owner)
    found, hidden = [await client.get(f"{BASE}/codes/{word}", headers=who) for who in (owner, editor)]
    listed = await client.get(f"{BASE}/codes", headers=editor)

    assert (tried.json()["redeemable"], tried.json()["remaining"]) == (True, 1)
    assert (found.json()["code"], found.json()["version"], hidden.status_code) == (word, 0, 404)
    assert word not in listed.text


async def test_the_reason_comes_after_the_mailbox_is_proved(
    client: httpx.AsyncClient, database: Database, keys: Keys, every: dict[str, str]
) -> None:
    reasons = {}
    for state, word in every.items():
        body = {"code": word, "email": f"{state[:3]}@readers.example"}
        await client.post(f"{BASE}/claims", json=body)
        async with database.reading() as session:
            claim = await session.scalar(
                sa.select(Claim).join(PromoCode, Claim.code_id == PromoCode.id).where(PromoCode.spelled == word)
            )
        if claim:
            secret = signing.secret_of(keys.signing[0], "claim", claim.id)
            answer = await client.post(f"{BASE}/claims/{secret}/confirm")
            reasons[state] = answer.json().get("code", answer.status_code)

    assert reasons == {
        "good": 201,
        "used": "code-exhausted",
        "paused": "code-paused",
        "revoked": "code-revoked",
        "ended": "code-ended",
        "not open": "code-not-open",
        "sold out": "offer-exhausted",
        "shop only": "proof-needed",
    }


async def test_a_secret_code_works_with_its_look_alikes_and_a_public_word_does_not(
    client: httpx.AsyncClient, world: World, database: Database
) -> None:
    owner = {"Authorization": f"Bearer {world.a.secrets[Role.OWNER]}"}
    [word] = await secrets_of(database, world.a.offer)
    await client.post(f"{BASE}/offers/{world.a.offer}/codes", json={"code": "GENERATION-IO-2026"}, headers=owner)
    misread = word.lower().replace("0", "o").replace("1", "l")
    reader = {"email": "ada@readers.example"}

    redeemed = await client.post(f"{BASE}/redemptions", json={"code": misread, "reader": reader}, headers=owner)
    public = [
        await client.post(f"{BASE}/codes/{code}/check", headers=owner)
        for code in ("generation-io-2026", "GENERATION-10-2026")
    ]

    assert redeemed.status_code == 201, redeemed.text
    assert [answer.status_code for answer in public] == [200, 404]


async def test_a_public_word_stays_honest_however_long_it_is(
    browser: httpx.AsyncClient, world: World, database: Database
) -> None:
    async with database.writing() as session:
        await codes.create(session, world.a.offer, "GENERATION-IA-2026", now=NOW, by=ADMIN)

    page = await browser.get("/c/generation-ia-2026")
    unknown = await browser.get("/c/NOSUCHCODE")

    assert (page.status_code, unknown.status_code) == (200, 404)
    assert "Zephyr Days" in page.text


async def test_what_is_said_of_a_secret_code_takes_the_same_time(
    client: httpx.AsyncClient, every: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    for state in ("good", "made up"):
        await client.post(f"{BASE}/claims", json={"code": every[state], "email": f"{state[:4]}@readers.example"})
    await client.post(f"{BASE}/claims", json={"code": "NOSUCHCODE", "email": "bo@readers.example"})

    assert len(pauses) == 2
    assert all(0 < pause <= PACE for pause in pauses)
