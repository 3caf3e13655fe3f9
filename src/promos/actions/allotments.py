"""Parts of an offer's limit, set aside for a publication, an issue or a code. Parts never exceed the whole."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import holds, journal, limits
from promos.models import Allotment, Issue, Offer, OfferPublication, PromoCode
from promos.rules import texts
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import (
    AllotmentTooLarge,
    InvalidRequest,
    LimitBelowUsed,
    LimitNeeded,
    NotFound,
    PublicationNotNamed,
    TextTaken,
)

Whole = Offer | Allotment


async def create(
    session: AsyncSession,
    offer_id: UUID,
    *,
    limit: int,
    publication_id: UUID | None = None,
    issue_id: UUID | None = None,
    code_id: UUID | None = None,
    within_id: UUID | None = None,
    returns_at: datetime | None = None,
    now: datetime,
    by: Actor,
) -> Allotment:
    """Set `limit` passes aside for one publication, issue or code; within another allotment, or of the offer itself.

    Raises `LimitNeeded` for an offer without a limit, `AllotmentTooLarge`, and `TextTaken` where there is one already.
    """
    whose = {"publication_id": publication_id, "issue_id": issue_id, "code_id": code_id}
    named = [field for field, value in whose.items() if value is not None]
    if len(named) != 1:
        raise InvalidRequest({"": N_("Set passes aside for one publication, one issue or one code.")})
    limit = texts.limit(limit, "limit")
    offer = await locked_offer(session, offer_id, by, now)
    if offer.limit is None:
        raise LimitNeeded
    await _is_of(session, offer, publication_id, issue_id, code_id)
    whole: Whole = offer if within_id is None else await _part(session, within_id, offer)
    _take(whole, limit)
    part = Allotment(
        **whose,
        partner_id=offer.partner_id,
        event_id=offer.event_id,
        offer_id=offer.id,
        within_id=within_id,
        limit=limit,
        used=0,
        allotted=0,
        allotted_used=0,
        returns_at=_later(returns_at, now),
        created_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(part)
    except IntegrityError:
        raise TextTaken(named[0]) from None
    await _record(session, "allotment.created", part, now, by, {"limit": limit})
    return part


async def update(
    session: AsyncSession,
    allotment_id: UUID,
    *,
    limit: int | None = None,
    returns_at: datetime | None = None,
    keeps: bool = False,
    now: datetime,
    by: Actor,
) -> Allotment:
    """Borrow more of the wider part, give some back, or say when what is unused falls back; `keeps`: never.

    Raises `AllotmentTooLarge`, and `LimitBelowUsed` for less than what is used and set aside within.
    """
    offer, part = await _locked(session, allotment_id, by, now)
    facts: dict[str, object] = {}
    if limit is not None and texts.limit(limit, "limit") != part.limit:
        facts["limit"] = limit
        _resize(await _whole(session, part, offer), part, limit)
    wanted = None if keeps else part.returns_at if returns_at is None else _later(returns_at, now)
    if wanted != part.returns_at:
        part.returns_at = wanted
        facts["returns_at"] = wanted.isoformat() if wanted else None
    if facts:
        await session.flush()
        await _record(session, "allotment.changed", part, now, by, facts)
        await limits.feed(session, offer, now=now)
        await session.refresh(part)
    return part


async def move(
    session: AsyncSession, allotment_id: UUID, *, to: UUID, passes: int, now: datetime, by: Actor
) -> Allotment:
    """Move passes to another part of the same whole; raises `LimitBelowUsed` for more than are unused."""
    passes = texts.limit(passes, "passes")
    offer, part = await _locked(session, allotment_id, by, now)
    other = await _part(session, to, offer)
    if other.id == part.id or other.within_id != part.within_id:
        raise InvalidRequest({"to": N_("Passes move between two parts of the same whole.")})
    whole = await _whole(session, part, offer)
    _resize(whole, part, part.limit - passes)
    await session.flush()
    _resize(whole, other, other.limit + passes)
    await session.flush()
    await _record(session, "allotment.moved", part, now, by, {"to": str(to), "passes": passes})
    await limits.feed(session, offer, now=now)
    await session.refresh(part)
    return part


async def give_back(session: AsyncSession, allotment_id: UUID, *, now: datetime, by: Actor) -> Allotment:
    """Dissolve an allotment now; what it gave stays given, what is unused is the wider part's. Again: the same."""
    part = await session.scalar(sa.select(Allotment).where(Allotment.id == allotment_id, Allotment.run_by(by)))
    if part is None:
        raise NotFound("allotment")
    if part.returned_at is None:
        offer, part = await _locked(session, allotment_id, by, now)
        await holds.take_back(session, part, now=now)
        await limits.feed(session, offer, now=now)
        await session.refresh(part)
    return part


async def locked_offer(
    session: AsyncSession, offer_id: UUID, by: Actor, now: datetime, *, archived: bool = False
) -> Offer:
    """The offer, its due parts and holds settled, locked; raises `NotFound`."""
    mine = sa.select(PromoCode.id, Offer.event_id).join(Offer, PromoCode.offer_id == Offer.id)
    row = (await session.execute(mine.where(Offer.id == offer_id, Offer.run_by(by)).limit(1))).one_or_none()
    if row is not None:
        await holds.locked_terms(session, {(row.id, None)}, now=now)
    return await limits.locked_offer(session, offer_id, by, archived=archived)


async def _locked(session: AsyncSession, allotment_id: UUID, by: Actor, now: datetime) -> tuple[Offer, Allotment]:
    offer_id = await session.scalar(
        sa.select(Allotment.offer_id).where(Allotment.id == allotment_id, Allotment.run_by(by))
    )
    if offer_id is None:
        raise NotFound("allotment")
    offer = await locked_offer(session, offer_id, by, now)
    return offer, await _part(session, allotment_id, offer)


async def _part(session: AsyncSession, allotment_id: UUID, offer: Offer) -> Allotment:
    """An allotment of a locked offer, as it is now; one that has fallen back is gone."""
    found = sa.select(Allotment).where(
        Allotment.id == allotment_id, Allotment.offer_id == offer.id, Allotment.returned_at.is_(None)
    )
    part = await session.scalar(found.execution_options(populate_existing=True))
    if part is None:
        raise NotFound("allotment")
    return part


async def _whole(session: AsyncSession, part: Allotment, offer: Offer) -> Whole:
    return offer if part.within_id is None else await _part(session, part.within_id, offer)


def _take(whole: Whole, more: int) -> None:
    left = (whole.limit or 0) - whole.allotted - (whole.used - whole.allotted_used)
    if more > left:
        raise AllotmentTooLarge(max(left, 0))
    whole.allotted += more


def _resize(whole: Whole, part: Allotment, limit: int) -> None:
    needed = part.allotted + part.used - part.allotted_used
    if limit < needed:
        raise LimitBelowUsed(needed)
    _take(whole, limit - part.limit)
    part.limit = limit


async def _is_of(
    session: AsyncSession, offer: Offer, publication_id: UUID | None, issue_id: UUID | None, code_id: UUID | None
) -> None:
    """Raise unless the offer names the publication (the issue's, too), and opens with the code."""
    if code_id is not None:
        if await session.scalar(sa.select(PromoCode.offer_id).where(PromoCode.id == code_id)) != offer.id:
            raise NotFound("code")
        return
    if issue_id is not None:
        publication_id = await session.scalar(sa.select(Issue.publication_id).where(Issue.id == issue_id))
    named = sa.select(OfferPublication.publication_id).where(
        OfferPublication.offer_id == offer.id, OfferPublication.publication_id == publication_id
    )
    if await session.scalar(named) is None:
        raise NotFound("issue") if issue_id is not None else PublicationNotNamed


def _later(returns_at: datetime | None, now: datetime) -> datetime | None:
    if returns_at is None:
        return None
    if texts.instant(returns_at, "returns_at") <= now:
        raise InvalidRequest({"returns_at": N_("Choose a time to come.")})
    return texts.instant(returns_at, "returns_at")


async def _record(
    session: AsyncSession, verb: str, part: Allotment, now: datetime, by: Actor, facts: dict[str, object]
) -> None:
    await journal.record(
        session, verb, part.id, at=now, by=by, partner=part.partner_id, event=part.event_id, facts=facts
    )
