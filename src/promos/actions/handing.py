"""A pass goes on to another person: by mail, with that person's press, and with a token of its own."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import holds, line, outcomes, pools, readers
from promos.models import CheckIn, Claim, Delivery, Event, Pass, Redemption, new_id, table
from promos.rules import signing
from promos.rules.benefits import Price
from promos.rules.people import READER
from promos.rules.redemption import Asker, Redeemed
from promos.rules.refusals import (
    AlreadyHoldsPass,
    EventOver,
    HandedOnTooOften,
    HandedToHolder,
    NameNeeded,
    NotFound,
    PassGivenBack,
    PassHandedOn,
    PassInUse,
)

TIMES = 3  # that one pass may change hands
_GONE = {"handed_on": PassHandedOn, "given_back": PassGivenBack, "revoked": PassGivenBack}


async def hand_on(
    session: AsyncSession,
    pass_id: UUID,
    to: Asker,
    *,
    signing_key: bytes,
    lifetime: int,
    now: datetime,
) -> Claim:
    """Owe the other person a mail; the pass stays with its holder until they press the button in it.

    Raises `HandedToHolder`, `HandedOnTooOften`, `PassInUse`, `PoolCodeUsed`, `PoolEmpty`, `NameNeeded`, `EventOver`,
    and what became of a pass that is gone.
    """
    held, redeemed, event = await _held(session, pass_id)
    if now >= event.ends_at:
        raise EventOver
    if to.reader_key == redeemed.reader_key:
        raise HandedToHolder
    if event.asks_name and not to.name:
        raise NameNeeded
    known = await readers.remember(session, {to.email: replace(to, name=None)}, now=now)
    claim_id = new_id()
    claim = Claim(
        id=claim_id,
        partner_id=held.partner_id,
        event_id=held.event_id,
        offer_id=redeemed.offer_id,
        code_id=redeemed.code_id,
        block_id=redeemed.block_id,
        reader_id=known[to.email],
        reader_key=to.reader_key,
        name=to.name,
        pass_id=held.id,
        state="pending",
        token_hash=signing.fingerprint(signing.secret_of(signing_key, "claim", claim_id)),
        shares=[],
        language=to.language,
        created_at=now,
        expires_at=min(now + timedelta(seconds=lifetime), event.ends_at),
    )
    others = sa.update(table(Claim)).where(Claim.pass_id == held.id, Claim.state == "pending")
    await session.execute(others.values(state="superseded", settled_at=now, name=None))
    session.add(claim)
    await session.flush()
    session.add(Delivery(kind="claim", claim_id=claim_id, language=to.language, due_at=now, created_at=now))
    await session.flush()
    return claim


async def accept(session: AsyncSession, claim_id: UUID, *, now: datetime) -> Redeemed:
    """The other person takes the pass: theirs is new, the old one opens no door any more. Again: the same pass.

    Where a code of the partner's shop comes with it, the other person gets one that nobody has seen. Raises
    `AlreadyHoldsPass` for who holds one for this event, `PassInUse`, `PoolCodeUsed`, `PoolEmpty`, and what became of a
    pass or a claim that is gone.
    """
    claim = await session.get_one(Claim, claim_id)
    if claim.pass_id is None:
        raise ValueError(f"claim {claim_id} is about no pass")
    if claim.state == "proven":
        return await _accepted(session, claim)
    redeemed = (await session.scalars(_BEHIND, {"pass_id": claim.pass_id})).one()
    [terms] = (await holds.locked_terms(session, {(redeemed.code_id, redeemed.block_id)}, now=now)).values()
    locked = sa.select(Redemption).where(Redemption.id == redeemed.id).with_for_update(key_share=True)
    redeemed = (await session.scalars(locked.execution_options(populate_existing=True))).one()
    await session.refresh(claim, with_for_update={"key_share": True})
    if claim.state == "proven":
        return await _accepted(session, claim)
    if no := outcomes.why_closed(outcomes.Standing(claim.state, claim.expires_at, claim.reader_key), now):
        raise no
    await session.execute(sa.select(Pass.id).where(Pass.id == claim.pass_id).with_for_update(key_share=True))
    held, _, _ = await _held(session, claim.pass_id)  # as it is, now that nobody can scan it or give it back
    before = await session.get_one(Claim, redeemed.claim_id) if redeemed.claim_id else None
    try:
        async with session.begin_nested():
            owner = {"reader_id": claim.reader_id, "reader_key": claim.reader_key}
            await session.execute(sa.update(table(Redemption)).where(Redemption.id == redeemed.id).values(**owner))
    except IntegrityError:
        raise AlreadyHoldsPass from None
    held.state, held.ended_at = "handed_on", now
    await session.flush()
    await pools.pass_on(session, terms, redeemed.id, now=now)
    of_type = {"partner_id": held.partner_id, "event_id": held.event_id, "pass_type_id": held.pass_type_id}
    given, mail = holds.issue(redeemed.id, of_type, claim.reader_id, claim.language, now)
    farewell = holds.mail("handed_on", before.language if before else "en", now, pass_id=held.id)
    await session.execute(sa.insert(table(Pass)), [given])
    await session.execute(sa.insert(table(Delivery)), [mail, farewell])
    if claim.name:
        await readers.name(session, [(claim.reader_id, claim.name, None)])
    claim.state, claim.redemption_id, claim.settled_at, claim.name = "proven", redeemed.id, now, None
    await session.flush()
    await line.end_for(session, Claim.event_id == redeemed.event_id, [claim.reader_key], now=now)
    version = (await holds.write(session, [redeemed], "pass.handed_on", now=now, by=READER))[redeemed.id]
    price = Price(redeemed.list_price, redeemed.reduction, redeemed.currency)
    return Redeemed(redeemed.id, given["id"], version, is_new=True, is_mine=True, price=price)


_BEHIND = (
    sa.select(Redemption).join(Pass, Pass.redemption_id == Redemption.id).where(Pass.id == sa.bindparam("pass_id"))
)


async def _held(session: AsyncSession, pass_id: UUID) -> tuple[Pass, Redemption, Event]:
    """A pass that can change hands, as it is now; raises why it cannot."""
    row = (
        await session.execute(
            sa.select(Pass, Redemption, Event)
            .join(Redemption, Pass.redemption_id == Redemption.id)
            .join(Event, Pass.event_id == Event.id)
            .where(Pass.id == pass_id)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        raise NotFound("pass")
    held, redeemed, event = row
    if held.state in _GONE:
        raise _GONE[held.state]
    inside = sa.select(CheckIn.id).where(
        CheckIn.pass_id == held.id, CheckIn.result == "admitted", CheckIn.undone_at.is_(None)
    )
    if await session.scalar(inside.limit(1)):
        raise PassInUse
    handed = sa.select(sa.func.count()).where(Pass.redemption_id == redeemed.id, Pass.state == "handed_on")
    if (await session.scalar(handed) or 0) >= TIMES:
        raise HandedOnTooOften
    await pools.may_go_on(session, redeemed.id)
    return held, redeemed, event


async def _accepted(session: AsyncSession, claim: Claim) -> Redeemed:
    row = (
        await session.execute(
            sa.select(Pass, Redemption)
            .join(Redemption, Pass.redemption_id == Redemption.id)
            .where(Redemption.id == claim.redemption_id, Redemption.reader_key == claim.reader_key)
            .where(Pass.state == "live")
        )
    ).one_or_none()
    if row is None:
        raise PassHandedOn
    held, redeemed = row
    price = Price(redeemed.list_price, redeemed.reduction, redeemed.currency)
    return Redeemed(redeemed.id, held.id, redeemed.version, is_new=False, is_mine=True, price=price, drawn=held.drawn)
