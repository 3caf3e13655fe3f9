"""The pool of an offer, as its partner reads it."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Offer, PoolCode
from promos.queries import codes
from promos.rules.people import Actor
from promos.rules.refusals import PoolMissing


@dataclass(frozen=True, slots=True)
class Standing:
    """How many codes of the shop there are, by what became of them."""

    offer: Offer
    free: int = 0
    reserved: int = 0
    given: int = 0
    burnt: int = 0
    spent: int = 0

    @property
    def codes(self) -> int:
        return self.free + self.reserved + self.given + self.burnt + self.spent


async def standing(session: AsyncSession, offer_id: UUID, by: Actor) -> Standing:
    """Raises `NotFound`, and `PoolMissing` for an offer that hands out no such codes."""
    offer = await codes.offer(session, offer_id, by)
    if offer.pooled is None:
        raise PoolMissing
    taken = sa.select(PoolCode.state, sa.func.count()).where(PoolCode.offer_id == offer_id, PoolCode.state != "free")
    counted: dict[str, int] = {row[0]: row[1] for row in await session.execute(taken.group_by(PoolCode.state))}
    return Standing(offer, offer.left_in_pool, **counted)
