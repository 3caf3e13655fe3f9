"""One effect for one Idempotency-Key, whoever asks twice."""

import hashlib
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import IdempotencyRecord
from promos.rules.people import Role
from tests.web.asking import PARTNER
from tests.web.sides import World

BASE = "/api/v1"


def bearing(secret: str, key: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"} | ({} if key is None else {"Idempotency-Key": key})


async def names(client: httpx.AsyncClient, world: World) -> list[str]:
    answer = await client.get(f"{BASE}/partners", headers=bearing(world.admin))
    return [partner["name"] for partner in answer.json()["items"]]


async def test_the_same_request_twice_is_the_same_as_once(client: httpx.AsyncClient, world: World) -> None:
    first, again = [
        await client.post(f"{BASE}/partners", json=PARTNER, headers=bearing(world.admin, key))
        for key in ("once", '"once"')
    ]

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert (await names(client, world)).count("Third") == 1


@pytest.mark.parametrize("body", [PARTNER | {"name": "Fourth"}, PARTNER | {"country": "BE"}])
async def test_a_key_is_for_one_request_only(client: httpx.AsyncClient, world: World, body: dict[str, Any]) -> None:
    await client.post(f"{BASE}/partners", json=PARTNER, headers=bearing(world.admin, "once"))
    answer = await client.post(f"{BASE}/partners", json=body, headers=bearing(world.admin, "once"))

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert "Fourth" not in await names(client, world)


async def test_two_who_choose_the_same_key_do_not_meet(client: httpx.AsyncClient, world: World) -> None:
    answers = [
        await client.patch(
            f"{BASE}/events/{side.event}", json={"url": "https://lyon.example/"}, headers=bearing(secret, "1")
        )
        for side in (world.a, world.b)
        for secret in (side.secrets[Role.OWNER], side.secrets[Role.MEMBER])
    ]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert not any("Idempotent-Replayed" in answer.headers for answer in answers)


@pytest.mark.parametrize("key", ["", " ", '""', "two words", "k" * 256, "clé"])
async def test_a_key_is_visible_ascii(client: httpx.AsyncClient, world: World, key: str) -> None:
    headers = bearing(world.admin) | {"Idempotency-Key": key.encode()}
    answer = await client.post(f"{BASE}/partners", json=PARTNER, headers=headers)  # type: ignore[arg-type]

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-invalid")
    assert "Third" not in await names(client, world)


async def test_a_refused_request_may_be_mended_under_its_key(client: httpx.AsyncClient, world: World) -> None:
    headers = bearing(world.admin, "once")
    refused = await client.post(f"{BASE}/partners", json=PARTNER | {"country": "XX"}, headers=headers)
    mended = await client.post(f"{BASE}/partners", json=PARTNER, headers=headers)

    assert (refused.status_code, mended.status_code) == (422, 201)


async def test_a_tokens_secret_is_in_its_answer_and_the_repeats_of_it_alone(
    client: httpx.AsyncClient, world: World
) -> None:
    body = {"name": "Shop", "role": "member", "partner_id": str(world.a.partner)}
    first, again = [
        await client.post(f"{BASE}/tokens", json=body, headers=bearing(world.admin, "once")) for _ in range(2)
    ]
    read = await client.get(f"{BASE}/tokens/{first.json()['id']}", headers=bearing(world.admin))
    used = await client.get(f"{BASE}/events", headers=bearing(again.json()["secret"]))

    assert first.json()["secret"] == again.json()["secret"]
    assert "secret" not in read.json()
    assert str(world.a.event) in {event["id"] for event in used.json()["items"]}


async def test_a_redemption_under_a_key_brings_its_pass_again(client: httpx.AsyncClient, world: World) -> None:
    body = {"code": world.a.codes[0], "reader": {"email": "noor@readers.example"}}
    first, again, without = [
        await client.post(f"{BASE}/redemptions", json=body, headers=bearing(world.admin, key))
        for key in ("once", "once", None)
    ]

    assert [answer.status_code for answer in (first, again, without)] == [201, 201, 200]
    assert first.json() == again.json() == without.json()
    assert first.json()["pass"]["token"]


async def test_a_list_brought_twice_under_a_key_is_answered_twice_the_same(
    client: httpx.AsyncClient, world: World
) -> None:
    at = f"{BASE}/offers/{world.a.offer}/codes/import"
    headers = bearing(world.a.secrets[Role.OWNER], "list") | {"Content-Type": "text/csv"}
    first, again = [await client.post(at, content=b"code\nALPHA\nBETA\n", headers=headers) for _ in range(2)]
    other = await client.post(at, content=b"code\nGAMMA\n", headers=headers)
    anew = await client.post(at, content=b"code\nALPHA\n", headers=headers | {"Idempotency-Key": "later"})

    assert (first.status_code, first.json()["taken"]) == (200, 2)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert (anew.json()["taken"], anew.json()["known"]) == (0, 1)


async def test_a_list_of_more_lines_than_a_million_codes_have_is_refused_whole(
    client: httpx.AsyncClient, world: World
) -> None:
    at = f"{BASE}/offers/{world.a.offer}/codes/import"
    headers = bearing(world.a.secrets[Role.OWNER]) | {"Content-Type": "text/csv"}
    refused = await client.post(at, content=b"code\nALPHA\n" + b"\n" * 1_000_001, headers=headers)
    after = await client.post(at, content=b"code\nALPHA\n", headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (422, "list-too-long")
    assert after.json()["taken"] == 1


async def test_what_is_kept_under_a_key_tells_no_address(
    client: httpx.AsyncClient, world: World, database: Database
) -> None:
    body = {"code": world.a.codes[0], "email": "noor@readers.example"}
    first, again = [
        await client.post(f"{BASE}/claims", json=body, headers={"Idempotency-Key": "once"}) for _ in range(2)
    ]
    async with database.reading() as session:
        [kept] = await session.scalars(sa.select(IdempotencyRecord))

    assert (first.status_code, first.json()["email"]) == (202, "noor@readers.example")
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert "noor" not in kept.body
    assert "127.0.0.1" not in kept.principal
    assert kept.fingerprint not in {
        hashlib.sha256(text).hexdigest()
        for text in (first.request.content, b"POST /api/v1/claims?\n" + first.request.content)
    }
