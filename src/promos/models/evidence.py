"""What can be shown later: a chain of entries for each publication, and every look at an issue that went out.

Neither has foreign keys to what it tells of beyond the publication: it outlives that.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id, where_there


class Evidence(Base):
    """One entry of a publication's chain, as `rules.evidence.Entry` has it; the application can only add."""

    __tablename__ = "evidence"
    __table_args__ = (
        sa.CheckConstraint("seq > 0", name="seq"),
        sa.UniqueConstraint("publication_id", "previous"),  # no entry is followed by two
        where_there("evidence", "issue_id"),
    )

    publication_id: Mapped[UUID] = mapped_column(sa.ForeignKey("publications.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    previous: Mapped[str]
    kind: Mapped[str]
    at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
    hash: Mapped[str]
    issue_id: Mapped[UUID | None]


class Observation(Base):
    """One look at one promo block of a published issue; the application can only add."""

    __tablename__ = "observations"
    __table_args__ = (
        sa.CheckConstraint("label IN ('there', 'gone', 'absent', 'cannot_tell')", name="label"),
        sa.CheckConstraint("through IN ('upload', 'tool', 'mailbox', 'address')", name="through"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issue_id: Mapped[UUID] = mapped_column(sa.ForeignKey("issues.id"), index=True)
    block_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_blocks.id"), index=True)
    code_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_codes.id"), index=True)
    at: Mapped[datetime]
    through: Mapped[str]
    label: Mapped[str]  # absent: the block is not in it, so there was nothing to label
    failing: Mapped[list[str]]  # checks
    input_hash: Mapped[str]  # SHA-256 of what was looked at, as it came
