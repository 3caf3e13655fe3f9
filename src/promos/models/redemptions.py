"""Claims hold nothing; redemptions count."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.models.offers import Offer
from promos.rules.people import Actor


class Claim(Base):
    """A reader asked, and was sent a mail. Nothing is held before the mailbox is proved."""

    __tablename__ = "claims"
    __table_args__ = (
        sa.CheckConstraint("state IN ('pending', 'proven', 'refused', 'superseded')", name="state"),
        sa.CheckConstraint("(state = 'proven') = (redemption_id IS NOT NULL)", name="proven_has_redemption"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"))
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"), index=True)
    code_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_codes.id"), index=True)
    block_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("promo_blocks.id"), index=True)
    reader_id: Mapped[UUID] = mapped_column(sa.ForeignKey("readers.id"), index=True)
    reader_key: Mapped[str] = mapped_column(index=True)
    state: Mapped[str]
    refusal: Mapped[str | None]  # slug of the last "no"; a refused claim may ask again until it expires
    token_hash: Mapped[str] = mapped_column(unique=True)
    shares: Mapped[list[str]]  # fields the reader agreed to show to the partner; effective once proven
    language: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    redemption_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("redemptions.id", use_alter=True, name="fk_claims_redemption_id")
    )


class Redemption(Base):
    """A claim granted. Live while confirmed: one a reader and event, whatever the offer."""

    __tablename__ = "redemptions"
    __table_args__ = (
        sa.CheckConstraint("state IN ('confirmed', 'cancelled')", name="state"),
        sa.CheckConstraint("state <> 'confirmed' OR counted", name="live_is_counted"),
        sa.Index(
            "uq_redemptions_live_reader",
            "event_id",
            "reader_key",
            unique=True,
            sqlite_where=sa.text("state = 'confirmed'"),
            postgresql_where=sa.text("state = 'confirmed'"),
        ),
        sa.UniqueConstraint("code_id", "version"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"))
    pass_type_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pass_types.id"), index=True)
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"), index=True)
    code_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_codes.id"), index=True)
    block_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("promo_blocks.id"), index=True)
    claim_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("claims.id"), index=True)
    token_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("tokens.id"))  # which token vouched for the reader
    reader_id: Mapped[UUID] = mapped_column(sa.ForeignKey("readers.id"), index=True)
    reader_key: Mapped[str]
    state: Mapped[str]
    counted: Mapped[bool]  # whether it stands in `used`: while live, and after, if the offer keeps cancelled uses
    version: Mapped[int]  # of the code, as this redemption made it
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins see all, owners and members their own; editors see no readers."""
        return cls.offer_id.in_(sa.select(Offer.id).where(Offer.run_by(actor)))
