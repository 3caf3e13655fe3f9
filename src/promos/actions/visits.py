"""Visits and unmet demand, counted in memory and added to their rows in one statement: who counts waits for no
database."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal
from uuid import UUID

from promos.actions.readers import insert_into
from promos.database import Database
from promos.models import Visit, new_id, table


@dataclass(frozen=True, slots=True)
class Place:
    """What a visit led to: a code's page, from a promo block or not."""

    partner_id: UUID
    event_id: UUID
    code_id: UUID
    block_id: UUID | None = None

    @property
    def source_id(self) -> UUID:
        return self.block_id or self.code_id


Kind = Literal["human", "machine", "refused"]
Counted = Counter[tuple[Place, date, Kind]]


class VisitCounter:
    """What this process counted since the last `flush`. A crash loses that much, and nothing else.

    It keeps no address, no browser and no reader; days are in UTC.
    """

    def __init__(self) -> None:
        self._counted: Counted = Counter()
        self._flushing = asyncio.Lock()  # who flushes waits for what is on its way already

    def count(self, place: Place, *, is_machine: bool, now: datetime) -> None:
        self._add(place, "machine" if is_machine else "human", now)

    def refuse(self, place: Place, *, now: datetime) -> None:
        """Somebody asked when nothing was left."""
        self._add(place, "refused", now)

    def _add(self, place: Place, kind: Kind, now: datetime) -> None:
        self._counted[place, now.astimezone(UTC).date(), kind] += 1

    @property
    def is_empty(self) -> bool:
        return not self._counted

    async def flush(self, database: Database) -> None:
        """Add all that was counted so far to what is stored; if that fails, it is kept for the next time."""
        async with self._flushing:
            if self.is_empty:
                return
            taken, self._counted = self._counted, Counter()
            try:
                await _add(database, taken)
            except BaseException:
                self._counted += taken
                raise


async def _add(database: Database, counted: Counted) -> None:
    rows = [
        {
            "id": new_id(),
            "partner_id": place.partner_id,
            "event_id": place.event_id,
            "code_id": place.code_id,
            "block_id": place.block_id,
            "source_id": place.source_id,
            "day": day,
            "human": counted[place, day, "human"],
            "machine": counted[place, day, "machine"],
            "refused": counted[place, day, "refused"],
        }
        for place, day in dict.fromkeys((place, day) for place, day, _ in counted)
    ]
    rows.sort(key=lambda row: (str(row["source_id"]), str(row["day"])))  # two processes cannot deadlock
    async with database.writing() as session:
        insert = insert_into(session, table(Visit))
        more = {name: getattr(Visit, name) + insert.excluded[name] for name in ("human", "machine", "refused")}
        add = insert.on_conflict_do_update(index_elements=["source_id", "day"], set_=more)
        await session.execute(add, rows)
