"""Clicks and unmet demand, counted by code, block and day: no address, no browser, no reader."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id


class Visit(Base):
    __tablename__ = "visits"
    __table_args__ = (
        sa.CheckConstraint("human >= 0 AND machine >= 0 AND refused >= 0", name="counts"),
        sa.UniqueConstraint("source_id", "day"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)
    code_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_codes.id"))
    block_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("promo_blocks.id"), index=True)
    source_id: Mapped[UUID]  # the block, or the code when its page was opened without one
    day: Mapped[date]  # in UTC
    human: Mapped[int] = mapped_column(default=0)
    machine: Mapped[int] = mapped_column(default=0)  # prefetches and link scanners
    refused: Mapped[int] = mapped_column(default=0, server_default="0")  # claims that came when nothing was left
