"""The terms of a give-away, and the publications that may place it."""

from datetime import datetime
from decimal import Decimal
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
        sa.CheckConstraint(
            "used - allotted_used <= COALESCE(max_passes, 0) - allotted OR max_passes IS NULL", name="keeps_allotments"
        ),
        sa.CheckConstraint("allotted = 0 OR max_passes IS NOT NULL", name="allots_of_a_limit"),
        sa.CheckConstraint("allotted_used BETWEEN 0 AND allotted", name="within_allotted"),
        sa.CheckConstraint("spent >= 0 AND (budget IS NULL OR spent <= budget)", name="within_budget"),
        sa.CheckConstraint("benefit IN ('free_pass', 'percent', 'amount', 'fixed_price', 'access')", name="benefit"),
        sa.CheckConstraint("(benefit = 'percent') = (percent IS NOT NULL)", name="percent"),
        sa.CheckConstraint("(benefit IN ('amount', 'fixed_price')) = (amount IS NOT NULL)", name="amount"),
        sa.CheckConstraint("percent > 0 AND percent <= 100", name="percent_of_hundred"),
        sa.CheckConstraint("amount >= 0", name="amount_of_money"),
        sa.CheckConstraint("proof IN ('mailbox', 'none')", name="proof"),
        sa.CheckConstraint("on_cancel IN ('return', 'keep')", name="on_cancel"),
        sa.CheckConstraint("on_expiry IN ('return', 'keep')", name="on_expiry"),
        sa.CheckConstraint("place_hours BETWEEN 1 AND 720", name="place_hours"),
        sa.CheckConstraint("fulfilment IN ('pass', 'pool', 'checkout')", name="fulfilment"),
        sa.CheckConstraint("(fulfilment = 'pool') = (pooled IS NOT NULL)", name="pooled"),
        sa.CheckConstraint("pool_used >= 0 AND (pooled IS NULL OR pool_used <= pooled)", name="within_pool"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)
    pass_type_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pass_types.id"), index=True)
    name: Mapped[str]
    benefit: Mapped[str]
    percent: Mapped[Decimal | None] = mapped_column(sa.Numeric(5, 2))  # off the face value
    amount: Mapped[int | None] = mapped_column(sa.BigInteger)  # minor units of the pass type: off, or the price to pay
    budget: Mapped[int | None] = mapped_column(sa.BigInteger)  # minor units that all reductions together may reach
    spent: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")  # only while there is a budget
    limit: Mapped[int | None] = mapped_column("max_passes")  # passes; None: only what is wider or narrower holds
    used: Mapped[int] = mapped_column(default=0)  # counted only while there is a limit
    allotted: Mapped[int] = mapped_column(default=0, server_default="0")  # of the limit, set aside in allotments
    allotted_used: Mapped[int] = mapped_column(default=0, server_default="0")  # of `used`, through allotments
    opens_at: Mapped[datetime]
    ends_at: Mapped[datetime]  # half-open: the first instant at which it no longer works
    proof: Mapped[str]  # mailbox: of every reader; none: redeemed by trusted tokens only
    on_cancel: Mapped[str]  # return: a cancelled pass can be given again; keep: it stays used
    on_expiry: Mapped[str] = mapped_column(default="return", server_default="return")  # of a hold that came to nothing
    review: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # the partner decides on each claim
    waiting_list: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    place_hours: Mapped[int] = mapped_column(default=24, server_default="24")  # for which a freed place is kept
    fulfilment: Mapped[str] = mapped_column(default="pass", server_default="pass")  # | pool | checkout
    shop_url: Mapped[str | None]  # of the partner's checkout, with {code} where it takes one
    pooled: Mapped[int | None]  # codes of the shop that were taken in; None: it hands out none
    pool_used: Mapped[int] = mapped_column(default=0, server_default="0")  # of `pooled`, those that are not free
    eligibility: Mapped[str | None]  # in words, shown to the reader
    conditions_url: Mapped[str | None]
    archived_at: Mapped[datetime | None]  # out of the lists since
    created_at: Mapped[datetime]

    @property
    def left_in_pool(self) -> int:
        """Codes of the shop that nobody has."""
        return (self.pooled or 0) - self.pool_used

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


class Allotment(Base):
    """A part of an offer's limit, set aside for a publication, an issue or a code; inside another part, or not."""

    __tablename__ = "allotments"
    __table_args__ = (
        sa.CheckConstraint("used >= 0 AND used <= max_passes", name="within_limit"),
        sa.CheckConstraint("used - allotted_used <= max_passes - allotted", name="keeps_allotments"),
        sa.CheckConstraint("allotted_used BETWEEN 0 AND allotted", name="within_allotted"),
        sa.CheckConstraint(
            "(CASE WHEN publication_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN issue_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN code_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="for_one",
        ),
        *(
            sa.Index(
                f"uq_allotments_open_{whose}",
                "offer_id",
                whose,
                unique=True,
                sqlite_where=sa.text("returned_at IS NULL"),
                postgresql_where=sa.text("returned_at IS NULL"),
            )
            for whose in ("publication_id", "issue_id", "code_id")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"))
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"))
    within_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("allotments.id"), index=True)  # None: of the offer
    publication_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("publications.id"), index=True)
    issue_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("issues.id"), index=True)
    code_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("promo_codes.id"), index=True)
    limit: Mapped[int] = mapped_column("max_passes")  # passes
    used: Mapped[int] = mapped_column(default=0)
    allotted: Mapped[int] = mapped_column(default=0)
    allotted_used: Mapped[int] = mapped_column(default=0)
    returns_at: Mapped[datetime | None]  # when what is unused falls back to the wider part; None: never by itself
    returned_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @classmethod
    def run_by(cls, actor: Actor) -> sa.ColumnElement[bool]:
        return cls.offer_id.in_(sa.select(Offer.id).where(Offer.run_by(actor)))
