"""From the first partner to the person at the door, by API alone."""

from typing import Any

import httpx
import pytest

from promos.rules.people import Role
from tests.web.asking import EVENT, PARTNER, PUBLICATION, WINDOW, WORTH
from tests.web.sides import World

BASE = "/api/v1"


@pytest.fixture
async def program(client: httpx.AsyncClient, world: World) -> httpx.AsyncClient:
    client.headers["Authorization"] = f"Bearer {world.admin}"
    return client


async def made(program: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await program.post(BASE + path, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def read(program: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    answer = await program.get(BASE + path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def a_code(program: httpx.AsyncClient) -> dict[str, Any]:
    partner = await made(program, "/partners", **PARTNER)
    publication = await made(program, "/publications", **PUBLICATION)
    event = await made(program, "/events", **EVENT, partner_id=partner["id"])
    kind = await made(program, f"/events/{event['id']}/pass-types", name="Full pass", face_value=WORTH, capacity=50)
    offer = await made(
        program,
        "/offers",
        **WINDOW,
        event_id=event["id"],
        pass_type_id=kind["id"],
        benefit={"kind": "free_pass"},
        limit=20,
        publication_ids=[publication["id"]],
        proof="mailbox",
        fulfilment="pass",
        on_cancel="return",
    )
    assert (event["slug"], kind["face_value"], offer["benefit"]) == ("third-days", WORTH, {"kind": "free_pass"})
    return await made(program, f"/offers/{offer['id']}/codes", code="Third-Days", limit=2)


async def test_a_partner_is_set_up_and_its_code_redeemed(program: httpx.AsyncClient) -> None:
    code = await a_code(program)
    redemption = await made(program, "/redemptions", code="third days", reader={"email": "noor@readers.example"})
    scans = [
        await program.post(
            f"{BASE}/check-ins",
            json={"event_id": code["event_id"], "token": redemption["pass"]["token"], "scan_id": scan},
        )
        for scan in ("one", "two")
    ]
    door = await read(program, f"/events/{code['event_id']}/door")
    funnel = await read(program, f"/events/{code['event_id']}/funnel", by="code")
    entries = await read(program, "/journal", code_id=code["id"])

    assert (code["code"], code["limit"], code["used"], code["status"], code["version"]) == (
        "THIRD-DAYS",
        2,
        0,
        "active",
        1,
    )
    assert (redemption["state"], redemption["version"]) == ("confirmed", 2)
    assert [scan.json()["result"] for scan in scans] == ["admitted", "already"]
    assert (door["inside"], door["passes"], [scan["scan_id"] for scan in door["scans"]]) == (1, 1, ["two", "one"])
    assert (funnel["total"]["passes"], funnel["total"]["arrivals"], funnel["lines"][0]["key"]) == (1, 1, "THIRD-DAYS")
    assert [(entry["verb"], entry["version"]) for entry in entries["items"]] == [
        ("code.redeemed", 2),
        ("code.created", 1),
    ]


async def test_a_cancelled_redemption_returns_its_place_once(program: httpx.AsyncClient, world: World) -> None:
    address = f"/redemptions/{world.a.spare_redemption}"
    ended = [await program.post(f"{BASE}{address}/cancel") for _ in range(2)]
    after = await read(program, f"/codes/{world.a.codes[0]}")

    assert [answer.json()["state"] for answer in ended] == ["cancelled", "cancelled"]
    assert after["used"] == 2
    assert (await read(program, address))["pass_state"] == "revoked"


async def test_redemptions_are_found_by_code_offer_and_state(program: httpx.AsyncClient, world: World) -> None:
    await program.post(f"{BASE}/redemptions/{world.a.spare_redemption}/cancel")
    finds = {
        "code": ({"code": "zephyr-1"}, 3),
        "another code": ({"code": "ZEPHYR2"}, 0),
        "no code": ({"code": "é"}, 0),
        "offer": ({"offer": str(world.b.offer)}, 3),
        "state": ({"state": "cancelled"}, 1),
        "both": ({"state": "confirmed", "code": "QUARTZ1"}, 3),
    }
    for what, (query, count) in finds.items():
        found = await read(program, "/redemptions", **query)

        assert len(found["items"]) == count, what


async def test_a_partner_sees_pseudonyms_only(client: httpx.AsyncClient, world: World) -> None:
    client.headers["Authorization"] = f"Bearer {world.a.secrets[Role.OWNER]}"
    found = await client.get(f"{BASE}/redemptions")

    assert "readers.example" not in found.text
    assert {line["email"] for line in found.json()["items"]} == {None}
    assert len({line["reader"] for line in found.json()["items"]}) == 3


async def test_a_list_is_walked_through_without_gaps_or_repeats(program: httpx.AsyncClient, world: World) -> None:
    for path in ("/redemptions", "/codes", "/journal", "/issues", "/check-ins", "/tokens", "/partners"):
        whole = (await read(program, path, size=100))["items"]
        page = await read(program, path, size=2)
        walked: list[Any] = page["items"]
        while page["next"]:
            page = await read(program, path, size=2, cursor=page["next"])
            walked += page["items"]

        assert walked == whole, path


async def test_a_program_that_is_limited_to_an_event_finds_no_other(client: httpx.AsyncClient, world: World) -> None:
    client.headers["Authorization"] = f"Bearer {world.admin}"
    second = await made(client, "/events", **EVENT, partner_id=str(world.a.partner))
    token = await made(
        client,
        "/tokens",
        name="One event",
        role="owner",
        partner_id=str(world.a.partner),
        scopes=["read", "write"],
        event_ids=[second["id"]],
    )
    client.headers["Authorization"] = f"Bearer {token['secret']}"

    assert [event["id"] for event in (await read(client, "/events"))["items"]] == [second["id"]]
    for path in (f"/events/{world.a.event}", f"/offers/{world.a.offer}", f"/codes/{world.a.codes[0]}"):
        assert (await client.get(BASE + path)).status_code == 404
    assert (await read(client, "/redemptions"))["items"] == []


async def test_a_revoked_token_ends_at_once(program: httpx.AsyncClient, world: World) -> None:
    token = await made(program, "/tokens", name="Shop", role="member", partner_id=str(world.a.partner))
    bearing = {"Authorization": f"Bearer {token['secret']}"}
    before = await program.get(f"{BASE}/events", headers=bearing)
    await program.post(f"{BASE}/tokens/{token['id']}/revoke")
    after = await program.get(f"{BASE}/events", headers=bearing)

    assert (before.status_code, after.status_code, after.json()["code"]) == (200, 401, "token-unknown")
    assert (await read(program, f"/tokens/{token['id']}"))["revoked_at"] is not None


async def test_a_role_is_given_once_and_taken_away(program: httpx.AsyncClient, world: World) -> None:
    body = {"email": "Claire@Partner.example", "role": "owner", "partner_id": str(world.a.partner), "name": "Claire"}
    first, again = [await made(program, "/roles", **body) for _ in range(2)]
    gone = await program.delete(f"{BASE}/roles/{first['id']}")

    assert first == again
    assert (first["email"], first["name"], first["role"]) == ("claire@partner.example", "Claire", "owner")
    assert gone.status_code == 200
    assert (await program.get(f"{BASE}/roles/{first['id']}")).status_code == 404
