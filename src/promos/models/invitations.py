"""A role that waits for whoever reads a mailbox. It is no role yet: nothing that asks for roles finds it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.models.people import REACH

STANDS = "state IN ('open', 'ended')"  # written out, as its indexes are


def _one(name: str, *columns: str, where: str = "") -> sa.Index:
    stands = sa.text(STANDS + where)
    return sa.Index(name, *columns, unique=True, sqlite_where=stands, postgresql_where=stands)


class Invitation(Base):
    """One that ended stands until it is sent again or withdrawn; the role that comes of it takes its id over.

    As of a sign-in link, only the hash of the secret is here.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        sa.CheckConstraint(REACH, name="reach"),
        sa.CheckConstraint("state IN ('open', 'taken-up', 'withdrawn', 'ended')", name="state"),
        _one("uq_invitations_partner", "person_id", "role", "partner_id"),
        _one("uq_invitations_publication", "person_id", "role", "publication_id"),
        _one("uq_invitations_admin", "person_id", where=" AND role = 'admin'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), index=True)
    role: Mapped[str]
    partner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    publication_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("publications.id"), index=True)
    invited_by: Mapped[UUID | None]  # a person; a program invites in the partner's name
    token_hash: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default="open")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime]  # the last time
    expires_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
