"""History as a person reads it: each entry with the names of those who acted and of what they acted upon."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Entry, Offer, PassType, Person, PromoBlock, PromoCode, Token
from promos.rules.people import Actor


@dataclass(frozen=True, slots=True)
class Told:
    """`who` is empty for a reader, for the program and for somebody whose name is not on file; `what` for a thing
    without a name."""

    at: datetime
    verb: str
    actor_kind: str
    who: str
    what: str
    facts: Mapping[str, Any]


async def of_event(session: AsyncSession, event_id: UUID, by: Actor, *, most: int = 20) -> list[Told]:
    """The newest entries of an event that `by` may see, newest first."""
    latest = sa.select(Entry).where(Entry.event_id == event_id, Entry.visible_to(by))
    entries = list(await session.scalars(latest.order_by(Entry.at.desc(), Entry.id.desc()).limit(most)))
    who = await _actors(session, {entry.actor_id for entry in entries if entry.actor_id})
    subjects = {entry.subject_id for entry in entries} | {entry.code_id for entry in entries if entry.code_id}
    what = await _things(session, subjects)
    return [
        Told(
            entry.at,
            entry.verb,
            entry.actor_kind,
            who.get(entry.actor_id, "") if entry.actor_id else "",
            (what.get(entry.code_id, "") if entry.code_id else "") or what.get(entry.subject_id, ""),
            entry.facts,
        )
        for entry in entries
    ]


async def _actors(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    wanted = list(ids)
    people = await session.execute(sa.select(Person.id, Person.name).where(Person.id.in_(wanted)))
    names = {row.id: row.name for row in people}
    tokens = await session.execute(sa.select(Token.id, Token.name).where(Token.id.in_(wanted)))
    return names | {row.id: row.name for row in tokens}


async def _things(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    wanted = list(ids)
    names: dict[UUID, str] = {}
    for column, of in (
        (PromoCode.spelled, PromoCode.id),
        (Offer.name, Offer.id),
        (PassType.name, PassType.id),
        (PromoBlock.heading, PromoBlock.id),
    ):
        rows = await session.execute(sa.select(of, column).where(of.in_(wanted)))
        names |= {row[0]: row[1] for row in rows}
    return names
