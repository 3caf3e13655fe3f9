"""What readers who hold passes are owed to hear: their event has moved, or was cancelled."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id

IS_UNTOLD = "told_at IS NULL"  # written out, as its index is


class Move(Base):
    """Several changes in a row are one move, told once."""

    __tablename__ = "moves"
    __table_args__ = (
        sa.Index(
            "uq_moves_untold",
            "event_id",
            unique=True,
            sqlite_where=sa.text(IS_UNTOLD),
            postgresql_where=sa.text(IS_UNTOLD),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)
    before: Mapped[dict[str, Any]]  # what changed, as it was before the first of the changes
    cancels: Mapped[bool]
    changed_at: Mapped[datetime]  # for the last time; who got a pass later, got it with what holds now
    tell_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
