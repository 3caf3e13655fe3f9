"""Redemptions: tokens vouch for a reader, partners see what came of their codes, and cancel."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, passes
from promos.actions.idempotency import Stored
from promos.actions.visits import Place
from promos.group_commit import GroupCommit
from promos.models import new_id
from promos.queries import results
from promos.queries.catalogue import Opening
from promos.rules import readers, signing
from promos.rules.benefits import Price
from promos.rules.finding import asked
from promos.rules.language import N_
from promos.rules.money import major
from promos.rules.people import Actor, Role, Scope
from promos.rules.redemption import SOLD_OUT, Ask, Asker, Redeemed, Waiting
from promos.rules.refusals import CodeUnknown, HoldTooLong, InvalidRequest, NotFound, Refusal
from promos.settings import Keys, Settings
from promos.web.access import allows
from promos.web.given import Asked, Reads, Writes, answered

PARTNER = (Role.ADMIN, Role.OWNER, Role.MEMBER)
State = Literal["held", "confirmed", "cancelled", "expired"]


class NewReader(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    name: str | None = None


class NewRedemption(msgspec.Struct, forbid_unknown_fields=True):
    """`hold_for`: seconds for which a place is held, to be confirmed or cancelled; without it, the pass is given."""

    code: str
    reader: NewReader
    block: UUID | None = None
    hold_for: int | None = None


class PassGiven(msgspec.Struct):
    """`token` and `url` are for who created the pass; for anybody else `id` is null too and the reader gets a mail."""

    id: UUID | None
    token: str | None
    url: str | None


class PriceSeen(msgspec.Struct):
    """What the reader pays, in major units: the list price less the reduction."""

    list_price: str
    reduction: str
    price: str
    currency: str


class RedemptionSeen(msgspec.Struct):
    """`version`: of the code, as this made it. `expires_at`: of a hold; a hold has no pass yet."""

    id: UUID
    state: Literal["held", "confirmed"]
    version: int
    expires_at: datetime | None
    price: PriceSeen
    # `pass` is a word of Python's own
    given: PassGiven = msgspec.field(name="pass")


class RedemptionRow(msgspec.Struct):
    """What its partner sees of one. `email`, `name` and `company` only where this reader agreed to show it."""

    id: UUID
    code: str
    offer_id: UUID
    event_id: UUID
    state: State
    version: int
    held_for: Literal["shop", "review", "place"] | None
    expires_at: datetime | None  # of a hold
    created_at: datetime
    ended_at: datetime | None
    pass_number: str | None
    pass_state: str | None  # live | handed_on | given_back | revoked
    reader: str  # a pseudonym
    email: str | None
    name: str | None
    company: str | None
    shared_since: datetime | None  # when the reader first agreed to what is shown here
    arrived_at: datetime | None


class RedemptionsSeen(msgspec.Struct):
    items: list[RedemptionRow]
    next: str | None


class RedemptionEnded(msgspec.Struct):
    id: UUID
    state: str
    version: int


def price_of(price: Price) -> dict[str, str]:
    amounts = {"list_price": price.list_price, "reduction": price.reduction, "price": price.price}
    return {name: major(units, price.currency) for name, units in amounts.items()} | {"currency": price.currency}


def document(outcome: Redeemed) -> dict[str, Any]:
    """What is kept of an answer: no secret."""
    return {
        "id": str(outcome.redemption_id),
        "state": outcome.state,
        "version": outcome.version,
        "expires_at": outcome.expires_at.isoformat() if outcome.expires_at else None,
        "price": price_of(outcome.price),
        "pass": {"id": str(outcome.given), "drawn": outcome.drawn} if outcome.is_mine and outcome.given else None,
    }


def kept_of(given: Redeemed) -> tuple[int, dict[str, Any]]:
    """What an Idempotency-Key is answered with again."""
    return 201 if given.is_new else 200, document(given)


def shown(kept: dict[str, Any], settings: Settings, keys: Keys) -> dict[str, Any]:
    """The kept answer with the secrets of its pass made anew."""
    if kept["pass"] is None:
        return kept | {"pass": {"id": None, "token": None, "url": None}}
    pass_id = UUID(kept["pass"]["id"])
    given = {
        "id": str(pass_id),
        "token": signing.qr_token(keys.signing[0], pass_id, kept["pass"]["drawn"]),
        "url": f"{settings.base_url}/p/{signing.link(keys.signing, 'pass', pass_id)}",
    }
    return kept | {"pass": given}


def respond(outcome: Redeemed, settings: Settings, keys: Keys) -> Response[Any]:
    status, kept = kept_of(outcome)
    return answered(Stored(-status, kept), lambda kept: shown(kept, settings, keys))


@post(
    "/redemptions",
    status_code=201,
    opt=allows(*PARTNER, scope=Scope.REDEEM),
    operation_id="redeem",
)
async def redeem(data: JSONBody[NewRedemption], request: Asked, state: AppState) -> Response[RedemptionSeen]:
    """Redeem a code for a reader this token vouches for, or hold a place for them.

    Same token, same reader again: 200 and the same.
    """
    settings, keys, actor = state.settings, state["keys"], request.user
    until = _until(data.hold_for, settings.hold_longest, state.clock())
    want = claims.wanted(
        data.code, data.reader.email, name=data.reader.name, shares=(), block_id=data.block, language="en"
    )
    opening: Opening | None = await state.openings.find(want.promo_code)
    if opening is None or not actor.runs_event(opening.partner_id, opening.event_id):
        raise CodeUnknown(want.promo_code)
    block = None
    if data.block is not None:
        async with state.database.reading(actor.reach) as session:
            block = await claims.block_of(session, data.block, opening.code_id)
    key = signing.reader_key(keys.reader, readers.canonical(want.email))
    ask = Ask(
        id=new_id(),
        code_id=opening.code_id,
        reader_key=key,
        asker=Asker(key, want.email, want.name, want.language),
        token_id=actor.id,
        block_id=block,
        held_for="shop" if until else None,
        held_until=until,
    )
    counter: GroupCommit = state.counter
    outcome = await counter.redeem(
        opening.offer_id,
        ask,
        of=opening.partner_id,
        key=await Writes(request).key(),
        answer=kept_of,
    )
    if isinstance(outcome, SOLD_OUT):
        place = Place(opening.partner_id, opening.event_id, opening.code_id, block)
        state.visits.refuse(place, now=state.clock())
    if isinstance(outcome, Refusal):
        raise outcome
    if isinstance(outcome, Stored):
        return answered(outcome, lambda kept: shown(kept, settings, keys))
    if isinstance(outcome, Waiting):
        raise TypeError("only readers wait")
    return respond(outcome, settings, keys)


def _until(hold_for: int | None, longest: int, now: datetime) -> datetime | None:
    """When a hold that is asked for ends; raises `HoldTooLong` or `InvalidRequest`."""
    if hold_for is None:
        return None
    if hold_for < 1:
        raise InvalidRequest({"hold_for": N_("Choose a number of seconds, 1 or more.")})
    if hold_for > longest:
        raise HoldTooLong(longest)
    return now + timedelta(seconds=hold_for)


@post(
    "/redemptions/{id:uuid}/confirm",
    status_code=200,
    opt=allows(*PARTNER, scope=Scope.REDEEM),
    operation_id="confirmRedemption",
)
async def confirm(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[RedemptionEnded]:
    """Give the pass of a hold: the checkout went through, or the partner said yes. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> RedemptionEnded:
        given = (await passes.confirm(session, [id], now=now, by=actor))[0]
        return RedemptionEnded(given.redemption_id, given.state, given.version)

    return await writes.answer(effect)


@post(
    "/redemptions/{id:uuid}/cancel",
    status_code=200,
    opt=allows(*PARTNER, scope=Scope.REDEEM),
    operation_id="cancelRedemption",
)
async def cancel(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[RedemptionEnded]:
    """End a redemption; its use returns once, or is kept, as the offer says. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> RedemptionEnded:
        ended = (await passes.cancel(session, [id], now=now, by=actor))[0]
        return RedemptionEnded(ended.redemption_id, ended.state, ended.version)

    return await writes.answer(effect)


@get("/redemptions", opt=allows(*PARTNER, scope=Scope.READ), operation_id="listRedemptions")
async def list_redemptions(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    code: FromQuery[str | None] = None,
    offer: FromQuery[UUID | None] = None,
    event: FromQuery[UUID | None] = None,
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    agreed: FromQuery[bool] = False,
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> RedemptionsSeen:
    """Who redeemed, oldest first: pseudonyms, and what readers agreed to show.

    `agreed`: only of readers who show something. `q`: of the code, and of what readers agreed to show. `sort`: code,
    state, made.
    """
    async with reads() as session:
        lines, following = await results.redemptions(
            session,
            by=actor,
            code=code,
            offer_id=offer,
            event_id=event,
            state=in_state,
            agreed=agreed,
            asked=asked(q, sort, cursor, size),
        )
    return RedemptionsSeen([row_of(line) for line in lines], following)


@get("/redemptions/{id:uuid}", opt=allows(*PARTNER, scope=Scope.READ), operation_id="getRedemption")
async def get_redemption(
    id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> RedemptionRow:
    async with reads() as session:
        lines, _ = await results.redemptions(session, by=actor, redemption_id=id)
    if not lines:
        raise NotFound("redemption")
    return row_of(lines[0])


def row_of(line: results.Line) -> RedemptionRow:
    return msgspec.convert(line, RedemptionRow, from_attributes=True)


HANDLERS: list[Any] = [redeem, confirm, cancel, list_redemptions, get_redemption]
