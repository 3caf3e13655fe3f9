"""The events of a partner's desk, each with what is out and what is open."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import CodeBatch, Event, Offer, Partner, Pass, PassType, PromoCode
from promos.queries import codes, pages
from promos.queries.pages import Sorted
from promos.rules.finding import Asked
from promos.rules.people import Actor

SORTED = Sorted(
    Event.id,
    {"name": sa.func.lower(Event.name), "begins": Event.starts_at},
    (Event.name, sa.func.coalesce(Event.edition, ""), Event.venue, Event.city),
)
DESK = replace(SORTED, first="-begins")


@dataclass(frozen=True, slots=True)
class Listed:
    """`used` counts what the event's codes gave; `limit` is `None` where an offer has none, or there is no offer."""

    event: Event
    partner: str
    codes: int  # that give a pass now, were there one left
    offers: int
    used: int
    limit: int | None


async def has_passes(session: AsyncSession, event_id: UUID) -> bool:
    """Whether readers hold passes of this event, or held some."""
    return bool(await session.scalar(sa.select(sa.exists().where(Pass.event_id == event_id))))


async def listed(
    session: AsyncSession, by: Actor, asked: Asked, *, now: datetime, when: str = ""
) -> tuple[list[Listed], str | None]:
    """A page of the events that `by` runs, the latest first; `when`: those to `come`, that are `over`, or `archived`.

    What is archived is in no other list.
    """
    mine = sa.select(Event.id, Event, Partner.name).join(Partner, Event.partner_id == Partner.id)
    mine = mine.where(Event.archived_at.is_not(None) if when == "archived" else Event.archived_at.is_(None))
    only = {"come": Event.ends_at >= now, "over": Event.ends_at < now, "archived": sa.true()}
    rows, following = await pages.listed(
        session, mine.where(Event.run_by(by)), DESK, asked, *([only[when]] if when else [])
    )
    ids = [row.id for row in rows]
    given, offers = await _codes(session, ids, now), await _offers(session, ids)
    found = []
    for row in rows:
        number, without, allowed = offers.get(row.id, (0, 0, 0))
        used, live = given.get(row.id, (0, 0))
        limit = None if without or not number else allowed
        found.append(Listed(row.Event, row.name, live, number, used, limit))
    return found, following


async def _codes(session: AsyncSession, ids: list[UUID], now: datetime) -> dict[UUID, tuple[int, int]]:
    """Passes given and codes that work, by event; of the secret ones, all that were made for an open offer."""
    is_open = sa.and_(Offer.opens_at <= now, Offer.ends_at > now)
    works = sa.and_(PromoCode.status == "active", is_open)
    public = (
        sa.select(Offer.event_id, sa.func.sum(PromoCode.used), sa.func.count(PromoCode.id).filter(works))
        .join(Offer, PromoCode.offer_id == Offer.id)
        .where(Offer.event_id.in_(ids), codes.IS_PUBLIC)
        .group_by(Offer.event_id)
    )
    made = sa.select(CodeBatch).where(CodeBatch.event_id.in_(ids))
    open_ = set(await session.scalars(sa.select(Offer.id).where(Offer.event_id.in_(ids), is_open)))
    found = {event_id: (int(used), live) for event_id, used, live in await session.execute(public)}
    for each in await codes.standings(session, list(await session.scalars(made))):
        used, live = found.get(each.batch.event_id, (0, 0))
        found[each.batch.event_id] = used + each.used, live + each.batch.made * (each.batch.offer_id in open_)
    return found


async def _offers(session: AsyncSession, ids: list[UUID]) -> dict[UUID, tuple[int, int, int]]:
    """Offers, offers without any limit, and the passes that the others allow together, by event."""
    limit: sa.ColumnElement[Any] = sa.case(
        (sa.or_(Offer.limit.is_(None), PassType.capacity < Offer.limit), PassType.capacity), else_=Offer.limit
    )
    rows = await session.execute(
        sa.select(
            Offer.event_id,
            sa.func.count(Offer.id),
            sa.func.count(Offer.id).filter(limit.is_(None)),
            sa.func.coalesce(sa.func.sum(limit), 0),
        )
        .join(PassType, Offer.pass_type_id == PassType.id)
        .where(Offer.event_id.in_(ids))
        .group_by(Offer.event_id)
    )
    return {event_id: (number, without, int(allowed)) for event_id, number, without, allowed in rows}
