"""The codes of a partner's own ticket shop, to be handed out by us, each to one reader."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.models.offers import Offer
from promos.rules.people import Actor

FREE = "state = 'free'"
TAKEN = "redemption_id IS NOT NULL"

# Written out, as the condition of the index is: a plan made for any value could not use it.
IS_FREE = sa.text("pool_codes.state = 'free'")


class PoolCode(Base):
    """One code of the shop. Its text is sealed: whoever reads the database alone cannot use it.

    *Free*, *reserved* for a hold, *given* to a reader, *burnt*: it was shown, and its pass has ended or gone on to
    somebody else, or *spent*: the shop says that somebody used it whom we never gave it. What is burnt keeps its
    redemption, so that a use in the shop can still be told whose it was, unless that goes on with another code. The
    offer's `pooled` counts all of its codes, `pool_used` those that are not
    free; its row is locked before any of them.
    """

    __tablename__ = "pool_codes"
    __table_args__ = (
        sa.CheckConstraint("state IN ('free', 'reserved', 'given', 'burnt', 'spent')", name="state"),
        sa.CheckConstraint(
            "state = 'burnt' OR (state IN ('free', 'spent')) = (redemption_id IS NULL)", name="taken_by_one"
        ),
        sa.UniqueConstraint("event_id", "mark"),
        sa.Index("ix_pool_codes_offer_id_id", "offer_id", "id"),
        sa.Index("ix_pool_codes_free", "offer_id", "id", sqlite_where=sa.text(FREE), postgresql_where=sa.text(FREE)),
        sa.Index(
            "uq_pool_codes_redemption_id",
            "redemption_id",
            unique=True,
            sqlite_where=sa.text(TAKEN),
            postgresql_where=sa.text(TAKEN),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)  # in the order in which they are given
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"))
    event_id: Mapped[UUID]  # the offer's, copied: one ticket shop has one code of a text
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"))
    mark: Mapped[str]  # keyed hash of rules.pools.compared
    sealed: Mapped[str]
    state: Mapped[str] = mapped_column(default="free")
    redemption_id: Mapped[UUID | None]  # no foreign key: written in the transaction of the redemption itself
    taken_at: Mapped[datetime | None]  # when it was reserved or given
    created_at: Mapped[datetime]

    @classmethod
    def run_by(cls, actor: Actor) -> sa.ColumnElement[bool]:
        return cls.offer_id.in_(sa.select(Offer.id).where(Offer.run_by(actor)))
