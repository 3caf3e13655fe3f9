"""Offers: the terms of a give-away."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import offers
from promos.models import Offer, PassType
from promos.queries import offers as queries
from promos.queries import pages
from promos.rules.finding import asked
from promos.rules.language import N_
from promos.rules.money import major
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import InvalidRequest, NotFound
from promos.web.access import allows
from promos.web.api.bodies import told
from promos.web.given import Reads, Writes

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
SEEN_BY = (*RUN_BY, Role.EDITOR)

Proof = Literal["mailbox", "none"]
Fulfilment = Literal["pass", "pool", "checkout"]
OnCancel = Literal["return", "keep"]


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Major units, `"5000.00"`, of the pass type's currency."""

    amount: str
    currency: str


class OfferBenefit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a reader gets: nothing to pay, `percent` off, `amount` off, `amount` to pay, or the right to buy.

    `percent` above 0, at most 100, two digits after the point; `amount` in major units of the pass type's currency.
    """

    kind: Literal["free_pass", "percent", "amount", "fixed_price", "access"]
    percent: Decimal | None = None
    amount: str | None = None
    currency: str | None = None


class Pool(msgspec.Struct, frozen=True):
    """The codes of the partner's own shop: how many were taken in, and how many of them nobody has."""

    codes: int
    left: int


class NewOffer(msgspec.Struct, forbid_unknown_fields=True):
    """The window is half-open: redeemable at `opens_at`, not at `ends_at`. `limit`: passes, by all of its codes.

    Without `publication_ids` nobody can place it yet. `proof` none: only trusted tokens redeem it. `budget`: what all
    reductions together may cost. `review`: the partner decides on each reader's claim. `place_hours`: for which a freed
    place is kept for the next in line. `on_expiry`: of holds that came to nothing. `fulfilment`: a `pass` of ours, a
    code from the `pool` of the partner's own shop, or a `checkout` of that shop, which asks us itself. `shop_url`:
    where readers use their code, with `{code}` where it goes.
    """

    event_id: UUID
    pass_type_id: UUID
    opens_at: datetime
    ends_at: datetime
    name: str | UnsetType = UNSET  # without one: the pass type's
    benefit: OfferBenefit = OfferBenefit("free_pass")
    limit: int | None = None
    budget: Money | None = None
    publication_ids: list[UUID] = []
    proof: Proof = "mailbox"
    fulfilment: Fulfilment = "pass"
    on_cancel: OnCancel = "return"
    on_expiry: OnCancel = "return"
    review: bool = False
    waiting_list: bool = True
    place_hours: int = 24
    eligibility: str | None = None  # in words, shown to the reader
    conditions_url: str | None = None
    shop_url: str | None = None


class OfferChanges(msgspec.Struct, forbid_unknown_fields=True):
    """`publication_ids` replaces those that are named."""

    pass_type_id: UUID | UnsetType = UNSET
    name: str | UnsetType = UNSET
    benefit: OfferBenefit | UnsetType = UNSET
    limit: int | UnsetType | None = UNSET
    budget: Money | UnsetType | None = UNSET
    opens_at: datetime | UnsetType = UNSET
    ends_at: datetime | UnsetType = UNSET
    publication_ids: list[UUID] | UnsetType = UNSET
    proof: Proof | UnsetType = UNSET
    fulfilment: Fulfilment | UnsetType = UNSET
    on_cancel: OnCancel | UnsetType = UNSET
    on_expiry: OnCancel | UnsetType = UNSET
    review: bool | UnsetType = UNSET
    waiting_list: bool | UnsetType = UNSET
    place_hours: int | UnsetType = UNSET
    eligibility: str | UnsetType | None = UNSET
    conditions_url: str | UnsetType | None = UNSET
    shop_url: str | UnsetType | None = UNSET


class OfferSeen(msgspec.Struct):
    """`used`: passes out; counted only while there is a limit. `allotted`: of the limit, set aside in allotments.

    `spent`: what all reductions cost; counted only while there is a budget. `pool`: for who runs the offer, where it
    hands out codes of the partner's shop.
    """

    id: UUID
    partner_id: UUID
    event_id: UUID
    pass_type_id: UUID
    name: str
    benefit: OfferBenefit
    limit: int | None
    used: int
    allotted: int
    budget: Money | None
    spent: Money | None
    opens_at: datetime
    ends_at: datetime
    publication_ids: list[UUID]
    proof: Proof
    fulfilment: Fulfilment
    shop_url: str | None
    pool: Pool | None
    on_cancel: OnCancel
    on_expiry: OnCancel
    review: bool
    waiting_list: bool
    place_hours: int
    eligibility: str | None
    conditions_url: str | None
    archived_at: datetime | None
    created_at: datetime


class OffersSeen(msgspec.Struct):
    items: list[OfferSeen]
    next: str | None


async def seen(session: AsyncSession, *found: Offer, by: Actor) -> list[OfferSeen]:
    """Editors see which of their own publications an offer names, and no others."""
    named = await offers.publications(session, [offer.id for offer in found])
    of = sa.select(PassType.id, PassType.currency).where(PassType.id.in_({offer.pass_type_id for offer in found}))
    currencies = {row.id: row.currency for row in await session.execute(of)}
    return [_seen(offer, named[offer.id], by, currencies[offer.pass_type_id]) for offer in found]


def _seen(offer: Offer, named: list[UUID], by: Actor, currency: str) -> OfferSeen:
    runs = by.runs(offer.partner_id)
    facts = {name: getattr(offer, name) for name in OfferSeen.__struct_fields__ if hasattr(offer, name)}
    in_money = {"amount": major(offer.amount, currency), "currency": currency} if offer.amount is not None else {}
    in_parts = {"percent": f"{offer.percent:.2f}"} if offer.percent is not None else {}
    facts |= {
        "benefit": {"kind": offer.benefit, **in_parts, **in_money},
        "budget": _money(offer.budget, currency),
        "spent": _money(offer.spent if offer.budget is not None else None, currency),
        "pool": None if offer.pooled is None or not runs else {"codes": offer.pooled, "left": offer.left_in_pool},
        "publication_ids": [id_ for id_ in named if runs or id_ in by.publications],
    }
    return msgspec.convert(facts, OfferSeen)


def _money(units: int | None, currency: str) -> dict[str, str] | None:
    return None if units is None else {"amount": major(units, currency), "currency": currency}


def terms_of(body: NewOffer | OfferChanges) -> dict[str, Any]:
    """The body with benefit and budget as the action takes them; raises `InvalidRequest` for two currencies."""
    terms = told(body)
    benefit, budget = terms.pop("benefit", None), terms.pop("budget", UNSET)
    currencies = {part["currency"] for part in (benefit, budget) if part and part.get("currency")}
    if len(currencies) > 1:
        raise InvalidRequest({"currency": N_("Write the amount in the currency of the pass type.")})
    if benefit:
        terms |= {"benefit": benefit["kind"], "percent": benefit.get("percent"), "amount": benefit.get("amount")}
    if budget is not UNSET:
        terms["budget"] = budget["amount"] if budget else None
    return terms | {"currency": next(iter(currencies), None)}


@post("/offers", status_code=201, opt=allows(*RUN_BY, scope=Scope.WRITE), operation_id="createOffer")
async def create(
    data: JSONBody[NewOffer], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[OfferSeen]:
    """Give passes of an event away."""
    terms = terms_of(data)

    async def effect(session: AsyncSession, now: datetime) -> OfferSeen:
        offer = await offers.create(session, now=now, by=actor, **terms)
        return (await seen(session, offer, by=actor))[0]

    return await writes.answer(effect, status=201)


@get("/offers", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="listOffers")
async def list_offers(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    event: FromQuery[UUID | None] = None,
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    archived: FromQuery[bool] = False,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> OffersSeen:
    """One's own; for editors those that name their publication. `q`: of the name. `sort`: name, opens, ends, made."""
    statement = sa.select(Offer).where(Offer.visible_to(actor))
    if event:
        statement = statement.where(Offer.event_id == event)
    statement = statement.where(Offer.archived_at.is_not(None) if archived else Offer.archived_at.is_(None))
    async with reads() as session:
        rows, following = await pages.listed(session, statement, queries.SORTED, asked(q, sort, cursor, size))
        return OffersSeen(await seen(session, *rows, by=actor), following)


@get("/offers/{id:uuid}", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="getOffer")
async def get_offer(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> OfferSeen:
    async with reads() as session:
        offer = await session.scalar(sa.select(Offer).where(Offer.id == id, Offer.visible_to(actor)))
        if offer is None:
            raise NotFound("offer")
        return (await seen(session, offer, by=actor))[0]


@patch("/offers/{id:uuid}", opt=allows(*RUN_BY, scope=Scope.WRITE), operation_id="changeOffer")
async def change(
    id: FromPath[UUID],
    data: JSONBody[OfferChanges],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[OfferSeen]:
    """Change terms. A limit never falls below what is used; once a pass is out, its type and benefit stay."""
    terms = terms_of(data)

    async def effect(session: AsyncSession, now: datetime) -> OfferSeen:
        offer = await offers.update(session, id, now=now, by=actor, **terms)
        return (await seen(session, offer, by=actor))[0]

    return await writes.answer(effect)


HANDLERS: list[Any] = [create, list_offers, get_offer, change]
