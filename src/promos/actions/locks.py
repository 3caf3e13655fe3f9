"""The one lock order: pass type, offer, code, each by id. Every writer of a limit comes through here."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Offer, PassType, PromoCode
from promos.queries import terms
from promos.rules.redemption import Terms


class LimitsMoved(Exception):  # noqa: N818 -- a signal to begin anew, not a fault
    """A limit was set while its row was not locked; begin the transaction anew."""


async def locked_terms(session: AsyncSession, code_ids: Collection[UUID]) -> dict[UUID, Terms]:
    """The terms of these codes, with every row that counts for them locked until the transaction ends.

    A pass type or offer without a limit is not locked: it counts nothing, and nobody should queue for it. Whoever sets
    its first limit locks it and then all its codes, so reading once more behind the codes' locks shows the limit.
    SQLite has locked the whole database by `BEGIN IMMEDIATE`.
    """
    seen = await terms.of_codes(session, code_ids)
    if session.get_bind().dialect.name == "sqlite":
        return seen
    wide: dict[type[PassType | Offer | PromoCode], set[UUID]] = {
        PassType: {each.pass_type_id for each in seen.values() if each.capacity.limit is not None},
        Offer: {each.offer_id for each in seen.values() if each.offer.limit is not None},
        PromoCode: set(seen),
    }
    for table, ids in wide.items():
        if ids:
            rows = sa.select(table.id).where(table.id.in_(ids)).order_by(table.id).with_for_update(key_share=True)
            await session.execute(rows)
    locked = await terms.of_codes(session, code_ids)
    for each in locked.values():
        if each.capacity.limit is not None and each.pass_type_id not in wide[PassType]:
            raise LimitsMoved
        if each.offer.limit is not None and each.offer_id not in wide[Offer]:
            raise LimitsMoved
    return locked


async def count(session: AsyncSession, terms: Terms, *, uses: int, versions: int) -> None:
    """Move the counters of these locked terms by `uses`, and the code's version by `versions`, in SQL.

    The guard stands in the statement: what it does not let through is a mistake of the caller, never a sale too many.
    """
    for table, row_id, tally in (
        (PassType, terms.pass_type_id, terms.capacity),
        (Offer, terms.offer_id, terms.offer),
    ):
        if tally.limit is not None and uses:
            limit = PassType.capacity if table is PassType else Offer.limit
            moved = await session.execute(
                sa.update(table)
                .where(table.id == row_id, table.used + uses <= limit, table.used + uses >= 0)
                .values(used=table.used + uses)
                .execution_options(synchronize_session=False)
            )
            _one(moved)
    moved = await session.execute(
        sa.update(PromoCode)
        .where(
            PromoCode.id == terms.code_id,
            PromoCode.used + uses >= 0,
            sa.or_(PromoCode.limit.is_(None), PromoCode.used + uses <= PromoCode.limit),
        )
        .values(used=PromoCode.used + uses, version=PromoCode.version + versions)
        .execution_options(synchronize_session=False)
    )
    _one(moved)


def _one(moved: sa.Result[tuple[()]]) -> None:
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise RuntimeError("a counter would have passed its limit")
