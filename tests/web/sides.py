"""Two partners who share one newsletter and must never see each other, each with one of everything; all committed.

Whatever belongs to the first side is called Zephyr, so that one finds it in an answer where it should not be.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import (
    allotments,
    batches,
    blocks,
    checkins,
    claims,
    codes,
    connections,
    declarations,
    devices,
    endpoints,
    events,
    invitations,
    issues,
    offers,
    partners,
    people,
    pools,
    publications,
    publishing,
    redemptions,
    report_schedules,
    reports,
    shops,
    supplies,
    tokens,
    wishes,
)
from promos.models import Claim, Device, Event, Invitation, Offer, Partner, PassType, Publication, Reconciliation
from promos.outside.shops.pretix import ShopEvent
from promos.queries import people as staff
from promos.rules import readers, signing
from promos.rules.people import SCOPES, Role, Scope
from promos.rules.redemption import Ask, Asker, Redeemed
from promos.settings import Keys
from tests.newsroom import SHOP, rules
from tests.outside.fakes.ghost import FakeGhost
from tests.outside.fakes.pretix import FakePretix
from tests.world import ADMIN, DAY, NOW, a_pass_type, an_event, an_offer, editor_of, member_of

MARK = "Zephyr"
LINES = "Bonjour,\n\nUne semaine calme.\n\nÀ bientôt !"


PRETIX: Any = {"base_url": "https://pretix.example", "organizer": "genai", "slug": "2027", "token": FakePretix.key}


@dataclass(slots=True)
class Newsroom:
    """A publication with a draft in which blocks stand, and one that nobody paid for."""

    publication: UUID
    draft: UUID
    quiet: UUID
    ready: UUID  # whose block both sides declared: it is published, and stands in a draft of the newsletter tool
    published_block: UUID = field(default_factory=uuid4)  # of the same


@dataclass(slots=True)
class Side:
    """A partner with all it has. `spare…` is for what a test takes away or uses up."""

    name: str
    partner: UUID
    event: UUID
    pass_type: UUID
    offer: UUID
    pool: UUID  # an offer that hands out codes of the partner's own shop
    reconciliation: UUID
    codes: list[str]
    batch: UUID
    block: UUID
    spare_block: UUID
    redemption: UUID
    spare_redemption: UUID
    pass_token: str
    pass_link: str
    spare_link: str
    claim_secret: str
    left_secret: str
    allotment: UUID
    other_allotment: UUID
    check_in: UUID
    role: UUID
    invitation: UUID
    token: UUID
    wish: UUID
    wish_to_decline: UUID
    wish_to_withdraw: UUID  # these three are an editor's
    own_wish: UUID
    draft_event: UUID
    draft_pass_type: UUID
    draft_offer: UUID
    device: UUID
    pairing_code: str
    endpoint: UUID
    spare_endpoint: UUID
    message: UUID
    supplied: UUID  # an offer whose pool is filled from the event's ticket shop
    hook: str
    report_link: UUID
    report_schedule: UUID
    secrets: dict[Role, str] = field(default_factory=dict)


@dataclass(slots=True)
class World:
    """`admin` and `editor` are secrets of tokens; `elsewhere` is an editor of another publication."""

    ours: Newsroom
    theirs: Newsroom
    a: Side
    b: Side
    admin: str
    editor: str
    elsewhere: str


async def a_world(session: AsyncSession, keys: Keys) -> World:
    ours, freea = await _newsroom(session, "FreeA")
    theirs, other = await _newsroom(session, "FreeB")
    a = await _side(session, MARK, ours, freea, keys)
    await _placed(session, ours, a, keys)
    return World(
        ours,
        theirs,
        a=a,
        b=await _side(session, "Quartz", ours, freea, keys),
        admin=await a_token(session, Role.ADMIN, keys),
        editor=await a_token(session, Role.EDITOR, keys, publication_id=freea.id),
        elsewhere=await a_token(session, Role.EDITOR, keys, publication_id=other.id),
    )


async def a_token(session: AsyncSession, role: Role, keys: Keys, **given: object) -> str:
    """The secret of a token with every scope that its role can have, unless `scopes` says which."""
    scopes: frozenset[Scope] = given.pop("scopes", SCOPES[role])  # type: ignore[assignment]
    _, secret = await tokens.create(
        session,
        name=f"{role} of a test",
        role=role,
        scopes=scopes,
        keys=keys,
        now=NOW,
        by=ADMIN,
        **given,  # type: ignore[arg-type]
    )
    return secret


async def _newsroom(session: AsyncSession, name: str) -> tuple[Newsroom, Publication]:
    publication = await publications.create(
        session,
        name=name,
        language="fr",
        timezone="Europe/Paris",
        audience=[{"country": "FR", "share": 0.9}],
        now=NOW,
        by=ADMIN,
    )
    made = [
        await issues.create(
            session,
            publication.id,
            number=number,
            title="Une semaine calme",
            planned_at=NOW + DAY,
            content=LINES,
            media_type="text/plain",
            now=NOW,
            by=ADMIN,
        )
        for number in ("1", "2", "R")
    ]
    return Newsroom(publication.id, *(issue.id for issue in made)), publication


async def _placed(session: AsyncSession, newsroom: Newsroom, side: Side, keys: Keys) -> None:
    """A tool for the newsletter, and an issue that is ready, standing in its first draft."""
    tool = {"base_url": "https://ghost.example", "key": FakeGhost.key, "secrets": keys.signing}
    await connections.connect(session, newsroom.publication, "ghost", **tool, now=NOW, by=ADMIN)  # type: ignore[arg-type]
    words: dict[str, Any] = {
        "heading": f"{side.name} once more",
        "body": "All of it.",
        "call_to_action": "Ask for a pass",
    }
    block = await blocks.insert(session, newsroom.ready, code=side.codes[2], **words, now=NOW, by=ADMIN)
    given = {"benefits": [{"kind": "pass", "received_by": "readers", "quantity": 20}], "kinds": ["passes_for_readers"]}
    for party in declarations.PARTIES:
        said = {**given, "editorial_control": "none", "obligation": "none"}
        await declarations.declare(session, block.id, party, **said, now=NOW, by=ADMIN)  # type: ignore[arg-type]
    await publishing.publish(session, newsroom.ready, rules(), **SHOP, now=NOW, by=ADMIN)
    newsroom.published_block = block.id
    place = {"address": "https://ghost.example/1", "kind": "ghost"}
    await connections.place(session, newsroom.ready, f"{1:024x}", **place, now=NOW, by=ADMIN)


async def a_pool(session: AsyncSession, pass_type: PassType, name: str, keys: Keys) -> Offer:
    """An offer that hands out codes of the partner's own shop; the same ones as everybody else's shop has."""
    pool = await offers.create(
        session,
        pass_type.event_id,
        pass_type.id,
        name=f"{name} in the shop",
        fulfilment="pool",
        opens_at=NOW - DAY,
        ends_at=NOW + 7 * DAY,
        now=NOW,
        by=ADMIN,
    )
    scribe = pools.Scribe(keys)
    await pools.take(session, pool, [scribe.word(f"SHOP-{number}") for number in range(3)], now=NOW)
    return pool


async def a_reconciliation(session: AsyncSession, pool: Offer) -> Reconciliation:
    """What an export of the partner's shop came to: nothing of it was ours."""
    numbers = dict.fromkeys(
        ("rows", "void", "foreign_tickets", "used", "outside", "ended", "public", "by_reader", "arrived", "unused"), 0
    )
    shared = {"partner_id": pool.partner_id, "event_id": pool.event_id, "offer_id": pool.id}
    kept = Reconciliation(**shared, **numbers, shop="luma", file_hash="0", created_at=NOW)
    session.add(kept)
    await session.flush()
    return kept


async def _side(session: AsyncSession, name: str, newsroom: Newsroom, publication: Publication, keys: Keys) -> Side:
    partner = await partners.create(
        session,
        name=name,
        legal_name=f"{name} Events",
        legal_form="SAS",
        register_number=f"RCS {name}",
        address=f"1 rue {name}, 75002 Paris",
        country="FR",
        now=NOW,
        by=ADMIN,
    )
    event = await events.create(
        session,
        partner.id,
        name=f"{name} Days",
        starts_at=NOW + 10 * DAY,
        ends_at=NOW + 11 * DAY,
        timezone="Europe/Paris",
        venue=f"Palais {name}",
        city="Paris",
        country="FR",
        url=f"https://{name.lower()}.example/",
        highlights=[f"{name} on stage"],
        now=NOW,
        by=ADMIN,
    )
    pass_type = await events.create_pass_type(
        session,
        event.id,
        name=f"{name} pass",
        face_value=99900,
        currency="EUR",
        vat="included",
        vat_rate=Decimal(20),
        now=NOW,
        by=ADMIN,
    )
    offer = await offers.create(
        session,
        event.id,
        pass_type.id,
        publication_ids=[publication.id],
        name=f"{name} for readers",
        limit=20,
        opens_at=NOW - DAY,
        ends_at=NOW + 7 * DAY,
        now=NOW,
        by=ADMIN,
    )
    pool = await a_pool(session, pass_type, name, keys)
    words = [f"{name.upper()}{number}" for number in (1, 2, 3, 4)]
    made = [await codes.create(session, offer.id, word, now=NOW, by=ADMIN) for word in words]
    await codes.update(session, words[3], status="paused", now=NOW, by=ADMIN)
    parts = [
        await allotments.create(session, offer.id, limit=3, code_id=code.id, now=NOW, by=ADMIN) for code in made[1:3]
    ]
    block, spare_block = [
        await blocks.insert(
            session,
            newsroom.draft,
            code=word,
            heading=f"{name} invites you",
            body=f"Two days of {name}.",
            call_to_action="Ask for a pass",
            now=NOW,
            by=editor_of(publication),
        )
        for word in words[:2]
    ]
    await declarations.declare(
        session,
        block.id,
        "partner",
        kinds=["passes_for_readers"],
        benefits=[{"kind": "pass", "received_by": "readers", "quantity": 20}],
        editorial_control="none",
        obligation="none",
        now=NOW,
        by=member_of(partner),
    )
    sides = ((words[0], publication), (words[1], publication), (words[2], publication), (words[0], None))
    asked = [
        await wishes.ask(session, word, publication_id=of.id if of else None, passes=2, why=name, now=NOW, by=ADMIN)
        for word, of in sides
    ]
    wished = [wish.id for wish, _ in asked]
    drafts = await _drafts(session, partner, name)
    passes = await _passes(session, made[0].id, name, keys)
    scanned = await checkins.scan(
        session,
        event.id,
        _qr(passes[0], keys),
        scan_id=f"{name}-1",
        gate=f"{name} gate",
        at=None,
        keys=keys,
        now=NOW,
        by=ADMIN,
    )
    side = Side(
        name=name,
        partner=partner.id,
        event=event.id,
        pass_type=pass_type.id,
        offer=offer.id,
        pool=pool.id,
        reconciliation=(await a_reconciliation(session, pool)).id,
        codes=words,
        batch=(await batches.order(session, offer.id, 2, now=NOW, by=ADMIN)).id,
        block=block.id,
        spare_block=spare_block.id,
        redemption=passes[0].redemption_id,
        spare_redemption=passes[1].redemption_id,
        pass_token=_qr(passes[0], keys),
        pass_link=signing.link(keys.signing, "pass", passes[0].pass_id),
        spare_link=signing.link(keys.signing, "pass", passes[2].pass_id),
        claim_secret=await _claim(session, words[0], f"{name}-asks", keys),
        left_secret=await _left(session, words[0], f"{name}-left", keys),
        allotment=parts[0].id,
        other_allotment=parts[1].id,
        check_in=scanned.id,
        role=await _role(session, partner, name),
        invitation=await _invitation(session, partner, name, keys),
        token=await _spare_token(session, partner, name, keys),
        wish=wished[0],
        wish_to_decline=wished[1],
        wish_to_withdraw=wished[2],
        own_wish=wished[3],
        draft_event=drafts[0],
        draft_pass_type=drafts[1],
        draft_offer=drafts[2],
        device=(device := await _device(session, partner, event, name, keys)).id,
        pairing_code=devices.code(device, keys),
        endpoint=(endpoint := await _endpoint(session, partner, name, keys)),
        spare_endpoint=await _endpoint(session, partner, f"{name}-spare", keys),
        message=await endpoints.test(session, endpoint, now=NOW, by=ADMIN),
        supplied=await _supplied(session, event.id, pass_type.id, keys),
        hook=await _hook(session, event.id, keys),
        report_link=await _report_link(session, event.id, name, keys),
        report_schedule=await _report_schedule(session, event.id, name, keys),
    )
    for role in (Role.OWNER, Role.MEMBER, Role.DOOR):
        only = {"event_ids": [event.id]} if role is Role.DOOR else {}
        side.secrets[role] = await a_token(session, role, keys, partner_id=partner.id, **only)
    return side


async def _drafts(session: AsyncSession, partner: Partner, name: str) -> tuple[UUID, UUID, UUID]:
    """An event, a pass type and an offer, of which nobody saw anything; each of an event of its own."""
    found = []
    for number in (1, 2, 3):
        event = await an_event(session, partner, name=f"{name} {number}", slug=f"{name.lower()}-{number}")
        pass_type = await a_pass_type(session, event, name=f"{name} pass {number}")
        found.append((event.id, pass_type.id, (await an_offer(session, pass_type, name=f"{name} {number}")).id))
    return found[0][0], found[1][1], found[2][2]


async def _supplied(session: AsyncSession, event_id: UUID, pass_type_id: UUID, keys: Keys) -> UUID:
    window: Any = {"opens_at": NOW - DAY, "ends_at": NOW + 7 * DAY}
    offer = await offers.create(
        session, event_id, pass_type_id, name="Shop codes", fulfilment="pool", limit=5, **window, now=NOW, by=ADMIN
    )
    found = ShopEvent("2027", {"en": "Days"}, "EUR", live=True, has_subevents=False)
    await shops.connect(session, event_id, found, keys=keys, now=NOW, by=ADMIN, **PRETIX)
    await supplies.fill(session, offer.id, makes=True, item=1, now=NOW, by=ADMIN)
    [lease] = await shops.claim(session, now=NOW, every=DAY)
    await supplies.want(session, lease, offer.id, keys=keys, now=NOW)
    return offer.id


async def _hook(session: AsyncSession, event_id: UUID, keys: Keys) -> str:
    return shops.hook(await shops.of(session, event_id, ADMIN), keys)


async def _report_link(session: AsyncSession, event_id: UUID, name: str, keys: Keys) -> UUID:
    for_whom = f"The boss of {name}"
    return (await reports.share(session, event_id, name=for_whom, language="en", keys=keys, now=NOW, by=ADMIN)).id


async def _report_schedule(session: AsyncSession, event_id: UUID, name: str, keys: Keys) -> UUID:
    words = {"email": f"boss@{name.lower()}.example", "every": "week", "language": "en"}
    return (await report_schedules.create(session, event_id, **words, keys=keys, now=NOW, by=ADMIN)).id


async def _endpoint(session: AsyncSession, partner: Partner, name: str, keys: Keys) -> UUID:
    url = f"https://{name.lower()}.example/hook"
    made, _ = await endpoints.create(session, partner.id, url=url, description=name, keys=keys, now=NOW, by=ADMIN)
    return made.id


async def _passes(session: AsyncSession, code_id: UUID, name: str, keys: Keys) -> list[Redeemed]:
    asks = []
    for number in range(3):
        email = f"{name.lower()}{number}@readers.example"
        key = signing.reader_key(keys.reader, readers.canonical(email))
        asks.append(Ask(UUID(int=number + 1), code_id, key, asker=Asker(key, email, f"{name} {number}", "fr")))
    outcomes = await redemptions.redeem(session, asks, now=NOW - DAY / 2)  # their mails went out long ago
    return [outcome for ask in asks if isinstance(outcome := outcomes[ask.id], Redeemed)]


def _qr(held: Redeemed, keys: Keys) -> str:
    return signing.qr_token(keys.signing[0], held.pass_id, held.drawn)


async def _claim(session: AsyncSession, word: str, name: str, keys: Keys) -> str:
    want = claims.wanted(word, f"{name.lower()}@readers.example", name=None, shares=(), block_id=None, language="fr")
    claim = await claims.submit(
        session, want, signing_key=keys.signing[0], reader_key=keys.reader, lifetime=3600, now=NOW
    )
    return signing.secret_of(keys.signing[0], "claim", claim.id)


async def _left(session: AsyncSession, word: str, name: str, keys: Keys) -> str:
    secret = await _claim(session, word, name, keys)
    mine = sa.update(Claim).where(Claim.token_hash == signing.fingerprint(secret))
    await session.execute(mine.values(state="left", settled_at=NOW))
    return secret


async def _role(session: AsyncSession, partner: Partner, name: str) -> UUID:
    email = f"{name.lower()}@partner.example"
    await people.give(session, email, Role.MEMBER, name=name, partner_id=partner.id, now=NOW, by=ADMIN)
    row = (await session.execute(staff.roles(ADMIN, partner_id=partner.id))).one()
    found: UUID = row.id
    return found


async def _invitation(session: AsyncSession, partner: Partner, name: str, keys: Keys) -> UUID:
    email, week = f"invited-{name.lower()}@partner.example", timedelta(days=7)
    place: Any = {"partner_id": partner.id, "keys": keys, "lifetime": week, "by": ADMIN}
    person = await invitations.invite(session, email, Role.MEMBER, now=NOW - timedelta(hours=1), **place)
    return (await session.scalars(sa.select(Invitation.id).where(Invitation.person_id == person.id))).one()


async def _device(session: AsyncSession, partner: Partner, event: Event, name: str, keys: Keys) -> Device:
    wanted = [event.id]
    return await devices.create(
        session, partner.id, name=f"{name} door", event_ids=wanted, keys=keys, now=NOW, by=ADMIN
    )


async def _spare_token(session: AsyncSession, partner: Partner, name: str, keys: Keys) -> UUID:
    token, _ = await tokens.create(
        session,
        name=f"{name} shop",
        role=Role.MEMBER,
        partner_id=partner.id,
        scopes=[Scope.READ],
        keys=keys,
        now=NOW,
        by=ADMIN,
    )
    return token.id
