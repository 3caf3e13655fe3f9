"""What limits an offer and what it costs, set on the partner's pages; and readers whom the partner decides on."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from promos.actions import redemptions
from promos.database import Database
from promos.models import Event, Offer, Pass, PassType, Redemption
from promos.web.headers import Headers
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner
from tests.web.pages.test_partner import EVENT, OFFER
from tests.world import NOW, a_claim, a_code, a_pass_type, an_offer, proof_of

DISCOUNT = OFFER | {"name": "Early", "benefit": "percent", "percent": "12,5", "budget": "5000", "review": "true"}


async def test_a_discount_with_a_budget_is_made_shown_and_saved_unchanged(
    signed_in: SignIn, database: Database
) -> None:
    partner, event, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)

    await browser.post(f"/partner/events/{event.id}/offers/new", DISCOUNT | {"pass_type_id": str(offer.pass_type_id)})

    [made] = await all_of(database, sa.select(Offer).where(Offer.name == "Early"))
    assert (made.benefit, str(made.percent), made.amount, made.budget) == ("percent", "12.50", None, 500_000)
    assert made.review
    page = (await browser.get(f"/partner/events/{event.id}")).text
    assert "Full pass, 12.5% off: €874.12 instead of €999" in page
    assert "€0 of €5,000" in page
    assert "you decide on each" in page

    form = (await browser.get(f"/partner/offers/{made.id}")).text
    assert re.search(r"<details open><summary>Percentage or amount", form)
    assert re.search(r'name="percent"[^>]* value="12\.5"', form)
    typed = {"percent": "12.5", "budget": "5000.00", "pass_type_id": str(offer.pass_type_id)}
    assert (await browser.post(f"/partner/offers/{made.id}", DISCOUNT | typed)).status_code == 303
    [after] = await all_of(database, sa.select(Offer).where(Offer.name == "Early"))
    assert (after.percent, after.budget, after.waiting_list) == (made.percent, made.budget, True)


async def test_what_is_not_ticked_is_off(signed_in: SignIn, database: Database) -> None:
    partner, event, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    plain: dict[str, Any] = OFFER | {"name": "Plain", "pass_type_id": str(offer.pass_type_id)}
    del plain["waiting_list"]

    await browser.post(f"/partner/events/{event.id}/offers/new", plain)

    [made] = await all_of(database, sa.select(Offer).where(Offer.name == "Plain"))
    assert (made.waiting_list, made.review) == (False, False)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"benefit": "percent"}, "percent"),
        ({"benefit": "percent", "percent": "100.5"}, "percent"),
        ({"benefit": "percent", "percent": "a fifth"}, "percent"),
        ({"percent": "20"}, "percent"),
        ({"benefit": "amount"}, "amount"),
        ({"benefit": "amount", "amount": "9.999"}, "amount"),
        ({"benefit": "fixed_price", "amount": "-1"}, "amount"),
        ({"benefit": "fixed_price", "amount": "49.90", "percent": "20"}, "percent"),
        ({"benefit": "gift"}, "benefit"),
        ({"budget": "much"}, "budget"),
        ({"place_hours": "721"}, "place_hours"),
        ({"place_hours": ""}, "place_hours"),
        ({"on_expiry": "maybe"}, "on_expiry"),
    ],
)
async def test_terms_without_sense_are_told_where_they_stand(
    wrong: dict[str, str], field: str, signed_in: SignIn, database: Database
) -> None:
    partner, event, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)

    answer = await browser.post(
        f"/partner/events/{event.id}/offers/new", OFFER | {"pass_type_id": str(offer.pass_type_id)} | wrong
    )

    assert answer.status_code == 422
    assert re.findall(r'href="#field-(\w+)"', answer.text) == [field]
    assert f'id="field-{field}-error"' in answer.text
    assert await all_of(database, sa.select(sa.func.count()).select_from(Offer)) == [1]


async def test_all_that_is_wrong_with_an_offer_is_told_at_once(signed_in: SignIn, database: Database) -> None:
    partner, _, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    wrong = {
        "name": "Dear",
        "benefit": "percent",
        "percent": "120",
        "budget": "49,901",
        "place_hours": "0",
        "on_cancel": "keep",
    }

    page = (
        await browser.post(f"/partner/offers/{offer.id}", OFFER | {"pass_type_id": str(offer.pass_type_id)} | wrong)
    ).text

    assert set(re.findall(r'href="#field-(\w+)"', page)) == {"percent", "budget", "place_hours"}
    kept = dict(re.findall(r'name="(percent|budget)"[^>]* value="([^"]*)"', page))
    assert kept == {"percent": "120", "budget": "49,901"}
    assert page.count("<details open>") == 2


async def test_an_amount_with_a_comma_is_minor_units_of_the_pass_type_s_currency(
    signed_in: SignIn, database: Database
) -> None:
    partner, event, offer, _ = await a_world(database)
    async with database.writing() as session:
        yen = await a_pass_type(session, event, name="In yen", currency="JPY", face_value=9000)
    browser = await an_owner(signed_in, partner)
    fixed = OFFER | {"benefit": "fixed_price"}

    async def post(name: str, pass_type: PassType | Offer, amount: str) -> int:
        kind = pass_type.pass_type_id if isinstance(pass_type, Offer) else pass_type.id
        form = fixed | {"name": name, "pass_type_id": str(kind), "amount": amount}
        return (await browser.post(f"/partner/events/{event.id}/offers/new", form)).status_code

    assert await post("In euros", offer, "49,90") == 303
    assert await post("In yen", yen, "49,90") == 422
    assert await post("In yen", yen, "5 000") == 303
    assert [await post("In euros", offer, typed) for typed in ("5,000", "1.500")] == [422, 422]  # 5000, or 5?

    async with database.reading() as session:
        amounts = await session.execute(sa.select(Offer.name, Offer.amount).where(Offer.benefit == "fixed_price"))
        assert {row.name: row.amount for row in amounts} == {"In euros": 4990, "In yen": 5000}


async def test_what_readers_were_promised_stays(signed_in: SignIn, database: Database) -> None:
    partner, _, offer, _ = await a_world(database, redeemed=2)
    browser = await an_owner(signed_in, partner)
    same = OFFER | {"name": "For readers", "pass_type_id": str(offer.pass_type_id)}

    other = await browser.post(f"/partner/offers/{offer.id}", same | {"benefit": "access"})
    poor = await browser.post(f"/partner/offers/{offer.id}", same | {"budget": "999"})

    assert (other.status_code, poor.status_code) == (409, 409)
    assert 'id="field-benefit-error"' in other.text
    assert re.search(r'id="field-budget-error">.*?So far it is €1,998\.', poor.text, re.DOTALL)
    assert 'value="999"' in poor.text


async def test_an_event_s_capacity_holds_for_all_pass_types(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database, redeemed=3)
    browser = await an_owner(signed_in, partner)

    small = await browser.post(f"/partner/events/{event.id}/edit", EVENT | {"capacity": "2", "tell_readers": "true"})
    await browser.post(f"/partner/events/{event.id}/edit", EVENT | {"capacity": "1200", "tell_readers": "true"})

    assert small.status_code == 409
    assert re.search(r'id="field-capacity-error">.*?3 passes are out\.', small.text, re.DOTALL)
    assert await all_of(database, sa.select(Event.capacity)) == [1200]
    assert "3 of 1,200 passes" in (await browser.get(f"/partner/events/{event.id}")).text


async def test_an_event_s_number_ends_at_its_capacity(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database, redeemed=3)
    browser = await an_owner(signed_in, partner)
    at = f"/partner/events/{event.id}"
    assert "of 20" in number_of((await browser.get(at)).text)

    await browser.post(f"{at}/edit", EVENT | {"capacity": "12", "tell_readers": "true"})
    assert "of 12" in number_of((await browser.get(at)).text)


def number_of(page: str) -> str:
    found = re.search(r"passes out <small>(.*?)</small>", page)
    assert found
    return found[1]


async def test_an_event_s_page_asks_as_little_of_the_database_for_ten_offers_as_for_one(
    app: Headers, signed_in: SignIn, database: Database
) -> None:
    partner, event, offer, _ = await a_world(database)
    browser = await an_owner(signed_in, partner)
    own: Database = app.app.state.database  # type: ignore[attr-defined]
    said: list[str] = []
    sa.event.listen(own.reader.sync_engine, "before_cursor_execute", lambda *given: said.append(given[2]))

    await browser.get(f"/partner/events/{event.id}")
    for_one = len(said)
    async with database.writing() as session:
        pass_type = await session.get_one(PassType, offer.pass_type_id)
        for number in range(9):
            another = await an_offer(session, pass_type, name=f"Offer {number}", review=True, budget=10**6, spent=0)
            await a_code(session, another, f"ANOTHER{number}")
    said.clear()
    page = await browser.get(f"/partner/events/{event.id}")

    assert "ANOTHER8" in page.text
    assert 0 < for_one == len(said)


async def reviewed(signed_in: SignIn, database: Database, names: tuple[str, ...]) -> tuple[Browser, Event]:
    """Readers who asked for a pass of an offer whose partner decides on each."""
    partner, event, offer, code = await a_world(database)
    async with database.writing() as session:
        (await session.get_one(Offer, offer.id)).review = True
        await session.flush()
        asks = [proof_of(await a_claim(session, code, name)) for name in names]
        await redemptions.redeem(session, asks, now=NOW)
    return await an_owner(signed_in, partner), event


async def test_the_partner_says_yes_or_no_to_each_reader(signed_in: SignIn, database: Database) -> None:
    browser, event = await reviewed(signed_in, database, ("ada", "grace"))
    list_of = f"/partner/events/{event.id}/redemptions?only=review"
    assert "2 readers wait for your decision" in (await browser.get(f"/partner/events/{event.id}")).text

    page = (await browser.get(list_of)).text
    yes, no = re.findall(r'action="(/partner/redemptions/[^"]+/confirm)"', page)
    assert "To decide (2)" in page
    approved = await browser.post(yes, {"only": "review"})
    declined = await browser.post(no.replace("confirm", "cancel"), {"only": "review"})

    assert {approved.headers["Location"], declined.headers["Location"]} == {f"{list_of}&said=saved"}
    states = sa.select(Redemption.state).order_by(Redemption.id)
    async with database.reading() as session:
        assert list(await session.scalars(states)) == ["confirmed", "cancelled"]
    assert "Nobody waits for you" in (await browser.get(list_of)).text


async def test_a_yes_that_comes_too_late_says_so_on_the_list(signed_in: SignIn, database: Database) -> None:
    browser, event = await reviewed(signed_in, database, ("ada",))
    page = (await browser.get(f"/partner/events/{event.id}/redemptions")).text
    [yes] = re.findall(r'action="(/partner/redemptions/[^"]+/confirm)"', page)
    assert (await browser.post(yes.replace("confirm", "cancel"))).status_code == 303

    late = await browser.post(yes)

    assert late.status_code == 410
    assert 'role="alert"' in late.text
    assert "<h1>Passes and readers</h1>" in late.text


async def test_a_no_from_a_page_that_is_old_takes_no_pass_back(signed_in: SignIn, database: Database) -> None:
    browser, event = await reviewed(signed_in, database, ("ada",))
    page = (await browser.get(f"/partner/events/{event.id}/redemptions?only=review")).text
    [yes] = re.findall(r'action="(/partner/redemptions/[^"]+/confirm)"', page)
    no, as_seen = yes.replace("confirm", "cancel"), {"only": "review", "held": "true"}
    assert page.count('name="held" value="true"') == 1
    await browser.post(yes)

    late = await browser.post(no, as_seen)

    assert late.status_code == 422
    assert "A pass was given meanwhile" in late.text
    assert "Nobody waits for you" in late.text
    states = sa.select(Redemption.state), sa.select(Pass.state)
    assert await all_of(database, *states) == ["confirmed", "live"]
    assert (await browser.post(no)).status_code == 303
    assert await all_of(database, *states) == ["cancelled", "revoked"]


async def test_a_no_after_the_time_of_the_hold_says_that_it_was_over(signed_in: SignIn, database: Database) -> None:
    browser, event = await reviewed(signed_in, database, ("ada",))
    page = (await browser.get(f"/partner/events/{event.id}/redemptions")).text
    [yes] = re.findall(r'action="(/partner/redemptions/[^"]+/confirm)"', page)
    async with database.writing() as session:
        await session.execute(sa.update(Redemption).values(expires_at=NOW - timedelta(minutes=1)))

    for late in (yes, yes.replace("confirm", "cancel")):
        answer = await browser.post(late, {"held": "true"})
        assert answer.status_code == 410
        assert "The time for which this place was held is over." in answer.text


async def test_a_hold_of_the_shop_shows_until_when(signed_in: SignIn, database: Database) -> None:
    browser, event = await reviewed(signed_in, database, ("ada", "grace"))
    async with database.writing() as session:
        held = (await session.scalars(sa.select(Redemption).order_by(Redemption.id))).all()
        for each, minutes in zip(held, (20, -1), strict=True):
            each.held_for, each.expires_at = "shop", NOW + timedelta(minutes=minutes)

    page = (await browser.get(f"/partner/events/{event.id}/redemptions")).text

    assert page.count("held for your shop") == 1
    assert page.count("Let the place go") == 1
    assert page.count("</svg>expired</span>") == 1
    assert "/confirm" not in page
