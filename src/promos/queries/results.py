"""What came of an offer: the running tally, and who redeemed, as far as each reader agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from promos.models import (
    CheckIn,
    Claim,
    CodeBatch,
    Consent,
    Event,
    Offer,
    Pass,
    PassType,
    PromoCode,
    Reader,
    Redemption,
)
from promos.models.redemptions import IS_HELD, IS_WAITING
from promos.queries import catalogue, pages
from promos.queries import codes as code_queries
from promos.queries.catalogue import Listing
from promos.queries.codes import Standing
from promos.queries.pages import Sorted
from promos.rules import benefits, pseudonyms
from promos.rules.benefits import Benefit, Price
from promos.rules.finding import AS_IT_STANDS, Asked
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
    `waiting`: readers in line.
    """

    offer: Offer
    pass_type: PassType
    event: Event
    codes: list[Listing]
    public: int
    batches: list[Standing]
    used: int
    waiting: int

    @property
    def price(self) -> Price:
        terms = Benefit(self.offer.benefit, self.offer.percent, self.offer.amount)
        return benefits.price(terms, self.pass_type.face_value, self.pass_type.currency)

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
    """One redemption as its partner may see it. `email`, `name` and `company` only where this reader agreed."""

    id: UUID
    event_id: UUID
    offer_id: UUID
    code: str
    state: str
    version: int
    held_for: str | None  # shop | review | place
    expires_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    pass_number: str | None
    pass_state: str | None
    reader: str  # pseudonym
    email: str | None
    name: str | None
    company: str | None
    shared_since: datetime | None
    arrived_at: datetime | None


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
    in_line = sa.select(Claim.offer_id, sa.func.count().label("number")).where(Claim.offer_id.in_(ids), IS_WAITING)
    waiting = {row.offer_id: row.number for row in await session.execute(in_line.group_by(Claim.offer_id))}
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
                waiting=waiting.get(offer.id, 0),
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
    held_for: str | None = None,
    agreed: bool = False,
    asked: Asked = AS_IT_STANDS,
) -> tuple[list[Line], str | None]:
    """A page of the redemptions that `by` may see, by default the oldest first; raises `InvalidRequest` for a filter
    without sense."""
    statement = SHARED.where(Redemption.visible_to(by))
    statement = statement.where(*chosen(event_id=event_id, offer_id=offer_id, code=code, state=state))
    if redemption_id is not None:
        statement = statement.where(Redemption.id == redemption_id)
    if held_for is not None:
        statement = statement.where(IS_HELD, Redemption.held_for == held_for)
    if agreed:
        statement = statement.where(AGREED)
    rows, following = await pages.listed(session, statement, SORTED, asked)
    return await lines(session, rows), following


@dataclass(frozen=True, slots=True)
class Agreeing:
    """How many redemptions live, and how many of their readers show something."""

    redemptions: int
    agreed: int


async def agreed(session: AsyncSession, *, by: Actor) -> Agreeing:
    live = SHARED.where(Redemption.visible_to(by), Redemption.state.in_(("held", "confirmed")))
    counted = live.with_only_columns(
        sa.func.count(), sa.func.count().filter(AGREED), maintain_column_froms=True
    ).order_by(None)
    row = (await session.execute(counted)).one()
    return Agreeing(row[0], row[1])


def chosen(
    *, event_id: UUID | None = None, offer_id: UUID | None = None, code: str | None = None, state: str | None = None
) -> list[sa.ColumnElement[bool]]:
    """The redemptions that a filter names; raises `InvalidRequest` for one without sense."""
    wanted = [(Redemption.event_id, event_id), (Redemption.offer_id, offer_id), (Redemption.state, state)]
    if state is not None and state not in STATES:
        raise InvalidRequest({"state": N_("This is not one of the possible choices.")})
    found = [column == value for column, value in wanted if value is not None]
    return found if code is None else [*found, meant(code)]


async def lines(session: AsyncSession, rows: Sequence[Any]) -> list[Line]:
    """What `SHARED` selects, with the newest pass of each."""
    ids = [row.id for row in rows]
    passes, arrived, since = await _passes(session, ids), await _arrivals(session, ids), await _since(session, ids)
    return [_line(row, passes.get(row.id), since.get(row.id), arrived.get(row.id)) for row in rows]


async def to_decide(session: AsyncSession, event_id: UUID, *, by: Actor) -> int:
    """How many readers wait for the partner's yes or no."""
    held = (Redemption.event_id == event_id, IS_HELD, Redemption.held_for == "review", Redemption.visible_to(by))
    return await session.scalar(sa.select(sa.func.count()).select_from(Redemption).where(*held)) or 0


_EMAIL, _NAME, _COMPANY = aliased(Consent), aliased(Consent), aliased(Consent)


_MAIL, _CALLED = sa.case((_EMAIL.id.is_not(None), Reader.email)), sa.case((_NAME.id.is_not(None), Reader.name))
_WORKS = sa.case((_COMPANY.id.is_not(None), Reader.company))
AGREED = sa.or_(_EMAIL.id.is_not(None), _NAME.id.is_not(None), _COMPANY.id.is_not(None))
SORTED = Sorted(
    Redemption.id,
    {"code": PromoCode.text, "state": Redemption.state},
    (PromoCode.text, PromoCode.spelled, *(sa.func.coalesce(each, "") for each in (_MAIL, _CALLED, _WORKS))),
)


def _standing(consent: Any, field: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        consent.partner_id == Redemption.partner_id,
        consent.reader_id == Redemption.reader_id,
        consent.field == field,
        consent.withdrawn_at.is_(None),
    )


# An address leaves the database only where its reader agreed.
SHARED: sa.Select[*tuple[Any, ...]] = (
    sa.select(
        Redemption.id,
        Redemption.partner_id,
        Redemption.event_id,
        Redemption.offer_id,
        Redemption.reader_id,
        PromoCode.spelled,
        Redemption.state,
        Redemption.version,
        Redemption.held_for,
        Redemption.expires_at,
        Redemption.created_at,
        Redemption.ended_at,
        _MAIL.label("email"),
        _CALLED.label("name"),
        _WORKS.label("company"),
    )
    .join(PromoCode, Redemption.code_id == PromoCode.id)
    .join(Reader, Redemption.reader_id == Reader.id)
    .outerjoin(_EMAIL, _standing(_EMAIL, "email"))
    .outerjoin(_NAME, _standing(_NAME, "name"))
    .outerjoin(_COMPANY, _standing(_COMPANY, "company"))
)


def meant(code: str) -> sa.ColumnElement[bool]:
    """The code that a filter names."""
    try:
        return code_queries.meant(code)
    except CodeMalformed:
        return sa.false()  # no code reads like that, so there is nothing to list


async def _passes(session: AsyncSession, ids: list[UUID]) -> dict[UUID, Pass]:
    """The newest pass of each redemption."""
    rows = await session.scalars(sa.select(Pass).where(Pass.redemption_id.in_(ids)).order_by(Pass.id))
    return {row.redemption_id: row for row in rows}


async def _arrivals(session: AsyncSession, ids: list[UUID]) -> dict[UUID, datetime]:
    """When a pass of each redemption went in first."""
    inside = sa.and_(CheckIn.result == "admitted", CheckIn.undone_at.is_(None))
    rows = await session.execute(
        sa.select(Pass.redemption_id, sa.func.min(CheckIn.at).label("at"))
        .join(CheckIn, CheckIn.pass_id == Pass.id)
        .where(Pass.redemption_id.in_(ids), inside)
        .group_by(Pass.redemption_id)
    )
    return {row.redemption_id: row.at for row in rows}


async def _since(session: AsyncSession, ids: list[UUID]) -> dict[UUID, datetime]:
    """Since when the reader of each redemption shows something."""
    whose = sa.and_(Consent.partner_id == Redemption.partner_id, Consent.reader_id == Redemption.reader_id)
    rows = await session.execute(
        sa.select(Redemption.id, sa.func.min(Consent.given_at).label("at"))
        .join(Consent, whose)
        .where(Redemption.id.in_(ids), Consent.withdrawn_at.is_(None))
        .group_by(Redemption.id)
    )
    return {row.id: row.at for row in rows}


def _line(row: Any, held: Pass | None, since: datetime | None, arrived: datetime | None) -> Line:
    return Line(
        id=row.id,
        event_id=row.event_id,
        offer_id=row.offer_id,
        code=row.spelled,
        state=row.state,
        version=row.version,
        held_for=row.held_for,
        expires_at=row.expires_at,
        created_at=row.created_at,
        ended_at=row.ended_at,
        pass_number=pseudonyms.pass_number(held.id) if held else None,
        pass_state=held.state if held else None,
        reader=pseudonyms.reader(row.partner_id, row.reader_id),
        email=row.email,
        name=row.name,
        company=row.company,
        shared_since=since,
        arrived_at=arrived,
    )
