"""Mails owed: written with what they tell of, sent by the worker, settled by what came of each."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id, where_there

IS_PENDING = sa.text("deliveries.state = 'pending'")  # written out, as its index is


class Delivery(Base):
    """Holds ids only: address, link and words are put together when it is sent."""

    __tablename__ = "deliveries"
    __table_args__ = (
        sa.CheckConstraint("state IN ('pending', 'sent', 'dead')", name="state"),
        sa.CheckConstraint(
            "kind IN ('claim', 'pass', 'given_back', 'handed_on', 'place', 'declined', 'sign_in', 'label_gone',"
            " 'endpoint_disabled', 'shop_troubled', 'notice', 'wish', 'wish_settled', 'account', 'invitation',"
            " 'moved', 'called_off', 'line_closed', 'report')",
            name="kind",
        ),
        sa.Index(
            "ix_deliveries_due",
            "due_at",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
        *(where_there("deliveries", column) for column in ("claim_id", "pass_id", "sign_in_link_id", "invitation_id")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)  # the Message-ID's left part, the same each try
    kind: Mapped[str]
    claim_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("claims.id"))
    pass_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("passes.id"))
    sign_in_link_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("sign_in_links.id"))
    invitation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("invitations.id"))
    observation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("observations.id"))
    entry_id: Mapped[UUID | None]  # of the journal, which outlives what it tells of
    endpoint_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("endpoints.id"))
    move_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("moves.id"))
    wish_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("wishes.id"))
    shop_id: Mapped[UUID | None]  # a shop can be left before it is told of
    report_link_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("report_links.id"))
    person_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))  # of the staff, to whom it goes
    language: Mapped[str]
    state: Mapped[str] = mapped_column(default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    last_answer: Mapped[str | None]  # what the mail server said to the last try, without the address
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
