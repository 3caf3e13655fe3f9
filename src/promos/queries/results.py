"""What came of an offer: the running tally, and who redeemed, as far as each reader agreed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from promos.models import CodeBatch, Consent, Event, Offer, Pass, PassType, PromoCode, Reader, Redemption
from promos.queries import catalogue, pages
from promos.queries import codes as code_queries
from promos.queries.catalogue import Listing
from promos.queries.codes import Standing
from promos.rules import pseudonyms
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.redemption import Tally
from promos.rules.refusals import CodeMalformed, InvalidRequest

MOST_CODES = 50  # public words of an offer that a page shows
STATES = ("held", "confirmed", "cancelled", "expired")


@dataclass(frozen=True, slots=True)
class OfferTally:
    """An offer as it stands now. `used` counts what its codes gave, whether or not the offer has a limit.

    `codes`: its public words, the first `MOST_CODES` of `public`. `batches`: its secret codes, by the order or list.
    """

    offer: Offer
    pass_type: PassType
    event: Event
    codes: list[Listing]
    public: int
    batches: list[Standing]
    used: int

    @property
    def left(self) -> int | None:
        """By the offer's limit and the pass type's capacity, whichever is nearer; `None` without either."""
        tallies = (
            Tally(self.event.id, self.event.capacity, self.event.used),
            Tally(self.pass_type.id, self.pass_type.capacity, self.pass_type.used),
            Tally(self.offer.id, self.offer.limit, self.offer.used),
        )
        return min((tally.left for tally in tallies if tally.left is not None), default=None)


@dataclass(frozen=True, slots=True)
class Line:
    """One redemption as its partner may see it. `email` and `name` only where this reader agreed to share them."""

    id: UUID
    event_id: UUID
    offer_id: UUID
    code: str
    state: str
    version: int
    created_at: datetime
    ended_at: datetime | None
    pass_number: str | None
    pass_state: str | None
    reader: str  # pseudonym
    email: str | None
    name: str | None


async def tally(session: AsyncSession, *, by: Actor, event_id: UUID | None = None) -> list[OfferTally]:
    """The offers that `by` runs, of one event or of all, with their codes; oldest first."""
    offers = (
        sa.select(Offer, PassType, Event)
        .join(PassType, Offer.pass_type_id == PassType.id)
        .join(Event, Offer.event_id == Event.id)
        .where(Offer.run_by(by))
        .order_by(Offer.id)
    )
    if event_id is not None:
        offers = offers.where(Offer.event_id == event_id)
    rows = (await session.execute(offers)).all()
    ids = [offer.id for offer, *_ in rows]
    listings = await catalogue.listings(session, await code_queries.public_ids(session, ids, most=MOST_CODES))
    public = await code_queries.public(session, ids)
    ordered = sa.select(CodeBatch).where(CodeBatch.offer_id.in_(ids)).order_by(CodeBatch.id.desc())
    batches = await code_queries.standings(session, list(await session.scalars(ordered)))
    found = []
    for offer, pass_type, event in rows:
        number, used = public.get(offer.id, (0, 0))
        its_own = [each for each in batches if each.batch.offer_id == offer.id]
        found.append(
            OfferTally(
                offer,
                pass_type,
                event,
                codes=[each for each in listings if each.offer.id == offer.id],
                public=number,
                batches=its_own,
                used=used + sum(each.used for each in its_own),
            )
        )
    return found


async def redemptions(
    session: AsyncSession,
    *,
    by: Actor,
    redemption_id: UUID | None = None,
    event_id: UUID | None = None,
    offer_id: UUID | None = None,
    code: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    size: int = 50,
) -> tuple[list[Line], str | None]:
    """A page of the redemptions that `by` may see, oldest first; raises `InvalidRequest` for a filter without sense."""
    statement = _SHARED.where(Redemption.visible_to(by))
    if redemption_id is not None:
        statement = statement.where(Redemption.id == redemption_id)
    if event_id is not None:
        statement = statement.where(Redemption.event_id == event_id)
    if offer_id is not None:
        statement = statement.where(Redemption.offer_id == offer_id)
    if code is not None:
        statement = statement.where(_meant(code))
    if state is not None:
        if state not in STATES:
            raise InvalidRequest({"state": N_("This is not one of the possible choices.")})
        statement = statement.where(Redemption.state == state)
    rows, following = await pages.page(session, statement, Redemption.id, cursor, size)
    passes = await _passes(session, [row.id for row in rows])
    return [_line(row, passes.get(row.id)) for row in rows], following


_EMAIL, _NAME = aliased(Consent), aliased(Consent)


def _standing(consent: Any, field: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        consent.partner_id == Redemption.partner_id,
        consent.reader_id == Redemption.reader_id,
        consent.field == field,
        consent.withdrawn_at.is_(None),
    )


# An address leaves the database only where its reader agreed.
_SHARED = (
    sa.select(
        Redemption.id,
        Redemption.partner_id,
        Redemption.event_id,
        Redemption.offer_id,
        Redemption.reader_id,
        PromoCode.spelled,
        Redemption.state,
        Redemption.version,
        Redemption.created_at,
        Redemption.ended_at,
        sa.case((_EMAIL.id.is_not(None), Reader.email)).label("email"),
        sa.case((_NAME.id.is_not(None), Reader.name)).label("name"),
    )
    .join(PromoCode, Redemption.code_id == PromoCode.id)
    .join(Reader, Redemption.reader_id == Reader.id)
    .outerjoin(_EMAIL, _standing(_EMAIL, "email"))
    .outerjoin(_NAME, _standing(_NAME, "name"))
)


def _meant(code: str) -> sa.ColumnElement[bool]:
    try:
        return code_queries.meant(code)
    except CodeMalformed:
        return sa.false()  # no code reads like that, so there is nothing to list


async def _passes(session: AsyncSession, ids: list[UUID]) -> dict[UUID, Pass]:
    """The newest pass of each redemption."""
    rows = await session.scalars(sa.select(Pass).where(Pass.redemption_id.in_(ids)).order_by(Pass.id))
    return {row.redemption_id: row for row in rows}


def _line(row: Any, held: Pass | None) -> Line:
    return Line(
        id=row.id,
        event_id=row.event_id,
        offer_id=row.offer_id,
        code=row.spelled,
        state=row.state,
        version=row.version,
        created_at=row.created_at,
        ended_at=row.ended_at,
        pass_number=pseudonyms.pass_number(held.id) if held else None,
        pass_state=held.state if held else None,
        reader=pseudonyms.reader(row.partner_id, row.reader_id),
        email=row.email,
        name=row.name,
    )
