"""The ticket shop that a partner sells an event with, the offers whose codes it has, and what became of each code."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.rules.people import Actor, Role


class Shop(Base):
    """One for each event. Its token is sealed: whoever reads the database alone cannot use it."""

    __tablename__ = "shops"
    __table_args__ = (sa.CheckConstraint("kind IN ('pretix')", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), unique=True)
    kind: Mapped[str]
    base_url: Mapped[str]
    organizer: Mapped[str]
    slug: Mapped[str]  # of the event there
    name: Mapped[str]  # of the event there
    currency: Mapped[str]
    public_url: Mapped[str | None]
    sealed_token: Mapped[str]
    hook_id: Mapped[UUID]  # the secret of the address that the shop calls is made of it
    hook_hash: Mapped[str] = mapped_column(unique=True)
    trouble: Mapped[str | None]  # slug of what the last reading ended in, if that was no success
    troubled_since: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # when the owners were told of this trouble
    sync_at: Mapped[datetime] = mapped_column(index=True)  # when it is read next
    began_at: Mapped[datetime | None]  # the last reading
    leased_until: Mapped[datetime | None]
    synced_at: Mapped[datetime | None]  # all of it was read then
    orders_since: Mapped[datetime | None]  # the newest change that was read
    check_ins_since: Mapped[datetime | None]
    connected_by: Mapped[UUID | None]
    connected_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins, and the owners and members of its partner; nobody sees the token."""
        seen = sa.true() if actor.is_admin else cls.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER))
        return seen if actor.event_ids is None else sa.and_(seen, cls.event_id.in_(actor.event_ids))


class Supply(Base):
    """An offer whose pool is filled from the shop: with codes that we make there, or with those of a tag."""

    __tablename__ = "supplies"
    __table_args__ = (sa.CheckConstraint("most > 0", name="most"),)

    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(sa.ForeignKey("shops.id"), index=True)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"))
    makes: Mapped[bool]  # else what stands under the tag is taken in
    tag: Mapped[str]
    item: Mapped[int | None] = mapped_column(sa.BigInteger)
    variation: Mapped[int | None] = mapped_column(sa.BigInteger)
    blocks_quota: Mapped[bool]
    most: Mapped[int | None]  # codes; None: as many as the offer's limit
    size: Mapped[int | None]  # of the tightest quota there, as it was last read; None: without bound
    left: Mapped[int | None]  # of it
    skipped: Mapped[int] = mapped_column(default=0, server_default="0")  # codes of the tag that are of no use to us
    trouble: Mapped[str | None]  # why no more codes can be made


class ShopCode(Base):
    """A code of ours in the shop. *Wanted*: chosen and not known to be there; *there*; *gone*: deleted there.

    Its text is sealed and only kept until it is there: then the pool has it.
    """

    __tablename__ = "shop_codes"
    __table_args__ = (
        sa.CheckConstraint("state IN ('wanted', 'there', 'gone')", name="state"),
        sa.CheckConstraint("(state = 'wanted') = (sealed IS NOT NULL)", name="sealed_while_wanted"),
        sa.CheckConstraint("(state = 'wanted') = (voucher IS NULL)", name="there_by_number"),
        sa.CheckConstraint("redeemed >= 0", name="redeemed"),
        sa.UniqueConstraint("shop_id", "mark"),
        sa.Index("ix_shop_codes_shop_id_voucher", "shop_id", "voucher"),
        sa.Index("ix_shop_codes_offer_id", "offer_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[UUID] = mapped_column(sa.ForeignKey("shops.id"))
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"))
    event_id: Mapped[UUID]  # with `mark`, how the pool's row is found
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"))
    mark: Mapped[str]
    sealed: Mapped[str | None]
    state: Mapped[str]
    voucher: Mapped[int | None] = mapped_column(sa.BigInteger)  # its number there
    redeemed: Mapped[int] = mapped_column(default=0, server_default="0")  # orders in which it stands
    position: Mapped[int | None] = mapped_column(sa.BigInteger)  # of the order that used it last
    cancelled_at: Mapped[datetime | None]  # read then: that order was cancelled
    used_at: Mapped[datetime | None]  # first read then as used
    arrived_at: Mapped[datetime | None]  # the first scan there that let somebody in
