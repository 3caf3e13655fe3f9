"""What a partner's shop said of our codes, as its people read it again."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import PoolCode, PromoCode, ReconciledCode, Reconciliation
from promos.rules.people import Actor
from promos.rules.refusals import NotFound

Codes = sa.Select[ReconciledCode, str, str]
SHOWN = 200  # codes of one kind on a page


async def one(session: AsyncSession, reconciliation_id: UUID, by: Actor) -> Reconciliation:
    """Raises `NotFound`."""
    mine = sa.select(Reconciliation).where(Reconciliation.id == reconciliation_id, Reconciliation.run_by(by))
    found = await session.scalar(mine)
    if found is None:
        raise NotFound("reconciliation")
    return found


def codes_of(reconciliation_id: UUID) -> Codes:
    """The codes that a file speaks of, each with its sealed text or its public word."""
    return (
        sa.select(ReconciledCode, PoolCode.sealed, PromoCode.spelled)
        .outerjoin(PoolCode, ReconciledCode.pool_code_id == PoolCode.id)
        .outerjoin(PromoCode, ReconciledCode.code_id == PromoCode.id)
        .where(ReconciledCode.reconciliation_id == reconciliation_id)
        .order_by(ReconciledCode.id)
    )


async def unused(session: AsyncSession, of: Reconciliation, most: int = SHOWN) -> Sequence[PoolCode]:
    """Codes that were handed out before the file came and that it does not speak of."""
    spoken = sa.select(ReconciledCode.pool_code_id).where(
        ReconciledCode.reconciliation_id == of.id, ReconciledCode.pool_code_id.is_not(None)
    )
    found = (
        sa.select(PoolCode)
        .where(PoolCode.offer_id == of.offer_id, PoolCode.state == "given", PoolCode.taken_at <= of.created_at)
        .where(PoolCode.id.not_in(spoken))
        .order_by(PoolCode.id)
        .limit(most)
    )
    return (await session.scalars(found)).all()


def only(found: Codes, what: str) -> Codes:
    return found.where(ReconciledCode.what == what)
