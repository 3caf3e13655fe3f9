"""What a redemption gives: n passes to one redemption over time, at most one of them live."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id


class Pass(Base):
    __tablename__ = "passes"
    __table_args__ = (
        sa.CheckConstraint("state IN ('live', 'handed_on', 'given_back', 'revoked')", name="state"),
        sa.Index(
            "uq_passes_live_redemption",
            "redemption_id",
            unique=True,
            sqlite_where=sa.text("state = 'live'"),
            postgresql_where=sa.text("state = 'live'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID]  # this and the next two are the redemption's, copied
    event_id: Mapped[UUID] = mapped_column(index=True)
    pass_type_id: Mapped[UUID]
    redemption_id: Mapped[UUID] = mapped_column(sa.ForeignKey("redemptions.id"), index=True)
    reader_id: Mapped[UUID] = mapped_column(sa.ForeignKey("readers.id"), index=True)  # who holds it, or held it
    drawn: Mapped[int] = mapped_column(default=1)  # which drawing of the QR token is good
    state: Mapped[str]
    issued_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
