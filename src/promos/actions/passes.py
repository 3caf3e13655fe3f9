"""A pass after it was given: given back, cancelled, mailed again. A use returns exactly once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.actions.locks import count, locked_terms
from promos.models import CheckIn, Claim, Delivery, Entry, Pass, Redemption
from promos.rules.people import READER, Actor
from promos.rules.redemption import Terms
from promos.rules.refusals import NotFound, PassGivenBack, PassInUse, RateLimited

ENDINGS = ("redemption.cancelled", "pass.given_back")
RESENDS_A_DAY = 3
RESEND_PAUSE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Ended:
    """What a redemption is after it was cancelled; `is_new` only for the call that did it."""

    redemption_id: UUID
    state: str
    version: int
    is_new: bool


async def cancel(session: AsyncSession, ids: Collection[UUID], *, now: datetime, by: Actor) -> list[Ended]:
    """End these redemptions, all or none, by whoever may see them. A second time changes nothing.

    Raises `NotFound` for one that `by` may not see and `PassInUse` for one whose holder is inside.
    """
    seen = set(await session.scalars(sa.select(Redemption.id).where(Redemption.id.in_(ids), Redemption.visible_to(by))))
    if seen != set(ids):
        raise NotFound("redemption")
    return await _end(session, seen, becomes="revoked", verb="redemption.cancelled", now=now, by=by)


async def give_back(session: AsyncSession, pass_id: UUID, *, now: datetime) -> Ended:
    """The holder of a pass gives it back; raises `PassGivenBack` where there is nothing left to give."""
    row = (await session.execute(sa.select(Pass.redemption_id, Pass.state).where(Pass.id == pass_id))).one_or_none()
    if row is None:
        raise NotFound("pass")
    if row.state == "revoked":
        raise PassGivenBack
    return (await _end(session, {row.redemption_id}, becomes="given_back", verb="pass.given_back", now=now, by=READER))[
        0
    ]


async def send_again(session: AsyncSession, pass_id: UUID, *, now: datetime) -> None:
    """Owe the mail of a live pass once more; raises `RateLimited` beyond a few a day or one a minute."""
    held = await session.scalar(sa.select(Pass).where(Pass.id == pass_id).with_for_update(key_share=True))
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


async def _end(
    session: AsyncSession, ids: Collection[UUID], *, becomes: str, verb: str, now: datetime, by: Actor
) -> list[Ended]:
    order = sa.select(Redemption).where(Redemption.id.in_(ids)).order_by(Redemption.code_id, Redemption.id)
    codes = {each.code_id for each in await session.scalars(order)}
    terms = await locked_terms(session, codes)
    held = list(await session.scalars(order.with_for_update(key_share=True).execution_options(populate_existing=True)))
    ended = []
    for each in held:
        before = terms[each.code_id]
        if each.state != "confirmed":
            ended.append(Ended(each.id, each.state, await _ended_at_version(session, each.id), is_new=False))
            continue
        live = await session.scalar(
            sa.select(Pass).where(Pass.redemption_id == each.id, Pass.state == "live").with_for_update(key_share=True)
        )
        if live is not None:
            await _refuse_if_inside(session, live)
            live.state, live.ended_at = becomes, now
        each.state, each.ended_at, each.counted = "cancelled", now, not before.returns
        await session.flush()
        await count(session, before, uses=-1 if before.returns else 0, versions=1)
        after = await _after(session, before)
        terms[each.code_id] = after
        await journal.record(
            session,
            verb,
            each.id,
            at=now,
            by=by,
            partner=each.partner_id,
            event=each.event_id,
            code=each.code_id,
            version=after.version,
        )
        if live is not None:
            await _tell(session, live, each, now)
        ended.append(Ended(each.id, "cancelled", after.version, is_new=True))
    return ended


async def _ended_at_version(session: AsyncSession, redemption_id: UUID) -> int:
    """The code's version that ending this redemption made, so that a repeat is told the same."""
    ending = sa.select(Entry.version).where(Entry.subject_id == redemption_id, Entry.verb.in_(ENDINGS))
    return await session.scalar(ending) or 0


async def _refuse_if_inside(session: AsyncSession, held: Pass) -> None:
    inside = sa.select(CheckIn.id).where(
        CheckIn.pass_id == held.id, CheckIn.result == "admitted", CheckIn.undone_at.is_(None)
    )
    if await session.scalar(inside):
        raise PassInUse


async def _after(session: AsyncSession, before: Terms) -> Terms:
    return (await locked_terms(session, [before.code_id]))[before.code_id]


async def _tell(session: AsyncSession, held: Pass, ended: Redemption, now: datetime) -> None:
    language = await session.scalar(sa.select(Claim.language).where(Claim.id == ended.claim_id))
    session.add(Delivery(kind="given_back", pass_id=held.id, language=language or "en", due_at=now, created_at=now))
    await session.flush()
