"""What a partner's own shop says of the codes that we handed out, file by file."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.models.offers import Offer
from promos.rules.people import Actor


class Reconciliation(Base):
    """One export of the shop, held against an offer; the same file read the same way is one. Tickets, not orders."""

    __tablename__ = "reconciliations"
    __table_args__ = (sa.UniqueConstraint("offer_id", "file_hash"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"))
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"))
    shop: Mapped[str]  # as parsing.shop_exports.SHOPS names it
    file_hash: Mapped[str]  # SHA-256 of the file and of how its columns were read
    rows: Mapped[int]
    void: Mapped[int]  # rows that were cancelled, refunded or not approved
    foreign_tickets: Mapped[int]  # by codes that are not this offer's, or by none
    used: Mapped[int]  # by codes that we handed out
    outside: Mapped[int]  # by codes of the pool that we had handed out to nobody
    ended: Mapped[int]  # by codes whose pass had ended here
    public: Mapped[int]  # by public words of the offer
    by_reader: Mapped[int]  # of all these, with the address of the reader who has the pass
    arrived: Mapped[int]  # of all these
    unused: Mapped[int]  # codes that we handed out and the file does not have
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]

    @classmethod
    def run_by(cls, actor: Actor) -> sa.ColumnElement[bool]:
        return cls.offer_id.in_(sa.select(Offer.id).where(Offer.run_by(actor)))


class ReconciledCode(Base):
    """What one file says of one code. Nothing of who used it: an address is compared, and gone."""

    __tablename__ = "reconciled_codes"
    __table_args__ = (
        sa.CheckConstraint("what IN ('used', 'outside', 'ended', 'public')", name="what"),
        sa.CheckConstraint("(what = 'public') = (code_id IS NOT NULL)", name="of_one"),
        sa.CheckConstraint("(what = 'public') = (pool_code_id IS NULL)", name="of_a_pool"),
        sa.Index("ix_reconciled_codes_reconciliation_id", "reconciliation_id", "what"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"))
    reconciliation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("reconciliations.id"))
    pool_code_id: Mapped[UUID | None]  # no foreign key: a pool can be emptied
    code_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("promo_codes.id"))
    what: Mapped[str]
    tickets: Mapped[int]
    by_reader: Mapped[int]
    arrived: Mapped[int]
