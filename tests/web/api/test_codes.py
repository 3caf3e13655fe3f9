"""Codes by API: changed, and tried without using anything up."""

from typing import Any

import httpx
import pytest

from promos.rules.people import Role
from tests.web.asking import WINDOW
from tests.web.sides import World

BASE = "/api/v1"


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def owner(world: World) -> dict[str, str]:
    return bearing(world.a.secrets[Role.OWNER])


async def tried(client: httpx.AsyncClient, code: str, **given: Any) -> dict[str, Any]:
    answer = await client.post(f"{BASE}/codes/{code}/check", **given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_anyone_can_try_a_code_and_nothing_is_used_up(client: httpx.AsyncClient, world: World) -> None:
    before, again = [await tried(client, "zephyr-1") for _ in range(2)]

    assert before == again
    assert (before["redeemable"], before["remaining"]) == (True, 11)  # of 20, three are out and six set aside
    assert {reason["verdict"] for reason in before["reasons"]} == {"pass"}
    assert before["benefit"] == {
        "kind": "free_pass",
        "pass_type": "Zephyr pass",
        "face_value": {"amount": "999.00", "currency": "EUR", "vat": "included", "vat_rate": "20.00"},
        "price": {"list_price": "999.00", "reduction": "999.00", "price": "0.00", "currency": "EUR"},
    }


async def test_every_rule_that_says_no_is_told_not_only_the_first(
    client: httpx.AsyncClient, world: World, owner: dict[str, str]
) -> None:
    await client.patch(f"{BASE}/codes/ZEPHYR1", json={"status": "paused", "limit": 3}, headers=owner)
    said = await tried(client, "ZEPHYR1", json={"at": "2026-12-24T00:00:00Z"}, headers=owner)

    failed = [reason for reason in said["reasons"] if reason["verdict"] == "fail"]
    assert [reason["code"] for reason in failed] == ["code-ended", "code-paused", "code-exhausted"]
    assert failed[0]["facts"] == {"ends_at": "2026-11-30T12:00:00Z"}
    assert (said["redeemable"], said["remaining"]) == (False, 0)


async def test_what_the_trial_says_is_what_a_claim_hears(
    client: httpx.AsyncClient, world: World, owner: dict[str, str]
) -> None:
    await client.patch(f"{BASE}/codes/ZEPHYR1", json={"status": "revoked"}, headers=owner)
    said = await tried(client, "ZEPHYR1")
    claim = await client.post(f"{BASE}/claims", json={"code": "ZEPHYR1", "email": "noor@readers.example"})

    assert [reason["code"] for reason in said["reasons"] if reason["verdict"] == "fail"] == [claim.json()["code"]]
    assert claim.status_code == 410


async def test_another_offers_pass_stands_in_a_readers_way(
    client: httpx.AsyncClient, world: World, owner: dict[str, str]
) -> None:
    body = {**WINDOW, "event_id": str(world.a.event), "pass_type_id": str(world.a.pass_type)}
    offer = (await client.post(f"{BASE}/offers", json=body, headers=owner)).json()
    await client.post(f"{BASE}/offers/{offer['id']}/codes", json={"code": "OTHER"}, headers=owner)
    holder = {"reader": {"email": "zephyr0@readers.example"}}

    own, other = [await tried(client, code, json=holder, headers=owner) for code in ("ZEPHYR1", "OTHER")]

    assert own["redeemable"]
    assert [reason["code"] for reason in other["reasons"] if reason["verdict"] == "fail"] == ["already-holds-pass"]


async def test_only_who_runs_a_code_may_ask_about_a_reader_or_another_time(
    client: httpx.AsyncClient, world: World
) -> None:
    for body in ({"reader": {"email": "zephyr0@readers.example"}}, {"at": "2026-12-24T00:00:00Z"}):
        for headers, status in (
            ({}, 401),
            (bearing(world.editor), 403),
            (bearing(world.b.secrets[Role.OWNER]), 403),
            (bearing(world.a.secrets[Role.DOOR]), 403),
            (bearing(world.a.secrets[Role.MEMBER]), 200),
            (bearing(world.admin), 200),
        ):
            answer = await client.post(f"{BASE}/codes/ZEPHYR1/check", json=body, headers=headers)

            assert answer.status_code == status, (body, answer.text)


async def test_a_limit_never_falls_below_what_is_out(
    client: httpx.AsyncClient, world: World, owner: dict[str, str]
) -> None:
    refused = await client.patch(f"{BASE}/codes/ZEPHYR1", json={"limit": 2}, headers=owner)
    kept = await client.patch(f"{BASE}/codes/ZEPHYR1", json={"limit": 3}, headers=owner)
    lifted = await client.patch(f"{BASE}/codes/ZEPHYR1", json={"limit": None}, headers=owner)

    assert (refused.status_code, refused.json()["code"], refused.json()["used"]) == (409, "limit-below-used", 3)
    assert (kept.json()["limit"], kept.json()["used"], kept.json()["version"]) == (3, 3, 5)
    assert lifted.json()["limit"] is None
