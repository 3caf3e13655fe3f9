"""What became of our codes in a partner's ticket shop: there, used, cancelled, deleted, let in at the door there."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import limits, pools, shops, supplies
from promos.actions.pools import Scribe
from promos.actions.shops import Lease
from promos.models import PoolCode, ShopCode, Supply, table
from promos.outside.shops.pretix import CheckIn, Order, Voucher
from promos.rules.people import PROGRAM
from promos.rules.refusals import PoolCodeMalformed

ALIVE = frozenset("np")  # states of an order: not paid yet, and paid
AT_ONCE = 500


async def seen(
    session: AsyncSession, lease: Lease, offer_id: UUID, vouchers: Sequence[Voucher], *, scribe: Scribe, now: datetime
) -> None:
    """All that stands in the shop under the tag of this offer's supply. Raises `LeaseLost`.

    What is new to us goes into the pool; what was used by others or deleted leaves it, unless a reader has it already.
    """
    offer = await limits.locked_offer(session, offer_id, PROGRAM)
    await shops.held(session, lease)
    supply = await session.get(Supply, offer_id, populate_existing=True)
    if supply is None:  # left meanwhile
        return
    mine = sa.select(ShopCode).where(ShopCode.offer_id == offer.id).execution_options(populate_existing=True)
    rows = {row.mark: row for row in await session.scalars(mine)}
    there = {scribe.mark(each.code): each for each in vouchers}
    pool = await _pool(session, offer.event_id, [*there, *rows])
    words, supply.skipped = [], 0
    for mark, voucher in there.items():
        row = rows.get(mark)
        if row is None:
            elsewhere = pool.get(mark, offer.id) != offer.id
            if elsewhere or (mark not in pool and (supply.makes or voucher.max_usages != 1)):
                supply.skipped += not supply.makes
                continue
            row = rows[mark] = supplies.new_row(supply, offer, mark, voucher.id)
            session.add(row)
        row.state, row.voucher, row.sealed, row.redeemed = "there", voucher.id, None, voucher.redeemed
        row.used_at = row.used_at or (now if voucher.redeemed else None)
        if mark not in pool and not voucher.redeemed and offer.pooled is not None:
            try:
                words.append(scribe.word(voucher.code))
            except PoolCodeMalformed:
                supply.skipped += 1
    for mark, row in rows.items():
        if mark not in there and row.state == "there":
            row.state = "gone"
    spent = [mark for mark, row in rows.items() if mark in pool and (row.state == "gone" or row.redeemed)]
    await session.flush()
    if offer.pooled is not None:
        await pools.withdraw(session, offer, spent)
    await supplies.take(session, offer, words, now=now)


async def to_take_back(session: AsyncSession, offer_id: UUID) -> list[int]:
    """The numbers of codes that their readers gave back and nobody used: nobody shall use them any more."""
    burnt = (
        sa.select(ShopCode.voucher)
        .join(PoolCode, sa.and_(PoolCode.event_id == ShopCode.event_id, PoolCode.mark == ShopCode.mark))
        .join(Supply, Supply.offer_id == ShopCode.offer_id)
        .where(ShopCode.offer_id == offer_id, ShopCode.state == "there", ShopCode.redeemed == 0)
        .where(PoolCode.state == "burnt", Supply.makes)
    )
    return [each for each in await session.scalars(burnt.limit(AT_ONCE)) if each is not None]


async def taken_back(
    session: AsyncSession,
    lease: Lease,
    numbers: Iterable[int],
    *,
    now: datetime,  # noqa: ARG001 -- as all that is written
) -> None:
    """These were deleted there by us. Raises `LeaseLost`."""
    shop = await shops.held(session, lease)
    these = sa.update(table(ShopCode)).where(ShopCode.shop_id == shop.id, ShopCode.voucher.in_(list(numbers)))
    await session.execute(these.values(state="gone"))


async def followed(
    session: AsyncSession, lease: Lease, orders: Sequence[Order], check_ins: Sequence[CheckIn], *, now: datetime
) -> None:
    """Orders that changed and scans that were made there, in any order and any number of times. Raises `LeaseLost`."""
    shop = await shops.held(session, lease)
    by_voucher = await _rows(session, shop.id, ShopCode.voucher, _vouchers(orders))
    for order in sorted(orders, key=lambda each: each.last_modified):
        for position in order.positions:
            row = by_voucher.get(position.voucher or 0)
            if row is None:
                continue
            if order.status in ALIVE and not position.canceled:
                row.position, row.cancelled_at = position.id, None
            elif row.position in (None, position.id):
                row.position, row.cancelled_at = position.id, row.cancelled_at or now
    await session.flush()
    entries = [each for each in check_ins if each.successful and each.type == "entry" and each.position]
    by_position = await _rows(session, shop.id, ShopCode.position, {each.position for each in entries if each.position})
    for each in entries:
        row = by_position.get(each.position or 0)
        if row is not None:
            row.arrived_at = min(row.arrived_at or each.at, each.at)
    shop.orders_since = max((each.last_modified for each in orders), default=shop.orders_since)
    shop.check_ins_since = max((each.created for each in check_ins), default=shop.check_ins_since)
    await session.flush()


async def lost(session: AsyncSession, shop_id: UUID) -> int:
    """How many codes readers have in hand that were deleted in the shop."""
    counted = (
        sa.select(sa.func.count())
        .select_from(ShopCode)
        .join(PoolCode, sa.and_(PoolCode.event_id == ShopCode.event_id, PoolCode.mark == ShopCode.mark))
        .where(ShopCode.shop_id == shop_id, ShopCode.state == "gone", PoolCode.state == "given")
    )
    return await session.scalar(counted) or 0


def _vouchers(orders: Sequence[Order]) -> set[int]:
    return {position.voucher for order in orders for position in order.positions if position.voucher}


async def _rows(
    session: AsyncSession, shop_id: UUID, column: sa.orm.InstrumentedAttribute[int | None], numbers: set[int]
) -> Mapping[int, ShopCode]:
    found: dict[int, ShopCode] = {}
    wanted = sorted(numbers)
    for begin in range(0, len(wanted), AT_ONCE):
        these = sa.select(ShopCode).where(ShopCode.shop_id == shop_id, column.in_(wanted[begin : begin + AT_ONCE]))
        rows = await session.scalars(these.execution_options(populate_existing=True))
        found |= {getattr(row, column.key): row for row in rows}
    return found


async def _pool(session: AsyncSession, event_id: UUID, marks: Sequence[str]) -> dict[str, UUID]:
    """Which of these codes the event's pools have, and the offer that hands each out."""
    found: dict[str, UUID] = {}
    for begin in range(0, len(marks), AT_ONCE):
        found |= await pools.known(session, event_id, marks[begin : begin + AT_ONCE])
    return found
