"""A reader asks for a pass, and proves the mailbox by pressing a button. No token is needed."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, handing, idempotency, passes, rates
from promos.actions.idempotency import Keyed, Stored
from promos.actions.rates import Rate
from promos.actions.visits import Place, VisitCounter
from promos.group_commit import GroupCommit
from promos.models import IdempotencyRecord
from promos.queries.catalogue import Opening
from promos.rules import codes, readers, signing
from promos.rules.language import LANGUAGES
from promos.rules.redemption import SOLD_OUT, Redeemed, Waiting
from promos.rules.refusals import CodeUnknown, InvalidRequest, Refusal
from promos.settings import Keys, Settings
from promos.web.access import ANYONE
from promos.web.api.redemptions import RedemptionSeen, kept_of, respond, shown
from promos.web.given import Effect, Pressed, Writes, answered, network
from promos.web.paces import paced


class NewClaim(msgspec.Struct, forbid_unknown_fields=True):
    """What a reader types. `consent` names the fields the partner may see; nothing is shared without it.

    `wait`: stand in line if nothing is left.
    """

    code: str
    email: str
    name: str | None = None
    company: str | None = None  # kept only where the event offers to show it, and `consent` says so
    consent: list[str] = []
    block: UUID | None = None
    language: str = "en"
    wait: bool = False


class ClaimKept(msgspec.Struct):
    """What is kept of the answer under an Idempotency-Key: no address."""

    state: str
    expires_in: int  # seconds for which the mail's link is good


class ClaimSeen(ClaimKept):
    """The same answer whether or not this reader holds a pass."""

    email: str


class WaitingSeen(msgspec.Struct):
    """`position`: in line, from 1. A mail comes when a place is free."""

    state: Literal["waiting"]
    position: int


class ClaimLeft(msgspec.Struct):
    state: Literal["left"]


@post("/claims", status_code=202, opt=ANYONE, operation_id="submitClaim")
async def submit_claim(
    data: JSONBody[NewClaim],
    request: Request[Any, Any, Any],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[ClaimSeen]:
    """Ask for a pass. A mail with a link goes out; nothing is held until its button is pressed."""
    if data.language not in LANGUAGES:
        raise InvalidRequest({"language": f"one of {', '.join(LANGUAGES)}"})
    want = claims.wanted(
        data.code,
        data.email,
        name=data.name,
        shares=data.consent,
        block_id=data.block,
        language=data.language,
        waits=data.wait,
        company=data.company,
    )
    try:
        async with paced(codes.may_be_secret(want.promo_code)):
            effect = submission(request, want, settings, keys)
            return await writes.answer(effect, status=202, show=lambda kept: kept | {"email": want.email})
    except SOLD_OUT:
        await unserved(request.app.state, want.promo_code, want.block_id)
        raise


async def unserved(state: State, promo_code: str, block_id: UUID | None) -> None:
    """Count that somebody asked by this word when nothing was left; the database only reads."""
    opening: Opening | None = await state.openings.find(promo_code)
    if opening is None:
        return
    block = None
    if block_id is not None:
        async with state.database.reading() as session:
            block = await claims.block_of(session, block_id, opening.code_id)
    place = Place(opening.partner_id, opening.event_id, opening.code_id, block)
    state.visits.refuse(place, now=state.clock())


def submission(
    request: Request[Any, Any, Any], want: claims.Wanted, settings: Settings, keys: Keys
) -> Effect[ClaimKept]:
    """The effect of a claim; the API and the reader's page both run it.

    The limits are counted in the transaction of the mail they are about: a refused claim uses none of them up. A text
    that may be a secret code is answered alike, whether there is one or not, and counted alike.
    """
    brakes = brakes_of(want.email, network(request), settings, keys.reader)

    async def effect(session: AsyncSession, now: datetime) -> ClaimKept:
        if too_many := await rates.take(session, brakes, now=now):
            raise too_many
        try:
            await claims.submit(
                session,
                want,
                signing_key=keys.signing[0],
                reader_key=keys.reader,
                lifetime=settings.claim_link_lifetime,
                now=now,
            )
        except CodeUnknown:
            if not codes.may_be_secret(want.promo_code):
                raise
        return ClaimKept("pending", settings.claim_link_lifetime)

    return effect


def brakes_of(email: str, peer: str, settings: Settings, key: bytes) -> list[Rate]:
    """How often somebody may make us write to this mailbox."""
    person, domain = readers.canonical(email), readers.domain_of(email)
    return [
        Rate(signing.bucket(key, "claim", "address", "minute", person), 1, 60),
        Rate(signing.bucket(key, "claim", "address", "day", person), settings.claims_per_address_a_day, 86400),
        Rate(rates.network_bucket(key, "claim", peer), settings.claims_per_network_an_hour, 3600),
        Rate(signing.bucket(key, "claim", "domain", domain), settings.claims_per_domain_an_hour, 3600),
    ]


class Confirmation(msgspec.Struct, forbid_unknown_fields=True):
    """`wait`: stand in line if nothing is left."""

    wait: bool = False


@post("/claims/{secret:str}/confirm", status_code=201, opt=ANYONE, operation_id="confirmClaim")
async def confirm_claim(
    secret: FromPath[str],
    request: Request[Any, Any, Any],
    state: State,
    data: JSONBody[Confirmation | None] = None,
) -> Response[RedemptionSeen | WaitingSeen]:
    """Prove the mailbox with the secret of the mail, and get the pass. Again: the same pass, 200.

    Where nothing is left and the reader wants to wait, 202 and their place in line.
    """
    settings, keys, writes = state.settings, state["keys"], Writes(request)
    if key := await writes.key():  # what was answered stays so, whatever became of the pass since
        async with state.database.reading() as session:
            before = (await idempotency.answered(session, [key])).get(key)
        if isinstance(before, Refusal):
            raise before
        if before:
            again: Response[Any] = answered(before, lambda kept: shown(kept, settings, keys))
            return again
    outcome = await confirmed(
        secret,
        state.pressed,
        writes,
        state.counter,
        state.visits,
        state.clock(),
        waits=data.wait if data else False,
        key=key,
    )
    if isinstance(outcome, Stored):
        seen: Response[Any] = answered(outcome, lambda kept: shown(kept, settings, keys))
        return seen
    if isinstance(outcome, Waiting):
        return Response(WaitingSeen("waiting", outcome.position), status_code=202)
    return respond(outcome, settings, keys)


async def confirmed(
    secret: str,
    pressed: Pressed,
    writes: Writes,
    counter: GroupCommit,
    visits: VisitCounter,
    now: datetime,
    *,
    waits: bool = False,
    key: Keyed | None = None,
) -> Redeemed | Waiting | Stored:
    """What comes of the claim behind `secret`, or the answer that its `key` was given before; raises why nothing does.

    No session is held while it waits.
    """
    found = claims.opening(await pressed.find(secret), waits=waits, now=now)
    if found.claim.pass_id is not None:
        return await _taken_over(writes, found.claim.id, key)
    claim = found.claim
    outcome = await counter.redeem(claim.offer_id, found.ask, of=claim.partner_id, key=key, answer=kept_of)
    if isinstance(outcome, SOLD_OUT):
        visits.refuse(Place(claim.partner_id, claim.event_id, claim.code_id, claim.block_id), now=now)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def _taken_over(writes: Writes, claim_id: UUID, key: Keyed | None) -> Redeemed | Stored:
    async def effect(session: AsyncSession, now: datetime) -> Redeemed | Stored:
        given = await handing.accept(session, claim_id, now=now)
        before = (await idempotency.answered(session, [key])).get(key) if key else None
        if isinstance(before, Refusal):
            raise before
        if key and before is None:
            await idempotency.store(session, [(key, *kept_of(given))], now=now)
        return before or given

    try:
        return await writes.run(effect)
    except IntegrityError as error:
        if key is None or IdempotencyRecord.__tablename__ not in str(error.orig):
            raise
        return await writes.run(effect)  # the same key was used this very moment, and its answer is there now


@post("/claims/{secret:str}/leave", status_code=200, opt=ANYONE, operation_id="leaveWaitingList")
async def leave_line(secret: FromPath[str], writes: NamedDependency[Writes]) -> Response[ClaimLeft]:
    """Stand in line no longer, or let the place go that was offered. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> ClaimLeft:
        await passes.leave(session, secret, now=now)
        return ClaimLeft("left")

    return await writes.answer(effect)


HANDLERS: list[Any] = [submit_claim, confirm_claim, leave_line]
