"""Between offers' pools and partners' ticket shops: codes are made there, and what became of them is read.

No transaction is open while a shop is spoken to. Any number of workers may run; one of them reads a shop. Whoever dies
on the way leaves rows that the next one goes on from: nothing is made twice, nothing that was written down is lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, Unpack
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import shop_codes, shops, supplies
from promos.actions.pools import Scribe
from promos.actions.shops import Access
from promos.actions.supplies import Wanted
from promos.database import Database, is_lost
from promos.models import Shop, Supply
from promos.outside.shops.pretix import Item, Pretix, Quota, ShopEvent
from promos.outside.web import Web
from promos.retrying import written_of
from promos.rules import shops as rules
from promos.rules.people import Actor
from promos.rules.refusals import Refusal, ShopCodesLost, ShopDeclined, ShopFull, ShopNotRead, ShopUnreachable
from promos.settings import Keys, Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
BATCH = 50  # codes made in one request
AT_ONCE = 500  # rows of a list written in one transaction
WHOLE = 600.0  # seconds for one reading; the next one goes on


class Stocking:
    """`web` reaches shops. Calls may raise what `outside.shops.pretix.Pretix` and `actions.shops` raise."""

    def __init__(
        self, database: Database, web: Web, settings: Settings, keys: Keys, clock: Callable[[], datetime]
    ) -> None:
        self._database, self._web, self._keys, self._clock = database, web, keys, clock
        self._every = timedelta(seconds=settings.shop_sync)

    async def connect(self, event_id: UUID, by: Actor, **given: Unpack[Access]) -> Shop:
        """Look whether the shop answers to this token, and remember it."""
        access = shops.checked(given)
        async with self._database.reading(by.reach) as session:
            await shops.may_connect(session, event_id, by)
        found = await self._at(access).event()

        async def effect(session: AsyncSession, now: datetime) -> Shop:
            return await shops.connect(session, event_id, found, keys=self._keys, now=now, by=by, **access)

        return await asyncio.shield(written_of(self._database, self._clock, by.reach, effect))

    async def products(self, event_id: UUID, by: Actor) -> tuple[list[Item], list[Quota]]:
        """What the shop sells for the event, and what its quotas have left at this moment."""
        async with self._database.reading(by.reach) as session:
            shop = self._open(await shops.of(session, event_id, by))
        return await shop.items(), await shop.quotas()

    async def round(self) -> int:
        """Read the shops that are due; how many they were."""
        now = self._clock()
        async with self._database.reading() as session:
            if not await shops.is_any_due(session, now=now):
                return 0
        found = await self._write(None, shops.claim, every=self._every)
        await asyncio.gather(*(self.sync(shop_id) for shop_id in found))
        return len(found)

    async def sync(self, shop_id: UUID) -> None:
        """Read one shop, and make there what is missing; why that ended early is written down, for its partner."""
        told, trouble = await self._come_of(shop_id)
        if trouble:
            log.warning("shop %s: %s", shop_id, trouble.slug)
        wait = timedelta(seconds=trouble.wait or 0) if isinstance(trouble, ShopUnreachable) else timedelta(0)
        slug = trouble.slug if trouble else None
        facts = {"found": told, "wait": wait, "is_whole": told is not None}
        await self._write(None, shops.settle, shop_id, slug, **facts)

    async def _come_of(self, shop_id: UUID) -> tuple[ShopEvent | None, Refusal | None]:
        """What the shop says of itself, if all of it was read; and the trouble, if any."""
        try:
            return await self._read(shop_id)
        except Refusal as refusal:
            return None, refusal
        except TimeoutError:
            return None, ShopUnreachable()
        except Exception as error:  # one shop never stops the others
            if is_lost(error):
                raise
            log.exception("shop %s could not be read", shop_id)
            return None, ShopNotRead()

    async def _read(self, shop_id: UUID) -> tuple[ShopEvent | None, Refusal | None]:
        async with self._database.reading() as session:
            shop = await session.get(Shop, shop_id)
            of_shop = await supplies.of_shop(session, shop_id)
        if shop is None:  # left meanwhile
            return None, None
        there = self._open(shop)
        async with asyncio.timeout(WHOLE):
            told = await there.event()
            short = [await self._supply(there, shop, each) for each in of_shop]
            await self._follow(there, shop)
        async with self._database.reading(frozenset({shop.partner_id})) as session:
            is_lost_there = await shop_codes.lost(session, shop_id)
        return told, ShopCodesLost() if is_lost_there else next((each for each in short if each), None)

    async def _supply(self, there: Pretix, shop: Shop, supply: Supply) -> Refusal | None:
        """Read the codes of one offer and make those that are missing; why some could not be made."""
        of = frozenset({supply.partner_id})
        await self._seen(there, supply)
        async with self._database.reading(of) as session:
            burnt = await shop_codes.to_take_back(session, supply.offer_id)
        gone = [number for number in burnt if await there.delete(number)]
        if gone:
            await self._write(of, shop_codes.taken_back, shop.id, gone)
        wanted = await self._write(of, supplies.want, supply.offer_id, keys=self._keys)
        trouble: Refusal | None = None
        try:
            for begin in range(0, len(wanted), BATCH):
                await self._make(there, supply, wanted[begin : begin + BATCH])
        except (ShopDeclined, ShopFull) as refusal:
            trouble = refusal
        size, left = await self._room(there, supply)
        slug = trouble.slug if trouble else None
        await self._write(of, supplies.troubled, supply.offer_id, slug, size=size, left=left)
        return trouble

    async def _seen(self, there: Pretix, supply: Supply) -> None:
        vouchers = await there.vouchers(supply.tag)
        of = frozenset({supply.partner_id})
        await self._write(of, shop_codes.seen, supply.offer_id, vouchers, scribe=Scribe(self._keys))

    async def _make(self, there: Pretix, supply: Supply, wanted: Sequence[Wanted]) -> None:
        """All of them or as many as there is room for, and into the pool with them."""
        if supply.blocks_quota:
            _, left = await self._room(there, supply)
            if left is not None and left < len(wanted):
                await self._make_all(there, supply, wanted[: max(0, left)])
                raise ShopFull(max(0, left))
        await self._make_all(there, supply, wanted)

    async def _make_all(self, there: Pretix, supply: Supply, wanted: Sequence[Wanted]) -> None:
        if not wanted:
            return
        scribe = Scribe(self._keys)
        made = await there.create([each.voucher for each in wanted])
        numbers = {scribe.mark(each.code): each.id for each in made}
        await self._write(frozenset({supply.partner_id}), supplies.made, supply.offer_id, numbers)

    async def _room(self, there: Pretix, supply: Supply) -> tuple[int | None, int | None]:
        """The size of the product's tightest quota, and what it has left."""
        if supply.item is None:
            return None, None
        return await there.room(supply.item, supply.variation)

    async def _follow(self, there: Pretix, shop: Shop) -> None:
        of = frozenset({shop.partner_id})
        orders = await there.orders(_again(shop.orders_since))
        check_ins = await there.check_ins(_again(shop.check_ins_since))
        for begin in range(0, len(orders), AT_ONCE):
            await self._write(of, shop_codes.followed, shop.id, orders[begin : begin + AT_ONCE], [])
        for begin in range(0, len(check_ins), AT_ONCE):
            await self._write(of, shop_codes.followed, shop.id, [], check_ins[begin : begin + AT_ONCE])

    def _open(self, shop: Shop) -> Pretix:
        names = {"base_url": shop.base_url, "organizer": shop.organizer, "slug": shop.slug}
        return self._at({**names, "token": shops.token(shop, self._keys)})  # type: ignore[typeddict-item]

    def _at(self, access: Access) -> Pretix:
        return Pretix(self._web, access["base_url"], access["organizer"], access["slug"], access["token"])

    async def _write(
        self, of: frozenset[UUID] | None, effect: Callable[..., Awaitable[T]], *given: Any, **facts: Any
    ) -> T:
        """To its end, though the reading is cut off: a transaction is never left in the middle. `of`: whose rows."""

        async def all_of_it(session: AsyncSession, now: datetime) -> T:
            return await effect(session, *given, now=now, **facts)

        return await asyncio.shield(written_of(self._database, self._clock, of, all_of_it))


def _again(since: datetime | None) -> datetime | None:
    """A little is read twice: what was being written while we read is not missed."""
    return since - rules.OVERLAP if since else None
