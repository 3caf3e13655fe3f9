"""The demo world: a newsletter, two partners, a code to redeem, an issue to mend and a door with people inside.

Everything is made through the actions that people use, so it is as real as what comes after.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import (
    checkins,
    codes,
    events,
    issues,
    offers,
    partners,
    people,
    publications,
    redemptions,
    sign_in,
)
from promos.actions.visits import Place, VisitCounter
from promos.database import Database
from promos.models import Event, Partner, PromoCode, Publication, new_id
from promos.rules import readers, signing
from promos.rules.people import PROGRAM, Actor, Grant, Role
from promos.rules.redemption import Ask, Asker, Redeemed
from promos.settings import Keys, Settings

PARIS = ZoneInfo("Europe/Paris")
YEAR = 364  # days: the same day of the week
CODE, SOLD_OUT = "FREEAGENAI", "NUITCALCUL"
PEOPLE = {
    "admin": "admin@demo.example",
    "partner": "claire@generationai.example",
    "other partner": "hugo@nuitducalcul.example",
    "editor": "camille@freea.example",
    "door": "porte@nuitducalcul.example",
}


@dataclass(frozen=True, slots=True)
class Links:
    """Ready ways in, each good once."""

    sign_in: dict[str, str]
    partner_event: UUID
    sold_out_event: UUID


async def load(database: Database, keys: Keys, clock: Callable[[], datetime]) -> None:
    """Make the world, unless something is there already."""
    now = clock()
    async with database.writing() as session:
        if await session.scalar(sa.select(sa.exists().where(Partner.id.is_not(None)))):
            return
        freea = await publications.create(
            session,
            name="FreeA",
            slug="freea",
            language="fr",
            timezone="Europe/Paris",
            audience=[{"country": "FR", "share": 0.9}],
            now=now,
            by=PROGRAM,
        )
        code, before = await _generation_ai(session, freea, keys, now)
        night = await _night(session, freea, keys, now)
        await _people(session, freea, code.partner_id, night.partner_id, now)
        await _issue(session, freea, now)
        await session.flush()
        places = [Place(each.partner_id, each.event_id, each.id) for each in (code, night, before)]
    counter = VisitCounter()
    for place, visits, ago in zip(places, (41, 160, 310), (0, 0, YEAR), strict=True):
        for day in range(visits):
            counter.count(place, is_machine=day % 9 == 0, now=now - timedelta(days=ago + day % 4))
    await counter.flush(database)


async def links(database: Database, keys: Keys, settings: Settings, clock: Callable[[], datetime]) -> Links:
    """Fresh sign-in links for the demo's people."""
    now, lifetime = clock(), timedelta(hours=12)
    made: dict[str, str] = {}
    async with database.writing() as session:
        for name, email in PEOPLE.items():
            person = await people.person_by_email(session, email)
            if person is not None:
                secret = await sign_in.link_for(session, person, keys=keys, now=now, lifetime=lifetime)
                made[name] = f"{settings.base_url}/sign-in/{secret}"
        rows = await session.execute(
            sa.select(PromoCode.text, PromoCode.event_id).where(PromoCode.text.in_([CODE, SOLD_OUT]))
        )
        found = {row.text: row.event_id for row in rows}
    return Links(made, found[CODE], found[SOLD_OUT])


def _at(now: datetime, days: int, hour: int) -> datetime:
    local = (now + timedelta(days=days)).astimezone(PARIS)
    return local.replace(hour=hour, minute=0, second=0, microsecond=0)


async def _generation_ai(
    session: AsyncSession, freea: Publication, keys: Keys, now: datetime
) -> tuple[PromoCode, PromoCode]:
    """The code of this year's event, and that of the year before: 60 passes asked for, 38 people at the door."""
    partner = await partners.create(
        session,
        name="GenerationAI",
        legal_name="Generation Events",
        legal_form="SAS",
        register_number="RCS Paris 000 000 000",
        address="1 place de l'Exemple, 75002 Paris",
        country="FR",
        now=now,
        by=PROGRAM,
    )
    before, last_code = await _edition(session, partner.id, freea, 60, now - timedelta(days=YEAR))
    await _came(session, before, last_code, keys)
    _, code = await _edition(session, partner.id, freea, 20, now, before)
    return code, last_code


async def _edition(
    session: AsyncSession,
    partner_id: UUID,
    freea: Publication,
    limit: int,
    now: datetime,
    previous: Event | None = None,
) -> tuple[Event, PromoCode]:
    """GenerationAI as it was announced at `now`, 24 days before it takes place."""
    event = await events.create(
        session,
        partner_id,
        name="GenerationAI",
        edition=str(_at(now, 24, 9).year),
        starts_at=_at(now, 24, 9),
        ends_at=_at(now, 24, 18),
        timezone="Europe/Paris",
        venue="Palais de l'Exemple",
        city="Paris",
        country="FR",
        url="https://generationai.example/",
        highlights=["1 200 participants", "Conférences, ateliers et rencontres"],
        asks_name=False,
        previous=previous.id if previous else None,
        now=now,
        by=PROGRAM,
    )
    kind = await _pass_type(session, event, "Pass journée", 99900, 200, now)
    offer = await _offer(session, event, kind, freea, "Lecteurs de FreeA", limit, _at(now, 20, 23), now)
    word = CODE if previous else f"{CODE}{event.edition}"
    return event, await codes.create(session, offer, word, limit=None, now=now, by=PROGRAM)


async def _came(session: AsyncSession, event: Event, code: PromoCode, keys: Keys) -> None:
    """Sixty readers asked in the first days, fewer each day; two of three were there."""
    asks = [_ask(code.id, f"lecteur{number}@readers.example", keys) for number in range(60)]
    await session.flush()
    given: dict[UUID, object] = {}
    for day, (first, last) in enumerate(pairwise((0, 28, 43, 52, 57, 60))):
        given |= await redemptions.redeem(session, asks[first:last], now=code.created_at + timedelta(days=day, hours=1))
    door = Actor("program", grants=frozenset({Grant(Role.DOOR, partner_id=event.partner_id)}))
    inside = [given[ask.id] for number, ask in enumerate(asks) if number % 3]
    await _scanned(session, event, inside[:38], "Entrée", door, keys, event.starts_at)


async def _night(session: AsyncSession, freea: Publication, keys: Keys, now: datetime) -> PromoCode:
    """Another partner's event: all passes are out, and its door is open."""
    partner = await partners.create(
        session,
        name="Nuit du calcul",
        legal_name="Association Nuit du calcul",
        legal_form=None,
        register_number="W750000000",
        address="2 rue de l'Exemple, 69001 Lyon",
        country="FR",
        now=now,
        by=PROGRAM,
    )
    event = await events.create(
        session,
        partner.id,
        name="La Nuit du calcul",
        edition=None,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=9),
        timezone="Europe/Paris",
        venue="Halle de l'Exemple",
        city="Lyon",
        country="FR",
        url="https://nuitducalcul.example/",
        highlights=[],
        asks_name=False,
        now=now,
        by=PROGRAM,
    )
    kind = await _pass_type(session, event, "Entrée", 2500, None, now)
    offer = await _offer(session, event, kind, freea, "Lecteurs de FreeA", 12, now + timedelta(hours=8), now)
    code = await codes.create(session, offer, SOLD_OUT, limit=12, now=now, by=PROGRAM)
    asks = [_ask(code.id, f"lectrice{number}@readers.example", keys) for number in range(12)]
    await session.flush()
    given = await redemptions.redeem(session, asks, now=now)
    door = Actor("program", grants=frozenset({Grant(Role.DOOR, partner_id=partner.id)}))
    await _scanned(session, event, [given[ask.id] for ask in asks[:5]], "Halle", door, keys, now)
    return code


async def _scanned(
    session: AsyncSession, event: Event, came: Sequence[object], gate: str, door: Actor, keys: Keys, now: datetime
) -> None:
    """Each let in a second after the one before."""
    for number, outcome in enumerate(came):
        if isinstance(outcome, Redeemed):
            token = signing.qr_token(keys.signing[0], outcome.pass_id, outcome.drawn)
            at = now + timedelta(seconds=number)
            await checkins.scan(
                session, event.id, token, scan_id=f"demo-{number}", gate=gate, at=None, keys=keys, now=at, by=door
            )


def _ask(code_id: UUID, email: str, keys: Keys) -> Ask:
    key = signing.reader_key(keys.reader, readers.canonical(email))
    return Ask(new_id(), code_id, key, asker=Asker(key, email, None, "fr"))


async def _pass_type(
    session: AsyncSession, event: Event, name: str, face_value: int, capacity: int | None, now: datetime
) -> UUID:
    made = await events.create_pass_type(
        session,
        event.id,
        name=name,
        face_value=face_value,
        currency="EUR",
        vat="included",
        vat_rate=Decimal(20),
        capacity=capacity,
        now=now,
        by=PROGRAM,
    )
    return made.id


async def _offer(
    session: AsyncSession,
    event: Event,
    pass_type_id: UUID,
    publication: Publication,
    name: str,
    limit: int,
    ends_at: datetime,
    now: datetime,
) -> UUID:
    made = await offers.create(
        session,
        event.id,
        pass_type_id,
        publication_ids=[publication.id],
        name=name,
        limit=limit,
        opens_at=now - timedelta(days=2),
        ends_at=ends_at,
        conditions_url=f"{event.url}conditions",
        now=now,
        by=PROGRAM,
    )
    return made.id


async def _people(session: AsyncSession, freea: Publication, first: UUID, second: UUID, now: datetime) -> None:
    roles: list[tuple[str, str, Role, dict[str, UUID]]] = [
        ("admin", "Ada", Role.ADMIN, {}),
        ("partner", "Claire", Role.OWNER, {"partner_id": first}),
        ("other partner", "Hugo", Role.OWNER, {"partner_id": second}),
        ("editor", "Camille", Role.EDITOR, {"publication_id": freea.id}),
        ("door", "La porte", Role.DOOR, {"partner_id": second}),
    ]
    for who, name, role, reach in roles:
        await people.give(session, PEOPLE[who], role, name=name, language="fr", now=now, by=PROGRAM, **reach)


async def _issue(session: AsyncSession, freea: Publication, now: datetime) -> None:
    await issues.create(
        session,
        freea.id,
        content=(Path(__file__).parent / "issue.txt").read_text(encoding="utf-8"),
        media_type="text/plain",
        number="128",
        title="Le test que tout le monde a raté cette semaine",
        planned_at=_at(now, 2, 7),
        now=now,
        by=PROGRAM,
    )
