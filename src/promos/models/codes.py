"""The words that open an offer: public ones made by hand, secret ones made by the thousand."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id, where_there
from promos.models.offers import Offer
from promos.rules.people import Actor


class PromoCode(Base):
    """A public word such as FREEAGENAI, or one of many secret ones. Unique in the installation, whatever its case."""

    __tablename__ = "promo_codes"
    __table_args__ = (
        sa.CheckConstraint("used >= 0 AND (max_passes IS NULL OR used <= max_passes)", name="within_limit"),
        sa.CheckConstraint("status IN ('active', 'paused', 'revoked')", name="status"),
        sa.CheckConstraint("kind IN ('vanity', 'generated')", name="kind"),
        sa.CheckConstraint("label IN ('awaited', 'seen', 'missed', 'waived')", name="label"),
        sa.CheckConstraint("pauses_at IS NULL OR label = 'missed'", name="pauses_without_label"),
        where_there("promo_codes", "pauses_at"),
        sa.Index(
            "ix_promo_codes_public",  # lists show these one by one, among a million of the others
            "offer_id",
            sqlite_where=sa.text("batch_id IS NULL"),
            postgresql_where=sa.text("batch_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"), index=True)
    kind: Mapped[str] = mapped_column(default="vanity", server_default="vanity")
    batch_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("code_batches.id"), index=True)
    text: Mapped[str] = mapped_column(unique=True)  # as rules.codes.normal writes it; a secret one mended
    spelled: Mapped[str]  # as it is shown
    limit: Mapped[int | None] = mapped_column("max_passes")  # passes; None: only the offer's limit holds
    used: Mapped[int] = mapped_column(default=0)  # always counted
    version: Mapped[int] = mapped_column(default=0)  # +1 with each change of the code and each redemption, no gaps
    status: Mapped[str] = mapped_column(default="active")
    label: Mapped[str | None]  # of its blocks in what was sent, where the code opens with it; None: it does not
    pauses_at: Mapped[datetime | None]  # when the label has been missing too long
    archived_at: Mapped[datetime | None]  # out of the lists since
    created_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Editors see the public words of their offers; secret codes are seen by those who run them."""
        seen = cls.offer_id.in_(sa.select(Offer.id).where(Offer.visible_to(actor)))
        return sa.and_(seen, sa.or_(cls.kind == "vanity", cls.run_by(actor)))

    @classmethod
    def run_by(cls, actor: Actor) -> sa.ColumnElement[bool]:
        return cls.offer_id.in_(sa.select(Offer.id).where(Offer.run_by(actor)))


class CodeBatch(Base):
    """An order for generated codes. `made` moves in the transaction that stores the codes, so any worker can go on."""

    __tablename__ = "code_batches"
    __table_args__ = (
        sa.CheckConstraint("made BETWEEN 0 AND wanted", name="made"),
        sa.CheckConstraint("state IN ('waiting', 'making', 'done', 'stopped')", name="state"),
        sa.CheckConstraint("(state = 'done') = (made = wanted)", name="done_when_made"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"))
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"), index=True)
    pattern: Mapped[str]
    limit: Mapped[int | None] = mapped_column("max_passes")  # of each code; None: only the offer's limit holds
    wanted: Mapped[int]
    made: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default="waiting")
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @classmethod
    def run_by(cls, actor: Actor) -> sa.ColumnElement[bool]:
        return cls.offer_id.in_(sa.select(Offer.id).where(Offer.run_by(actor)))
