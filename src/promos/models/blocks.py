"""An offer's place in an issue, and what partner and editor each declare was exchanged for it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.models.issues import Issue
from promos.rules.people import Actor, Role


class PromoBlock(Base):
    """Never deleted: visits and claims point to it. Removed from its issue, it is no longer shown."""

    __tablename__ = "promo_blocks"
    __table_args__ = (
        sa.Index(
            "uq_promo_blocks_code",
            "issue_id",
            "code_id",
            unique=True,
            sqlite_where=sa.text("removed_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    issue_id: Mapped[UUID] = mapped_column(sa.ForeignKey("issues.id"), index=True)
    publication_id: Mapped[UUID] = mapped_column(sa.ForeignKey("publications.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), index=True)
    offer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("offers.id"), index=True)
    code_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_codes.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    heading: Mapped[str]
    body: Mapped[str]  # Markdown, of which little is kept
    call_to_action: Mapped[str]
    label: Mapped[str | None]  # the words that its editor chose, as long as they are allowed; None: Promos chooses
    after: Mapped[str | None] = mapped_column("after_segment")  # segment id; None: before the first
    replaces: Mapped[list[str]]  # segment ids that it stands in place of
    approved_hash: Mapped[str | None]  # of what readers are told, as the partner read it
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins, the publication's editors, and the partner whose offer it shows."""
        if actor.is_admin:
            seen: sa.ColumnElement[bool] = sa.true()
        else:
            seen = sa.or_(
                cls.publication_id.in_(actor.publications), cls.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER))
            )
        return seen if actor.event_ids is None else sa.and_(seen, cls.event_id.in_(actor.event_ids))

    @classmethod
    def edited_by(cls, actor: Actor) -> sa.ColumnElement[bool]:
        return cls.issue_id.in_(sa.select(Issue.id).where(Issue.visible_to(actor)))


class Declaration(Base):
    """One party's account of one block's exchange. The latest one counts; the journal keeps those before."""

    __tablename__ = "declarations"
    __table_args__ = (
        sa.CheckConstraint("party IN ('partner', 'editor')", name="party"),
        sa.UniqueConstraint("block_id", "party"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), index=True)
    block_id: Mapped[UUID] = mapped_column(sa.ForeignKey("promo_blocks.id"))
    party: Mapped[str]
    kinds: Mapped[list[str]]
    benefits: Mapped[list[Any]]
    editorial_control: Mapped[str]
    obligation: Mapped[str]
    contract: Mapped[str] = mapped_column(default="", server_default="")
    declared_by: Mapped[UUID | None]
    declared_at: Mapped[datetime]
