"""Numbers of a publication, and the checks of their disclosure."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id, where_there
from promos.rules.people import Actor


class Issue(Base):
    """Published only with a check of exactly this content that passed; the foreign key says so, not the program."""

    __tablename__ = "issues"
    __table_args__ = (
        sa.UniqueConstraint("publication_id", "number"),
        sa.CheckConstraint("state IN ('draft', 'published')", name="state"),
        sa.CheckConstraint("state <> 'published' OR passed_check_id IS NOT NULL", name="published_is_checked"),
        sa.CheckConstraint("needed_verdict = 'pass'", name="needed_verdict"),
        sa.CheckConstraint("recipients >= 0", name="recipients"),
        where_there("issues", "look_at"),
        sa.ForeignKeyConstraint(
            ["passed_check_id", "id", "content_hash", "needed_verdict"],
            ["issue_checks.id", "issue_checks.issue_id", "issue_checks.content_hash", "issue_checks.verdict"],
            name="fk_issues_passed_check",
            use_alter=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    publication_id: Mapped[UUID] = mapped_column(sa.ForeignKey("publications.id"))
    number: Mapped[str]
    title: Mapped[str]
    language: Mapped[str]
    planned_at: Mapped[datetime]
    segments: Mapped[list[Any]]  # [{"id", "kind", "text", "html"}, …] as rules.issues.Segment
    state: Mapped[str] = mapped_column(default="draft")
    content_hash: Mapped[str]  # of all that its checks judge: segments, blocks, declarations, advertisers, terms
    needed_verdict: Mapped[str] = mapped_column(default="pass", server_default="pass")
    passed_check_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    recipients: Mapped[int | None]  # to how many people it went, as its editor told; None: unknown
    draft_id: Mapped[str | None]  # in the newsletter tool where it stands, as the tool calls it
    draft_address: Mapped[str | None]  # of the same, for a browser
    web_address: Mapped[str | None]  # where it is published for everybody
    look_at: Mapped[datetime | None]  # when it is looked at there again

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins and the publication's editors; partners cannot touch issues."""
        return sa.true() if actor.is_admin else cls.publication_id.in_(actor.publications)


class Override(Base):
    """An error in a block of a draft that may go out on the word of two people, until `ends_at`."""

    __tablename__ = "overrides"
    __table_args__ = (
        sa.CheckConstraint("approved_by <> asked_by", name="two_people"),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_by_somebody"),
        sa.Index(
            "uq_overrides_open",
            "block_id",
            "check_name",
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issue_id: Mapped[UUID] = mapped_column(sa.ForeignKey("issues.id"), index=True)
    block_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_blocks.id"))
    block_version: Mapped[int]  # a block that changed is judged anew
    check: Mapped[str] = mapped_column("check_name")  # POS-1
    reason: Mapped[str]
    asked_by: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    asked_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    approved_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    approved_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class IssueCheck(Base):
    """What the rules said of one content at one time; kept as evidence."""

    __tablename__ = "issue_checks"
    __table_args__ = (
        sa.CheckConstraint("verdict IN ('pass', 'fail', 'cannot_tell')", name="verdict"),
        sa.UniqueConstraint("id", "issue_id", "content_hash", "verdict"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issue_id: Mapped[UUID] = mapped_column(sa.ForeignKey("issues.id"), index=True)
    content_hash: Mapped[str]
    verdict: Mapped[str]  # pass: nothing stops publication
    findings: Mapped[list[Any]]
    judged_on: Mapped[str]  # the day whose rules were asked, ISO 8601
    at: Mapped[datetime]
