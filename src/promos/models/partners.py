"""Organisations that promote events. A disclosure names them, so the legal identity is kept whole."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from promos.models.base import Base, new_id
from promos.rules.people import OF_PARTNERS, Actor


class Partner(Base):
    __tablename__ = "partners"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    legal_name: Mapped[str]
    legal_form: Mapped[str | None]
    register_number: Mapped[str | None]
    address: Mapped[str | None]
    country: Mapped[str]  # ISO 3166-1 alpha-2
    suspended_at: Mapped[datetime | None]  # nothing new is given, and its people only read, since
    suspended_why: Mapped[str | None]
    requires_passkey: Mapped[bool] = mapped_column(default=False)  # of its people, before their roles count
    created_at: Mapped[datetime]

    @property
    def advertiser(self) -> str:
        """The name a disclosure uses: `Generation Events SAS`."""
        form = self.legal_form
        return f"{self.legal_name} {form}" if form and form not in self.legal_name.split() else self.legal_name

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Admins see all, partners' people their own, editors those whose offers name their publication."""
        from promos.models.offers import Offer

        if actor.is_admin:
            return sa.true()
        placed = sa.select(Offer.partner_id).where(Offer.placeable_by(actor))
        return sa.or_(cls.id.in_(actor.partners(*OF_PARTNERS)), cls.id.in_(placed))
