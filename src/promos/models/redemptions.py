"""Claims hold nothing; redemptions count, held or confirmed."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id, where_there
from promos.models.offers import Offer
from promos.rules.people import Actor

CLAIM_STATES = ("pending", "proven", "refused", "superseded", "waiting", "offered", "lapsed", "left")
LIVE = "state IN ('held', 'confirmed')"

# Written out, as the conditions of the indexes are: a plan made for any value could use none of them.
IS_HELD = sa.text("redemptions.state = 'held'")
IS_WAITING = sa.text("claims.state = 'waiting'")


class Claim(Base):
    """A reader asked, and was sent a mail. Nothing is held before the mailbox is proved.

    The waiting list are the claims that wait, in the order of `settled_at`. One of them is *offered* the place of a
    held redemption; *lapsed* when its time went by, *left* when its reader did not want to wait any more. Either
    also when the event was cancelled, as `refusal` says.
    """

    __tablename__ = "claims"
    __table_args__ = (
        sa.Index("ix_claims_offer_id", "offer_id", "code_id", "created_at"),  # a funnel reads nothing else of them
        sa.CheckConstraint(f"state IN {CLAIM_STATES}", name="state"),
        sa.CheckConstraint(
            "(state IN ('proven', 'offered', 'lapsed')) = (redemption_id IS NOT NULL)", name="proven_has_redemption"
        ),
        sa.Index(
            "uq_claims_waiting_reader",
            "offer_id",
            "reader_key",
            unique=True,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
        sa.Index(
            "ix_claims_waiting",
            "offer_id",
            "settled_at",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"))
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"))
    code_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_codes.id"), index=True)
    block_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("promo_blocks.id"), index=True)
    reader_id: Mapped[UUID] = mapped_column(sa.ForeignKey("readers.id"), index=True)
    reader_key: Mapped[str] = mapped_column(index=True)
    name: Mapped[str | None]  # as somebody typed it; the reader's own once the mailbox is proved, and gone from here
    company: Mapped[str | None]  # the same, where the reader agreed that the partner sees it
    pass_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("passes.id", use_alter=True, name="fk_claims_pass_id"), index=True
    )  # the pass that its holder hands on to this reader
    waits: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # for a place, if none is left
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
    """A claim granted, or a place held. Live while held or confirmed: one a reader and event, whatever the offer.

    Offer, pass type, event and partner are the code's, copied: they never change, and a crowd pays for no foreign keys
    that could only say so again.
    """

    __tablename__ = "redemptions"
    __table_args__ = (
        # In the order in which a funnel adds them up, which reads nothing else of them.
        sa.Index(
            "ix_redemptions_offer_id",
            "offer_id",
            "state",
            "code_id",
            "pass_type_id",
            "currency",
            "created_at",
            "reduction",
        ),
        sa.CheckConstraint("state IN ('held', 'confirmed', 'cancelled', 'expired')", name="state"),
        sa.CheckConstraint(f"NOT ({LIVE}) OR counted", name="live_is_counted"),
        sa.CheckConstraint("held_for IN ('shop', 'review', 'place')", name="held_for"),
        sa.CheckConstraint("state <> 'held' OR held_for IS NOT NULL", name="held_for_something"),
        sa.CheckConstraint("reduction BETWEEN 0 AND list_price", name="reduction"),
        sa.Index(
            "uq_redemptions_live_reader",
            "event_id",
            "reader_key",
            unique=True,
            sqlite_where=sa.text(LIVE),
            postgresql_where=sa.text(LIVE),
        ),
        sa.Index(
            "ix_redemptions_expiring",
            "event_id",
            "expires_at",
            sqlite_where=sa.text("state = 'held'"),
            postgresql_where=sa.text("state = 'held'"),
        ),
        sa.UniqueConstraint("code_id", "version"),
        *(where_there("redemptions", column) for column in ("allotment_id", "block_id", "claim_id")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID]
    event_id: Mapped[UUID]
    pass_type_id: Mapped[UUID]
    offer_id: Mapped[UUID]
    code_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_codes.id"))
    allotment_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("allotments.id"))  # the narrowest
    block_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("promo_blocks.id"))
    claim_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("claims.id"))
    token_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("tokens.id"))  # which token vouched for the reader
    reader_id: Mapped[UUID] = mapped_column(sa.ForeignKey("readers.id"), index=True)
    reader_key: Mapped[str]
    state: Mapped[str]
    held_for: Mapped[str | None]  # shop: a partner's checkout; review: the partner's word; place: of the waiting list
    expires_at: Mapped[datetime | None]  # of a hold; None: it ends by a decision only
    list_price: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")  # minor units of `currency`
    reduction: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    currency: Mapped[str] = mapped_column(server_default="EUR")  # ISO 4217
    counted: Mapped[bool]  # whether it stands in `used`: while live, and after, if the offer keeps ended uses
    version: Mapped[int]  # of the code, as this redemption made it
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins see all, owners and members their own; editors see no readers."""
        return cls.offer_id.in_(sa.select(Offer.id).where(Offer.run_by(actor)))
