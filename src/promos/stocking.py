"""Between offers' pools and partners' ticket shops: codes are made there, and what became of them is read.

No transaction is open while a shop is spoken to. Any number of workers may run; one of them reads a shop, and only that
one writes what came of it. Whoever dies on the way leaves rows that the next one goes on from: nothing is made twice,
nothing that was written down is lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar, Unpack
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import shop_codes, shops, supplies
from promos.actions.pools import Scribe
from promos.actions.shops import Access, Lease, LeaseLost
from promos.actions.supplies import Wanted
from promos.database import Database, is_lost
from promos.models import Shop, Supply
from promos.outside.shops.pretix import Item, Pretix, Quota, ShopEvent, Voucher
from promos.outside.web import Web
from promos.retrying import written, written_of
from promos.rules import shops as rules
from promos.rules.people import Actor
from promos.rules.refusals import Refusal, ShopCodesLost, ShopDeclined, ShopFull, ShopNotRead, ShopUnreachable
from promos.settings import Keys, Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
BATCH = 50  # codes made in one request
AT_ONCE = 500  # rows of a list written in one transaction
CHANGED = 1000  # codes in one reading
DECLINED = 5  # of them in a row, before the others wait for the next reading
WHOLE = 600.0  # seconds for one reading; the next one goes on


class Stocking:
    """`web` reaches shops. Calls may raise what `outside.shops.pretix.Pretix` and `actions.shops` raise."""

    def __init__(
        self,
        database: Database,
        web: Web,
        settings: Settings,
        keys: Keys,
        clock: Callable[[], datetime],
        random: Random | None = None,
    ) -> None:
        self._database, self._web, self._keys, self._clock = database, web, keys, clock
        self._random = random or Random()  # noqa: S311 -- which codes come first, not a secret
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
        found = await asyncio.shield(written(self._database, self._clock, shops.claim, every=self._every))
        await asyncio.gather(*(self.sync(lease) for lease in found))
        return len(found)

    async def sync(self, lease: Lease) -> None:
        """Read one shop, and make there what is missing; why that ended early is written down, for its partner.

        Who has lost the lease writes nothing: the shop was connected anew, or left, and another one reads it.
        """
        try:
            told, trouble = await self._come_of(lease)
            if trouble:
                log.warning("shop %s: %s", lease.shop_id, trouble.slug)
            wait = timedelta(seconds=trouble.wait or 0) if isinstance(trouble, ShopUnreachable) else timedelta(0)
            slug = trouble.slug if trouble else None
            await self._write(lease, shops.settle, slug, found=told, wait=wait, is_whole=told is not None)
        except LeaseLost:
            log.info("shop %s is another's to read", lease.shop_id)

    async def _come_of(self, lease: Lease) -> tuple[ShopEvent | None, Refusal | None]:
        """What the shop says of itself, if all of it was read; and the trouble, if any."""
        try:
            return await self._read(lease)
        except LeaseLost:
            raise
        except Refusal as refusal:
            return None, refusal
        except TimeoutError:
            return None, ShopUnreachable()
        except Exception as error:  # one shop never stops the others
            if is_lost(error):
                raise
            log.exception("shop %s could not be read", lease.shop_id)
            return None, ShopNotRead()

    async def _read(self, lease: Lease) -> tuple[ShopEvent, Refusal | None]:
        async with self._database.reading(lease.reach) as session:
            shop = await session.scalar(shops.leased(lease))
            of_shop = await supplies.of_shop(session, lease.shop_id)
        if shop is None:
            raise LeaseLost
        there = self._open(shop)
        async with asyncio.timeout(WHOLE):
            told = await there.event()
            short = [await self._supply(there, lease, each) for each in of_shop]
            await self._follow(there, lease, shop)
        async with self._database.reading(lease.reach) as session:
            is_lost_there = await shop_codes.lost(session, shop.id)
        return told, ShopCodesLost() if is_lost_there else next((each for each in short if each), None)

    async def _supply(self, there: Pretix, lease: Lease, supply: Supply) -> Refusal | None:
        """Read the codes of one offer, change what is no longer as the offer says, and make those that are missing; why
        some could not be."""
        vouchers = await there.vouchers(supply.tag)
        await self._write(lease, shop_codes.seen, supply.offer_id, vouchers, scribe=Scribe(self._keys))
        async with self._database.reading(lease.reach) as session:
            burnt = await shop_codes.to_take_back(session, supply.offer_id)
        gone = [number for number in burnt if await there.delete(number)]
        if gone:
            await self._write(lease, shop_codes.taken_back, gone)
        trouble = await self._change(there, lease, supply, vouchers)
        wanted = await self._write(lease, supplies.want, supply.offer_id, keys=self._keys)
        try:
            for begin in range(0, len(wanted), BATCH):
                await self._make(there, lease, supply, wanted[begin : begin + BATCH])
        except (ShopDeclined, ShopFull) as refusal:
            trouble = refusal
        size, left = await self._room(there, supply)
        slug = trouble.slug if trouble else None
        await self._write(lease, supplies.troubled, supply.offer_id, slug, size=size, left=left)
        return trouble

    async def _change(self, there: Pretix, lease: Lease, supply: Supply, vouchers: Sequence[Voucher]) -> Refusal | None:
        """Let the codes that we made end and count as the offer says now; why that cannot be."""
        async with self._database.reading(lease.reach) as session:
            worth, outdated = await supplies.outdated(session, supply.offer_id, vouchers)
        declined, in_a_row = None, 0
        for number in self._random.sample(outdated, min(len(outdated), CHANGED)):
            try:
                await there.change(number, worth)
                in_a_row = 0
            except ShopDeclined as refusal:  # one keeps the others from nothing; after some, all are likely to be
                declined, in_a_row = refusal, in_a_row + 1
                if in_a_row == DECLINED:
                    break
        return declined

    async def _make(self, there: Pretix, lease: Lease, supply: Supply, wanted: Sequence[Wanted]) -> None:
        """All of them or as many as there is room for, and into the pool with them."""
        if supply.blocks_quota:
            _, left = await self._room(there, supply)
            if left is not None and left < len(wanted):
                await self._make_all(there, lease, supply, wanted[: max(0, left)])
                raise ShopFull(max(0, left))
        await self._make_all(there, lease, supply, wanted)

    async def _make_all(self, there: Pretix, lease: Lease, supply: Supply, wanted: Sequence[Wanted]) -> None:
        if not wanted:
            return
        scribe = Scribe(self._keys)
        made = await there.create([each.voucher for each in wanted])
        numbers = {scribe.mark(each.code): each.id for each in made}
        await self._write(lease, supplies.made, supply.offer_id, numbers)

    async def _room(self, there: Pretix, supply: Supply) -> tuple[int | None, int | None]:
        """The size of the product's tightest quota, and what it has left."""
        if supply.item is None:
            return None, None
        return await there.room(supply.item, supply.variation)

    async def _follow(self, there: Pretix, lease: Lease, shop: Shop) -> None:
        orders = await there.orders(_again(shop.orders_since))
        check_ins = await there.check_ins(_again(shop.check_ins_since))
        for begin in range(0, len(orders), AT_ONCE):
            await self._write(lease, shop_codes.followed, orders[begin : begin + AT_ONCE], [])
        for begin in range(0, len(check_ins), AT_ONCE):
            await self._write(lease, shop_codes.followed, [], check_ins[begin : begin + AT_ONCE])

    def _open(self, shop: Shop) -> Pretix:
        names = {"base_url": shop.base_url, "organizer": shop.organizer, "slug": shop.slug}
        return self._at({**names, "token": shops.token(shop, self._keys)})  # type: ignore[typeddict-item]

    def _at(self, access: Access) -> Pretix:
        return Pretix(self._web, access["base_url"], access["organizer"], access["slug"], access["token"])

    async def _write(self, lease: Lease, effect: Callable[..., Awaitable[T]], *given: Any, **facts: Any) -> T:
        """To its end, though the reading is cut off: a transaction is never left in the middle."""

        async def all_of_it(session: AsyncSession, now: datetime) -> T:
            return await effect(session, lease, *given, now=now, **facts)

        return await asyncio.shield(written_of(self._database, self._clock, lease.reach, all_of_it))


def _again(since: datetime | None) -> datetime | None:
    """A little is read twice: what was being written while we read is not missed."""
    return since - rules.OVERLAP if since else None
