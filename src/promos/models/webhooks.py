"""Where a partner's programs are told of what happens, and what they were told.

Nothing of a secret is stored but its hash: it is made again from the installation's key, and from that alone.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id, where_there
from promos.rules.people import Actor, Role

IS_PENDING = sa.text("messages.state = 'pending'")  # written out, as its index is


class Endpoint(Base):
    __tablename__ = "endpoints"
    __table_args__ = (sa.CheckConstraint("state IN ('active', 'disabled', 'removed')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    url: Mapped[str]
    description: Mapped[str]
    types: Mapped[list[str]]  # of `rules.webhooks.TYPES`
    state: Mapped[str] = mapped_column(default="active")
    why: Mapped[str | None]  # it is disabled: asked | gone | failing | secret_lost
    failing_since: Mapped[datetime | None]  # its last answers were none, or no success
    rests_until: Mapped[datetime | None]  # it asked for time, or did not answer
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins, and the owners of its partner. Who is limited to events sees none: it tells of all of them."""
        if actor.event_ids is not None:
            return sa.false()
        mine = sa.true() if actor.is_admin else cls.partner_id.in_(actor.partners(Role.OWNER))
        return sa.and_(mine, cls.state != "removed")


class EndpointSecret(Base):
    """One that signs: the newest, and those before it until their time is over."""

    __tablename__ = "endpoint_secrets"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    endpoint_id: Mapped[UUID] = mapped_column(sa.ForeignKey("endpoints.id"), index=True)
    secret_hash: Mapped[str]
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class Message(Base):
    """What one endpoint is told of one thing that happened; `body` is the same at every try."""

    __tablename__ = "messages"
    __table_args__ = (
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name="state"),
        sa.Index(
            "ix_messages_due",
            "endpoint_id",
            "due_at",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
        sa.Index("ix_messages_of_endpoint", "endpoint_id", "id"),
        where_there("messages", "settled_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)  # webhook-id
    endpoint_id: Mapped[UUID] = mapped_column(sa.ForeignKey("endpoints.id"))
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"))
    type: Mapped[str]
    body: Mapped[str]  # JSON
    state: Mapped[str] = mapped_column(default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class Attempt(Base):
    """One try to tell an endpoint something."""

    __tablename__ = "attempts"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[UUID] = mapped_column(sa.ForeignKey("messages.id"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]  # none: there was no answer
    said: Mapped[str]  # the beginning of the answer
    seconds: Mapped[float]
