"""Wishes for more passes, with what they are about, for the desks."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Event, Person, PromoCode, Publication, Wish

MOST = 100


@dataclass(frozen=True, slots=True)
class Told:
    wish: Wish
    code: PromoCode
    event: Event
    publication: Publication | None  # whose editor asks, else the partner's own people
    asker: str


async def told(session: AsyncSession, which: sa.ColumnElement[bool]) -> list[Told]:
    """The open ones first, then the newest; `MOST` at most."""
    rows = await session.execute(
        sa.select(Wish, PromoCode, Event, Publication, Person)
        .join(PromoCode, Wish.code_id == PromoCode.id)
        .join(Event, Wish.event_id == Event.id)
        .outerjoin(Publication, Wish.publication_id == Publication.id)
        .outerjoin(Person, Wish.asked_by == Person.id)
        .where(which)
        .order_by(sa.case((Wish.state == "open", 0), else_=1), Wish.id.desc())
        .limit(MOST)
    )
    return [Told(*row[:4], row[4].name if row[4] else "") for row in rows]
