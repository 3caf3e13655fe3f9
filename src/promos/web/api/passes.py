"""The pass behind a reader's signed link. The link is the right to it; no token is needed."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, consents, handing, passes, pools, rates
from promos.actions.rates import Rate
from promos.models import Event, Offer, Partner, Pass, PassType, PoolCode, PromoCode, Redemption
from promos.rules import pools as rules
from promos.rules import readers, signing
from promos.rules.language import LANGUAGES
from promos.rules.redemption import Asker
from promos.rules.refusals import InvalidRequest, NotFound
from promos.settings import Keys, Settings
from promos.web.access import ANYONE
from promos.web.api.claims import brakes_of
from promos.web.given import Effect, Reads, Writes, network

HANDED_A_DAY = 5  # mails to others that one pass makes us write


class PassEvent(msgspec.Struct):
    name: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    venue: str
    city: str
    url: str
    asks_name: bool  # whether a pass needs its reader's name
    sequence: int  # of its calendar entry; more, after it moved
    cancelled_at: datetime | None


class ShopTicket(msgspec.Struct):
    """A code of the partner's own ticket shop, and where it is used: that shop's ticket is what opens the door."""

    code: str
    url: str | None


class PassSeen(msgspec.Struct):
    """`token` is what the QR says; only a live pass has one. `shop`: where the partner's own shop gives the ticket."""

    id: UUID
    state: str  # live | handed_on | given_back | revoked
    token: str | None
    url: str
    pass_type: str
    code: str
    partner: str
    event: PassEvent
    issued_at: datetime
    ended_at: datetime | None
    shop: ShopTicket | None
    shares: list[str]  # what the partner sees of this reader, as they agreed


class PassGivenBack(msgspec.Struct):
    id: UUID
    state: str
    version: int


class NextHolder(msgspec.Struct, forbid_unknown_fields=True):
    """Who shall have the pass. `name`: where the event asks for it. `language`: of the mail."""

    email: str
    name: str | None = None
    language: str = "en"


class OfferKept(msgspec.Struct):
    """What is kept of the answer under an Idempotency-Key: no address."""

    id: UUID
    state: str
    expires_in: int  # seconds for which the mail's link is good


class PassOffered(OfferKept):
    """The pass stays as it is until the other person presses the button in the mail."""

    email: str


class PassSharing(msgspec.Struct):
    id: UUID
    shares: list[str]


class PassResent(msgspec.Struct):
    id: UUID
    state: str


def pass_id_of(link: str, keys: Keys) -> UUID:
    """The pass that a link was signed for; raises `NotFound`."""
    found = signing.opened(keys.signing, "pass", link)
    if found is None:
        raise NotFound("pass")
    return found


async def seen(session: AsyncSession, pass_id: UUID, settings: Settings, keys: Keys) -> PassSeen:
    row = (
        await session.execute(
            sa.select(Pass, PassType.name, PromoCode.spelled, Partner.name, Event, Offer.shop_url, PoolCode.sealed)
            .join(PassType, Pass.pass_type_id == PassType.id)
            .join(Redemption, Pass.redemption_id == Redemption.id)
            .join(PromoCode, Redemption.code_id == PromoCode.id)
            .join(Offer, Redemption.offer_id == Offer.id)
            .join(Event, Pass.event_id == Event.id)
            .join(Partner, Event.partner_id == Partner.id)
            .outerjoin(PoolCode, PoolCode.redemption_id == Redemption.id)
            .where(Pass.id == pass_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFound("pass")
    held, kind, code, partner, event, shop_url, sealed = row
    return PassSeen(
        id=held.id,
        state=held.state,
        token=signing.qr_token(keys.signing[0], held.id, held.drawn) if held.state == "live" else None,
        url=f"{settings.base_url}/p/{signing.link(keys.signing, 'pass', held.id)}",
        pass_type=kind,
        code=code,
        partner=partner,
        event=msgspec.convert(event, PassEvent, from_attributes=True),
        issued_at=held.issued_at,
        ended_at=held.ended_at,
        shop=_ticket(sealed, shop_url, keys) if held.state == "live" else None,
        shares=list(await consents.shared(session, held.id)),
    )


def _ticket(sealed: str | None, shop_url: str | None, keys: Keys) -> ShopTicket | None:
    code = pools.shown(sealed, keys) if sealed else None
    if code is None:
        return None
    return ShopTicket(code, rules.address(shop_url, code) if shop_url else None)


@get("/passes/{link:str}", opt=ANYONE, operation_id="getPass")
async def get_pass(
    link: FromPath[str],
    reads: NamedDependency[Reads],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> PassSeen:
    """A pass, with what its QR says while it lives."""
    async with reads() as session:
        return await seen(session, pass_id_of(link, keys), settings, keys)


@post("/passes/{link:str}/give-back", status_code=200, opt=ANYONE, operation_id="giveBackPass")
async def give_back(
    link: FromPath[str], writes: NamedDependency[Writes], keys: NamedDependency[Keys]
) -> Response[PassGivenBack]:
    """Give a pass back so that somebody else can have it. Again: 200 and the same."""
    pass_id = pass_id_of(link, keys)

    async def effect(session: AsyncSession, now: datetime) -> PassGivenBack:
        ended = await passes.give_back(session, pass_id, now=now)
        return PassGivenBack(pass_id, "given_back", ended.version)

    return await writes.answer(effect)


@post("/passes/{link:str}/resend", status_code=200, opt=ANYONE, operation_id="resendPass")
async def resend(
    link: FromPath[str], writes: NamedDependency[Writes], keys: NamedDependency[Keys]
) -> Response[PassResent]:
    """Send the pass to its reader's mailbox once more."""
    pass_id = pass_id_of(link, keys)

    async def effect(session: AsyncSession, now: datetime) -> PassResent:
        await passes.send_again(session, pass_id, now=now)
        return PassResent(pass_id, "sent")

    return await writes.answer(effect)


@post("/passes/{link:str}/hand-on", status_code=202, opt=ANYONE, operation_id="handOnPass")
async def hand_on(
    request: Request[Any, Any, Any],
    link: FromPath[str],
    data: JSONBody[NextHolder],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[PassOffered]:
    """Offer a pass to somebody else, by mail. It changes hands when they press the button, and not before."""
    if data.language not in LANGUAGES:
        raise InvalidRequest({"language": f"one of {', '.join(LANGUAGES)}"})
    effect = offering(request, pass_id_of(link, keys), data, settings, keys)
    email = readers.address(data.email)
    return await writes.answer(effect, status=202, show=lambda kept: kept | {"email": email})


def offering(
    request: Request[Any, Any, Any], pass_id: UUID, to: NextHolder, settings: Settings, keys: Keys
) -> Effect[OfferKept]:
    """The effect of handing a pass on; the API and the pass's page both run it. Refused, it uses up no rate."""
    email = readers.address(to.email)
    key = signing.reader_key(keys.reader, readers.canonical(email))
    asker = Asker(key, email, claims.called(to.name), to.language)
    brakes = brakes_of(email, network(request), settings, keys.reader)
    brakes.append(Rate(signing.bucket(keys.reader, "hand-on", "pass", str(pass_id)), HANDED_A_DAY, 86400))

    async def effect(session: AsyncSession, now: datetime) -> OfferKept:
        lifetime = settings.claim_link_lifetime
        claim = await handing.hand_on(session, pass_id, asker, signing_key=keys.signing[0], lifetime=lifetime, now=now)
        if too_many := await rates.take(session, brakes, now=now):
            raise too_many
        return OfferKept(pass_id, "live", int((claim.expires_at - now).total_seconds()))

    return effect


@post("/passes/{link:str}/stop-sharing", status_code=200, opt=ANYONE, operation_id="stopSharing")
async def stop_sharing(
    link: FromPath[str],
    writes: NamedDependency[Writes],
    keys: NamedDependency[Keys],
    field: FromQuery[Literal["email", "name", "company"] | None] = None,
) -> Response[PassSharing]:
    """Take back what the partner may see, all of it or one `field`; the pass stays good. Again: 200 and the same."""
    pass_id = pass_id_of(link, keys)

    async def effect(session: AsyncSession, now: datetime) -> PassSharing:
        await consents.withdraw(session, pass_id, field=field, now=now)
        return PassSharing(pass_id, list(await consents.shared(session, pass_id)))

    return await writes.answer(effect)


HANDLERS: list[Any] = [get_pass, give_back, resend, hand_on, stop_sharing]
