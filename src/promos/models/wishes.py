"""That more passes be given: asked for by who gives them out, decided by the partner's owner."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.rules.people import Actor, Role

IS_OPEN = "state = 'open'"  # written out, as its index is


class Wish(Base):
    """For `passes` more with a code, or out of the allotment that the code draws on there (`subject_id`)."""

    __tablename__ = "wishes"
    __table_args__ = (
        sa.CheckConstraint("state IN ('open', 'approved', 'declined', 'withdrawn', 'overtaken')", name="state"),
        sa.CheckConstraint("passes > 0 AND (given IS NULL OR given > 0)", name="some_passes"),
        sa.CheckConstraint("(state = 'open') = (settled_at IS NULL)", name="settled"),
        sa.CheckConstraint("(state = 'approved') = (given IS NOT NULL)", name="given"),
        sa.Index(
            "uq_wishes_open",
            "subject_id",
            "side_id",
            unique=True,
            sqlite_where=sa.text(IS_OPEN),
            postgresql_where=sa.text(IS_OPEN),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"))
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"), index=True)
    code_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_codes.id"), index=True)
    allotment_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("allotments.id"))
    publication_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("publications.id"), index=True)  # its editor asks
    subject_id: Mapped[UUID]  # the allotment, else the code
    side_id: Mapped[UUID]  # who asks: the publication, else the partner
    asked_by: Mapped[UUID | None]  # a person or a token
    passes: Mapped[int]  # more than now
    limit: Mapped[int] = mapped_column("max_passes")  # what it was then, of the tightest that would be raised
    why: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="open")
    given: Mapped[int | None]  # passes
    answer: Mapped[str | None]  # why not
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """The partner's people see all about their offers, editors what their publication asked for."""
        if actor.is_admin:
            return sa.true()
        own: sa.ColumnElement[bool] = cls.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER))
        if actor.event_ids is not None:
            own = sa.and_(own, cls.event_id.in_(actor.event_ids))
        return sa.or_(own, cls.publication_id.in_(actor.publications))

    @classmethod
    def asked_by_side(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Those of the side for which this actor speaks."""
        if actor.is_admin:
            return sa.true()
        own = sa.and_(cls.publication_id.is_(None), cls.visible_to(actor))
        return sa.or_(own, cls.publication_id.in_(actor.publications))

    @classmethod
    def decided_by(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """The partner's owners decide: what counts passes is the partner's."""
        if actor.is_admin:
            return sa.true()
        own = cls.partner_id.in_(actor.partners(Role.OWNER))
        return own if actor.event_ids is None else sa.and_(own, cls.event_id.in_(actor.event_ids))
