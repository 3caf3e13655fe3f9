"""The people and things of the tests: one call each, with only the fact that matters spelled out.

All are rows in the given session, flushed. Times are around `NOW`, a Monday at noon in UTC.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import pools, tokens
from promos.models import (
    Base,
    Claim,
    Event,
    Offer,
    OfferPublication,
    Partner,
    PassType,
    Person,
    PromoCode,
    Publication,
    Reader,
    StaffRole,
    new_id,
)
from promos.rules.people import Actor, Grant, Role
from promos.rules.redemption import Ask, Asker
from promos.rules.signing import reader_key
from promos.settings import Keys

Row = TypeVar("Row", bound=Base)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

ADMIN = Actor("person", UUID(int=1), frozenset({Grant(Role.ADMIN)}))


def owner_of(partner: Partner) -> Actor:
    return Actor("person", UUID(int=2), frozenset({Grant(Role.OWNER, partner_id=partner.id)}))


def member_of(partner: Partner) -> Actor:
    return Actor("person", UUID(int=3), frozenset({Grant(Role.MEMBER, partner_id=partner.id)}))


def door_of(partner: Partner) -> Actor:
    return Actor("person", UUID(int=4), frozenset({Grant(Role.DOOR, partner_id=partner.id)}))


def editor_of(publication: Publication) -> Actor:
    return Actor("person", UUID(int=5), frozenset({Grant(Role.EDITOR, publication_id=publication.id)}))


async def add(session: AsyncSession, row: Row) -> Row:
    session.add(row)
    await session.flush()
    return row


async def a_partner(session: AsyncSession, **facts: Any) -> Partner:
    given = {
        "name": "Generation",
        "legal_name": "Generation Events",
        "legal_form": "SAS",
        "register_number": "RCS Paris 123 456 789",
        "address": "1 rue de la Paix, 75002 Paris",
        "country": "FR",
        "created_at": NOW,
    }
    return await add(session, Partner(**given | facts))


async def a_publication(session: AsyncSession, **facts: Any) -> Publication:
    given = {
        "name": "FreeA",
        "slug": "freea",
        "language": "fr",
        "timezone": "Europe/Paris",
        "audience": [{"country": "FR", "share": 1.0}],
        "created_at": NOW,
    }
    return await add(session, Publication(**given | facts))


async def an_event(session: AsyncSession, partner: Partner | None = None, **facts: Any) -> Event:
    partner = partner or await a_partner(session)
    given = {
        "partner_id": partner.id,
        "name": "GenerationAI",
        "slug": "generationai",
        "edition": "2026",
        "starts_at": NOW + 10 * DAY,
        "ends_at": NOW + 10 * DAY + timedelta(hours=9),
        "timezone": "Europe/Paris",
        "venue": "Palais",
        "city": "Paris",
        "country": "FR",
        "url": "https://generation.example/",
        "highlights": ["1 200 participants"],
        "asks_name": False,
        "created_at": NOW,
    }
    return await add(session, Event(**given | facts))


async def a_pass_type(session: AsyncSession, event: Event | None = None, **facts: Any) -> PassType:
    event = event or await an_event(session)
    given = {
        "partner_id": event.partner_id,
        "event_id": event.id,
        "name": "Full pass",
        "face_value": 99900,
        "currency": "EUR",
        "vat": "included",
        "vat_rate": 20,
        "capacity": None,
        "created_at": NOW,
    }
    return await add(session, PassType(**given | facts))


async def an_offer(
    session: AsyncSession,
    pass_type: PassType | None = None,
    *,
    publications: tuple[Publication, ...] = (),
    **facts: Any,
) -> Offer:
    pass_type = pass_type or await a_pass_type(session)
    given = {
        "partner_id": pass_type.partner_id,
        "event_id": pass_type.event_id,
        "pass_type_id": pass_type.id,
        "name": "For readers",
        "benefit": "free_pass",
        "limit": 20,
        "opens_at": NOW - DAY,
        "ends_at": NOW + 7 * DAY,
        "proof": "mailbox",
        "on_cancel": "return",
        "created_at": NOW,
    }
    offer = await add(session, Offer(**given | facts))
    for publication in publications:
        await add(
            session,
            OfferPublication(offer_id=offer.id, publication_id=publication.id, partner_id=offer.partner_id),
        )
    return offer


async def a_code(
    session: AsyncSession, offer: Offer | None = None, spelled: str = "FREEAGENAI", **facts: Any
) -> PromoCode:
    offer = offer or await an_offer(session)
    given = {
        "partner_id": offer.partner_id,
        "event_id": offer.event_id,
        "offer_id": offer.id,
        "text": spelled.replace("-", ""),
        "spelled": spelled,
        "limit": None,
        "created_at": NOW,
    }
    return await add(session, PromoCode(**given | facts))


async def a_person(session: AsyncSession, email: str, role: Role, **reach: UUID) -> Person:
    """Somebody of the staff with one role; `reach` is `partner_id` or `publication_id`."""
    person = await add(session, Person(email=email, name=email.partition("@")[0], language="en", created_at=NOW))
    await add(session, StaffRole(person_id=person.id, role=role, created_at=NOW, **reach))
    return person


KEYS = Keys(signing=(b"s" * 40,), reader=b"r" * 40)


async def a_pool(session: AsyncSession, *texts: str, pass_type: PassType | None = None, **facts: Any) -> Offer:
    """An offer that hands out these codes of its partner's shop."""
    offer = await an_offer(session, pass_type, **{"limit": None, "fulfilment": "pool", "pooled": 0} | facts)
    scribe = pools.Scribe(KEYS)
    await pools.take(session, offer, [scribe.word(text) for text in texts], now=NOW)
    await session.refresh(offer)
    return offer


def an_ask(code: PromoCode, name: str, **facts: Any) -> Ask:
    """A token vouches for a reader `name`."""
    email = f"{name}@readers.example"
    key = reader_key(b"r" * 40, email)
    asker = Asker(key, email, None, "en")
    given: dict[str, Any] = {"id": new_id(), "code_id": code.id, "reader_key": key, "asker": asker}
    return Ask(**given | facts)


async def a_claim(session: AsyncSession, code: PromoCode, name: str, **facts: Any) -> Claim:
    """A claim that waits for its mailbox to be proved."""
    email = f"{name}@readers.example"
    key = reader_key(b"r" * 40, email)
    reader = await session.scalar(sa.select(Reader).where(Reader.email == email))
    if reader is None:
        reader = await add(session, Reader(reader_key=key, email=email, name=None, language="fr", created_at=NOW))
    given = {
        "partner_id": code.partner_id,
        "event_id": code.event_id,
        "offer_id": code.offer_id,
        "code_id": code.id,
        "reader_id": reader.id,
        "reader_key": key,
        "state": "pending",
        "token_hash": str(new_id()),
        "shares": [],
        "language": "fr",
        "created_at": NOW,
        "expires_at": NOW + timedelta(hours=1),
    }
    return await add(session, Claim(**given | facts))


def proof_of(claim: Claim, **facts: Any) -> Ask:
    """The reader pressed the button."""
    given: dict[str, Any] = {
        "id": new_id(),
        "code_id": claim.code_id,
        "reader_key": claim.reader_key,
        "reader_id": claim.reader_id,
        "claim_id": claim.id,
    }
    return Ask(**given | facts)


async def whom(session: AsyncSession, secret: str, *, now: datetime) -> Actor | None:
    """Whom a token's secret speaks for at `now`."""
    found = (await tokens.known(session, [secret])).get(secret)
    return found.at(now) if found else None
