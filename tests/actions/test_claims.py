"""A reader asks by mail: nothing is held, the newest link works, and nobody learns who holds a pass."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, passes, readers, redemptions
from promos.database import Database
from promos.models import CheckIn, Claim, Delivery, Offer, Pass, PromoCode, Reader, Redemption, table
from promos.rules import signing
from promos.rules.redemption import Asker
from promos.rules.refusals import (
    AddressInvalid,
    CodeUnknown,
    LinkEnded,
    NameNeeded,
    OfferExhausted,
    PassGivenBack,
    PassInUse,
    ProofNeeded,
    RateLimited,
    Refusal,
)
from tests.world import ADMIN, DAY, NOW, a_claim, a_code, a_pass_type, add, an_ask, an_event, an_offer, proof_of

KEYS: dict[str, Any] = {"signing_key": b"s" * 40, "reader_key": b"r" * 40, "lifetime": 3600}


async def ask(session: AsyncSession, text: str, email: str = "ada@readers.example", name: str | None = None) -> Claim:
    want = claims.wanted(text, email, name=name, shares=(), block_id=None, language="fr")
    return await claims.submit(session, want, **KEYS, now=NOW)


async def used(session: AsyncSession, code: PromoCode) -> int | None:
    return await session.scalar(sa.select(Offer.used).where(Offer.id == code.offer_id))


async def test_five_hundred_unproven_claims_hold_nothing(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=1))
    for number in range(500):
        await a_claim(session, code, f"r{number}")

    assert await used(session, code) == 0
    outcome = await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
    assert not any(isinstance(each, Refusal) for each in outcome.values())


async def test_a_claim_owes_a_mail_and_stores_no_secret(session: AsyncSession) -> None:
    await a_code(session)
    claim = await ask(session, "free-age nai")
    secret = signing.secret_of(KEYS["signing_key"], "claim", claim.id)

    assert claim.token_hash == signing.fingerprint(secret) != secret
    assert (await claims.opened(session, secret, now=NOW)).claim.id == claim.id
    assert (await session.scalars(sa.select(Delivery.claim_id))).all() == [claim.id]


async def test_only_the_newest_link_of_a_reader_works(session: AsyncSession) -> None:
    await a_code(session)
    first = await ask(session, "FREEAGENAI", "Ada.Lovelace@gmail.com")
    second = await ask(session, "FREEAGENAI", "adalovelace+news@googlemail.com")

    await session.refresh(first)
    assert (first.state, second.state) == ("superseded", "pending")


@pytest.mark.parametrize(
    ("text", "email", "refusal"),
    [
        ("NOPE", "ada@readers.example", CodeUnknown),
        ("FREEAGENAI", "ada@localhost", AddressInvalid),
        ("FREEAGENAI", "ada@readers.example\r\nBcc: x@y.example", AddressInvalid),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    session: AsyncSession, text: str, email: str, refusal: type[Refusal]
) -> None:
    await a_code(session)

    with pytest.raises(refusal):
        await ask(session, text, email)


async def test_a_code_of_the_partners_own_shop_is_not_claimed_by_mail(session: AsyncSession) -> None:
    await a_code(session, await an_offer(session, proof="none"))

    with pytest.raises(ProofNeeded):
        await ask(session, "FREEAGENAI")


async def test_the_name_is_asked_where_the_event_needs_it(session: AsyncSession) -> None:
    kind = await a_pass_type(session, await an_event(session, asks_name=True))
    await a_code(session, await an_offer(session, kind))

    with pytest.raises(NameNeeded):
        await ask(session, "FREEAGENAI")
    assert (await ask(session, "FREEAGENAI", name="Ada")).state == "pending"


async def test_a_name_is_the_readers_when_the_mailbox_is_proved_and_not_before(session: AsyncSession) -> None:
    await a_code(session, await an_offer(session, await a_pass_type(session, await an_event(session, asks_name=True))))
    await ask(session, "FREEAGENAI", name="Somebody else’s joke")
    assert await session.scalar(sa.select(Reader.name)) is None
    claim = await ask(session, "FREEAGENAI", name="Ada")
    opened = await claims.opened(session, signing.secret_of(KEYS["signing_key"], "claim", claim.id), now=NOW)

    await redemptions.redeem(session, [opened.ask], now=NOW)

    assert await session.scalar(sa.select(Reader.name)) == "Ada"
    assert list(await session.scalars(sa.select(table(Claim).c.name))) == [None, None]


async def test_a_used_link_opened_again_renames_nobody(session: AsyncSession) -> None:
    await a_code(session)
    claim = await ask(session, "FREEAGENAI", name="Ada")
    for name in ("Ada", "Bo"):
        await redemptions.redeem(session, [proof_of(claim, name=name)], now=NOW)

    assert await session.scalar(sa.select(Reader.name)) == "Ada"


async def test_an_unused_link_ends_and_a_used_one_shows_its_pass_while_that_lives(session: AsyncSession) -> None:
    code = await a_code(session)
    claim = await ask(session, "FREEAGENAI")
    secret = signing.secret_of(KEYS["signing_key"], "claim", claim.id)
    with pytest.raises(LinkEnded):
        await claims.opened(session, secret, now=NOW + timedelta(hours=1))

    await redemptions.redeem(session, [proof_of(claim)], now=NOW)
    held = (await session.scalars(sa.select(Pass))).one()
    await session.refresh(claim)
    assert (await claims.opened(session, secret, now=NOW + DAY)).claim.id == claim.id
    await passes.give_back(session, held.id, now=NOW)
    with pytest.raises(PassGivenBack):
        await claims.opened(session, secret, now=NOW + DAY)
    assert await used(session, code) == 0


async def test_a_use_returns_exactly_once(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=1))
    await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
    held = (await session.scalars(sa.select(Redemption))).one()

    first = await passes.cancel(session, [held.id], now=NOW, by=ADMIN)
    again = await passes.cancel(session, [held.id], now=NOW, by=ADMIN)

    assert [each.is_new for each in (*first, *again)] == [True, False]
    assert first[0].version == again[0].version
    assert await used(session, code) == 0
    second = an_ask(code, "bo")
    assert not isinstance((await redemptions.redeem(session, [second], now=NOW))[second.id], Refusal)


async def test_a_kept_use_stays_used(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=1, on_cancel="keep"))
    await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
    held = (await session.scalars(sa.select(Redemption))).one()

    await passes.cancel(session, [held.id], now=NOW, by=ADMIN)

    late = an_ask(code, "bo")
    assert await used(session, code) == 1
    assert isinstance((await redemptions.redeem(session, [late], now=NOW))[late.id], OfferExhausted)


async def test_whoever_is_inside_cannot_give_the_pass_back(session: AsyncSession) -> None:
    code = await a_code(session)
    await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
    held = (await session.scalars(sa.select(Pass))).one()
    inside = {"scan_id": "1", "token_hash": "x", "result": "admitted", "at": NOW}
    await add(session, CheckIn(partner_id=held.partner_id, event_id=held.event_id, pass_id=held.id, **inside))

    with pytest.raises(PassInUse):
        await passes.give_back(session, held.id, now=NOW)


async def test_a_pass_is_mailed_again_a_few_times_a_day(session: AsyncSession) -> None:
    code = await a_code(session)
    await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
    held = (await session.scalars(sa.select(Pass))).one()

    with pytest.raises(RateLimited):
        await passes.send_again(session, held.id, now=NOW)
    for minutes in range(1, 4):
        await passes.send_again(session, held.id, now=NOW + timedelta(minutes=minutes))
    with pytest.raises(RateLimited):
        await passes.send_again(session, held.id, now=NOW + timedelta(minutes=9))


async def test_who_asks_again_locks_nobody_who_presses(session: AsyncSession, kind: str, database: Database) -> None:
    if kind == "sqlite":
        pytest.skip("one writer at a time")
    async with database.writing() as first:
        await a_code(first)
        await ask(first, "FREEAGENAI", name="Ada")
    async with database.writing() as one, database.writing() as other:
        asker = Asker("k" * 64, "ada@readers.example", None, "en")
        assert list(await readers.remember(one, {asker.email: asker}, now=NOW)) == ["ada@readers.example"]
        await other.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))
        await readers.name(other, [((await other.scalars(sa.select(Reader.id))).one(), "Ada", None)])
