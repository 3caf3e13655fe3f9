"""Scans at the door: every answer is kept, and one pass is admitted once."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.models.events import Event
from promos.rules.people import Actor, Role

# Written out, as the condition of the index is: a plan made for any value could not use it.
IS_INSIDE = sa.text("check_ins.result = 'admitted' AND check_ins.undone_at IS NULL")


class CheckIn(Base):
    __tablename__ = "check_ins"
    __table_args__ = (
        sa.CheckConstraint("result IN ('admitted', 'already', 'refused')", name="result"),
        sa.CheckConstraint("result = 'refused' OR pass_id IS NOT NULL", name="has_pass"),
        sa.UniqueConstraint("event_id", "scan_id"),
        sa.Index(
            "uq_check_ins_inside",
            "pass_id",
            unique=True,
            sqlite_where=sa.text("result = 'admitted' AND undone_at IS NULL"),
            postgresql_where=sa.text("result = 'admitted' AND undone_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"))
    pass_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("passes.id"))
    scan_id: Mapped[str]  # the scanner's own; the same one repeats its first answer
    token_hash: Mapped[str]  # of what was scanned, so that a scan id is good for one pass only
    gate: Mapped[str | None]
    result: Mapped[str]
    reason: Mapped[str | None]  # why refused: unknown, other-event, given-back, revoked, replaced
    first_at: Mapped[datetime | None]  # already: when the pass went in
    first_gate: Mapped[str | None]
    at: Mapped[datetime]
    by: Mapped[UUID | None]  # person or token
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        return cls.event_id.in_(sa.select(Event.id).where(Event.run_by(actor, Role.OWNER, Role.MEMBER, Role.DOOR)))
