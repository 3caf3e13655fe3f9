"""What pretix is asked, and what is told of its answers: against a fake of its documented API."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from promos.outside.shops.pretix import NewVoucher, Pretix, Worth, words
from promos.outside.web import Web
from promos.rules.refusals import (
    ShopAddressRefused,
    ShopDeclined,
    ShopMisunderstood,
    ShopNotAllowed,
    ShopSeries,
    ShopTokenRefused,
    ShopUnreachable,
)
from tests.outside.fakes import Asked, Said, said, serving
from tests.outside.fakes.pretix import NOW, FakePretix

TAG = "promos-0192"


class Desk:
    def __init__(self) -> None:
        self.fake, self.place = FakePretix(), ""

    @property
    def shop(self) -> Pretix:
        return self.at(self.place)

    def at(self, place: str, *, token: str = "", event: str = FakePretix.slug) -> Pretix:
        web = Web(trusted={place}, silence=0.5)
        return Pretix(web, f"http://{place}", FakePretix.organizer, event, token or self.fake.key)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    async with serving(made.fake) as made.place:
        yield made


def vouchers(*codes: str, blocks_quota: bool = True) -> list[NewVoucher]:
    end = NOW + timedelta(days=30)
    return [NewVoucher(code, TAG, Worth("set", "0.00", end), 1, None, blocks_quota) for code in codes]


async def test_codes_are_made_as_we_chose_them_and_found_by_their_tag(desk: Desk) -> None:
    desk.fake.add("OTHERS-1", tag="press")

    made = await desk.shop.create(vouchers("CODE-1", "CODE-2"))

    assert [(each.code, each.max_usages, each.redeemed) for each in made] == [("CODE-1", 1, 0), ("CODE-2", 1, 0)]
    assert await desk.shop.vouchers(TAG) == made
    assert desk.fake.asked[0].data[0] == {
        **{"code": "CODE-1", "tag": TAG, "max_usages": 1, "price_mode": "set", "value": "0.00", "item": 1},
        **{"variation": None, "block_quota": True, "valid_until": "2026-12-24T09:00:00+00:00"},
    }


async def test_a_code_that_is_there_makes_none_of_its_batch(desk: Desk) -> None:
    await desk.shop.create(vouchers("CODE-1"))

    with pytest.raises(ShopDeclined):
        await desk.shop.create(vouchers("CODE-2", "code-1"))

    assert [each.code for each in await desk.shop.vouchers(TAG)] == ["CODE-1"]


async def test_a_list_is_read_to_its_end_and_never_where_the_shop_says(desk: Desk) -> None:
    desk.fake.page = 7
    await desk.shop.create(vouchers(*(f"CODE-{number}" for number in range(40))))
    desk.fake.asked.clear()

    assert len({each.code for each in await desk.shop.vouchers(TAG)}) == 40
    assert [asked.query["page"] for asked in desk.fake.asked] == ["1", "2", "3", "4", "5", "6"]


async def test_a_list_without_an_end_is_no_answer() -> None:
    async def endless(asked: Asked) -> Said:
        return said(200, {"next": "x", "results": [{"id": 1, "code": "A", "max_usages": 1, "redeemed": 0}]})

    async with serving(endless) as place:
        with pytest.raises(ShopMisunderstood):
            await Desk().at(place).vouchers(TAG)


async def test_the_tightest_quota_of_the_product_says_what_room_there_is(desk: Desk) -> None:
    assert await desk.shop.room(1, None) == (40, 40)
    await desk.shop.create(vouchers("CODE-1", "CODE-2"))
    desk.fake.order(None)

    assert await desk.shop.room(1, None) == (40, 37)
    assert await desk.shop.room(2, None) == (None, None)
    desk.fake.size = None
    assert await desk.shop.room(1, None) == (None, None)


async def test_what_became_of_codes_is_read_and_nothing_of_who_bought(desk: Desk) -> None:
    [one] = await desk.shop.create(vouchers("CODE-1"))
    position = desk.fake.order("CODE-1")
    desk.fake.scan(position)

    [order] = await desk.shop.orders(None)
    [check_in] = await desk.shop.check_ins(None)

    assert (order.status, [each.voucher for each in order.positions]) == ("p", [one.id])
    assert (check_in.position, check_in.successful, check_in.type) == (position, True, "entry")
    assert await desk.shop.orders(order.last_modified + timedelta(seconds=1)) == []
    assert await desk.shop.check_ins(check_in.created + timedelta(seconds=1)) == []
    assert desk.fake.asked[1].query["include"] == "positions.canceled"  # the last of what is asked for, and no other


async def test_a_code_that_was_used_is_not_deleted(desk: Desk) -> None:
    used, unused = await desk.shop.create(vouchers("CODE-1", "CODE-2"))
    desk.fake.order("CODE-1")

    assert not await desk.shop.delete(used.id)
    assert await desk.shop.delete(unused.id)
    assert await desk.shop.delete(unused.id)  # again: it is gone
    assert [each.code for each in await desk.shop.vouchers(TAG)] == ["CODE-1"]


async def test_a_series_is_refused(desk: Desk) -> None:
    assert words((await desk.shop.event()).name, "fr") == "GenerationAI 2027, Paris"
    desk.fake.is_series = True

    with pytest.raises(ShopSeries):
        await desk.shop.event()


async def test_a_token_that_is_revoked_is_told_from_an_event_that_is_not_there(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for token in ("deadbeef" * 8, "clé-deadbeef", "deadbeef\r\nX-Evil: 1"):
        with pytest.raises(ShopTokenRefused) as caught:
            await desk.at(desk.place, token=token).event()
        assert "deadbeef" not in f"{caught.value!r} {caught.value.facts} {caught.value.__cause__!r}"
    for event in ("2028", "../2027", "2027/x", "?"):
        with pytest.raises(ShopNotAllowed):
            await desk.at(desk.place, event=event).event()
    desk.fake.is_revoked = True
    with pytest.raises(ShopTokenRefused):
        await desk.shop.vouchers(TAG)

    assert "deadbeef" not in caplog.text
    assert desk.fake.key not in caplog.text


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (Said(200, b"<html>a page</html>"), ShopMisunderstood),
        (Said(200, b"\xff\xfe"), ShopMisunderstood),
        (Said(200, b'{"results": 7}'), ShopMisunderstood),
        (Said(200, b"[" * 100_000), ShopMisunderstood),
        (Said(204), ShopMisunderstood),
        (Said(302, headers={"Location": "http://127.0.0.1/"}), ShopMisunderstood),
        (Said(404, b"no such page"), ShopMisunderstood),
        (Said(400, b"{}"), ShopDeclined),
        (Said(500, b"trace"), ShopUnreachable),
        (Said(503), ShopUnreachable),
        (Said(200, b"x" * 5_000_000), ShopUnreachable),
    ],
)
async def test_an_answer_that_cannot_be_read_is_told_as_one(answer: Said, refusal: type[Exception]) -> None:
    async def odd(asked: Asked) -> Said:
        return answer

    async with serving(odd) as place:
        for asking in (Desk().at(place).event(), Desk().at(place).vouchers(TAG), Desk().at(place).orders(None)):
            with pytest.raises(refusal) as caught:
                await asking
    assert place not in f"{caught.value!r} {caught.value.args} {vars(caught.value)}"


@pytest.mark.parametrize(("said_wait", "wait"), [("9", 9), ("99999999", None), ("soon", None), ("999999", 24 * 3600)])
async def test_a_busy_shop_is_left_alone_for_as_long_as_it_says(said_wait: str, wait: int | None) -> None:
    async def busy(asked: Asked) -> Said:
        return Said(429, json.dumps({"detail": "slower"}).encode(), {"Retry-After": said_wait})

    async with serving(busy) as place:
        with pytest.raises(ShopUnreachable) as caught:
            await Desk().at(place).event()
    assert caught.value.wait == wait
    assert caught.value.facts == {}


async def test_a_shop_inside_our_own_network_is_refused(desk: Desk) -> None:
    for url in ("http://shop.example", "https://127.0.0.1", f"http://{desk.place}"):
        with pytest.raises(ShopAddressRefused):
            await Pretix(Web(), url, "genai", "2027", desk.fake.key).event()
    assert desk.fake.asked == []


async def test_a_shop_that_does_not_answer_is_told_as_one() -> None:
    with pytest.raises(ShopUnreachable):
        await Desk().at("127.0.0.1:1").event()
