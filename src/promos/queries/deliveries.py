"""How the mails and the webhooks stand: everything owed is sent, pending or dead, and nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Delivery, Message


@dataclass(frozen=True, slots=True)
class Standing:
    """`oldest`: how long the one that waits longest has been owed; `None` when nothing is."""

    sent: int
    pending: int
    dead: int
    oldest: timedelta | None

    @property
    def owed(self) -> int:
        """All that were ever written."""
        return self.sent + self.pending + self.dead


async def standing(session: AsyncSession, of: type[Delivery] | type[Message] = Delivery, *, now: datetime) -> Standing:
    counted = await session.execute(sa.select(of.state, sa.func.count()).group_by(of.state))
    by_state = {row[0]: row[1] for row in counted}
    waits_since = await session.scalar(sa.select(sa.func.min(of.created_at)).where(of.state == "pending"))
    return Standing(
        by_state.get("sent", 0) + by_state.get("delivered", 0),
        by_state.get("pending", 0),
        by_state.get("dead", 0),
        now - waits_since if waits_since else None,
    )
