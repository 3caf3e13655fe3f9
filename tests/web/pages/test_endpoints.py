"""Endpoints by forms: added with a secret shown once, tried, sent again, switched off and on, and nobody else's."""

import re
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from litestar import Litestar

from promos.actions import redemptions
from promos.announcing import Announcing
from promos.database import Database
from promos.models import Endpoint, Message, Partner, PromoCode
from promos.outside.web import Web
from promos.rules.people import Role
from promos.rules.webhooks import TYPES
from promos.web.headers import Headers
from tests.test_announcing import Shops
from tests.web.conftest import a_public_address
from tests.web.pages.conftest import Browser, SignIn
from tests.world import NOW, a_code, a_partner, an_ask, an_offer

HOOK: dict[str, Any] = {"url": "https://shop.example/hook", "description": "Our <shop>", "types": list(TYPES)}


@pytest.fixture
async def code(database: Database) -> PromoCode:
    async with database.writing() as session:
        return await a_code(session, await an_offer(session))


@pytest.fixture
async def owner(app: Headers, signed_in: SignIn, code: PromoCode) -> Browser:
    assert isinstance(app.app, Litestar)
    app.app.state.announcing._web = Web(a_public_address)
    return await signed_in("claire@partner.example", Role.OWNER, partner_id=code.partner_id)


async def added(owner: Browser, code: PromoCode, **fields: Any) -> str:
    """The address of a new endpoint's page."""
    shown = await owner.post(f"/partner/endpoints/of/{code.partner_id}", HOOK | fields)
    assert shown.status_code == 200
    assert len(re.findall(r"whsec_[A-Za-z0-9+/=]{44}", shown.text)) >= 1
    found = re.search(r'href="(/partner/endpoints/[0-9a-f-]{36})"', shown.text)
    assert found
    return found[1]


async def test_the_only_partner_is_opened_at_once_and_an_empty_list_says_what_one_is_for(
    owner: Browser, code: PromoCode
) -> None:
    there = await owner.get("/partner/endpoints")
    assert there.headers["Location"] == f"/partner/endpoints/of/{code.partner_id}"
    assert "No endpoint yet" in (await owner.get(there.headers["Location"])).text


async def test_an_endpoint_is_added_and_its_secret_is_shown_once(owner: Browser, code: PromoCode) -> None:
    here = await added(owner, code)

    page = (await owner.get(here)).text
    assert "whsec_" not in page
    assert "Our &lt;shop&gt;" in page
    assert HOOK["url"] in (await owner.get(f"/partner/endpoints/of/{code.partner_id}")).text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "http://shop.example/"}, "It has to begin with https://"),
        ({"url": "https://127.0.0.1/"}, "It has to begin with https://"),
        ({"types": []}, "Choose at least one"),
    ],
)
async def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(
    owner: Browser, code: PromoCode, database: Database, wrong: dict[str, Any], said: str
) -> None:
    shown = await owner.post(f"/partner/endpoints/of/{code.partner_id}", HOOK | wrong)

    assert shown.status_code == 422
    assert said in shown.text
    assert 'value="Our &lt;shop&gt;"' in shown.text
    async with database.reading() as session:
        assert (await session.scalars(sa.select(Endpoint))).all() == []

    here = await added(owner, code)
    changed = await owner.post(here, HOOK | wrong)
    assert changed.status_code == 422
    assert said in changed.text


async def test_a_message_is_seen_with_its_tries_and_sent_again(
    owner: Browser, code: PromoCode, database: Database, app: Headers
) -> None:
    here = await added(owner, code)
    await owner.post(f"{here}/test")
    async with database.writing() as session:
        await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
    assert isinstance(app.app, Litestar)
    telling: Announcing = app.app.state.announcing
    telling._web = shops = Shops()
    await telling.round()
    await telling.close()

    page = (await owner.get(here)).text
    assert "webhook.test" in page
    assert "redemption.confirmed" in page
    assert "204" in page
    assert "Nothing found" in (await owner.get(f"{here}?only=dead")).text
    async with database.reading() as session:
        message = (await session.scalars(sa.select(Message).order_by(Message.id))).first()
    assert message is not None
    await owner.post(f"{here}/send", {"message": f"msg_{message.id.hex}"})
    await telling.round()
    await telling.close()
    assert [headers["webhook-id"] for _, headers, _ in shops.asked].count(f"msg_{message.id.hex}") == 2


async def test_it_is_switched_off_and_on_renewed_and_removed(
    owner: Browser, code: PromoCode, database: Database
) -> None:
    here = await added(owner, code)

    await owner.post(f"{here}/disable")
    assert "Somebody of yours switched it off." in (await owner.get(here)).text
    assert (await owner.post(f"{here}/test")).status_code == 409
    await owner.post(f"{here}/enable")
    assert "whsec_" in (await owner.post(f"{here}/secret")).text
    assert "An old secret signs until" in (await owner.get(here)).text
    await owner.post(here, HOOK | {"types": ["code.paused"]})
    async with database.reading() as session:
        assert (await session.scalars(sa.select(Endpoint))).one().types == ["code.paused"]
    await owner.post(f"{here}/remove")
    assert (await owner.get(here)).status_code == 404


async def test_nobody_else_sees_it(owner: Browser, code: PromoCode, database: Database, signed_in: SignIn) -> None:
    here = await added(owner, code)
    async with database.writing() as session:
        other = await a_partner(session, name="Quartz")
        ours = await session.get_one(Partner, code.partner_id)
    stranger = await signed_in("q@quartz.example", Role.OWNER, partner_id=other.id)
    member = await signed_in("m@partner.example", Role.MEMBER, partner_id=ours.id)

    nobodys = UUID(int=1)
    for path in (here, f"/partner/endpoints/of/{code.partner_id}"):
        theirs = await stranger.get(path)
        none = await stranger.get(path.replace(path.rsplit("/", 1)[1], str(nobodys)))
        assert (theirs.status_code, none.status_code) == (404, 404)
        assert (await member.get(path)).status_code == 403
    for action in ("", "/test", "/send", "/secret", "/disable", "/enable", "/remove"):
        assert (await stranger.post(here + action, HOOK)).status_code == 404
        assert (await member.post(here + action, HOOK)).status_code == 403
