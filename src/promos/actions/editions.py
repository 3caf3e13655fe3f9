"""The next edition of an event: proposed from this one, then made in one transaction as it was agreed to.

What was declared is not taken over: a declaration is about one block at one moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NotRequired, TypedDict
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments, codes, events, offers
from promos.database import among_all
from promos.models import Allotment, Event, Offer, PassType, PromoCode, Publication
from promos.models.offers import OfferPublication
from promos.queries.codes import IS_PUBLIC
from promos.rules import codes as spelling
from promos.rules import editions, texts
from promos.rules.events import EVENT
from promos.rules.language import N_
from promos.rules.money import major
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, NotFound

KEPT = ("timezone", "venue", "city", "country", "url", "highlights", "asks_name", "capacity")
WORTH = ("name", "face_value", "currency", "vat", "vat_rate", "capacity")
AT_ONCE = 500  # words asked for in one statement
TERMS = (
    *("name", "benefit", "percent", "proof", "on_cancel", "on_expiry", "review", "waiting_list", "place_hours"),
    *("eligibility", "conditions_url", "fulfilment", "shop_url"),
)


class NextOffer(TypedDict):
    """`codes`: the word that each code of today is to have; those that are not named stay behind."""

    offer_id: UUID
    opens_at: datetime
    ends_at: datetime
    limit: NotRequired[int | None]
    codes: Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An offer of today as it would be then, with its public words. `allotted`: passes set aside of it."""

    offer: Offer
    opens_at: datetime
    ends_at: datetime
    codes: dict[UUID, tuple[str, str]]  # as they are, as they would be


@dataclass(frozen=True, slots=True)
class Edition:
    event: Event
    name: str
    edition: str | None
    starts_at: datetime
    ends_at: datetime
    offers: list[Proposal]


async def proposed(session: AsyncSession, event_id: UUID, *, starts_at: datetime | None = None, by: Actor) -> Edition:
    """The edition after this one, with words for its codes that are free; nothing is stored.

    Without `starts_at`: a year later, on the same day of the week and at the same time of the place.
    """
    event = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.run_by(by)))
    if event is None:
        raise NotFound("event")
    zone = event.timezone
    starts = starts_at or editions.shifted(event.starts_at, zone, timedelta(days=editions.A_YEAR))
    later, length = editions.days(event.starts_at, starts, zone), editions.between(event.starts_at, event.ends_at, zone)
    name, edition = editions.named(event.name, event.edition, starts.year)
    its = sa.select(Offer).where(Offer.event_id == event.id, Offer.archived_at.is_(None)).order_by(Offer.id)
    found = list(await session.scalars(its))
    words = await _words(session, found, event.starts_at.year, starts.year)
    return Edition(
        event,
        name,
        edition,
        starts,
        editions.shifted(starts, zone, length),
        [
            Proposal(
                offer,
                editions.shifted(offer.opens_at, zone, later),
                editions.shifted(offer.ends_at, zone, later),
                words.get(offer.id, {}),
            )
            for offer in found
        ],
    )


async def create(
    session: AsyncSession,
    event_id: UUID,
    *,
    name: str,
    edition: str | None,
    starts_at: datetime,
    ends_at: datetime,
    offers: Sequence[NextOffer],
    allotments: bool = False,
    now: datetime,
    by: Actor,
) -> Event:
    """Make the next edition with its pass types, these offers, and their codes, paused; all or nothing.

    Limits are the same and nothing is used yet. `allotments`: what is set aside for newsletters and codes, too. Raises
    what making each of them raises, such as `CodeTaken`, and `InvalidRequest` for days that are over.
    """
    before = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.run_by(by)))
    if before is None:
        raise NotFound("event")
    if texts.read(EVENT, {"starts_at": starts_at})["starts_at"] <= now:
        raise InvalidRequest({"starts_at": N_("Choose a time to come.")})
    kept: Any = {field: getattr(before, field) for field in KEPT}
    facts: Any = {"name": name, "edition": edition, "starts_at": starts_at, "ends_at": ends_at}
    event = await events.create(session, before.partner_id, **(kept | facts), previous=before.id, now=now, by=by)
    kinds = await _pass_types(session, before, event, now, by)
    later = editions.days(before.starts_at, event.starts_at, event.timezone)
    for wanted in offers:
        old = await session.scalar(sa.select(Offer).where(Offer.id == wanted["offer_id"], Offer.event_id == before.id))
        if old is None or old.pass_type_id not in kinds:
            raise NotFound("offer")
        offer = await _offer(session, old, kinds[old.pass_type_id], wanted, now, by)
        made = await _codes(session, old, offer, wanted["codes"], now, by)
        if allotments and offer.limit is not None:
            await _allotments(session, old, offer, made, later, event.timezone, now, by)
    await session.refresh(event)
    return event


async def _words(
    session: AsyncSession, found: Sequence[Offer], before: int, year: int
) -> dict[UUID, dict[UUID, tuple[str, str]]]:
    """A free word for each public code, by offer."""
    its = sa.select(PromoCode).where(PromoCode.offer_id.in_([offer.id for offer in found]), IS_PUBLIC)
    its = its.where(PromoCode.archived_at.is_(None), PromoCode.status != "revoked").order_by(PromoCode.id)
    proposed = {code: list(editions.texts(code.spelled, before, year)) for code in await session.scalars(its)}
    taken = await _taken(session, sorted({spelling.normal(text) for some in proposed.values() for text in some}))
    words: dict[UUID, dict[UUID, tuple[str, str]]] = {}
    for code, some in proposed.items():
        free = next((text for text in some if spelling.normal(text) not in taken), None)
        if free is not None:
            taken.add(spelling.normal(free))
            words.setdefault(code.offer_id, {})[code.id] = (code.spelled, free)
    return words


async def _taken(session: AsyncSession, words: Sequence[str]) -> set[str]:
    """Those of these words that a code has, whoever's it is."""
    found: set[str] = set()
    async with among_all(session):
        for begin in range(0, len(words), AT_ONCE):
            these = sa.select(PromoCode.text).where(PromoCode.text.in_(words[begin : begin + AT_ONCE]))
            found |= set(await session.scalars(these))
    return found


async def _pass_types(
    session: AsyncSession, before: Event, event: Event, now: datetime, by: Actor
) -> dict[UUID, PassType]:
    """Those of the event before, made again; by what they were."""
    its = sa.select(PassType).where(PassType.event_id == before.id, PassType.archived_at.is_(None))
    made = {}
    for old in list(await session.scalars(its.order_by(PassType.id))):
        worth: Any = {field: getattr(old, field) for field in WORTH}
        made[old.id] = await events.create_pass_type(session, event.id, **worth, now=now, by=by)
    return made


async def _offer(
    session: AsyncSession, old: Offer, kind: PassType, wanted: NextOffer, now: datetime, by: Actor
) -> Offer:
    named = sa.select(OfferPublication.publication_id).where(OfferPublication.offer_id == old.id)
    seen = sa.select(Publication.id).where(Publication.id.in_(named), Publication.visible_to(by))
    in_money = {"amount": old.amount, "budget": old.budget}
    terms: Any = {field: getattr(old, field) for field in TERMS}
    terms |= {name: None if units is None else major(units, kind.currency) for name, units in in_money.items()}
    return await offers.create(
        session,
        kind.event_id,
        kind.id,
        publication_ids=list(await session.scalars(seen)),
        opens_at=wanted["opens_at"],
        ends_at=wanted["ends_at"],
        limit=wanted.get("limit", old.limit),
        now=now,
        by=by,
        **terms,
    )


async def _codes(
    session: AsyncSession, old: Offer, offer: Offer, words: Mapping[UUID, str], now: datetime, by: Actor
) -> dict[UUID, UUID]:
    """The codes of the new offer, paused, by those they follow."""
    its = sa.select(PromoCode).where(PromoCode.id.in_(words), PromoCode.offer_id == old.id, IS_PUBLIC)
    known = {code.id: code for code in await session.scalars(its)}
    if known.keys() != set(words):
        raise NotFound("code")
    made = {}
    for code_id, text in words.items():
        code = known[code_id]
        needs_label = code.label is not None
        new = await codes.create(
            session, offer.id, text, limit=code.limit, needs_label=needs_label, paused=True, now=now, by=by
        )
        made[code_id] = new.id
    return made


async def _allotments(
    session: AsyncSession,
    old: Offer,
    offer: Offer,
    made: Mapping[UUID, UUID],
    later: timedelta,
    zone: str,
    now: datetime,
    by: Actor,
) -> None:
    """What is set aside of `old`, but for single issues: those are over."""
    its = sa.select(Allotment).where(Allotment.offer_id == old.id, Allotment.returned_at.is_(None))
    parts: dict[UUID, UUID] = {}
    for part in list(await session.scalars(its.order_by(Allotment.id))):
        if part.issue_id is not None or (part.code_id is not None and part.code_id not in made):
            continue
        again = part.returns_at and editions.shifted(part.returns_at, zone, later)
        new = await allotments.create(
            session,
            offer.id,
            limit=part.limit,
            publication_id=part.publication_id,
            code_id=made[part.code_id] if part.code_id else None,
            within_id=parts.get(part.within_id) if part.within_id else None,
            returns_at=again if again and again > now else None,
            now=now,
            by=by,
        )
        parts[part.id] = new.id
