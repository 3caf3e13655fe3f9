"""What came of an event, for somebody who has no account: a link that ends, and mails that bring one."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id, where_there
from promos.rules.people import Actor, Role


class ReportSchedule(Base):
    """Who gets the report by mail, and how often. `next_at`: `None` when nothing more is sent.

    `email` is `None` once it is forgotten; of an address that stopped it, `email_key` stays for as long as somebody
    could name it again.
    """

    __tablename__ = "report_schedules"
    __table_args__ = (
        sa.CheckConstraint("every IN ('week', 'month', 'once')", name="every"),
        sa.CheckConstraint("stopped_by IN ('partner', 'recipient')", name="stopped_by"),
        sa.Index(
            "uq_report_schedules_living",
            "event_id",
            "email_key",
            unique=True,
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        ),
        where_there("report_schedules", "next_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)
    email: Mapped[str | None]
    email_key: Mapped[str]  # of the address, as `rules.signing.reader_key` makes it
    language: Mapped[str]
    every: Mapped[str]
    next_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[str | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        return _seen(cls, actor)

    @property
    def state(self) -> str:
        if self.stopped_at:
            return "stopped"
        return "active" if self.next_at else "ended"


class ReportLink(Base):
    """Its secret is made from its id, and never stored: whoever has the database cannot open it."""

    __tablename__ = "report_links"
    __table_args__ = (sa.UniqueConstraint("schedule_id", "period"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)
    schedule_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("report_schedules.id"))  # whose mail brings it
    period: Mapped[date | None]  # the day, in the event's zone, on which that mail was due
    name: Mapped[str]  # of who it is for
    language: Mapped[str]
    secret_hash: Mapped[str] = mapped_column(unique=True)
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        return _seen(cls, actor)

    def state(self, now: datetime) -> str:
        if self.revoked_at:
            return "revoked"
        return "active" if now < self.expires_at else "ended"


def _seen(row: type[ReportLink] | type[ReportSchedule], actor: Actor) -> sa.ColumnElement[bool]:
    """Admins, owners and members, within the events that a token is limited to."""
    run = sa.true() if actor.is_admin else row.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER))
    return run if actor.event_ids is None else sa.and_(run, row.event_id.in_(actor.event_ids))
