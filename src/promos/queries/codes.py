"""Which code somebody means, and how a batch of them stands."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from promos.models import CodeBatch, Offer, PromoCode, Redemption
from promos.queries.pages import Sorted
from promos.rules import codes
from promos.rules.people import Actor
from promos.rules.refusals import CodeMalformed, NotFound

SORTED = Sorted(
    PromoCode.id,
    {"code": PromoCode.text, "used": PromoCode.used, "status": PromoCode.status},
    (PromoCode.text, PromoCode.spelled),
)
IS_PUBLIC = PromoCode.batch_id.is_(None)  # a secret code is always of a batch; this finds the others by their own index


def meant(typed: str) -> sa.ColumnElement[bool]:
    """The code that `typed` stands for, if there is one; raises `CodeMalformed`.

    A public word as it is written; else a secret code, O for 0 and I or L for 1 being the same there.
    """
    normal = codes.normal(typed)
    if not codes.may_be_secret(normal):
        return PromoCode.text == normal
    one = aliased(PromoCode)
    public = sa.and_(one.kind == "vanity", one.text == normal)
    secret = sa.and_(one.kind == "generated", one.text == codes.mended(normal))
    found = sa.select(one.id).where(sa.or_(public, secret)).order_by(one.kind.desc()).limit(1)
    return PromoCode.id == found.scalar_subquery()


async def is_secret(session: AsyncSession, typed: str) -> bool:
    """Whether nobody may hear what `typed` is: as long as secrets are, and no public word."""
    try:
        normal = codes.normal(typed)
    except CodeMalformed:
        return False
    if not codes.may_be_secret(normal):
        return False
    public = sa.exists().where(PromoCode.text == normal, PromoCode.kind == "vanity")
    return not await session.scalar(sa.select(public))


@dataclass(frozen=True, slots=True)
class Standing:
    """A batch, and how many passes its codes have given."""

    batch: CodeBatch
    used: int


async def offer(session: AsyncSession, offer_id: UUID, by: Actor) -> Offer:
    """An offer that `by` runs; raises `NotFound`."""
    found = await session.scalar(sa.select(Offer).where(Offer.id == offer_id, Offer.run_by(by)))
    if found is None:
        raise NotFound("offer")
    return found


async def batch(session: AsyncSession, offer_id: UUID, batch_id: UUID, by: Actor) -> CodeBatch:
    """A batch that `by` runs; raises `NotFound`."""
    mine = sa.select(CodeBatch).where(CodeBatch.id == batch_id, CodeBatch.offer_id == offer_id, CodeBatch.run_by(by))
    found = await session.scalar(mine)
    if found is None:
        raise NotFound("batch")
    return found


async def standings(session: AsyncSession, batches: Collection[CodeBatch]) -> list[Standing]:
    """These batches with what they gave; counted from the redemptions, of which there are fewer than codes."""
    counted = (
        sa.select(PromoCode.batch_id, sa.func.count())
        .join(Redemption, Redemption.code_id == PromoCode.id)
        .where(Redemption.offer_id.in_({each.offer_id for each in batches}), Redemption.counted)
        .where(PromoCode.batch_id.is_not(None))
        .group_by(PromoCode.batch_id)
    )
    used = {row[0]: row[1] for row in await session.execute(counted)} if batches else {}
    return [Standing(each, used.get(each.id, 0)) for each in batches]


async def public_ids(session: AsyncSession, offer_ids: Collection[UUID], *, most: int) -> list[UUID]:
    """The public words of these offers, up to `most` of each, those made first."""
    place = sa.func.row_number().over(partition_by=PromoCode.offer_id, order_by=PromoCode.id).label("place")
    its = sa.select(PromoCode.id, place).where(PromoCode.offer_id.in_(offer_ids), IS_PUBLIC).subquery()
    return list(await session.scalars(sa.select(its.c.id).where(its.c.place <= most)))


async def public(session: AsyncSession, offer_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """How many public words each of these offers has, and how many passes they gave."""
    counted = sa.select(PromoCode.offer_id, sa.func.count(), sa.func.sum(PromoCode.used))
    rows = await session.execute(
        counted.where(PromoCode.offer_id.in_(offer_ids), IS_PUBLIC).group_by(PromoCode.offer_id)
    )
    return {offer_id: (number, int(used)) for offer_id, number, used in rows}
