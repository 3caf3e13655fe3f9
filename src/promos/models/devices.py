"""Phones at the door: each is a token of its own, so that no person's session lies in somebody's pocket."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.rules.people import Actor, Role


class Device(Base):
    """What its token does not know: how the phone comes by it, and when it was last there.

    The token's secret is drawn when the phone is paired, and lies in its cookie alone; pairing anew puts the old one
    out.
    """

    __tablename__ = "devices"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    token_id: Mapped[UUID] = mapped_column(sa.ForeignKey("tokens.id"), unique=True)
    pairing_id: Mapped[UUID]  # what the newest pairing code is made from
    code_hash: Mapped[str | None] = mapped_column(unique=True)  # of that code; None: it is used up
    code_ends_at: Mapped[datetime]
    paired_at: Mapped[datetime | None]
    browser: Mapped[str | None]  # "Firefox, Android": by which one knows it again
    seen_at: Mapped[datetime | None]  # to the minute
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins, owners and members. Who is limited to events sees none: a device may have others, too."""
        if actor.event_ids is not None:
            return sa.false()
        return sa.true() if actor.is_admin else cls.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER))
