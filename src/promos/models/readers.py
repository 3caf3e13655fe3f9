"""Readers: where their addresses and proved names stand, and what they agreed to share."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id


class Reader(Base):
    """One address somebody typed. Two addresses of one person share their `reader_key`."""

    __tablename__ = "readers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reader_key: Mapped[str] = mapped_column(index=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    company: Mapped[str | None]  # only while some partner may see it
    language: Mapped[str]
    created_at: Mapped[datetime]


class Consent(Base):
    """A reader agreed that this partner sees this one field."""

    __tablename__ = "consents"
    __table_args__ = (
        sa.CheckConstraint("field IN ('email', 'name', 'company')", name="field"),
        sa.Index(
            "uq_consents_standing",
            "partner_id",
            "reader_id",
            "field",
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    reader_id: Mapped[UUID] = mapped_column(sa.ForeignKey("readers.id"), index=True)
    claim_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("claims.id"))  # the proof: where it was given
    field: Mapped[str]
    wording: Mapped[str]  # SHA-256 of the sentence the reader agreed to
    language: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
