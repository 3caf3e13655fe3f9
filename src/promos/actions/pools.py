"""The pool of an offer: codes of the partner's own ticket shop, each handed out to one reader.

An offer whose `fulfilment` is `pool` has rows in `pool_codes` (`models.PoolCode`) and two counters: `offers.pooled`,
all codes that were taken in, and `offers.pool_used`, those that are not free. The rules see the two as one more tally
(`Terms.pool`), so a pass is given only while a code is left, and whoever redeems locks the offer's row.

    take(session, offer, [word, …])            free: brought as a list, or fetched from the shop by its API
    assign(session, offer_id, redemption_ids)  free → reserved (a hold) or given (a pass), with the redemption itself
    settle(session, redemption_ids, …)         reserved → given with the confirmation; after the end free or burnt
    pass_on(session, offer_id, redemption_id)  given → burnt, and the next free one given in its place

Their texts are secrets: sealed in the row, found by `mark`, opened by `shown` for the holder of the pass and for who
runs the offer; never in the journal, a log or a message.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.actions.sealing import Seal
from promos.models import Offer, PoolCode, ReconciledCode, Reconciliation, Redemption, ShopCode, new_id, table
from promos.models.pools import IS_FREE
from promos.queries.together import padded
from promos.rules import pools, signing
from promos.rules.people import PROGRAM
from promos.rules.redemption import Terms
from promos.rules.refusals import PoolCodeUsed, PoolEmpty
from promos.settings import Keys

PURPOSE = "pool code"


@dataclass(frozen=True, slots=True)
class Word:
    """A shop's code as it is stored."""

    mark: str
    sealed: str


class Scribe:
    """Makes stored words of a shop's codes; away from the event loop where there are many, for it is work."""

    def __init__(self, keys: Keys) -> None:
        self._seal, self._key = Seal(keys.signing, PURPOSE), keys.reader

    def word(self, typed: str) -> Word:
        """Raises `PoolCodeMalformed`."""
        text = pools.code(typed)
        return Word(self.mark(text), self._seal.close(text))

    def mark(self, typed: str) -> str:
        """Under which a code is found, however it was typed."""
        return signing.pool_mark(self._key, pools.compared(typed))


def shown(sealed: str, keys: Keys) -> str | None:
    """The code in the clear; `None` where the key that sealed it is no longer listed."""
    return Seal(keys.signing, PURPOSE).open(sealed)


async def known(session: AsyncSession, event_id: UUID, marks: Collection[str]) -> dict[str, UUID]:
    """Which of these codes the event has, and the offer that hands each out."""
    found = sa.select(PoolCode.mark, PoolCode.offer_id).where(PoolCode.event_id == event_id, PoolCode.mark.in_(marks))
    return {row.mark: row.offer_id for row in await session.execute(found)}


async def take(session: AsyncSession, offer: Offer, words: Sequence[Word], *, now: datetime) -> int:
    """Put codes into the pool of this locked offer, behind those there are; how many were new to the event.

    Who waits in line is served by the caller (`limits.feed`), or by the worker's next round.
    """
    there = await known(session, offer.event_id, [each.mark for each in words])
    new = {each.mark: each for each in words if each.mark not in there}
    if not new:
        return 0
    shared = {"partner_id": offer.partner_id, "event_id": offer.event_id, "offer_id": offer.id, "state": "free"}
    rows = [
        {**shared, "id": new_id(), "mark": each.mark, "sealed": each.sealed, "created_at": now} for each in new.values()
    ]
    connection = await session.connection()
    await connection.execute(sa.insert(table(PoolCode)), rows)
    grown = sa.update(table(Offer)).where(Offer.id == offer.id).values(pooled=Offer.pooled + len(rows))
    await connection.execute(grown)
    return len(rows)


async def withdraw(session: AsyncSession, offer: Offer, marks: Sequence[str]) -> int:
    """Take codes that nobody has out of the pool of this locked offer; how many there were."""
    gone = 0
    for begin in range(0, len(marks), 500):
        these = sa.delete(table(PoolCode)).where(PoolCode.offer_id == offer.id, IS_FREE)
        done = await session.execute(these.where(PoolCode.mark.in_(marks[begin : begin + 500])))
        gone += done.rowcount  # type: ignore[attr-defined]
    if gone:
        await session.execute(sa.update(table(Offer)).where(Offer.id == offer.id).values(pooled=Offer.pooled - gone))
    return gone


async def assign(session: AsyncSession, offer_id: UUID, redemption_ids: Sequence[UUID], *, now: datetime) -> None:
    """One free code for each of these new redemptions of a locked offer, the oldest first, in one statement.

    The counters say that there are as many. Raises `RuntimeError` where there are not: no pass without its code.
    """
    connection = await session.connection()
    facts = {"offer": offer_id, "count": len(redemption_ids), "ids": padded(redemption_ids), "at": now}
    assigned = (await connection.execute(_ASSIGN, facts)).all()  # SQLite counts no rows of a statement such as this
    if len(assigned) != len(redemption_ids):
        raise RuntimeError("a pass would have gone out without its code")


_FREE = (
    sa.select(PoolCode.id)
    .where(PoolCode.offer_id == sa.bindparam("offer"), IS_FREE)
    .order_by(PoolCode.id)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True)
    .cte("free")
)
_CODES = sa.select(_FREE.c.id, sa.func.row_number().over(order_by=_FREE.c.id).label("number")).cte("codes")
_TAKERS = (
    sa.select(Redemption.id, Redemption.state, sa.func.row_number().over(order_by=Redemption.id).label("number"))
    .where(Redemption.id.in_(sa.bindparam("ids", expanding=True)))
    .cte("takers")
)
_ASSIGN = (
    sa.update(table(PoolCode))
    .where(PoolCode.id == _CODES.c.id, _CODES.c.number == _TAKERS.c.number)
    .values(
        redemption_id=_TAKERS.c.id,
        state=sa.case((_TAKERS.c.state == "held", "reserved"), else_="given"),
        taken_at=sa.bindparam("at", type_=table(PoolCode).c.taken_at.type),
    )
    .returning(table(PoolCode).c.id)
)


async def settle(
    session: AsyncSession, redemption_ids: Collection[UUID], *, returned: Collection[UUID], now: datetime
) -> set[UUID]:
    """What becomes of the codes of these locked redemptions, by the states they are in now; whose code is free again.

    `returned`: those whose use can be given again.
    """
    found = (
        sa.select(PoolCode.id, PoolCode.redemption_id, PoolCode.state, Redemption.state.label("became"))
        .join(Redemption, PoolCode.redemption_id == Redemption.id)
        .where(PoolCode.redemption_id.in_(redemption_ids))
    )
    to: dict[str, list[UUID]] = {"given": [], "free": [], "burnt": []}
    freed = set()
    for row in await session.execute(found):
        if row.became == "held":
            continue
        is_returned = row.redemption_id in returned
        becomes = "given" if row.became == "confirmed" else pools.after_end(row.state, is_returned=is_returned)
        to[becomes].append(row.id)
        if becomes == "free":
            freed.add(row.redemption_id)
    values: Mapping[str, Mapping[str, Any]] = {
        "free": {"redemption_id": None, "taken_at": None},
        "given": {"taken_at": now},
        "burnt": {},
    }
    for state, ids in to.items():
        if ids:
            moved = sa.update(table(PoolCode)).where(PoolCode.id.in_(ids))
            await session.execute(moved.values(state=state, **values[state]))
    return freed


async def may_go_on(session: AsyncSession, redemption_id: UUID) -> None:
    """Whether the pass of a redemption can go on to somebody else, for whom there has to be a code of their own.

    Raises `PoolCodeUsed` if the shop, or an export of it, said that its code was used, and `PoolEmpty`.
    """
    in_shop = sa.exists().where(
        ShopCode.event_id == PoolCode.event_id, ShopCode.mark == PoolCode.mark, ShopCode.redeemed > 0
    )
    files = sa.select(Reconciliation.id).where(Reconciliation.offer_id == PoolCode.offer_id)
    in_file = sa.exists().where(
        ReconciledCode.reconciliation_id.in_(files),
        ReconciledCode.what == "used",
        ReconciledCode.pool_code_id == PoolCode.id,
    )
    found = (
        sa.select(sa.or_(in_shop, in_file).label("is_used"), (Offer.pooled - Offer.pool_used).label("left"))
        .select_from(PoolCode)
        .join(Offer, Offer.id == PoolCode.offer_id)
        .where(PoolCode.redemption_id == redemption_id)
    )
    row = (await session.execute(found)).one_or_none()
    if row is None:  # it has no code of a shop
        return
    if row.is_used:
        raise PoolCodeUsed
    if row.left < 1:
        raise PoolEmpty


async def pass_on(session: AsyncSession, terms: Terms, redemption_id: UUID, *, now: datetime) -> None:
    """Give the next code of a locked offer's pool to a redemption whose pass goes on; the one before it was shown, so
    it is burnt. It has to be one that `may_go_on`.
    """
    if terms.pool is None:
        return
    shown_before = sa.update(table(PoolCode)).where(PoolCode.redemption_id == redemption_id)
    await session.execute(shown_before.values(state="burnt", redemption_id=None))
    await assign(session, terms.offer_id, [redemption_id], now=now)
    more = sa.update(table(Offer)).where(Offer.id == terms.offer_id).values(pool_used=Offer.pool_used + 1)
    await session.execute(more)
    if low := pools.running_low(terms.pool, 1):
        await journal.record(
            session,
            "pool.almost_exhausted" if low.left else "pool.exhausted",
            terms.offer_id,
            at=now,
            by=PROGRAM,
            partner=terms.partner_id,
            event=terms.event_id,
            code=terms.code_id,
            facts={"left": low.left, "rule": low.rule},
        )


async def spend(session: AsyncSession, offer: Offer, ids: Collection[UUID]) -> int:
    """Take codes out of the locked offer's pool that were used in the shop though nobody got them from us."""
    free = sa.update(table(PoolCode)).where(PoolCode.id.in_(ids), PoolCode.state == "free").values(state="spent")
    number: int = (await session.execute(free)).rowcount  # type: ignore[attr-defined]
    if number:
        more = sa.update(table(Offer)).where(Offer.id == offer.id).values(pool_used=Offer.pool_used + number)
        await session.execute(more)
    return number


async def recounted(session: AsyncSession, offer_id: UUID) -> tuple[int, int]:
    """How many codes an offer has, and how many of them are not free."""
    taken = sa.func.count(sa.case((PoolCode.state != "free", 1)))
    counted = sa.select(sa.func.count(), taken).where(PoolCode.offer_id == offer_id)
    row = (await session.execute(counted)).one()
    return row[0], row[1]
