"""Append-only history: who did what to which thing, when. Ids only, never an address, and no foreign keys: it outlives
what it tells of."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id, where_there
from promos.rules.people import Actor, Role


class Entry(Base):
    __tablename__ = "journal"
    __table_args__ = (
        sa.UniqueConstraint("code_id", "version"),
        sa.Index("ix_journal_of_partner", "partner_id", "id"),  # a desk reads its newest
        where_there("journal", "publication_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime]
    verb: Mapped[str]  # past tense: code.redeemed
    subject_id: Mapped[UUID] = mapped_column(index=True)
    actor_kind: Mapped[str]  # person | token | reader | program
    actor_id: Mapped[UUID | None]
    partner_id: Mapped[UUID | None]
    publication_id: Mapped[UUID | None]
    event_id: Mapped[UUID | None] = mapped_column(index=True)
    code_id: Mapped[UUID | None]
    version: Mapped[int | None]  # of the code, where this changed it: 1…n without gaps
    facts: Mapped[dict[str, Any]]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins see all; owners and members their partner's; editors their publications'."""
        if actor.is_admin:
            seen: sa.ColumnElement[bool] = sa.true()
        else:
            seen = cls.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER))
            if actor.publications:
                seen = sa.or_(seen, cls.publication_id.in_(actor.publications))
        return seen if actor.event_ids is None else sa.and_(seen, cls.event_id.in_(actor.event_ids))
