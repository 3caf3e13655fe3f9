"""Promo codes: made, changed, and tried without using them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, patch, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, codes
from promos.models import PromoCode, Redemption
from promos.models.events import money
from promos.queries import catalogue, pages
from promos.queries import codes as code_queries
from promos.queries import terms as terms_query
from promos.queries.catalogue import Listing
from promos.rules import codes as spelling
from promos.rules import offers, readers, redemption, signing, texts
from promos.rules.finding import asked
from promos.rules.people import Actor, Role, Scope
from promos.rules.redemption import Terms, Verdict
from promos.rules.refusals import AlreadyHoldsPass, CodeMalformed, CodeUnknown, NotAllowed, NotFound, SignInNeeded
from promos.web.access import ANYONE, allows
from promos.web.api.bodies import told
from promos.web.api.pass_types import FaceValue
from promos.web.api.redemptions import NewReader, PriceSeen, price_of
from promos.web.given import Asked, Reads, Writes
from promos.web.problems import plain

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
SEEN_BY = (*RUN_BY, Role.EDITOR)

Status = Literal["active", "paused", "revoked"]


class NewCode(msgspec.Struct, forbid_unknown_fields=True):
    """`code`: 3 to 40 letters A–Z, digits and dashes; alike but for case and dashes is the same code.

    `needs_label`: it is paused until the issue that was sent shows its label.
    """

    code: str
    limit: int | None = None
    needs_label: bool = False


class CodeChanges(msgspec.Struct, forbid_unknown_fields=True):
    """`version`: that one has seen; if the code has changed since, nothing happens and it is told."""

    limit: int | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET
    needs_label: bool | UnsetType = UNSET
    version: int | UnsetType = UNSET


class CodeSeen(msgspec.Struct):
    """`version` goes up by one with every change and every redemption, without gaps.

    `label`: of its blocks in what was sent, where it needs one; waived: who runs it let it work without.
    `pauses_at`: when the label will have been missing too long.
    """

    id: UUID
    code: str
    offer_id: UUID
    event_id: UUID
    partner_id: UUID
    limit: int | None
    used: int
    status: Status
    label: Literal["awaited", "seen", "missed", "waived"] | None
    pauses_at: datetime | None
    version: int
    archived_at: datetime | None
    created_at: datetime


class CodesSeen(msgspec.Struct):
    items: list[CodeSeen]
    next: str | None


class Supposed(msgspec.Struct, forbid_unknown_fields=True):
    """Terms as they might be. `limit`: of the code; `offer_limit`, `capacity`, `event_capacity`: of what is above."""

    status: Status | UnsetType = UNSET
    limit: int | UnsetType | None = UNSET
    offer_limit: int | UnsetType | None = UNSET
    capacity: int | UnsetType | None = UNSET
    event_capacity: int | UnsetType | None = UNSET
    opens_at: datetime | UnsetType = UNSET
    ends_at: datetime | UnsetType = UNSET


class Trial(msgspec.Struct, forbid_unknown_fields=True):
    """For those who run the code: what will be `at` that instant, what this `reader` would get through this `block`,
    and what would be if the terms were as in `suppose`. Nothing is written."""

    at: datetime | None = None
    reader: NewReader | None = None
    block: UUID | None = None
    suppose: Supposed | None = None


class Reason(msgspec.Struct):
    """A rule and what it says. `code`: the refusal a claim would get; of a rule that lets it pass, the rule's name."""

    code: str
    rule: str
    verdict: Literal["pass", "fail"]
    facts: dict[str, Any]


class BenefitSeen(msgspec.Struct):
    """`price`: what the reader pays, and how it comes about."""

    kind: Literal["free_pass", "percent", "amount", "fixed_price", "access"]
    pass_type: str
    face_value: FaceValue
    price: PriceSeen


class Tried(msgspec.Struct):
    """`remaining`: passes left by the tightest limit; `null` without any limit."""

    code: str
    redeemable: bool
    reasons: list[Reason]
    remaining: int | None
    benefit: BenefitSeen


def seen(code: PromoCode) -> CodeSeen:
    facts = {name: getattr(code, name) for name in CodeSeen.__struct_fields__ if name != "code"}
    return msgspec.convert(facts | {"code": code.spelled}, CodeSeen)


@post("/offers/{id:uuid}/codes", status_code=201, opt=allows(*RUN_BY, scope=Scope.WRITE), operation_id="createCode")
async def create(
    id: FromPath[UUID],
    data: JSONBody[NewCode],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[CodeSeen]:
    """Make a public word open an offer."""

    async def effect(session: AsyncSession, now: datetime) -> CodeSeen:
        made = await codes.create(
            session, id, data.code, limit=data.limit, needs_label=data.needs_label, now=now, by=actor
        )
        return seen(made)

    return await writes.answer(effect, status=201)


@get("/codes", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="listCodes")
async def list_codes(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    offer: FromQuery[UUID | None] = None,
    event: FromQuery[UUID | None] = None,
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    archived: FromQuery[bool] = False,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> CodesSeen:
    """`q`: letters of the code. `sort`: code, used, status, made; `-used` from the end."""
    statement = sa.select(PromoCode).where(PromoCode.visible_to(actor))
    if offer:
        statement = statement.where(PromoCode.offer_id == offer)
    if event:
        statement = statement.where(PromoCode.event_id == event)
    statement = statement.where(PromoCode.archived_at.is_not(None) if archived else PromoCode.archived_at.is_(None))
    async with reads() as session:
        rows, following = await pages.listed(session, statement, code_queries.SORTED, asked(q, sort, cursor, size))
    return CodesSeen([seen(row) for row in rows], following)


@get("/codes/{code:str}", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="getCode")
async def get_code(code: FromPath[str], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> CodeSeen:
    """A code, however its dashes and case are written."""
    try:
        meant = code_queries.meant(code)
    except CodeMalformed:
        raise NotFound("code") from None
    async with reads() as session:
        found = await session.scalar(sa.select(PromoCode).where(meant, PromoCode.visible_to(actor)))
    if found is None:
        raise NotFound("code")
    return seen(found)


@patch("/codes/{code:str}", opt=allows(*RUN_BY, scope=Scope.WRITE), operation_id="changeCode")
async def change(
    code: FromPath[str],
    data: JSONBody[CodeChanges],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[CodeSeen]:
    """Give a code another limit, pause it, resume it, or revoke it for good."""

    async def effect(session: AsyncSession, now: datetime) -> CodeSeen:
        return seen(await codes.update(session, code, now=now, by=actor, **told(data)))

    return await writes.answer(effect)


@post("/codes/{code:str}/check", status_code=200, opt=ANYONE, operation_id="checkCode")
async def check(
    code: FromPath[str],
    request: Asked,
    state: AppState,
    data: JSONBody[Trial | None] = None,
) -> Tried:
    """Every rule with its verdict, from where a claim is decided. Uses nothing up, and changes nothing.

    A secret code answers to those who run it, and to nobody else whether there is one.
    """
    trial, actor, now = data or Trial(), request.user, state.clock()
    if trial == Trial() and (glance := await _glance(code, state)):
        return _tried(glance, glance.terms, list(redemption.verdicts(glance.terms, now)))
    at = now if trial.at is None else texts.read({"at": texts.instant}, {"at": trial.at})["at"]
    async with state.database.reading() as session:
        if await code_queries.is_secret(session, code):
            await _runs_secret(session, code, actor)
        found = await catalogue.listing(session, code, now=at)
        if trial != Trial():
            await _runs(session, found, actor)
        terms, said = await judged(session, found, trial, at, state["keys"].reader)
    return _tried(found, terms, said)


async def judged(
    session: AsyncSession, found: Listing, trial: Trial, at: datetime, reader_key: bytes
) -> tuple[Terms, list[Verdict]]:
    """The terms that `trial` is about, and what each rule says of them at that instant; `found` is of the same one."""
    terms = found.terms
    if trial.block is not None:
        way = (found.code.id, await claims.block_of(session, trial.block, found.code.id))
        terms = (await terms_query.of_ways(session, [way], now=at))[way]
    if trial.suppose is not None:
        terms = _supposed(await terms_query.with_uses(session, terms, now=at), trial.suppose)
    said = list(redemption.verdicts(terms, at))
    if trial.reader is not None:
        key = signing.reader_key(reader_key, readers.canonical(readers.address(trial.reader.email)))
        said.append(await _one_a_reader(session, found, key, at))
    return terms, said


async def _glance(code: str, state: AppState) -> Listing | None:
    """A public word as everybody may see it, looked up for all who ask; of anything else, nothing."""
    try:
        text = spelling.normal(code)
    except CodeMalformed:
        return None
    found: Listing | None = await state.listings.find(text)
    return found


def _tried(found: Listing, terms: Terms, said: list[Verdict]) -> Tried:
    worth = msgspec.convert(money(found.pass_type), FaceValue)
    return Tried(
        code=found.code.spelled,
        redeemable=all(verdict.refusal is None for verdict in said),
        reasons=[_reason(verdict) for verdict in said],
        remaining=terms.left,
        benefit=msgspec.convert(
            {
                "kind": found.offer.benefit,
                "pass_type": found.pass_type.name,
                "face_value": msgspec.to_builtins(worth),
                "price": price_of(terms.price),
            },
            BenefitSeen,
        ),
    )


def _supposed(terms: Terms, suppose: Supposed) -> Terms:
    return redemption.supposed(terms, **texts.read(offers.SUPPOSED, told(suppose)))


async def _runs(session: AsyncSession, found: Listing, actor: Actor) -> None:
    """The time and the reader are for those who run the code and read; raises why not."""
    if not actor.is_known:
        raise SignInNeeded
    actor.needs(*RUN_BY, scope=Scope.READ)
    mine = sa.select(PromoCode.id).where(PromoCode.id == found.code.id, PromoCode.run_by(actor))
    if await session.scalar(mine) is None:
        raise NotAllowed(sorted(RUN_BY))


async def _runs_secret(session: AsyncSession, code: str, actor: Actor) -> None:
    """The same "no" for a code of somebody else's and for one that never was."""
    if not actor.is_known:
        raise SignInNeeded
    actor.needs(*RUN_BY, scope=Scope.READ)
    mine = sa.select(PromoCode.id).where(code_queries.meant(code), PromoCode.run_by(actor))
    if await session.scalar(mine) is None:
        raise CodeUnknown(spelling.spelled(code.replace(" ", "")))


async def _one_a_reader(session: AsyncSession, found: Listing, reader_key: str, at: datetime) -> Verdict:
    """The pass of another offer of the event stands in the way; this offer's own is given again."""
    is_held = sa.and_(Redemption.state == "held", sa.or_(Redemption.expires_at.is_(None), Redemption.expires_at > at))
    held = (
        await session.execute(
            sa.select(Redemption.offer_id, Redemption.expires_at).where(
                Redemption.event_id == found.event.id,
                Redemption.reader_key == reader_key,
                sa.or_(Redemption.state == "confirmed", is_held),
            )
        )
    ).one_or_none()
    elsewhere = held is not None and held.offer_id != found.offer.id
    return Verdict("one-a-reader", AlreadyHoldsPass(held.expires_at) if held and elsewhere else None)


def _reason(said: Verdict) -> Reason:
    if said.refusal is None:
        return Reason(said.rule, said.rule, "pass", {})
    facts = {name: plain(fact) for name, fact in said.refusal.facts.items()}
    return Reason(said.refusal.slug, said.rule, "fail", facts)


HANDLERS: list[Any] = [create, list_codes, get_code, change, check]
