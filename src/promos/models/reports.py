"""What came of an event, shared with somebody who has no account: a link that ends."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.rules.people import Actor, Role


class ReportLink(Base):
    """Its secret is made from its id, and never stored: whoever has the database cannot open it."""

    __tablename__ = "report_links"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)
    name: Mapped[str]  # of who it is for
    language: Mapped[str]
    secret_hash: Mapped[str] = mapped_column(unique=True)
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins, owners and members, within the events that a token is limited to."""
        run = sa.true() if actor.is_admin else cls.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER))
        return run if actor.event_ids is None else sa.and_(run, cls.event_id.in_(actor.event_ids))

    def state(self, now: datetime) -> str:
        if self.revoked_at:
            return "revoked"
        return "active" if now < self.expires_at else "ended"
