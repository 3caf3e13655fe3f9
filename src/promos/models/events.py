"""What is promoted, and what one gets in with."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id, where_there
from promos.rules.people import Actor, Role


class Event(Base):
    __tablename__ = "events"
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.CheckConstraint("used >= 0 AND (capacity IS NULL OR used <= capacity)", name="within_capacity"),
        where_there("events", "previous_event_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    edition: Mapped[str | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    timezone: Mapped[str]  # IANA; every time a reader sees is in it
    venue: Mapped[str]
    city: Mapped[str]
    country: Mapped[str]  # ISO 3166-1 alpha-2
    url: Mapped[str]
    highlights: Mapped[list[str]]
    asks_name: Mapped[bool]  # whether a pass needs the reader's name
    asks_company: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # who likes may show theirs
    capacity: Mapped[int | None]  # passes of all its types; None: as many as these allow
    used: Mapped[int] = mapped_column(default=0, server_default="0")  # counted only while there is a capacity
    previous_event_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("events.id"))  # the edition before this one
    sequence: Mapped[int] = mapped_column(default=0, server_default="0")  # of its calendar entry: +1 with each move
    cancelled_at: Mapped[datetime | None]  # its codes give nothing more since
    archived_at: Mapped[datetime | None]  # out of the lists since
    created_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins see all; partners' people their own, within the events a token or door is limited to; editors those
        of offers that name their publication."""
        from promos.models.offers import Offer

        if actor.is_admin:
            seen: sa.ColumnElement[bool] = sa.true()
        else:
            placed = sa.select(Offer.event_id).where(Offer.placeable_by(actor))
            partners = actor.partners(Role.OWNER, Role.MEMBER, Role.DOOR)
            seen = sa.or_(cls.partner_id.in_(partners), cls.id.in_(placed))
        return seen if actor.event_ids is None else sa.and_(seen, cls.id.in_(actor.event_ids))

    @classmethod
    def run_by(cls, actor: Actor, *roles: Role) -> sa.ColumnElement[bool]:
        """Those whose partner this actor works for in one of `roles` (default: owner, member)."""
        run = sa.true() if actor.is_admin else cls.partner_id.in_(actor.partners(*(roles or (Role.OWNER, Role.MEMBER))))
        return run if actor.event_ids is None else sa.and_(run, cls.id.in_(actor.event_ids))


class EventSource(Base):
    """The UID of an event in a partner's own calendar or list: brought again, it changes this event."""

    __tablename__ = "event_sources"

    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), primary_key=True)
    uid: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)


class PassType(Base):
    __tablename__ = "pass_types"
    __table_args__ = (
        sa.CheckConstraint("used >= 0 AND (capacity IS NULL OR used <= capacity)", name="within_capacity"),
        sa.CheckConstraint("face_value >= 0", name="face_value"),
        sa.CheckConstraint("vat IN ('included', 'excluded', 'unknown')", name="vat"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)
    name: Mapped[str]
    face_value: Mapped[int] = mapped_column(sa.BigInteger)  # minor units
    currency: Mapped[str]  # ISO 4217
    vat: Mapped[str]
    vat_rate: Mapped[Decimal | None] = mapped_column(sa.Numeric(5, 2))  # percent
    capacity: Mapped[int | None]  # passes; None: as many as the offers allow
    used: Mapped[int] = mapped_column(default=0)  # counted only while there is a capacity
    archived_at: Mapped[datetime | None]  # out of the lists since
    created_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        return cls.event_id.in_(sa.select(Event.id).where(Event.visible_to(actor)))


def money(kind: PassType) -> dict[str, Any]:
    """A pass type's face value as the API writes it."""
    from promos.rules.money import major

    return {
        "amount": major(kind.face_value, kind.currency),
        "currency": kind.currency,
        "vat": kind.vat,
        "vat_rate": None if kind.vat_rate is None else f"{kind.vat_rate:.2f}",
    }
