"""Promo codes: made, paused, resumed, revoked, and given another limit."""

from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import holds, journal, limits, redemptions
from promos.models import Entry, Event, Offer, PromoCode
from promos.queries import codes as code_queries
from promos.queries import observations
from promos.rules import archives, codes, offers, texts
from promos.rules.people import PROGRAM, Actor
from promos.rules.refusals import CodeMalformed, CodeRevoked, CodeTaken, NotFound, VersionMoved


class Changes(TypedDict, total=False):
    limit: int | None  # passes
    status: str  # active | paused | revoked
    needs_label: bool  # whether it opens only once the issue that was sent shows its label
    version: int  # that the caller has seen


ENDING = timedelta(days=1)  # before its end a code is said to be ending
_VERBS = {"active": "code.resumed", "paused": "code.paused", "revoked": "code.revoked"}


async def create(
    session: AsyncSession,
    offer_id: UUID,
    text: str,
    *,
    limit: int | None = None,
    needs_label: bool = False,
    paused: bool = False,
    now: datetime,
    by: Actor,
) -> PromoCode:
    """Make the public word `text` open an offer, from its version 1 on; paused if asked, or until its label is seen.

    Raises `CodeMalformed`, and `CodeTaken` if any code of the installation reads alike.
    """
    spelled = codes.spelled(text)
    kept = texts.read(offers.CODE, {"limit": limit})
    offer = await limits.locked_offer(session, offer_id, by)
    code = PromoCode(
        partner_id=offer.partner_id,
        event_id=offer.event_id,
        offer_id=offer.id,
        text=codes.normal(spelled),
        spelled=spelled,
        limit=kept["limit"],
        used=0,
        version=1,
        status="paused" if needs_label or paused else "active",
        label="awaited" if needs_label else None,
        created_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(code)
    except IntegrityError:
        raise CodeTaken(spelled) from None
    await _record(session, "code.created", code, now, by, {"limit": code.limit})
    return code


async def update(session: AsyncSession, text: str, *, now: datetime, by: Actor, **wanted: Unpack[Changes]) -> PromoCode:
    """Give a code another limit or status; each change is one version and one entry of the journal.

    Asking for what is so already changes nothing. What becomes free goes to those who wait. Raises `LimitBelowUsed`,
    `VersionMoved` if the code changed since the caller looked, `Archived`, and `CodeRevoked` because what was revoked
    does not come back.
    """
    seen = wanted.pop("version", None)
    kept = texts.read(offers.CODE, wanted)
    code = await locked(session, text, by, now=now)
    if seen is not None and seen != code.version:
        raise VersionMoved(code.version)
    await _in_use(session, code)
    status = kept.get("status", code.status)
    limit = kept.get("limit", code.limit)
    if code.status == "revoked" and (status, limit) != (code.status, code.limit):
        raise CodeRevoked
    if limit != code.limit:
        offers.fits(limit, code.used)
        await change(session, code, "code.limit_changed", now, by, limit=limit)
    if kept.get("needs_label", code.label is not None) != (code.label is not None):
        await _watch(session, code, now, by, needs_label=kept["needs_label"])
        status = kept.get("status", code.status)
    if status != code.status:
        await change(session, code, _VERBS[status], now, by, status=status, **_of_label(code, status))
    if await redemptions.serve_line(session, code.offer_id, now=now):
        await session.refresh(code)
    return code


async def _in_use(session: AsyncSession, code: PromoCode) -> None:
    above = sa.select(Offer.archived_at, Event.archived_at).join(Event, Offer.event_id == Event.id)
    archives.in_use(code.archived_at, *(await session.execute(above.where(Offer.id == code.offer_id))).one())


async def locked(session: AsyncSession, text: str, by: Actor, *, now: datetime) -> PromoCode:
    """A code that `by` runs, with all it counts for, as it is now and until the transaction ends; raises `NotFound`."""
    return await locked_by_id(session, await mine(session, text, by), now=now)


async def locked_by_id(session: AsyncSession, code_id: UUID, *, now: datetime) -> PromoCode:
    """The same for a code that there is."""
    await holds.locked_terms(session, {(code_id, None)}, now=now)
    found = sa.select(PromoCode).where(PromoCode.id == code_id)
    again = found.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.scalars(again)).one()


async def mine(session: AsyncSession, text: str, by: Actor) -> UUID:
    """The code that reads like `text`, of those that `by` runs; raises `NotFound`."""
    try:
        meant = code_queries.meant(text)
    except CodeMalformed:
        raise NotFound("code") from None
    found = await session.scalar(sa.select(PromoCode.id).where(meant, PromoCode.run_by(by)))
    if found is None:
        raise NotFound("code")
    return found


async def _watch(session: AsyncSession, code: PromoCode, now: datetime, by: Actor, *, needs_label: bool) -> None:
    """Let the code wait for its label from now on, or no longer."""
    if not needs_label:
        resumed = {"status": "active"} if label_paused(code, now) else {}
        await change(session, code, "code.label_released", now, by, label=None, pauses_at=None, **resumed)
    elif (await observations.labels_of(session, [code.id])).get(code.id) == "there":
        await change(session, code, "code.label_seen", now, by, label="seen")
    else:
        paused = {"status": "paused"} if code.status == "active" else {}
        await change(session, code, "code.label_awaited", now, by, label="awaited", **paused)


def _of_label(code: PromoCode, status: str) -> dict[str, Any]:
    """What else changes with the status: who lets a code work without its label, decides so; a pause has no grace."""
    if status == "active" and code.label in {"awaited", "missed"}:
        return {"label": "waived", "pauses_at": None}
    return {"pauses_at": None} if status == "paused" and code.pauses_at else {}


def label_paused(code: PromoCode, now: datetime) -> bool:
    """Whether it was the missing label that paused it, and not somebody."""
    if code.status != "paused":
        return False
    return code.label == "awaited" or (code.pauses_at is not None and code.pauses_at <= now)


async def change(session: AsyncSession, code: PromoCode, verb: str, now: datetime, by: Actor, **values: Any) -> None:
    """One version, one entry of the journal, which knows what a limit was. The code is locked."""
    was = {"was": {"limit": code.limit}} if "limit" in values else {}
    await session.execute(
        sa.update(PromoCode)
        .where(PromoCode.id == code.id)
        .values(version=PromoCode.version + 1, **values)
        .execution_options(synchronize_session=False)
    )
    await session.refresh(code)
    facts = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    await _record(session, verb, code, now, by, facts | was)


async def _record(
    session: AsyncSession, verb: str, code: PromoCode, now: datetime, by: Actor, facts: dict[str, Any]
) -> None:
    await journal.record(
        session,
        verb,
        code.id,
        at=now,
        by=by,
        partner=code.partner_id,
        event=code.event_id,
        code=code.id,
        version=code.version,
        facts=facts,
    )


async def tell_ending(session: AsyncSession, *, now: datetime) -> int:
    """Write, once for each end, that these codes end within a day; how many there were. Secret codes of an order are
    as many as their readers, and say nothing."""
    ends = sa.and_(Offer.ends_at > now, Offer.ends_at <= now + ENDING)
    found = (
        sa.select(PromoCode, Offer.ends_at)
        .join(Offer, PromoCode.offer_id == Offer.id)
        .where(ends, PromoCode.status == "active", PromoCode.batch_id.is_(None))
        .order_by(PromoCode.id)
        .with_for_update(key_share=True, skip_locked=True, of=PromoCode)
    )
    codes = {code.id: (code, ends_at) for code, ends_at in await session.execute(found)}
    said = sa.select(Entry.subject_id, sa.func.max(Entry.at)).where(
        Entry.subject_id.in_(codes), Entry.verb == "code.ending"
    )
    before = {row[0]: row[1] for row in await session.execute(said.group_by(Entry.subject_id))}
    told = 0
    for code, ends_at in codes.values():
        if code.id in before and before[code.id] >= ends_at - ENDING:
            continue
        await journal.record(
            session,
            "code.ending",
            code.id,
            at=now,
            by=PROGRAM,
            partner=code.partner_id,
            event=code.event_id,
            code=code.id,
        )
        told += 1
    return told
