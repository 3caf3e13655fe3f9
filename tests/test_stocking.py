"""Codes made in a partner's pretix and read back: nothing twice, nothing lost, whatever happens in the middle."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from promos import stocking
from promos.actions import archives, handing, offers, passes, pools, redemptions, shops, supplies
from promos.database import Database
from promos.models import Delivery, Entry, Offer, Partner, Pass, PoolCode, PromoCode, Shop, ShopCode, new_id
from promos.outside.web import Web
from promos.queries import recount
from promos.queries.shops import Reconciled, reconciled
from promos.rules import signing
from promos.rules.people import Role
from promos.rules.redemption import Asker
from promos.rules.refusals import (
    InvalidRequest,
    NotAllowed,
    NotFound,
    PoolMissing,
    ShopAddressRefused,
    ShopCurrencyOther,
    ShopMissing,
    ShopTokenRefused,
)
from promos.settings import Settings
from promos.stocking import Stocking
from tests.outside.fakes import InProcess, said
from tests.outside.fakes.pretix import FakePretix
from tests.world import (
    ADMIN,
    DAY,
    KEYS,
    NOW,
    a_code,
    a_pass_type,
    a_person,
    a_pool,
    an_ask,
    an_offer,
    member_of,
    owner_of,
)

ACCESS: Any = {"base_url": "https://pretix.example", "organizer": "genai", "slug": "2027", "token": FakePretix.key}
MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    """One event with an offer whose pool is filled from a shop, and the shop."""

    database: Database
    fake: FakePretix
    settings: Settings
    now: datetime = NOW
    offer: UUID = field(default_factory=new_id)
    event: UUID = field(default_factory=new_id)
    code: PromoCode | None = None

    def stocking(self, fake: Any = None) -> Stocking:
        return Stocking(self.database, InProcess(fake or self.fake), self.settings, KEYS, lambda: self.now)

    async def open(self, *, limit: int | None = 5, most: int | None = None, **facts: Any) -> None:
        async with self.database.writing() as session:
            offer = await a_pool(session, limit=limit, **facts)
            self.offer, self.event = offer.id, offer.event_id
            self.code = await a_code(session, offer, "ORGUE-12")
            await a_person(session, "owner@partner.example", Role.OWNER, partner_id=offer.partner_id)
        await self.stocking().connect(self.event, ADMIN, **ACCESS)
        await self.fill(most=most)

    async def fill(self, **terms: Any) -> None:
        given = {"makes": True, "item": 1} | terms
        async with self.database.writing() as session:
            await supplies.fill(session, self.offer, **given, now=self.now, by=ADMIN)

    async def read(self, fake: Any = None) -> None:
        """A round of a worker, five minutes later."""
        self.now += 5 * MINUTE
        assert await self.stocking(fake).round() == 1

    async def give(self, *names: str) -> list[str]:
        """Readers redeem; the codes that they are handed."""
        async with self.database.writing() as session:
            assert self.code is not None
            asks = [an_ask(self.code, name) for name in names]
            outcomes = await redemptions.redeem(session, asks, now=self.now)
            ids = [outcomes[ask.id].redemption_id for ask in asks]  # type: ignore[union-attr]
            found = sa.select(PoolCode.sealed, PoolCode.redemption_id).where(PoolCode.redemption_id.in_(ids))
            texts = {row.redemption_id: pools.shown(row.sealed, KEYS) for row in await session.execute(found)}
        return [texts[each] or "" for each in ids]

    async def tally(self) -> Reconciled:
        async with self.database.reading() as session:
            assert await recount.differences(session) == []
            shop = await shops.of(session, self.event, ADMIN)
            [found] = await reconciled(session, shop.id)
            return found

    async def shop(self) -> Shop:
        async with self.database.reading() as session:
            return await shops.of(session, self.event, ADMIN)

    async def mails(self) -> int:
        async with self.database.reading() as session:
            told = sa.select(sa.func.count()).where(Delivery.kind == "shop_troubled")
            return await session.scalar(told) or 0

    @property
    def codes(self) -> list[str]:
        return sorted(each["code"] for each in self.fake.vouchers.values() if each["tag"] == f"promos-{self.offer}")


@pytest.fixture
async def desk(database: Database, settings: Settings) -> Desk:
    return Desk(database, FakePretix(), settings)


def counts(found: Reconciled, *names: str) -> tuple[int, ...]:
    return tuple(getattr(found, name) for name in names)


async def test_as_many_codes_are_made_as_the_limit_allows_and_readers_get_them(desk: Desk) -> None:
    await desk.open(limit=5)

    await desk.read()
    given = await desk.give("ada", "bo")

    assert len(desk.codes) == 5
    assert set(given) < set(desk.codes)
    found = await desk.tally()
    assert counts(found, "free", "unused", "used", "waiting") == (3, 2, 0, 0)
    assert (found.supply.size, found.supply.left, found.limit) == (40, 35, 5)
    [first] = {(each["price_mode"], each["value"], each["max_usages"]) for each in desk.fake.vouchers.values()}
    assert first == ("set", "0.00", 1)


async def test_reading_again_makes_nothing_and_a_higher_limit_makes_the_difference(desk: Desk) -> None:
    await desk.open(limit=5)
    await desk.read()
    await desk.read()
    assert len(desk.codes) == 5

    async with desk.database.writing() as session:
        await offers.update(session, desk.offer, limit=8, now=NOW, by=ADMIN)
    await desk.read()

    assert len(desk.codes) == 8
    assert counts(await desk.tally(), "free") == (8,)


async def test_never_more_than_the_limit_though_more_were_asked_for(desk: Desk) -> None:
    await desk.open(limit=3, most=10)
    await desk.read()
    assert len(desk.codes) == 3


async def test_without_a_limit_as_many_are_made_as_were_asked_for(desk: Desk) -> None:
    with pytest.raises(InvalidRequest):
        await desk.open(limit=None)
    await desk.fill(most=4)
    await desk.read()
    assert len(desk.codes) == 4


class Dying:
    """The shop does what it is asked, and then nobody hears of it: the line breaks before its answer."""

    def __init__(self, fake: FakePretix) -> None:
        self.fake = fake

    async def __call__(self, asked: Any) -> Any:
        answer = await self.fake(asked)
        if asked.method == "POST":
            raise asyncio.CancelledError  # of the process that asked
        return answer


async def test_a_worker_that_dies_after_the_shop_made_codes_makes_no_second_ones(desk: Desk) -> None:
    await desk.open(limit=5)

    with pytest.raises(asyncio.CancelledError):
        await desk.read(Dying(desk.fake))
    before = desk.codes
    assert len(before) == 5
    assert counts(await desk.tally(), "waiting", "free") == (5, 0)

    desk.now += shops.LEASE
    await desk.read()

    assert desk.codes == before
    assert counts(await desk.tally(), "waiting", "free") == (0, 5)


async def test_two_workers_do_not_read_one_shop_together(desk: Desk) -> None:
    await desk.open()
    async with desk.database.writing() as session:
        assert len(await shops.claim(session, now=NOW, every=MINUTE)) == 1
    desk.now += 5 * MINUTE
    assert await desk.stocking().round() == 0

    desk.now += shops.LEASE
    assert await desk.stocking().round() == 1


async def test_who_was_too_slow_for_the_lease_makes_and_writes_nothing(desk: Desk) -> None:
    await desk.open(limit=5)
    async with desk.database.writing() as session:
        [slow] = await shops.claim(session, now=desk.now, every=MINUTE)
    desk.now += shops.LEASE
    desk.fake.is_down = True
    await desk.read()
    desk.fake.is_down = False

    await desk.stocking().sync(slow)

    assert desk.codes == []
    assert (await desk.shop()).trouble == "shop-unreachable"


class Meddling:
    """Something happens while the shop is asked for this, before it answers."""

    def __init__(self, fake: FakePretix, asked: str, meddle: Callable[[], Awaitable[None]]) -> None:
        self.fake, self.asked, self.meddle = fake, asked, meddle

    async def __call__(self, asked: Any) -> Any:
        if asked.path.endswith(self.asked):
            self.asked = "nothing more"
            await self.meddle()
        return await self.fake(asked)


@pytest.mark.parametrize("is_refused", [True, False])
async def test_who_reads_while_a_shop_is_connected_anew_writes_nothing_over_it(desk: Desk, is_refused: bool) -> None:
    await desk.open()
    await desk.read()
    read_at = desk.now
    [code] = await desk.give("ada")
    desk.fake.order(code)

    async def connect_anew() -> None:
        await desk.stocking().connect(desk.event, ADMIN, **ACCESS)
        desk.fake.is_revoked = is_refused  # the token that it is read with

    await desk.read(Meddling(desk.fake, "orders/", connect_anew))
    desk.fake.is_revoked = False
    shop = await desk.shop()
    assert (shop.trouble, shop.synced_at, shop.leased_until) == (None, read_at, None)
    assert (shop.orders_since, shop.check_ins_since) == (None, None)  # all of it is read again

    await desk.read()
    assert (await desk.shop()).synced_at == desk.now
    assert counts(await desk.tally(), "used") == (1,)


@pytest.mark.parametrize("asked", ["2027/", "vouchers/", "quotas/", "checkins/"])
async def test_who_reads_one_shop_makes_nothing_for_the_one_that_took_its_place(desk: Desk, asked: str) -> None:
    other = FakePretix()
    other.slug = "2028"
    await desk.open(limit=3)

    async def connect_the_other() -> None:
        await desk.stocking(other).connect(desk.event, ADMIN, **ACCESS | {"slug": "2028"})
        await desk.fill()

    await desk.read(Meddling(desk.fake, asked, connect_the_other))
    in_first = desk.codes
    shop = await desk.shop()
    assert (shop.slug, shop.synced_at) == ("2028", None)
    assert len(in_first) == (0 if asked in {"2027/", "vouchers/"} else 3)
    assert counts(await desk.tally(), "waiting", "free") == (0, 0)  # of the other shop

    await desk.read(other)
    await desk.read(other)
    in_other = sorted(each["code"] for each in other.vouchers.values())
    assert not set(in_first) & set(in_other)
    given = await desk.give("ada", "bo", "cy")
    assert set(given) <= {*in_first, *in_other}
    assert (await desk.shop()).trouble is None


async def test_the_shop_goes_down_in_the_middle_and_all_is_well_when_it_is_back(desk: Desk) -> None:
    await desk.open(limit=120)
    desk.fake.size = None
    desk.fake.fails_after = 5  # the event, codes, quotas, and again before 50 are made

    await desk.read()
    made = len(desk.codes)
    assert 0 < made < 120
    assert (await desk.shop()).trouble == "shop-unreachable"
    found = await desk.tally()
    assert counts(found, "waiting", "free") == (120 - made, made)
    assert await desk.mails() == 0

    for _ in range(13):  # more than an hour
        await desk.read()
    assert await desk.mails() == 1

    desk.fake.is_down, desk.fake.fails_after = False, None
    await desk.read()
    assert len(desk.codes) == 120
    assert counts(await desk.tally(), "waiting", "free") == (0, 120)
    shop = await desk.shop()
    assert (shop.trouble, shop.troubled_since, shop.synced_at) == (None, None, desk.now)
    assert await desk.mails() == 1


class Stumbling:
    """Makes us stumble over something that nobody thought of, in the middle."""

    def __init__(self, fake: FakePretix) -> None:
        self.fake = fake

    async def __call__(self, asked: Any) -> Any:
        if "orders/" in asked.path:
            raise ZeroDivisionError("a fault of ours")
        return await self.fake(asked)


async def test_a_mistake_of_ours_is_seen_and_the_shop_is_read_again(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.open(limit=3)

    await desk.read(Stumbling(desk.fake))
    shop = await desk.shop()
    assert (shop.trouble, shop.synced_at, shop.leased_until) == ("shop-not-read", None, None)
    assert "a fault of ours" in caplog.text
    assert await desk.mails() == 0

    for _ in range(13):  # more than an hour
        await desk.read(Stumbling(desk.fake))
    assert await desk.mails() == 1

    await desk.read()
    shop = await desk.shop()
    assert (shop.trouble, shop.synced_at) == (None, desk.now)


async def test_an_offer_that_was_put_away_is_no_trouble_of_its_shop(desk: Desk) -> None:
    await desk.open(limit=3)
    await desk.read()
    async with desk.database.writing() as session:
        await archives.archive(session, Offer, desk.offer, now=desk.now + 999 * DAY, by=ADMIN)

    await desk.read()

    assert (await desk.shop()).trouble is None


async def test_a_revoked_token_is_told_once_and_a_new_one_goes_on(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await desk.open()
    await desk.read()
    [code] = await desk.give("ada")
    desk.fake.is_revoked = True
    caplog.set_level(logging.DEBUG)

    await desk.read()
    await desk.read()

    assert (await desk.shop()).trouble == "shop-token-refused"
    assert await desk.mails() == 1
    with pytest.raises(ShopTokenRefused):
        await desk.stocking().connect(desk.event, ADMIN, **ACCESS)

    desk.fake.is_revoked, desk.fake.key = False, "n3w" * 20
    await desk.stocking().connect(desk.event, ADMIN, **ACCESS | {"token": desk.fake.key})
    desk.fake.order(code)
    await desk.read()
    assert (await desk.shop()).trouble is None
    assert counts(await desk.tally(), "used", "free") == (1, 4)
    assert desk.fake.key not in caplog.text
    assert FakePretix.key not in caplog.text
    assert code not in caplog.text


async def test_both_ways(desk: Desk) -> None:
    """Used by a reader, used by others, handed out and unused, cancelled, let in."""
    await desk.open(limit=5)
    await desk.read()
    one, two, three = await desk.give("ada", "bo", "cy")
    outside = next(code for code in desk.codes if code not in {one, two, three})
    came, back = desk.fake.order(one), desk.fake.order(two)
    desk.fake.order(outside)
    desk.fake.order(None)
    desk.fake.scan(came)
    desk.fake.scan(came, successful=False)
    desk.fake.scan(came, type_="exit")

    await desk.read()
    found = await desk.tally()
    assert counts(found, "used", "unused", "outside", "cancelled", "arrived", "free") == (2, 1, 1, 0, 1, 1)

    desk.fake.cancel(back)
    desk.fake.scan(desk.fake.order(two))
    await desk.read()
    assert counts(await desk.tally(), "used", "cancelled", "arrived") == (2, 0, 2)

    desk.fake.cancel(came)
    await desk.read()
    await desk.read()
    found = await desk.tally()
    assert counts(found, "used", "unused", "cancelled", "arrived", "scanned") == (1, 2, 1, 2, 0)
    assert len(desk.codes) == 5


async def test_what_others_used_is_not_given_to_a_reader(desk: Desk) -> None:
    await desk.open(limit=2)
    await desk.read()
    desk.fake.order(desk.codes[0])

    await desk.read()
    [given] = await desk.give("ada")

    assert given == desk.codes[1]
    found = await desk.tally()
    assert counts(found, "free", "unused", "outside") == (0, 1, 1)
    assert len(desk.codes) == 2  # it was used: no other is made for it


async def test_what_was_deleted_in_the_shop_is_not_given_and_not_made_up_for_by_itself(desk: Desk) -> None:
    await desk.open(limit=3)
    await desk.read()
    [given] = await desk.give("ada")
    unused = next(code for code in desk.codes if code != given)
    del desk.fake.vouchers[desk.fake.voucher(unused)["id"]]
    await desk.read()
    await desk.read()
    assert counts(await desk.tally(), "deleted", "lost", "free") == (1, 0, 1)
    assert len(desk.codes) == 2
    assert (await desk.shop()).trouble is None

    del desk.fake.vouchers[desk.fake.voucher(given)["id"]]
    await desk.read()
    await desk.read()
    assert counts(await desk.tally(), "deleted", "lost", "free") == (2, 1, 1)
    assert (await desk.shop()).trouble == "shop-codes-lost"
    assert await desk.mails() == 1

    await desk.fill()  # the owner wants them made up for
    await desk.read()
    assert len(desk.codes) == 2  # the one that a reader has counts still
    assert counts(await desk.tally(), "free", "lost") == (2, 1)


async def test_what_a_reader_gives_back_is_taken_back_in_the_shop_and_another_is_made(desk: Desk) -> None:
    await desk.open(limit=1)
    await desk.read()
    [given] = await desk.give("ada")
    async with desk.database.writing() as session:
        redemption = await session.scalar(sa.select(PoolCode.redemption_id).where(PoolCode.state == "given"))
        assert redemption is not None
        await passes.cancel(session, [redemption], now=desk.now, by=ADMIN)

    await desk.read()

    assert given not in desk.codes
    assert len(desk.codes) == 1
    assert await desk.give("bo") == desk.codes
    assert counts(await desk.tally(), "deleted", "lost") == (0, 0)


def worth(desk: Desk) -> list[tuple[str, str, datetime]]:
    """What the codes in the shop are worth, and until when, each kind once."""
    found = {(each["price_mode"], each["value"], each["valid_until"]) for each in desk.fake.vouchers.values()}
    return sorted((mode, value, datetime.fromisoformat(until)) for mode, value, until in found)


async def change(desk: Desk, **terms: Any) -> None:
    async with desk.database.writing() as session:
        await offers.update(session, desk.offer, **terms, now=desk.now, by=ADMIN)


def changes(desk: Desk) -> int:
    return sum(asked.method == "PATCH" for asked in desk.fake.asked)


async def test_codes_that_are_there_follow_the_offers_end_and_benefit(desk: Desk) -> None:
    await desk.open(limit=5)
    await desk.read()
    later, still_later = desk.now + 20 * DAY, desk.now + 25 * DAY

    await change(desk, ends_at=later, benefit="percent", percent=Decimal(50))
    await desk.read()
    assert worth(desk) == [("percent", "50.00", later)]
    assert changes(desk) == 5

    await desk.read()
    assert changes(desk) == 5
    used, _ = await desk.give("ada", "bo")
    desk.fake.order(used)
    await change(desk, ends_at=still_later)
    await desk.read()

    assert desk.fake.voucher(used)["valid_until"] == later.isoformat()  # it has done what it was for
    assert changes(desk) == 9
    desk.fake.vouchers.pop(desk.fake.voucher(used)["id"])
    assert worth(desk) == [("percent", "50.00", still_later)]


async def test_an_offer_that_ended_early_ends_its_codes(desk: Desk) -> None:
    await desk.open(limit=2)
    await desk.read()

    await change(desk, ends_at=desk.now + MINUTE)
    await desk.read()

    assert worth(desk) == [("set", "0.00", desk.now - 4 * MINUTE)]


async def test_a_worker_that_dies_while_it_changes_codes_leaves_the_others_to_the_next(desk: Desk) -> None:
    await desk.open(limit=5)
    await desk.read()
    later = desk.now + 20 * DAY
    await change(desk, ends_at=later)
    answered = 0

    async def dying(asked: Any) -> Any:
        nonlocal answered
        answer = await desk.fake(asked)
        answered += asked.method == "PATCH"
        if answered == 2:
            raise asyncio.CancelledError  # of the process that asked
        return answer

    with pytest.raises(asyncio.CancelledError):
        await desk.read(dying)
    assert len(worth(desk)) == 2

    desk.now += shops.LEASE
    await desk.read()
    assert worth(desk) == [("set", "0.00", later)]
    assert changes(desk) == 5


async def test_ended_codes_that_shall_last_again_need_room_and_say_so(desk: Desk) -> None:
    await desk.open(limit=2)
    await desk.read()
    await change(desk, ends_at=desk.now + MINUTE)
    await desk.read()
    desk.fake.now, desk.fake.size = desk.now + DAY, 0

    await change(desk, ends_at=desk.now + 20 * DAY)
    await desk.read()
    assert (await desk.shop()).trouble == "shop-declined"
    assert (await desk.tally()).supply.trouble == "shop-declined"

    desk.fake.size = 10
    await desk.read()
    assert (await desk.shop()).trouble is None
    assert len(worth(desk)) == 1


def declining(desk: Desk, *numbers: int) -> Any:
    """The shop, which will not change the codes of these numbers."""

    async def shop(asked: Any) -> Any:
        if asked.method == "PATCH" and int(asked.path.rstrip("/").rpartition("/")[2]) in numbers:
            desk.fake.asked.append(asked)
            return said(400, {"non_field_errors": ["no"]})
        return await desk.fake(asked)

    return shop


async def test_a_code_that_is_declined_keeps_the_others_from_nothing(desk: Desk) -> None:
    await desk.open(limit=stocking.DECLINED + 3)
    await desk.read()
    numbers, later = list(desk.fake.vouchers), desk.now + 20 * DAY
    await change(desk, ends_at=later)
    declined = numbers[: stocking.DECLINED - 1]  # in whatever order, so many in a row at most

    await desk.read(declining(desk, *declined))

    ends = {number: datetime.fromisoformat(each["valid_until"]) for number, each in desk.fake.vouchers.items()}
    assert [number for number, end in ends.items() if end != later] == declined
    assert (await desk.shop()).trouble == "shop-declined"


async def test_a_shop_that_declines_all_is_not_asked_about_each(desk: Desk) -> None:
    await desk.open(limit=stocking.DECLINED + 3)
    await desk.read()
    await change(desk, ends_at=desk.now + 20 * DAY)

    await desk.read(declining(desk, *desk.fake.vouchers))

    assert changes(desk) == stocking.DECLINED
    assert (await desk.shop()).trouble == "shop-declined"


async def test_codes_of_a_tag_are_not_ours_to_change(desk: Desk) -> None:
    desk.fake.add("PRESS-1", tag="press")
    await desk.open(limit=2)
    await desk.fill(makes=False, item=None, tag="press")

    await desk.read()
    await change(desk, ends_at=desk.now + 20 * DAY)
    await desk.read()

    assert changes(desk) == 0


async def hand_on(desk: Desk, redeemed_with: str, name: str) -> None:
    """The reader who has this code hands the pass on, and the other one takes it."""
    email = f"{name}@readers.example"
    to = Asker(signing.reader_key(KEYS.reader, email), email, None, "en")
    async with desk.database.writing() as session:
        mark = pools.Scribe(KEYS).mark(redeemed_with)
        held = sa.select(Pass.id).join(PoolCode, PoolCode.redemption_id == Pass.redemption_id)
        pass_id = (await session.scalars(held.where(PoolCode.mark == mark, Pass.state == "live"))).one()
        given: Any = {"signing_key": KEYS.signing[0], "lifetime": 3600, "now": desk.now}
        claim = await handing.hand_on(session, pass_id, to, **given)
        await handing.accept(session, claim.id, now=desk.now)


async def test_what_a_reader_hands_on_is_deleted_in_the_shop_and_another_is_made(desk: Desk) -> None:
    await desk.open(limit=3)
    await desk.read()
    [first] = await desk.give("ada")

    await hand_on(desk, first, "bo")
    await desk.read()

    assert first not in desk.codes
    assert len(desk.codes) == 3
    assert counts(await desk.tally(), "free", "unused", "used", "ended", "deleted") == (2, 1, 0, 0, 0)
    assert len({*await desk.give("cy", "di"), first}) == 3


async def test_who_uses_a_code_after_its_pass_went_on_is_seen(desk: Desk) -> None:
    await desk.open(limit=3)
    await desk.read()
    [first] = await desk.give("ada")

    await hand_on(desk, first, "bo")
    desk.fake.order(first)
    await desk.read()

    assert counts(await desk.tally(), "free", "unused", "used", "ended") == (1, 1, 1, 1)
    assert len(desk.codes) == 3  # it was used: no other is made for it


async def test_a_quota_that_is_too_small_gets_what_fits_and_says_so(desk: Desk) -> None:
    desk.fake.size = 3
    await desk.open(limit=5)

    await desk.read()
    assert len(desk.codes) == 3
    found = await desk.tally()
    assert (found.supply.trouble, found.supply.left, found.waiting) == ("shop-full", 0, 2)
    assert (await desk.shop()).trouble == "shop-full"
    assert await desk.mails() == 1

    desk.fake.size = 10
    await desk.read()
    assert len(desk.codes) == 5
    assert (await desk.tally()).supply.trouble is None


async def test_codes_that_stand_under_a_tag_are_taken_in(desk: Desk) -> None:
    for number in range(3):
        desk.fake.add(f"PRESS-{number}", tag="press")
    desk.fake.add("PRESS-MANY", tag="press", max_usages=5)
    desk.fake.add("PRESS-USED", tag="press")
    desk.fake.order("PRESS-USED")
    await desk.open(limit=2)
    await desk.fill(makes=False, item=None, tag="press")

    await desk.read()
    await desk.read()
    given = await desk.give("ada")

    assert given == ["PRESS-0"]
    found = await desk.tally()
    assert counts(found, "free", "unused", "outside") == (2, 1, 1)
    assert found.supply.skipped == 1
    assert len(desk.fake.vouchers) == 5


async def test_another_event_under_the_same_name_is_noticed(desk: Desk) -> None:
    """A clone has none of our codes: readers' codes are lost there, and no others are made in their place unasked."""
    await desk.open(limit=3)
    await desk.read()
    await desk.give("ada")
    desk.fake.vouchers.clear()

    await desk.read()
    await desk.read()

    assert desk.codes == []
    assert counts(await desk.tally(), "deleted", "lost", "free") == (3, 1, 0)
    assert (await desk.shop()).trouble == "shop-codes-lost"


async def test_a_call_of_the_shop_has_it_read_soon_and_not_oftener_for_many_calls(desk: Desk) -> None:
    await desk.open()
    await desk.read()
    shop = await desk.shop()
    secret = shops.hook(shop, KEYS)

    for _ in range(3):
        async with desk.database.writing() as session:
            await shops.called(session, secret, now=desk.now)
    assert (await desk.shop()).sync_at == desk.now + timedelta(seconds=30)

    async with desk.database.writing() as session:
        with pytest.raises(NotFound):
            await shops.called(session, secret[:-1] + "x", now=desk.now)


async def test_a_pool_is_filled_from_a_shop_that_is_there_for_an_offer_that_has_one(desk: Desk) -> None:
    async with desk.database.writing() as session:
        pass_type = await a_pass_type(session)
        offer = await an_offer(session, pass_type)
        pool = await a_pool(session, pass_type=pass_type, benefit="amount", amount=1000)
        with pytest.raises(PoolMissing):
            await supplies.fill(session, offer.id, makes=True, item=1, now=NOW, by=ADMIN)
        with pytest.raises(ShopMissing):
            await supplies.fill(session, pool.id, makes=True, item=1, most=1, now=NOW, by=ADMIN)
    await desk.stocking().connect(pool.event_id, ADMIN, **ACCESS)
    async with desk.database.writing() as session:
        await session.execute(sa.update(Shop).values(currency="CHF"))
        with pytest.raises(ShopCurrencyOther):
            await supplies.fill(session, pool.id, makes=True, item=1, most=1, now=NOW, by=ADMIN)


async def test_only_an_owner_of_this_partner_connects_or_leaves_it(desk: Desk) -> None:
    await desk.open()
    async with desk.database.reading() as session:
        partner = await session.get_one(Partner, (await shops.of(session, desk.event, ADMIN)).partner_id)
    for somebody, no in ((member_of(partner), NotAllowed), (owner_of(Partner(id=new_id())), NotFound)):
        with pytest.raises(no):
            await desk.stocking().connect(desk.event, somebody, **ACCESS)
        async with desk.database.writing() as session:
            with pytest.raises(no):
                await shops.leave(session, desk.event, now=NOW, by=somebody)


async def test_what_a_partner_asks_for_is_confined_to_its_own_rows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.open()
    async with desk.database.reading() as session:
        owner = owner_of(await session.get_one(Partner, (await shops.of(session, desk.event, ADMIN)).partner_id))
    reaches: list[Any] = []
    for name in ("reading", "writing"):
        real = getattr(desk.database, name)

        def noted(of: Any = None, real: Any = real) -> Any:
            reaches.append(of)
            return real(of)

        monkeypatch.setattr(desk.database, name, noted)

    await desk.stocking().connect(desk.event, owner, **ACCESS)
    await desk.stocking().products(desk.event, owner)

    assert reaches == [owner.reach] * 3


async def test_what_a_shop_says_of_itself_is_kept_as_a_line_of_text(desk: Desk) -> None:
    desk.fake.name = "Gen\0eration\nAI " + "x" * 300

    await desk.open()

    assert (await desk.shop()).name.startswith("Gen")
    assert len((await desk.shop()).name) == 200
    assert "\0" not in (await desk.shop()).name


@pytest.mark.parametrize("number", [0, -1, 2**63])
async def test_a_product_that_no_shop_can_have_is_refused(desk: Desk, number: int) -> None:
    await desk.open()

    with pytest.raises(InvalidRequest):
        await desk.fill(item=number)
    with pytest.raises(InvalidRequest):
        await desk.fill(variation=number)


async def test_a_number_that_we_cannot_keep_is_told_as_no_answer(desk: Desk) -> None:
    await desk.open()
    desk.fake.vouchers[2**70] = {
        "id": 2**70,
        "code": "X",
        "tag": f"promos-{desk.offer}",
        "max_usages": 1,
        "redeemed": 0,
    }

    await desk.read()

    assert (await desk.shop()).trouble == "shop-misunderstood"


async def test_leaving_forgets_the_token_and_readers_keep_their_codes(desk: Desk) -> None:
    await desk.open()
    await desk.read()
    [given] = await desk.give("ada")

    async with desk.database.writing() as session:
        await shops.leave(session, desk.event, now=NOW, by=ADMIN)
        await shops.leave(session, desk.event, now=NOW, by=ADMIN)
        assert await session.scalar(sa.select(sa.func.count()).select_from(ShopCode)) == 0
    assert given in desk.codes

    await desk.stocking().connect(desk.event, ADMIN, **ACCESS)
    await desk.fill()
    desk.fake.order(given)
    await desk.read()
    assert counts(await desk.tally(), "used", "free") == (1, 4)
    assert len(desk.codes) == 5


@pytest.mark.parametrize("wrong", [{"base_url": "http://127.0.0.1:8140"}, {"base_url": "https://[::1]"}])
async def test_a_shop_inside_our_own_network_is_refused_when_it_is_typed(desk: Desk, wrong: dict[str, str]) -> None:
    async with desk.database.writing() as session:
        pool = await a_pool(session)
    stocking = Stocking(desk.database, Web(), desk.settings, KEYS, lambda: NOW)
    with pytest.raises(ShopAddressRefused):
        await stocking.connect(pool.event_id, ADMIN, **ACCESS | wrong)


async def test_nothing_of_a_code_or_token_stands_in_the_clear(desk: Desk) -> None:
    await desk.open()
    await desk.read()
    async with desk.database.reading() as session:
        entries = (await session.scalars(sa.select(Entry.facts))).all()
        rows = [str(vars(each)) for each in await session.scalars(sa.select(ShopCode))]
        rows += [str(vars(each)) for each in await session.scalars(sa.select(Shop))]
    everything = f"{entries} {rows}"
    assert FakePretix.key not in everything
    assert not any(code in everything for code in desk.codes)
