"""Staff: who they are, what they may do, and how they prove it. Nobody has a password."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id

REACH = (
    "(role = 'admin' AND partner_id IS NULL AND publication_id IS NULL)"
    " OR (role = 'editor' AND partner_id IS NULL AND publication_id IS NOT NULL)"
    " OR (role IN ('owner', 'member', 'door') AND partner_id IS NOT NULL AND publication_id IS NULL)"
)


class Person(Base):
    __tablename__ = "people"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)  # lower case
    name: Mapped[str]
    language: Mapped[str]
    muted: Mapped[list[str]] = mapped_column(default=list)  # of `actions.notices.KINDS`
    created_at: Mapped[datetime]


class StaffRole(Base):
    """What a person may do. Taking it away is deleting the row; the journal remembers."""

    __tablename__ = "roles"
    __table_args__ = (
        sa.CheckConstraint(REACH, name="reach"),
        sa.UniqueConstraint("person_id", "role", "partner_id"),
        sa.UniqueConstraint("person_id", "role", "publication_id"),
        sa.Index(
            "uq_roles_admin",
            "person_id",
            unique=True,
            sqlite_where=sa.text("role = 'admin'"),
            postgresql_where=sa.text("role = 'admin'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    role: Mapped[str]
    partner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    publication_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("publications.id"), index=True)
    created_at: Mapped[datetime]


class SignInLink(Base):
    """One way in, once. The secret itself is made anew from the id when the mail is written; only its hash is here."""

    __tablename__ = "sign_in_links"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    session_id: Mapped[UUID | None]  # the session that it confirms; such a link opens no other, and no new one
    target: Mapped[str | None]  # the page of ours where they were
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Session(Base):
    """A browser that signed in. The cookie's value is hashed; ending a session is deleting the row.

    Of whoever has a passkey, a session is only half one until `second_factor_at`.
    """

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)  # another one each time that it proves itself
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    proved_at: Mapped[datetime]  # when its person last showed who they are
    second_factor_at: Mapped[datetime | None]
    browser: Mapped[str] = mapped_column(default="")  # "Firefox, Linux": by which its person knows it again
    challenge_hash: Mapped[str | None]  # what its passkey has to sign next, and what for; one at a time
    challenge_ends_at: Mapped[datetime | None]


class Token(Base):
    """A program's or a scanner's key to the API: one role, some scopes, perhaps some events, perhaps an end."""

    __tablename__ = "tokens"
    __table_args__ = (sa.CheckConstraint(REACH, name="reach"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    partner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    publication_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("publications.id"), index=True)
    scopes: Mapped[list[str]]
    event_ids: Mapped[list[str] | None] = mapped_column(sa.JSON(none_as_null=True))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
