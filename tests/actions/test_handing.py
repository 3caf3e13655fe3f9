"""A pass goes on to another person, who takes it; the old token is dead at the door, and nobody hears of the other."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import checkins, consents, handing, passes, pools, redemptions
from promos.actions.locks import LimitsMoved
from promos.database import Database
from promos.models import (
    CheckIn,
    Claim,
    Consent,
    Delivery,
    Entry,
    Event,
    Offer,
    Pass,
    PassType,
    PoolCode,
    PromoCode,
    Reader,
    ReconciledCode,
    Reconciliation,
    Redemption,
    Shop,
    ShopCode,
    new_id,
)
from promos.queries import recount
from promos.rules import signing
from promos.rules.redemption import Asker, Redeemed
from promos.rules.refusals import (
    AlreadyHoldsPass,
    EventOver,
    HandedOnTooOften,
    HandedToHolder,
    LinkEnded,
    LinkSuperseded,
    NameNeeded,
    PassGivenBack,
    PassHandedOn,
    PassInUse,
    PoolCodeUsed,
    PoolEmpty,
    Refusal,
)
from promos.settings import Keys
from tests.world import ADMIN, NOW, a_claim, a_code, a_pass_type, a_pool, an_ask, an_event, an_offer, proof_of

KEYS = Keys((b"s" * 40,), b"r" * 40)
HOUR = timedelta(hours=1)


def reader(name: str, called: str | None = None) -> Asker:
    email = f"{name}@readers.example"
    return Asker(signing.reader_key(KEYS.reader, email), email, called, "fr")


async def a_pass(session: AsyncSession, name: str = "ada", **event: Any) -> Pass:
    """The pass of a reader who asked by mail, and shares the address with the partner."""
    kind = await a_pass_type(session, await an_event(session, **event))
    code = await a_code(session, await an_offer(session, kind, limit=1))
    claim = await a_claim(session, code, name, shares=["email"])
    ask = proof_of(claim, shares=("email",), wordings=("said",))
    outcome = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
    assert isinstance(outcome, Redeemed)
    return await session.get_one(Pass, outcome.pass_id)


async def offer(session: AsyncSession, held: Pass, name: str, **given: Any) -> Claim:
    to = reader(name, given.pop("called", None))
    return await handing.hand_on(
        session, held.id, to, signing_key=KEYS.signing[0], lifetime=3600, now=given.pop("now", NOW)
    )


async def hand(session: AsyncSession, held: Pass, name: str) -> Pass:
    """From the holder to `name`, who takes it."""
    claim = await offer(session, held, name)
    taken = await handing.accept(session, claim.id, now=NOW)
    return await session.get_one(Pass, taken.pass_id)


async def scanned(session: AsyncSession, held: Pass, scan_id: str) -> CheckIn:
    token = signing.qr_token(KEYS.signing[0], held.id, held.drawn)
    given: dict[str, Any] = {"gate": None, "at": None, "keys": KEYS, "now": NOW, "by": ADMIN}
    return await checkins.scan(session, held.event_id, token, scan_id=scan_id, **given)


async def test_until_it_is_taken_a_pass_stays_with_its_holder(session: AsyncSession) -> None:
    held = await a_pass(session)

    claim = await offer(session, held, "bo")

    assert (held.state, claim.state) == ("live", "pending")
    assert (await scanned(session, held, "1")).result == "admitted"
    assert await session.scalar(sa.select(Delivery.language).where(Delivery.claim_id == claim.id)) == "fr"


async def test_the_old_token_is_dead_at_the_door_from_the_moment_the_new_one_lives(session: AsyncSession) -> None:
    held = await a_pass(session)

    new = await hand(session, held, "bo")
    old, its = await scanned(session, held, "1"), await scanned(session, new, "2")

    assert (old.result, old.reason) == ("refused", "handed-on")
    assert its.result == "admitted"
    assert (await session.get_one(Redemption, held.redemption_id)).reader_key == reader("bo").reader_key


async def test_nothing_is_counted_twice_and_the_mails_go_to_each_ones_own_mailbox(session: AsyncSession) -> None:
    held = await a_pass(session)

    new = await hand(session, held, "bo")

    assert await session.scalar(sa.select(Offer.used)) == 1
    assert await recount.differences(session) == []
    mails = sa.select(Delivery.kind, Delivery.pass_id).where(Delivery.kind.in_(["pass", "handed_on"]))
    rows = {(kind, pass_id) for kind, pass_id in await session.execute(mails)}
    assert rows == {("pass", held.id), ("pass", new.id), ("handed_on", held.id)}
    assert held.reader_id != new.reader_id


async def test_taking_it_twice_gives_the_same_pass(session: AsyncSession) -> None:
    claim = await offer(session, await a_pass(session), "bo")

    first, again = [await handing.accept(session, claim.id, now=NOW) for _ in range(2)]

    assert (first.is_new, again.is_new, again.pass_id) == (True, False, first.pass_id)


async def test_what_the_old_holder_shared_is_not_the_new_ones_to_give_or_take(session: AsyncSession) -> None:
    held = await a_pass(session)

    new = await hand(session, held, "bo")

    assert list(await consents.shared(session, held.id)) == ["email"]
    assert list(await consents.shared(session, new.id)) == []
    await consents.withdraw(session, new.id, now=NOW)
    assert await session.scalar(sa.select(Consent.withdrawn_at)) is None


@pytest.mark.parametrize(
    ("name", "event", "refusal"), [("ada", {}, HandedToHolder), ("bo", {"asks_name": True}, NameNeeded)]
)
async def test_a_pass_needs_another_person_and_their_name_where_the_event_asks(
    session: AsyncSession, name: str, event: dict[str, Any], refusal: type[Refusal]
) -> None:
    held = await a_pass(session, **event)

    with pytest.raises(refusal):
        await offer(session, held, name)


async def test_the_next_holder_is_called_as_they_were_announced_once_they_take_it(session: AsyncSession) -> None:
    claim = await offer(session, await a_pass(session), "bo", called="Bo")
    name = sa.select(Reader.name).where(Reader.id == claim.reader_id)
    assert await session.scalar(name) is None

    await handing.accept(session, claim.id, now=NOW)

    assert await session.scalar(name) == "Bo"
    assert claim.name is None


async def test_whoever_holds_a_pass_for_the_event_takes_no_second_one(session: AsyncSession) -> None:
    held = await a_pass(session)
    code = await a_code(session, await an_offer(session, await session.get_one(PassType, held.pass_type_id)), "OTHER")
    await redemptions.redeem(session, [an_ask(code, "bo")], now=NOW)
    claim = await offer(session, held, "bo")

    with pytest.raises(AlreadyHoldsPass):
        await handing.accept(session, claim.id, now=NOW)

    await session.refresh(held)
    assert held.state == "live"
    assert await recount.differences(session) == []


async def test_a_pass_changes_hands_three_times_at_most(session: AsyncSession) -> None:
    held = await a_pass(session)
    for name in ("bo", "cy", "di"):
        held = await hand(session, held, name)

    with pytest.raises(HandedOnTooOften):
        await offer(session, held, "ed")


async def test_only_the_newest_offer_of_a_pass_can_be_taken_and_only_in_time(session: AsyncSession) -> None:
    held = await a_pass(session)
    first = await offer(session, held, "bo")
    second = await offer(session, held, "cy")

    with pytest.raises(LinkSuperseded):
        await handing.accept(session, first.id, now=NOW)
    with pytest.raises(LinkEnded):
        await handing.accept(session, second.id, now=NOW + HOUR)


async def test_nothing_is_handed_on_once_the_event_is_over(session: AsyncSession) -> None:
    held = await a_pass(session)
    event = await session.get_one(Event, held.event_id)

    last = await offer(session, held, "bo", now=event.ends_at - timedelta(minutes=1))
    with pytest.raises(EventOver):
        await offer(session, held, "cy", now=event.ends_at)

    assert (last.state, last.expires_at) == ("pending", event.ends_at)


@pytest.mark.parametrize("end", ["given back", "cancelled", "handed on"])
async def test_what_is_over_cannot_be_taken(session: AsyncSession, end: str) -> None:
    held = await a_pass(session)
    claim = await offer(session, held, "bo")
    if end == "given back":
        await passes.give_back(session, held.id, now=NOW)
    elif end == "cancelled":
        await passes.cancel(session, [held.redemption_id], now=NOW, by=ADMIN)
    else:
        await hand(session, held, "cy")
        await session.execute(sa.update(Claim).where(Claim.id == claim.id).values(state="pending"))  # as if it stood

    with pytest.raises(PassHandedOn if end == "handed on" else PassGivenBack):
        await handing.accept(session, claim.id, now=NOW)


async def test_whoever_is_inside_hands_nothing_on(session: AsyncSession) -> None:
    held = await a_pass(session)
    claim = await offer(session, held, "bo")
    await scanned(session, held, "1")

    with pytest.raises(PassInUse):
        await handing.accept(session, claim.id, now=NOW)
    with pytest.raises(PassInUse):
        await offer(session, held, "cy")


async def test_who_handed_a_pass_on_has_none_to_give_back_and_none_to_be_mailed(session: AsyncSession) -> None:
    held = await a_pass(session)
    new = await hand(session, held, "bo")

    with pytest.raises(PassHandedOn):
        await passes.give_back(session, held.id, now=NOW)
    with pytest.raises(PassHandedOn):
        await passes.send_again(session, held.id, now=NOW)
    await passes.give_back(session, new.id, now=NOW)
    assert new.state == "given_back"
    assert await session.scalar(sa.select(Offer.used)) == 0


async def accept_until_decided(database: Database, claim_id: UUID) -> str:
    while True:
        try:
            async with database.writing() as session:
                return "new" if (await handing.accept(session, claim_id, now=NOW)).is_new else "again"
        except LimitsMoved:
            continue
        except Refusal as no:
            return no.slug


async def test_a_scan_at_the_door_and_a_new_holder_meet_and_one_of_them_is_first(database: Database) -> None:
    async with database.writing() as session:
        held = await a_pass(session)
        claim = await offer(session, held, "bo")

    async with database.writing() as session:
        assert (await scanned(session, held, "1")).result == "admitted"
        taking = asyncio.create_task(accept_until_decided(database, claim.id))
        await asyncio.wait([taking], timeout=0.5)  # without its lock it is done by now, and wrong

    assert await taking == "pass-in-use"


async def test_who_gives_back_while_another_takes_the_pass_gives_back_nothing_of_theirs(database: Database) -> None:
    async def give_back() -> str:
        try:
            async with database.writing() as session:
                await passes.give_back(session, held.id, now=NOW)
        except Refusal as no:
            return no.slug
        return "given back"

    async with database.writing() as session:
        held = await a_pass(session)
        claim = await offer(session, held, "bo")

    async with database.writing() as session:
        taken = await handing.accept(session, claim.id, now=NOW)
        giving = asyncio.create_task(give_back())
        await asyncio.wait([giving], timeout=0.5)

    assert await giving == "pass-handed-on"
    async with database.reading() as session:
        assert (await session.get_one(Pass, taken.pass_id)).state == "live"


async def test_one_who_presses_many_times_at_once_gets_one_pass(database: Database) -> None:
    async with database.writing() as session:
        claim = await offer(session, await a_pass(session), "bo")

    told = await asyncio.gather(*(accept_until_decided(database, claim.id) for _ in range(8)))

    assert sorted(told) == ["again"] * 7 + ["new"]
    async with database.reading() as session:
        live = sa.select(sa.func.count()).select_from(Pass).where(Pass.state == "live")
        assert await session.scalar(live) == 1
        assert await recount.differences(session) == []


async def a_shops_pass(session: AsyncSession, *codes: str, limit: int | None = None) -> tuple[Offer, Pass]:
    """The pass of a reader who has a code of the partner's shop with it."""
    pool = await a_pool(session, *codes, limit=limit)
    ask = an_ask(await a_code(session, pool), "ada")
    outcome = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
    assert isinstance(outcome, Redeemed)
    return pool, await session.get_one(Pass, outcome.pass_id)


async def codes_of(session: AsyncSession, pool: Offer, redemption_id: UUID) -> dict[str | None, str]:
    """Each code of the pool and its state, or that it is this redemption's."""
    assert await recount.differences(session) == []
    mine = sa.select(PoolCode).where(PoolCode.offer_id == pool.id).execution_options(populate_existing=True)
    rows = await session.scalars(mine.order_by(PoolCode.id))
    return {pools.shown(row.sealed, KEYS): "its" if row.redemption_id == redemption_id else row.state for row in rows}


async def test_the_next_holder_gets_a_code_of_the_shop_that_nobody_has_seen(session: AsyncSession) -> None:
    pool, held = await a_shops_pass(session, "A1", "B2", "C3", limit=2)

    new = await hand(session, held, "bo")
    assert await codes_of(session, pool, new.redemption_id) == {"A1": "burnt", "B2": "its", "C3": "free"}
    await hand(session, new, "cy")

    assert await codes_of(session, pool, new.redemption_id) == {"A1": "burnt", "B2": "burnt", "C3": "its"}
    await session.refresh(pool)
    assert (pool.used, pool.pooled, pool.pool_used) == (1, 3, 3)
    told = sa.select(Entry.verb, Entry.facts).where(Entry.verb.startswith("pool.")).order_by(Entry.id)
    low = [(verb, facts["left"]) for verb, facts in await session.execute(told)]
    assert low == [("pool.almost_exhausted", 1), ("pool.exhausted", 0)]


async def test_without_a_code_for_the_next_a_pass_stays_with_its_holder(session: AsyncSession) -> None:
    pool, held = await a_shops_pass(session, "A1", "B2")
    claim = await offer(session, held, "bo")
    code = await session.scalar(sa.select(PromoCode).where(PromoCode.offer_id == pool.id))
    assert code is not None
    await redemptions.redeem(session, [an_ask(code, "cy")], now=NOW)  # takes the last one

    for taking in (handing.accept(session, claim.id, now=NOW), offer(session, held, "di")):
        with pytest.raises(PoolEmpty):
            await taking

    await session.refresh(held)
    assert held.state == "live"
    assert await codes_of(session, pool, held.redemption_id) == {"A1": "its", "B2": "given"}


@pytest.mark.parametrize("by", ["connected shop", "brought file"])
async def test_what_the_shop_saw_used_cannot_be_handed_on(session: AsyncSession, by: str) -> None:
    pool, held = await a_shops_pass(session, "A1", "B2")
    claim = await offer(session, held, "bo")
    used = await session.scalar(sa.select(PoolCode).where(PoolCode.redemption_id == held.redemption_id))
    assert used is not None
    await (in_shop if by == "connected shop" else in_file)(session, pool, used)

    for taking in (handing.accept(session, claim.id, now=NOW), offer(session, held, "di")):
        with pytest.raises(PoolCodeUsed):
            await taking

    assert await codes_of(session, pool, held.redemption_id) == {"A1": "its", "B2": "free"}


async def in_shop(session: AsyncSession, pool: Offer, used: PoolCode) -> None:
    of = {"partner_id": pool.partner_id, "event_id": pool.event_id}
    facts = dict.fromkeys(
        ("kind", "base_url", "organizer", "slug", "name", "currency", "sealed_token", "hook_hash"), ""
    )
    shop = Shop(**of, **facts | {"kind": "pretix"}, hook_id=new_id(), sync_at=NOW, connected_at=NOW)
    session.add(shop)
    await session.flush()
    of |= {"shop_id": shop.id, "offer_id": pool.id}
    session.add(ShopCode(**of, mark=used.mark, state="there", voucher=1, redeemed=1))
    await session.flush()


async def in_file(session: AsyncSession, pool: Offer, used: PoolCode) -> None:
    counts = ("rows", "void", "foreign_tickets", "used", "outside", "ended", "public", "by_reader", "arrived", "unused")
    of = {"partner_id": pool.partner_id, "event_id": pool.event_id, "offer_id": pool.id}
    file = Reconciliation(**of, **dict.fromkeys(counts, 0), shop="tito", file_hash="x", created_at=NOW)
    session.add(file)
    await session.flush()
    row = {"tickets": 1, "by_reader": 0, "arrived": 0, "what": "used", "pool_code_id": used.id}
    session.add(ReconciledCode(partner_id=pool.partner_id, reconciliation_id=file.id, **row))
    await session.flush()
