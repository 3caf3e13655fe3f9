"""A hold or a pass after it was given: confirmed, given back, cancelled, mailed again. A use returns exactly once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import holds, line, redemptions
from promos.models import CheckIn, Claim, Delivery, Entry, Event, Offer, Partner, Pass, PromoCode, Redemption, table
from promos.models.redemptions import IS_HELD
from promos.rules import redemption, signing
from promos.rules.people import PROGRAM, READER, Actor
from promos.rules.refusals import (
    EventCancelled,
    LinkEnded,
    NotEligible,
    NotFound,
    PassGivenBack,
    PassHandedOn,
    PassInUse,
    RateLimited,
)

ENDINGS = ("redemption.cancelled", "redemption.expired", "pass.given_back")
CONFIRMED = ("redemption.confirmed",)
AT_ONCE = 100  # claims under review that end in one transaction
RESENDS_A_DAY = 3
RESEND_PAUSE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Ended:
    """What a redemption is after it was confirmed or cancelled; `is_new` only for the call that did it."""

    redemption_id: UUID
    state: str
    version: int
    is_new: bool


async def cancel(session: AsyncSession, ids: Collection[UUID], *, now: datetime, by: Actor) -> list[Ended]:
    """End these redemptions, all or none, by whoever may see them. A second time changes nothing.

    Raises `NotFound` for one that `by` may not see and `PassInUse` for one whose holder is inside.
    """
    await _may_see(session, ids, by)
    return await _end(session, ids, becomes="revoked", verb="redemption.cancelled", now=now, by=by)


async def called_off(session: AsyncSession) -> list[UUID]:
    """The cancelled events that somebody has asked for a pass of, and the partner has not answered."""
    asked = sa.exists().where(Redemption.event_id == Event.id, *_IS_REVIEWED)
    found = sa.select(Event.id).where(Event.cancelled_at.is_not(None), asked)
    return list(await session.scalars(found.order_by(Event.id)))


async def call_off(session: AsyncSession, event_id: UUID, *, now: datetime) -> int:
    """Nobody waits for a partner's word about a cancelled event: the claim ends, and its reader is owed a mail that
    says why; how many those were, `AT_ONCE` at most. A pass that the partner gave at this moment stays."""
    if not await line.is_called_off(session, event_id):
        return 0
    asked = sa.select(Redemption.id).where(Redemption.event_id == event_id, *_IS_REVIEWED).order_by(Redemption.id)
    held = await _locked(session, list(await session.scalars(asked.limit(AT_ONCE))), now)
    ids = [each.id for each in held if each.state == "held"]
    ended = await _end(session, ids, becomes="revoked", verb="redemption.cancelled", now=now, by=PROGRAM)
    return sum(each.is_new for each in ended)


_IS_REVIEWED = (IS_HELD, Redemption.held_for == "review")


async def give_back(session: AsyncSession, pass_id: UUID, *, now: datetime) -> Ended:
    """The holder of a pass gives it back; raises `PassGivenBack` where there is nothing left to give."""
    redemption_id = await session.scalar(sa.select(Pass.redemption_id).where(Pass.id == pass_id))
    if redemption_id is None:
        raise NotFound("pass")
    await _locked(session, {redemption_id}, now)  # nobody takes it over from here on
    state = await session.scalar(sa.select(Pass.state).where(Pass.id == pass_id))
    if state == "revoked":
        raise PassGivenBack
    if state == "handed_on":
        raise PassHandedOn
    return (await _end(session, {redemption_id}, becomes="given_back", verb="pass.given_back", now=now, by=READER))[0]


async def leave(session: AsyncSession, secret: str, *, now: datetime) -> None:
    """Stand in line no longer, or let go of the place that was offered, which goes to the next. Again changes nothing.

    Raises `LinkEnded` for a link that leads to no such claim.
    """
    found = sa.select(Claim).where(Claim.token_hash == signing.fingerprint(secret))
    claim = await session.scalar(found.execution_options(populate_existing=True))
    if claim is None or claim.state not in ("waiting", "offered", "left"):
        raise LinkEnded
    if claim.state == "waiting" and not await line.leave(session, claim, now=now):
        await session.refresh(claim)  # it was offered a place, or left, this very moment
    if claim.state == "offered" and claim.redemption_id:
        await _end(session, {claim.redemption_id}, becomes="revoked", verb="redemption.cancelled", now=now, by=READER)
        gone = sa.update(table(Claim)).where(Claim.id == claim.id)
        await session.execute(gone.values(state="left", redemption_id=None, settled_at=now))


async def send_again(session: AsyncSession, pass_id: UUID, *, now: datetime) -> None:
    """Owe the mail of a live pass once more.

    Raises `RateLimited` beyond a few a day or one a minute, `PassHandedOn` and `PassGivenBack`.
    """
    held = await session.scalar(sa.select(Pass).where(Pass.id == pass_id).with_for_update(key_share=True))
    if held is not None and held.state == "handed_on":
        raise PassHandedOn
    if held is None or held.state != "live":
        raise PassGivenBack
    a_day_ago = now - timedelta(days=1)
    sent = list(
        await session.scalars(
            sa.select(Delivery.created_at)
            .where(Delivery.pass_id == pass_id, Delivery.kind == "pass", Delivery.created_at > a_day_ago)
            .order_by(Delivery.created_at)
        )
    )
    if sent and now - sent[-1] < timedelta(seconds=RESEND_PAUSE):
        raise RateLimited(RESEND_PAUSE)
    if len(sent) > RESENDS_A_DAY:
        raise RateLimited(int((sent[0] + timedelta(days=1) - now).total_seconds()) + 1)
    language = await session.scalar(
        sa.select(Claim.language)
        .join(Redemption, Redemption.claim_id == Claim.id)
        .where(Redemption.id == held.redemption_id)
    )
    session.add(Delivery(kind="pass", pass_id=pass_id, language=language or "en", due_at=now, created_at=now))
    await session.flush()


async def confirm(session: AsyncSession, ids: Collection[UUID], *, now: datetime, by: Actor) -> list[Ended]:
    """Give the passes of these holds, all or none: a shop's checkout went through, or the partner said yes.

    A second time changes nothing. Raises `NotFound`, `HoldExpired`, `PlaceLapsed`, `RedemptionEnded`, and `CodePaused`,
    `CodeUnavailable`, `CodeRevoked` or `EventCancelled` for a hold that is stopped; a pause stops no partner.
    """
    await _may_see(session, ids, by)
    held = await _locked(session, ids, now)
    stops = await _stops(session, {each.code_id for each in held})
    for each in held:
        if each.state != "held":
            continue
        status, is_suspended, is_cancelled = stops[each.code_id]
        is_asked = each.held_for != "review"
        no = redemption.stop(status, is_suspended=is_suspended, is_cancelled=is_cancelled, is_asked=is_asked)
        if no:
            raise no
    versions = await holds.confirm(session, held, now=now, by=by)
    before = await _versions(session, [each.id for each in held if each.id not in versions], CONFIRMED)
    return [
        Ended(each.id, "confirmed", versions.get(each.id) or before.get(each.id) or each.version, each.id in versions)
        for each in held
    ]


async def _stops(session: AsyncSession, code_ids: Collection[UUID]) -> dict[UUID, tuple[str, bool, bool]]:
    """The status of each of these codes, whether its partner is suspended, and whether its event is cancelled."""
    found = (
        sa.select(PromoCode.id, PromoCode.status, Partner.suspended_at, Event.cancelled_at)
        .join(Partner, PromoCode.partner_id == Partner.id)
        .join(Event, PromoCode.event_id == Event.id)
        .where(PromoCode.id.in_(code_ids))
    )
    rows = await session.execute(found)
    return {row.id: (row.status, row.suspended_at is not None, row.cancelled_at is not None) for row in rows}


async def _may_see(session: AsyncSession, ids: Collection[UUID], by: Actor) -> None:
    seen = set(await session.scalars(sa.select(Redemption.id).where(Redemption.id.in_(ids), Redemption.visible_to(by))))
    if seen != set(ids):
        raise NotFound("redemption")


async def _locked(session: AsyncSession, ids: Collection[UUID], now: datetime) -> list[Redemption]:
    """These redemptions with all they count for, in the one lock order, after what is over was settled."""
    order = sa.select(Redemption).where(Redemption.id.in_(ids)).order_by(Redemption.code_id, Redemption.id)
    ways = {(each.code_id, each.block_id) for each in await session.scalars(order)}
    await holds.locked_terms(session, ways, now=now)
    locked = order.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(await session.scalars(locked))


async def _end(
    session: AsyncSession, ids: Collection[UUID], *, becomes: str, verb: str, now: datetime, by: Actor
) -> list[Ended]:
    held = await _locked(session, ids, now)
    ending = [each for each in held if each.state in ("held", "confirmed")]
    passes = {
        each.redemption_id: each
        for each in await session.scalars(
            sa.select(Pass)
            .where(Pass.redemption_id.in_([each.id for each in ending]), Pass.state == "live")
            .order_by(Pass.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    }
    await _refuse_if_inside(session, [each.id for each in passes.values()])
    policy = await _policies(session, {each.offer_id for each in ending})
    returned, versions = set(), {}
    for each in ending:
        live = passes.get(each.id)
        if live is not None:
            live.state, live.ended_at = becomes, now
        if policy[each.offer_id][0 if each.state == "confirmed" else 1] == "return":
            returned.add(each.id)
        if each.state == "held" or live is not None:
            await _tell(session, each, live, now)
        each.state, each.ended_at, each.counted = "cancelled", now, each.id not in returned
    await session.flush()
    if ending:
        offered = sa.update(table(Claim)).where(Claim.redemption_id.in_([each.id for each in ending]))
        offered = offered.where(Claim.state == "offered")
        await session.execute(offered.values(state="lapsed", settled_at=now))
        versions = await holds.write(session, ending, verb, now=now, by=by, returned=returned)
        for offer_id in sorted({each.offer_id for each in ending if each.id in returned}):
            await redemptions.serve_line(session, offer_id, now=now)
    before = await _versions(session, [each.id for each in held if each.id not in versions], ENDINGS)
    return [
        Ended(each.id, each.state, versions.get(each.id) or before.get(each.id, 0), each.id in versions)
        for each in held
    ]


async def _policies(session: AsyncSession, offer_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """What becomes of a use: of a pass that was given, and of a hold that came to nothing."""
    found = sa.select(Offer.id, Offer.on_cancel, Offer.on_expiry).where(Offer.id.in_(offer_ids))
    return {row.id: (row.on_cancel, row.on_expiry) for row in await session.execute(found)}


async def _versions(session: AsyncSession, ids: Collection[UUID], verbs: Collection[str]) -> dict[UUID, int]:
    """The code's version that the change of each of these made, so that a repeat is told the same."""
    if not ids:
        return {}
    found = sa.select(Entry.subject_id, Entry.version).where(Entry.subject_id.in_(ids), Entry.verb.in_(verbs))
    return {row.subject_id: row.version or 0 for row in await session.execute(found)}


async def _refuse_if_inside(session: AsyncSession, pass_ids: Collection[UUID]) -> None:
    inside = sa.select(CheckIn.id).where(
        CheckIn.pass_id.in_(pass_ids), CheckIn.result == "admitted", CheckIn.undone_at.is_(None)
    )
    if pass_ids and await session.scalar(inside.limit(1)):
        raise PassInUse


async def _tell(session: AsyncSession, ended: Redemption, held: Pass | None, now: datetime) -> None:
    """Owe the reader a mail about the end of their pass, about the partner's no, or of an event that is cancelled."""
    claim = await session.scalar(sa.select(Claim).where(Claim.id == ended.claim_id)) if ended.claim_id else None
    language = claim.language if claim else "en"
    if held is not None:
        mail = holds.mail("given_back", language, now, pass_id=held.id)
    elif claim is not None and ended.held_for == "review":
        event = await session.get_one(Event, ended.event_id, populate_existing=True)
        claim.refusal = EventCancelled.slug if event.cancelled_at else NotEligible.slug
        if event.cancelled_at and await line.told(session, event.id, [claim.reader_key]):
            return
        mail = holds.mail("line_closed" if event.cancelled_at else "declined", language, now, claim_id=claim.id)
    else:
        return
    await session.execute(sa.insert(table(Delivery)), [mail])
