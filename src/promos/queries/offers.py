"""Offers as a list, each with what it gave."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import CodeBatch, Event, Offer, PassType
from promos.queries import codes, pages
from promos.queries.pages import Sorted
from promos.rules.finding import Asked
from promos.rules.people import Actor

SORTED = Sorted(
    Offer.id, {"name": sa.func.lower(Offer.name), "opens": Offer.opens_at, "ends": Offer.ends_at}, (Offer.name,)
)
DESK = replace(SORTED, searched=(Offer.name, Event.name, PassType.name), first="-ends")


@dataclass(frozen=True, slots=True)
class Listed:
    """`used` counts what its codes gave, whether or not it has a limit."""

    offer: Offer
    event: Event
    pass_type: PassType
    used: int


def window(when: str, now: datetime) -> list[sa.ColumnElement[bool]]:
    """Offers that are `open`, not yet (`later`), or `over`; all of them otherwise."""
    parts: dict[str, list[Any]] = {
        "open": [Offer.opens_at <= now, Offer.ends_at > now],
        "later": [Offer.opens_at > now],
        "over": [Offer.ends_at <= now],
    }
    return parts.get(when, [])


async def listed(
    session: AsyncSession, by: Actor, asked: Asked, *, now: datetime, when: str = ""
) -> tuple[list[Listed], str | None]:
    """A page of the offers that `by` runs, those that end last first."""
    mine = (
        sa.select(Offer.id, Offer, Event, PassType)
        .join(Event, Offer.event_id == Event.id)
        .join(PassType, Offer.pass_type_id == PassType.id)
        .where(Offer.run_by(by))
    )
    rows, following = await pages.listed(session, mine, DESK, asked, *window(when, now))
    ids = [row.id for row in rows]
    public = await codes.public(session, ids)
    batches = await session.scalars(sa.select(CodeBatch).where(CodeBatch.offer_id.in_(ids)))
    used = {offer_id: given for offer_id, (_, given) in public.items()}
    for each in await codes.standings(session, list(batches)):
        used[each.batch.offer_id] = used.get(each.batch.offer_id, 0) + each.used
    return [Listed(row.Offer, row.Event, row.PassType, used.get(row.id, 0)) for row in rows], following
