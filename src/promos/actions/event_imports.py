"""Events that a partner brings as a table or a calendar: those that are new are made, the others changed.

An event is known again by its id, its UID, or its name and edition; so the same list can be brought again after it was
mended, or after somebody was cut off half way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import events
from promos.actions.readers import insert_into
from promos.models import Event, EventSource, table
from promos.parsing.events import NO_ID, Brought
from promos.rules import events as rules
from promos.rules import texts
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, LimitBelowUsed, NotFound

CHUNK = 50  # events in one transaction
IN_USE = N_("More passes than this are out.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a row, or would. `wrong`: sentences of the product by field; `changed`: names of fields."""

    line: int
    name: str
    what: Literal["new", "changed", "same", "refused"]
    event_id: UUID | None = None
    changed: Sequence[str] = ()
    wrong: dict[str, str] = field(default_factory=dict)


async def bring(
    session: AsyncSession,
    partner_id: UUID,
    some: Sequence[Brought],
    *,
    dry_run: bool,
    now: datetime,
    by: Actor,
) -> list[Outcome]:
    """Take these rows in, or only say what would come of them; raises `NotFound` for a partner that is not `by`'s."""
    if by.event_ids is not None or not by.runs(partner_id):
        raise NotFound("partner")
    known = await _Known.of(session, partner_id, some)
    outcomes = []
    for row in some:
        event = known.event(row)
        wrong = {**row.wrong, **({} if event else row.missing)}
        if row.id and event is None:
            wrong["id"] = NO_ID
        outcomes.append(await _taken(session, partner_id, row, event, wrong, dry_run=dry_run, now=now, by=by))
    return outcomes


async def _taken(
    session: AsyncSession,
    partner_id: UUID,
    row: Brought,
    event: Event | None,
    wrong: dict[str, str],
    *,
    dry_run: bool,
    now: datetime,
    by: Actor,
) -> Outcome:
    kept: dict[str, Any] = {}
    try:
        kept = texts.read(rules.EVENT, row.given)
        if not wrong:
            begin, end = (kept.get(name) or getattr(event, name) for name in ("starts_at", "ends_at"))
            rules.lasts(begin, end)
    except InvalidRequest as refusal:
        wrong = {each["field"]: each["message"] for each in refusal.errors} | wrong
    changed = sorted(name for name, value in kept.items() if event is not None and getattr(event, name) != value)
    if event and "capacity" in changed and kept["capacity"] is not None and kept["capacity"] < event.used:
        wrong["capacity"] = IN_USE
    if wrong:
        return Outcome(row.line, row.name, "refused", event.id if event else None, wrong=wrong)
    what: Any = "new" if event is None else "changed" if changed else "same"
    if not dry_run:
        try:
            async with session.begin_nested():
                event = await _stored(session, partner_id, event, kept, changed, now=now, by=by)
        except LimitBelowUsed:  # passes went out since the look
            return Outcome(row.line, row.name, "refused", wrong={"capacity": IN_USE})
        if row.uid:
            source = {"partner_id": partner_id, "uid": row.uid, "event_id": event.id}
            await session.execute(insert_into(session, table(EventSource)).on_conflict_do_nothing().values(source))
    return Outcome(row.line, row.name, what, event.id if event else None, changed)


async def _stored(
    session: AsyncSession,
    partner_id: UUID,
    event: Event | None,
    kept: dict[str, Any],
    changed: Sequence[str],
    *,
    now: datetime,
    by: Actor,
) -> Event:
    if event is None:
        new: Any = {"highlights": [], **kept}
        return await events.create(session, partner_id, now=now, by=by, **new)
    if not changed:
        return event
    wanted: Any = {name: kept[name] for name in changed}
    return await events.update(session, event.id, now=now, by=by, **wanted)


class _Known:
    """The partner's events that some rows may mean."""

    def __init__(self, ids: dict[UUID, Event], uids: dict[str, UUID]) -> None:
        self._ids, self._uids = ids, uids
        self._names = {_key(event.name, event.edition): event for event in ids.values()}

    @classmethod
    async def of(cls, session: AsyncSession, partner_id: UUID, some: Sequence[Brought]) -> "_Known":
        uids = [row.uid for row in some if row.uid]
        sources = sa.select(EventSource).where(EventSource.partner_id == partner_id, EventSource.uid.in_(uids))
        sourced = {row.uid: row.event_id for row in await session.scalars(sources)}
        ids = {row.id for row in some if row.id} | set(sourced.values())
        names = {row.given["name"] for row in some if "name" in row.given}
        mine = sa.select(Event).where(Event.partner_id == partner_id, sa.or_(Event.id.in_(ids), Event.name.in_(names)))
        found = (await session.scalars(mine.order_by(Event.id.desc()))).all()
        return cls({event.id: event for event in found}, sourced)

    def event(self, row: Brought) -> Event | None:
        """By its id, else its UID, else its name and edition: those of a calendar by their UIDs alone."""
        if row.id:
            return self._ids.get(row.id)
        if row.uid:
            return self._ids.get(self._uids[row.uid]) if row.uid in self._uids else None
        return self._names.get(row.called)


def _key(name: str, edition: str | None) -> tuple[str, str]:
    return name, edition or ""
