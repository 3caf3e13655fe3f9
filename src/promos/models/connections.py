"""How Promos reaches the tool that a newsletter is written and sent with."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base
from promos.rules.people import Actor


class Connection(Base):
    """One for each publication. Its key is sealed: whoever reads the database alone cannot use it."""

    __tablename__ = "connections"

    publication_id: Mapped[UUID] = mapped_column(sa.ForeignKey("publications.id"), primary_key=True)
    kind: Mapped[str]  # as outside.tools.kinds.KINDS names it
    base_url: Mapped[str]  # empty where the tool has one address for all
    user: Mapped[str] = mapped_column("user_name")
    sealed_key: Mapped[str]
    trouble: Mapped[str | None]  # slug of what the tool last answered, if that was no answer
    connected_by: Mapped[UUID | None]
    connected_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins and the publication's editors; nobody sees the key."""
        return sa.true() if actor.is_admin else cls.publication_id.in_(actor.publications)
