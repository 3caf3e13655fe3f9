"""Money over the API: what a reader pays, what an offer may cost, and what others do with the number."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from promos.actions import holds
from promos.database import Database
from promos.models import Redemption
from promos.rules.people import Role
from tests.web.asking import WINDOW
from tests.web.sides import World
from tests.world import NOW

BASE = "/api/v1"
EUR = {"currency": "EUR"}


@pytest.fixture
def owner(client: httpx.AsyncClient, world: World) -> httpx.AsyncClient:
    client.headers["Authorization"] = f"Bearer {world.a.secrets[Role.OWNER]}"
    return client


async def opened(owner: httpx.AsyncClient, world: World, code: str, **terms: Any) -> dict[str, Any]:
    body = {**WINDOW, "event_id": str(world.a.event), "pass_type_id": str(world.a.pass_type), **terms}
    answer = await owner.post(f"{BASE}/offers", json=body)
    assert answer.status_code == 201, answer.text
    await owner.post(f"{BASE}/offers/{answer.json()['id']}/codes", json={"code": code})
    offer: dict[str, Any] = answer.json()
    return offer


async def redeem(owner: httpx.AsyncClient, code: str, name: str, **more: Any) -> httpx.Response:
    body = {"code": code, "reader": {"email": f"{name}@readers.example"}, **more}
    return await owner.post(f"{BASE}/redemptions", json=body)


@pytest.mark.parametrize(
    ("benefit", "reduction", "price"),
    [
        ({"kind": "free_pass"}, "999.00", "0.00"),
        ({"kind": "percent", "percent": "12.5"}, "124.88", "874.12"),  # 124.875, half up
        ({"kind": "amount", "amount": "200.00", **EUR}, "200.00", "799.00"),
        ({"kind": "amount", "amount": "2000.00", **EUR}, "999.00", "0.00"),
        ({"kind": "fixed_price", "amount": "99.00", **EUR}, "900.00", "99.00"),
        ({"kind": "access"}, "0.00", "999.00"),
    ],
)
async def test_a_check_and_a_redemption_tell_the_same_price(
    owner: httpx.AsyncClient, world: World, benefit: dict[str, str], reduction: str, price: str
) -> None:
    offer = await opened(owner, world, "REDUCED", benefit=benefit)

    told = (await owner.post(f"{BASE}/codes/REDUCED/check")).json()["benefit"]
    redeemed = await redeem(owner, "REDUCED", "ada")

    assert offer["benefit"]["kind"] == told["kind"] == benefit["kind"]
    assert told["price"] == {"list_price": "999.00", "reduction": reduction, "price": price, **EUR}
    assert redeemed.json()["price"] == told["price"]


async def test_a_budget_ends_an_offer_before_a_cent_too_much(owner: httpx.AsyncClient, world: World) -> None:
    half = {"kind": "percent", "percent": "50"}
    offer = await opened(owner, world, "HALF", benefit=half, budget={"amount": "1498.49", **EUR})

    answers = [await redeem(owner, "HALF", name) for name in ("ada", "bo", "cy")]
    after = (await owner.get(f"{BASE}/offers/{offer['id']}")).json()
    too_low = await owner.patch(f"{BASE}/offers/{offer['id']}", json={"budget": {"amount": "998.99", **EUR}})
    more = await owner.patch(f"{BASE}/offers/{offer['id']}", json={"budget": {"amount": "1498.50", **EUR}})

    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[2].json()["code"] == "budget-exhausted"
    assert after["spent"] == {"amount": "999.00", **EUR}
    assert (too_low.status_code, too_low.json()["code"]) == (409, "budget-below-spent")
    assert more.status_code == 200
    assert (await redeem(owner, "HALF", "cy")).status_code == 201


async def test_a_budget_smaller_than_one_pass_is_used_up(owner: httpx.AsyncClient, world: World) -> None:
    await opened(owner, world, "SMALL", budget={"amount": "998.99", **EUR})

    refused = await redeem(owner, "SMALL", "ada")

    assert (refused.status_code, refused.json()["code"]) == (409, "budget-exhausted")


async def test_what_readers_were_promised_does_not_change(owner: httpx.AsyncClient, world: World) -> None:
    offer = await opened(owner, world, "FIRM", benefit={"kind": "percent", "percent": "50"})
    await redeem(owner, "FIRM", "ada")

    answer = await owner.patch(f"{BASE}/offers/{offer['id']}", json={"benefit": {"kind": "percent", "percent": "40"}})

    assert (answer.status_code, answer.json()["code"]) == (409, "terms-frozen")


async def test_a_shop_holds_a_place_and_confirms_it(owner: httpx.AsyncClient, world: World) -> None:
    await opened(owner, world, "SHOP", limit=1)

    held = await redeem(owner, "SHOP", "ada", hold_for=600)
    again = await redeem(owner, "SHOP", "ada", hold_for=600)
    other = await redeem(owner, "SHOP", "bo")
    confirmed = [await owner.post(f"{BASE}/redemptions/{held.json()['id']}/confirm") for _ in range(2)]
    mine = await redeem(owner, "SHOP", "ada")

    assert (held.status_code, held.json()["state"], held.json()["pass"]["token"]) == (201, "held", None)
    assert (again.status_code, again.json()["id"]) == (200, held.json()["id"])
    assert other.json()["code"] == "offer-exhausted"
    assert [answer.json() for answer in confirmed] == [confirmed[0].json()] * 2
    assert (confirmed[0].status_code, confirmed[0].json()["state"]) == (200, "confirmed")
    assert mine.json()["pass"]["token"]


async def test_a_hold_that_is_let_go_is_somebody_elses(owner: httpx.AsyncClient, world: World) -> None:
    await opened(owner, world, "SHOP", limit=1)
    held = (await redeem(owner, "SHOP", "ada", hold_for=600)).json()["id"]

    cancelled = [await owner.post(f"{BASE}/redemptions/{held}/cancel") for _ in range(2)]
    confirmed = await owner.post(f"{BASE}/redemptions/{held}/confirm")
    other = await redeem(owner, "SHOP", "bo")

    assert [answer.json() for answer in cancelled] == [cancelled[0].json()] * 2
    assert (confirmed.status_code, confirmed.json()["code"]) == (410, "redemption-ended")
    assert other.status_code == 201


async def test_a_limit_is_changed_over_holds_whose_time_is_up(
    owner: httpx.AsyncClient, world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are, they no longer stand in the way."""
    monkeypatch.setattr(holds, "AT_ONCE", 2)
    offer = await opened(owner, world, "SHOP", limit=9)
    for name in ("ada", "bo", "cy", "dee", "eve"):
        await redeem(owner, "SHOP", name, hold_for=600)
    async with database.writing() as session:
        over = sa.update(Redemption).where(Redemption.held_for == "shop")
        await session.execute(over.values(expires_at=NOW))

    changed = await owner.patch(f"{BASE}/offers/{offer['id']}", json={"limit": 1})

    assert (changed.status_code, changed.json()["limit"], changed.json()["used"]) == (200, 1, 0)


async def test_a_code_that_is_revoked_makes_no_hold_a_pass(owner: httpx.AsyncClient, world: World) -> None:
    await opened(owner, world, "SHOP")
    held = (await redeem(owner, "SHOP", "ada", hold_for=600)).json()["id"]
    await owner.patch(f"{BASE}/codes/SHOP", json={"status": "revoked"})

    refused = await owner.post(f"{BASE}/redemptions/{held}/confirm")

    assert (refused.status_code, refused.json()["code"]) == (410, "code-revoked")


async def test_the_event_holds_no_more_than_it_can(owner: httpx.AsyncClient, world: World) -> None:
    await opened(owner, world, "WIDE", limit=20)
    event = f"{BASE}/events/{world.a.event}"

    below = await owner.patch(event, json={"capacity": 2})  # three are out
    full = await owner.patch(event, json={"capacity": 4})
    answers = [await redeem(owner, code, name) for code, name in (("WIDE", "ada"), ("WIDE", "bo"), ("ZEPHYR1", "cy"))]
    lifted = await owner.patch(event, json={"capacity": None})

    assert (below.status_code, below.json()["code"], below.json()["used"]) == (409, "limit-below-used", 3)
    assert full.json()["used"] == 3
    assert [answer.status_code for answer in answers] == [201, 409, 409]
    assert {answer.json().get("code") for answer in answers[1:]} == {"capacity-exhausted"}
    assert lifted.json()["used"] == 0
    assert (await redeem(owner, "WIDE", "bo")).status_code == 201


async def test_terms_that_might_be_are_tried_and_nothing_is_written(owner: httpx.AsyncClient, world: World) -> None:
    offer = await opened(owner, world, "MAYBE", limit=1)
    await redeem(owner, "MAYBE", "ada")

    async def tried(**trial: Any) -> dict[str, Any]:
        answer: dict[str, Any] = (await owner.post(f"{BASE}/codes/MAYBE/check", json=trial)).json()
        return answer

    now = await tried()
    raised = await tried(suppose={"offer_limit": 80})
    tighter = await tried(suppose={"offer_limit": 80, "limit": 1, "capacity": 2})
    shorter = await tried(suppose={"offer_limit": 80, "ends_at": "2026-11-01T00:00:00Z"})
    naive = await owner.post(f"{BASE}/codes/MAYBE/check", json={"suppose": {"ends_at": "2026-11-01T00:00:00"}})

    assert (now["redeemable"], now["remaining"]) == (False, 0)
    assert (raised["redeemable"], raised["remaining"]) == (True, 79)
    assert (tighter["redeemable"], tighter["remaining"]) == (False, 0)
    assert [each["code"] for each in shorter["reasons"] if each["verdict"] == "fail"] == ["code-ended"]
    assert naive.status_code in (400, 422)
    assert (await owner.get(f"{BASE}/offers/{offer['id']}")).json()["limit"] == 1


async def test_a_hold_elsewhere_is_told_with_the_time_it_frees(owner: httpx.AsyncClient, world: World) -> None:
    await opened(owner, world, "FIRST")
    await opened(owner, world, "SECOND")
    held = (await redeem(owner, "FIRST", "ada", hold_for=600)).json()

    said = await owner.post(f"{BASE}/codes/SECOND/check", json={"reader": {"email": "ada@readers.example"}})

    (reason,) = [each for each in said.json()["reasons"] if each["verdict"] == "fail"]
    assert reason["code"] == "already-holds-pass"
    assert reason["facts"]["free_at"][:19] == held["expires_at"][:19]


async def test_who_looked_at_an_older_version_changes_nothing(owner: httpx.AsyncClient, world: World) -> None:
    await opened(owner, world, "OFTEN", limit=9)
    seen = (await owner.get(f"{BASE}/codes/OFTEN")).json()["version"]
    await redeem(owner, "OFTEN", "ada")

    stale = await owner.patch(f"{BASE}/codes/OFTEN", json={"limit": 5, "version": seen})
    fresh = await owner.patch(f"{BASE}/codes/OFTEN", json={"limit": 5, "version": seen + 1})

    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (409, "version-moved", seen + 1)
    assert (fresh.status_code, fresh.json()["version"]) == (200, seen + 2)


async def test_a_first_limit_is_tried_against_what_is_out_already(owner: httpx.AsyncClient, world: World) -> None:
    await opened(owner, world, "OPEN")
    for name in ("ada", "bo", "cy"):
        await redeem(owner, "OPEN", name)

    tried = [
        (await owner.post(f"{BASE}/codes/OPEN/check", json={"suppose": {"offer_limit": limit}})).json()["remaining"]
        for limit in (5, 3)
    ]

    assert tried == [2, 0]


async def test_an_amount_does_not_move_to_another_currency(owner: httpx.AsyncClient, world: World) -> None:
    worth = {"amount": "50000", "currency": "JPY", "vat": "included"}
    made = await owner.post(f"{BASE}/events/{world.a.event}/pass-types", json={"name": "Yen", "face_value": worth})
    offer = await opened(owner, world, "FIXED", benefit={"kind": "fixed_price", "amount": "99.00", **EUR})
    yen = {"pass_type_id": made.json()["id"]}

    alone = await owner.patch(f"{BASE}/offers/{offer['id']}", json=yen)
    price = {"kind": "fixed_price", "amount": "9900", "currency": "JPY"}
    both = await owner.patch(f"{BASE}/offers/{offer['id']}", json=yen | {"benefit": price})

    assert (alone.status_code, both.status_code) == (422, 200)
    assert [each["field"] for each in alone.json()["errors"]] == ["amount"]
    assert both.json()["benefit"] == price


async def test_amounts_beyond_all_numbers_are_refused(owner: httpx.AsyncClient, world: World) -> None:
    huge = {"amount": "1e999999", **EUR}
    offer = await opened(owner, world, "HUGE")

    answers = [
        await owner.patch(f"{BASE}/offers/{offer['id']}", json={"budget": huge}),
        await owner.patch(f"{BASE}/offers/{offer['id']}", json={"benefit": {"kind": "amount", **huge}}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
