"""Newsletters of the publisher who runs this installation."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.rules.people import Actor, Role


class Publication(Base):
    __tablename__ = "publications"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str]  # of its issues: en, fr
    timezone: Mapped[str]  # IANA
    audience: Mapped[list[Any]]  # [{"country": "FR", "share": 0.8}, …], the largest share first
    requires_passkey: Mapped[bool] = mapped_column(default=False)  # of its editors, before their roles count
    created_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Everybody who places promos may know which newsletters there are; a door has no use for it."""
        if actor.is_admin or actor.partners(Role.OWNER, Role.MEMBER):
            return sa.true()
        return cls.id.in_(actor.publications)
