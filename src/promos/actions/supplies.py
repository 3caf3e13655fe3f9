"""Filling an offer's pool from the partner's ticket shop: which codes are wanted, and that they are there.

A code goes into the pool once it is known to be in the shop, so no reader is ever given one that is not. Its text is
chosen here and stored first: whoever dies between the shop's answer and our row finds it there by its text, and makes
no second one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal, limits, pools, shops
from promos.actions.pools import Scribe, Word
from promos.actions.shops import Lease
from promos.models import Event, Offer, PassType, PoolCode, Shop, ShopCode, Supply, new_id, table
from promos.outside.shops.pretix import NewVoucher, Voucher, Worth
from promos.rules import shops as rules
from promos.rules import texts
from promos.rules.benefits import Benefit
from promos.rules.language import N_
from promos.rules.patterns import drawn
from promos.rules.people import PROGRAM, Actor
from promos.rules.refusals import InvalidRequest, PoolMissing, ShopCurrencyOther, ShopMissing
from promos.settings import Keys

AT_ONCE = 1_000  # codes chosen in one transaction

_IN_POOL = sa.exists().where(PoolCode.event_id == ShopCode.event_id, PoolCode.mark == ShopCode.mark)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A code to make in the shop."""

    mark: str
    voucher: NewVoucher


async def fill(
    session: AsyncSession,
    offer_id: UUID,
    *,
    makes: bool,
    tag: str | None = None,
    item: int | None = None,
    variation: int | None = None,
    blocks_quota: bool = True,
    most: int | None = None,
    now: datetime,
    by: Actor,
) -> Supply:
    """Fill the offer's pool from the shop from now on: with codes that we make for a product of it, or with those that
    stand under a tag. Again: the terms for what is made from now on; what was deleted there is made up for.

    Raises `NotFound`, `PoolMissing`, `ShopMissing`, `ShopCurrencyOther`, `InvalidRequest`.
    """
    offer = await limits.locked_offer(session, offer_id, by)
    if offer.pooled is None:
        raise PoolMissing
    shop = await session.scalar(sa.select(Shop).where(Shop.event_id == offer.event_id))
    if shop is None:
        raise ShopMissing
    errors = {}
    if makes and (item is None or not _can_be(item, variation)):
        errors["item"] = N_("Choose the product that the codes are for.")
    if makes and most is None and offer.limit is None:
        errors["most"] = N_("This offer has no limit: say how many codes are made.")
    if most is not None and not 0 < most <= rules.AT_MOST:
        errors["most"] = N_("Write a whole number from 1 to 10,000.")
    if errors:
        raise InvalidRequest(errors)
    named = rules.tag(offer.id) if makes else texts.line(tag or "", "tag")
    currency = (await session.get_one(PassType, offer.pass_type_id)).currency
    if makes and offer.amount is not None and currency != shop.currency:
        raise ShopCurrencyOther(currency, shop.currency)
    supply = await session.get(Supply, offer_id, populate_existing=True, with_for_update=True)
    if supply is None:
        supply = Supply(offer_id=offer.id, shop_id=shop.id, partner_id=offer.partner_id, skipped=0)
        session.add(supply)
    supply.makes, supply.tag, supply.most = makes, named, most if makes else None
    supply.item, supply.variation = (item, variation) if makes else (None, None)
    supply.blocks_quota, supply.trouble = makes and blocks_quota, None
    await session.flush()
    lost = sa.delete(table(ShopCode)).where(ShopCode.offer_id == offer.id, ShopCode.state == "gone", ~_IN_POOL)
    await session.execute(lost)
    await shops.read_soon(session, offer.event_id, now=now, by=by)
    facts = {"makes": makes, "most": most}
    await journal.record(
        session, "pool.supplied", offer.id, at=now, by=by, partner=offer.partner_id, event=offer.event_id, facts=facts
    )
    return supply


def _can_be(item: int, variation: int | None) -> bool:
    return all(0 < each <= rules.LARGEST for each in (item, 1 if variation is None else variation))


async def of_shop(session: AsyncSession, shop_id: UUID) -> Sequence[Supply]:
    """Of offers in use: what was put away stays as it is."""
    found = sa.select(Supply).join(Offer, Offer.id == Supply.offer_id).join(Event, Event.id == Offer.event_id)
    found = found.where(Supply.shop_id == shop_id, Offer.archived_at.is_(None), Event.archived_at.is_(None))
    return (await session.scalars(found.order_by(Supply.offer_id))).all()


async def want(session: AsyncSession, lease: Lease, offer_id: UUID, *, keys: Keys, now: datetime) -> list[Wanted]:
    """Choose the codes that are still missing, while the offer can be redeemed; all that are not in the shop yet.

    Raises `LeaseLost`.
    """
    offer = await limits.locked_offer(session, offer_id, PROGRAM)
    await shops.held(session, lease)
    supply = await session.get(Supply, offer_id, populate_existing=True)
    if supply is None or not supply.makes or offer.pooled is None or offer.archived_at or offer.ends_at <= now:
        return []
    waiting = sa.select(ShopCode).where(ShopCode.offer_id == offer.id, ShopCode.state == "wanted")
    rows = list(await session.scalars(waiting.order_by(ShopCode.id)))
    there = len(rows) + await _there(session, offer)
    new = min(rules.missing(supply.most, offer.limit, there=there), AT_ONCE)
    for text in next(drawn(rules.CODE, new, new), []) if new else []:
        word = Scribe(keys).word(text)
        rows.append(_row(supply, offer, word.mark, sealed=word.sealed, state="wanted"))
    session.add_all(rows)
    await session.flush()
    worth = await _worth(session, offer)
    texts_of = {row.mark: pools.shown(row.sealed or "", keys) for row in rows}
    return [Wanted(mark, _voucher(supply, worth, text)) for mark, text in texts_of.items() if text]


async def outdated(session: AsyncSession, offer_id: UUID, vouchers: Sequence[Voucher]) -> tuple[Worth, list[int]]:
    """What a code of the offer is worth now, and the numbers of those that we made, that nobody used and that are worth
    something else in the shop. What was read there decides, so whoever dies on the way leaves the rest to be found.
    """
    offer = await session.get_one(Offer, offer_id)
    worth = await _worth(session, offer)
    made = sa.select(ShopCode.voucher).join(Supply, Supply.offer_id == ShopCode.offer_id)
    made = made.where(ShopCode.offer_id == offer_id, ShopCode.state == "there", Supply.makes)
    ours = set(await session.scalars(made))
    return worth, [each.id for each in vouchers if each.id in ours and not each.redeemed and not worth.is_of(each)]


async def made(
    session: AsyncSession, lease: Lease, offer_id: UUID, numbers: Mapping[str, int], *, now: datetime
) -> int:
    """These codes, by their marks, are in the shop now under these numbers; how many went into the pool.

    Raises `LeaseLost`.
    """
    offer = await limits.locked_offer(session, offer_id, PROGRAM)
    await shops.held(session, lease)
    found = sa.select(ShopCode).where(
        ShopCode.offer_id == offer.id, ShopCode.state == "wanted", ShopCode.mark.in_(numbers)
    )
    words = []
    for row in await session.scalars(found.order_by(ShopCode.id).execution_options(populate_existing=True)):
        words.append(Word(row.mark, row.sealed or ""))
        row.state, row.voucher, row.sealed = "there", numbers[row.mark], None
    return await take(session, offer, words, now=now)


async def take(session: AsyncSession, offer: Offer, words: Sequence[Word], *, now: datetime) -> int:
    """Codes of the shop into the pool of a locked offer, and to those who wait; how many were new."""
    await session.flush()
    count = await pools.take(session, offer, words, now=now) if words else 0
    if count:
        facts = {"codes": count}
        subject = {"partner": offer.partner_id, "event": offer.event_id, "facts": facts}
        await journal.record(session, "pool.fetched", offer.id, at=now, by=PROGRAM, **subject)  # type: ignore[arg-type]
        await limits.feed(session, offer, now=now)
    return count


async def troubled(
    session: AsyncSession,
    lease: Lease,
    offer_id: UUID,
    trouble: str | None,
    *,
    size: int | None,
    left: int | None,
    now: datetime,  # noqa: ARG001 -- as all that is written
) -> None:
    """Remember why no more codes can be made, if so, and what the tightest quota had. Raises `LeaseLost`."""
    await shops.held(session, lease)
    values = sa.update(table(Supply)).where(Supply.offer_id == offer_id)
    await session.execute(values.values(trouble=trouble, size=size, left=left))


def new_row(supply: Supply, offer: Offer, mark: str, voucher: int) -> ShopCode:
    """A code that was found in the shop."""
    return _row(supply, offer, mark, state="there", voucher=voucher)


def _row(supply: Supply, offer: Offer, mark: str, **facts: object) -> ShopCode:
    ids = {"shop_id": supply.shop_id, "partner_id": offer.partner_id, "event_id": offer.event_id, "offer_id": offer.id}
    return ShopCode(id=new_id(), mark=mark, redeemed=0, **ids, **facts)


async def _there(session: AsyncSession, offer: Offer) -> int:
    """Codes that count against the limit: those of the pool, but for the ones that we took back in the shop; and those
    that the pool has no more because they were used or deleted there.
    """
    taken_back = sa.exists().where(
        ShopCode.event_id == PoolCode.event_id, ShopCode.mark == PoolCode.mark, ShopCode.state == "gone"
    )
    pool = sa.select(sa.func.count()).where(
        PoolCode.offer_id == offer.id, sa.or_(PoolCode.state != "burnt", ~taken_back)
    )
    outside = sa.select(sa.func.count()).where(ShopCode.offer_id == offer.id, ShopCode.state != "wanted", ~_IN_POOL)
    return (await session.scalar(pool) or 0) + (await session.scalar(outside) or 0)


def _voucher(supply: Supply, worth: Worth, text: str) -> NewVoucher:
    return NewVoucher(
        code=text,
        tag=supply.tag,
        worth=worth,
        item=supply.item or 0,
        variation=supply.variation,
        blocks_quota=supply.blocks_quota,
    )


async def _worth(session: AsyncSession, offer: Offer) -> Worth:
    currency = (await session.get_one(PassType, offer.pass_type_id)).currency
    mode, value = rules.worth(Benefit(offer.benefit, offer.percent, offer.amount), currency)
    return Worth(mode, value, offer.ends_at)
