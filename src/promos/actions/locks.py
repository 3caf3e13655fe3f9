"""The one lock order: event, pass type, offer, code, each by id. Every writer of a limit comes through here.

An allotment belongs to an offer with a limit, and whoever counts on it has locked that offer: it needs no lock more.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Allotment, Event, Offer, PassType, PromoCode, table
from promos.queries.together import portions
from promos.rules.redemption import Terms

K = TypeVar("K")
Rows = dict[type[Any], set[UUID]]


class LimitsMoved(Exception):  # noqa: N818 -- a signal to begin anew, not a fault
    """A limit was set while its row was not locked; begin the transaction anew.

    `events`: those of which `holds.clear` has to settle first what is over.
    """

    def __init__(self, events: Collection[UUID] = ()) -> None:
        self.events = events


async def lock(session: AsyncSession, seen: Collection[Terms], *, offers: Collection[UUID] = ()) -> Rows:
    """Lock the codes of these terms, every limited row above them and these `offers` until the transaction ends; what
    was locked.

    A row without a limit is not locked: it counts nothing, and nobody should queue for it. SQLite has locked the whole
    database by `BEGIN IMMEDIATE`.
    """
    rows: Rows = {
        Event: {each.event_id for each in seen if each.event.limit is not None},
        PassType: {each.pass_type_id for each in seen if each.capacity.limit is not None},
        Offer: {each.offer_id for each in seen if _is_counted(each)} | set(offers),
        PromoCode: {each.code_id for each in seen},
    }
    if session.get_bind().dialect.name != "sqlite":
        connection = await session.connection()
        for kind, ids in rows.items():
            for some in portions(sorted(ids)):
                await connection.execute(_LOCK[kind], {"ids": some})
    return rows


_LOCK: dict[type[Any], sa.Select[Any]] = {
    kind: sa.select(table(kind).c.id)
    .where(table(kind).c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(table(kind).c.id)
    .with_for_update(key_share=True)
    for kind in (Event, PassType, Offer, PromoCode)
}


def still_hold(rows: Rows, read: Iterable[Terms]) -> None:
    """Raise `LimitsMoved` if a row in `read`, read behind the lock, has a limit and is not locked.

    Whoever sets a row's first limit locks it and then all its codes, so reading once more behind the codes' locks
    shows the limit.
    """
    for each in read:
        if (
            (each.event.limit is not None and each.event_id not in rows[Event])
            or (each.capacity.limit is not None and each.pass_type_id not in rows[PassType])
            or (_is_counted(each) and each.offer_id not in rows[Offer])
        ):
            raise LimitsMoved


def _is_counted(each: Terms) -> bool:
    return each.offer.limit is not None or each.budget.limit is not None or each.pool is not None


@dataclass(frozen=True, slots=True)
class Change:
    """What one redemption does to the rows above it. `path`: its allotments, widest first. `cost`: minor units."""

    terms: Terms
    path: tuple[UUID, ...]
    uses: int = 0  # +1 taken, -1 given back
    cost: int = 0
    versions: int = 1
    pooled: int = 0  # +1: it took a code of the shop's pool, -1: put one back


async def count(session: AsyncSession, changes: Iterable[Change]) -> None:
    """Move the counters of locked rows, in SQL.

    The guard stands in the statement: what it does not let through is a mistake of the caller, never a sale too many.
    """
    uses: Counter[tuple[type[Any], UUID]] = Counter()
    within: Counter[UUID] = Counter()  # of `uses`, those through a narrower part
    costs: Counter[UUID] = Counter()
    pools: Counter[UUID] = Counter()
    codes: dict[UUID, tuple[int, int]] = {}
    for change in changes:
        each = change.terms
        if each.event.limit is not None:
            uses[Event, each.event_id] += change.uses
        if each.capacity.limit is not None:
            uses[PassType, each.pass_type_id] += change.uses
        if each.offer.limit is not None:
            uses[Offer, each.offer_id] += change.uses
            within[each.offer_id] += change.uses if change.path else 0
        if each.budget.limit is not None:
            costs[each.offer_id] += change.cost
        pools[each.offer_id] += change.pooled
        for part in change.path:
            uses[Allotment, part] += change.uses
            within[part] += change.uses if part != change.path[-1] else 0
        before = codes.get(each.code_id, (0, 0))
        codes[each.code_id] = before[0] + change.uses, before[1] + change.versions
    for (kind, row_id), more in _moved(uses):
        await _move(session, kind, row_id, more, within[row_id])
    for offer_id, cost in _moved(costs):
        await _spend(session, offer_id, cost)
    for offer_id, more in _moved(pools):
        await _draw(session, offer_id, more)
    alike: defaultdict[tuple[int, int], list[UUID]] = defaultdict(list)
    for code_id, moved in codes.items():
        alike[moved].append(code_id)
    for (more, versions), ids in sorted(alike.items()):
        await _move_codes(session, ids, more, versions)


def _moved(counted: "Counter[K]") -> list[tuple[K, int]]:
    return [(row, more) for row, more in counted.items() if more]


async def _move(session: AsyncSession, kind: type[Any], row_id: UUID, more: int, within: int) -> None:
    limit = kind.capacity if kind in (Event, PassType) else kind.limit
    values: dict[str, Any] = {"used": kind.used + more}
    if within:
        values["allotted_used"] = kind.allotted_used + within
    guard = (kind.id == row_id, kind.used + more <= limit, kind.used + more >= 0)
    await _update(session, sa.update(table(kind)).where(*guard).values(values), 1)


async def _spend(session: AsyncSession, offer_id: UUID, cost: int) -> None:
    guard = (Offer.id == offer_id, Offer.spent + cost <= Offer.budget, Offer.spent + cost >= 0)
    await _update(session, sa.update(table(Offer)).where(*guard).values(spent=Offer.spent + cost), 1)


async def _draw(session: AsyncSession, offer_id: UUID, more: int) -> None:
    guard = (Offer.id == offer_id, Offer.pool_used + more <= Offer.pooled, Offer.pool_used + more >= 0)
    await _update(session, sa.update(table(Offer)).where(*guard).values(pool_used=Offer.pool_used + more), 1)


async def _move_codes(session: AsyncSession, ids: Collection[UUID], more: int, versions: int) -> None:
    fits = sa.or_(PromoCode.limit.is_(None), PromoCode.used + more <= PromoCode.limit)
    guard = (PromoCode.id.in_(sorted(ids)), PromoCode.used + more >= 0, fits)
    values = {"used": PromoCode.used + more, "version": PromoCode.version + versions}
    await _update(session, sa.update(table(PromoCode)).where(*guard).values(values), len(ids))


async def _update(session: AsyncSession, statement: sa.Update, rows: int) -> None:
    moved = await session.execute(statement)
    if moved.rowcount != rows:  # type: ignore[attr-defined]
        raise RuntimeError("a counter would have passed its limit")
