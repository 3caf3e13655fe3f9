"""What belongs to the installation as a whole."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id


class Installation(Base):
    """One row. With another reader key nobody's second pass would be noticed, so the first key's mark is kept."""

    __tablename__ = "installation"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reader_key_mark: Mapped[str]
    created_at: Mapped[datetime]


class IdempotencyRecord(Base):
    """The answer to a keyed request, stored in the transaction of its effect."""

    __tablename__ = "idempotency_records"
    __table_args__ = (sa.UniqueConstraint("principal", "key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    principal: Mapped[str]  # whose key it is: token, person, or the address a stranger asks from
    key: Mapped[str]
    fingerprint: Mapped[str]  # SHA-256 of method, path and body
    status: Mapped[int]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)


class RateLimit(Base):
    """One counter, whose window begins with the first it counts. What that is, is named by a keyed hash."""

    __tablename__ = "rate_limits"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    window: Mapped[int] = mapped_column("window_seconds", primary_key=True, autoincrement=False)
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)
