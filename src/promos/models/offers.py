"""The terms of a give-away, and the publications that may place it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.rules.people import Actor, Role


class Offer(Base):
    __tablename__ = "offers"
    __table_args__ = (
        sa.CheckConstraint("used >= 0 AND (max_passes IS NULL OR used <= max_passes)", name="within_limit"),
        sa.CheckConstraint("ends_at > opens_at", name="ends_after_opening"),
        sa.CheckConstraint("benefit = 'free_pass'", name="benefit"),
        sa.CheckConstraint("proof IN ('mailbox', 'none')", name="proof"),
        sa.CheckConstraint("on_cancel IN ('return', 'keep')", name="on_cancel"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)
    pass_type_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pass_types.id"), index=True)
    name: Mapped[str]
    benefit: Mapped[str]
    limit: Mapped[int | None] = mapped_column("max_passes")  # passes; None: only what is wider or narrower holds
    used: Mapped[int] = mapped_column(default=0)  # counted only while there is a limit
    opens_at: Mapped[datetime]
    ends_at: Mapped[datetime]  # half-open: the first instant at which it no longer works
    proof: Mapped[str]  # mailbox: of every reader; none: redeemed by trusted tokens only
    on_cancel: Mapped[str]  # return: a cancelled pass can be given again; keep: it stays used
    eligibility: Mapped[str | None]  # in words, shown to the reader
    conditions_url: Mapped[str | None]
    created_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins see all, owners and members their own, editors those that name their publication."""
        if actor.is_admin:
            seen: sa.ColumnElement[bool] = sa.true()
        else:
            seen = sa.or_(cls.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER)), cls.placeable_by(actor))
        return seen if actor.event_ids is None else sa.and_(seen, cls.event_id.in_(actor.event_ids))

    @classmethod
    def run_by(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Those of the partners this actor works for."""
        run = sa.true() if actor.is_admin else cls.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER))
        return run if actor.event_ids is None else sa.and_(run, cls.event_id.in_(actor.event_ids))

    @classmethod
    def placeable_by(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Those that name a publication whose editor this is."""
        named = sa.select(OfferPublication.offer_id).where(OfferPublication.publication_id.in_(actor.publications))
        return cls.id.in_(named)


class OfferPublication(Base):
    """An offer names the publications that may place it."""

    __tablename__ = "offer_publications"

    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"), primary_key=True)
    publication_id: Mapped[UUID] = mapped_column(sa.ForeignKey("publications.id"), primary_key=True, index=True)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
