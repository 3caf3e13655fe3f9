"""Offers: the terms of a give-away."""

from datetime import datetime
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
from promos.models import Offer
from promos.queries import pages
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.web.access import allows
from promos.web.api.bodies import told
from promos.web.given import Reads, Writes

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
SEEN_BY = (*RUN_BY, Role.EDITOR)

Proof = Literal["mailbox", "none"]
OnCancel = Literal["return", "keep"]


class OfferBenefit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["free_pass"]


class NewOffer(msgspec.Struct, forbid_unknown_fields=True):
    """The window is half-open: redeemable at `opens_at`, not at `ends_at`. `limit`: passes, by all of its codes.

    Without `publication_ids` nobody can place it yet. `proof` none: only trusted tokens redeem it.
    """

    event_id: UUID
    pass_type_id: UUID
    opens_at: datetime
    ends_at: datetime
    name: str | UnsetType = UNSET  # without one: the pass type's
    benefit: OfferBenefit = OfferBenefit("free_pass")
    limit: int | None = None
    publication_ids: list[UUID] = []
    proof: Proof = "mailbox"
    fulfilment: Literal["pass"] = "pass"
    on_cancel: OnCancel = "return"
    eligibility: str | None = None  # in words, shown to the reader
    conditions_url: str | None = None


class OfferChanges(msgspec.Struct, forbid_unknown_fields=True):
    """`publication_ids` replaces those that are named."""

    pass_type_id: UUID | UnsetType = UNSET
    name: str | UnsetType = UNSET
    limit: int | UnsetType | None = UNSET
    opens_at: datetime | UnsetType = UNSET
    ends_at: datetime | UnsetType = UNSET
    publication_ids: list[UUID] | UnsetType = UNSET
    proof: Proof | UnsetType = UNSET
    on_cancel: OnCancel | UnsetType = UNSET
    eligibility: str | UnsetType | None = UNSET
    conditions_url: str | UnsetType | None = UNSET


class OfferSeen(msgspec.Struct):
    """`used`: passes out; counted only while there is a limit."""

    id: UUID
    partner_id: UUID
    event_id: UUID
    pass_type_id: UUID
    name: str
    benefit: OfferBenefit
    limit: int | None
    used: int
    opens_at: datetime
    ends_at: datetime
    publication_ids: list[UUID]
    proof: Proof
    fulfilment: Literal["pass"]
    on_cancel: OnCancel
    eligibility: str | None
    conditions_url: str | None
    created_at: datetime


class OffersSeen(msgspec.Struct):
    items: list[OfferSeen]
    next: str | None


async def seen(session: AsyncSession, *found: Offer, by: Actor) -> list[OfferSeen]:
    """Editors see which of their own publications an offer names, and no others."""
    named = await offers.publications(session, [offer.id for offer in found])
    return [_seen(offer, named[offer.id], by) for offer in found]


def _seen(offer: Offer, named: list[UUID], by: Actor) -> OfferSeen:
    runs = by.runs(offer.partner_id)
    facts = {name: getattr(offer, name) for name in OfferSeen.__struct_fields__ if hasattr(offer, name)}
    facts |= {
        "benefit": {"kind": offer.benefit},
        "fulfilment": "pass",
        "publication_ids": [id_ for id_ in named if runs or id_ in by.publications],
    }
    return msgspec.convert(facts, OfferSeen)


@post("/offers", status_code=201, opt=allows(*RUN_BY, scope=Scope.WRITE), operation_id="createOffer")
async def create(
    data: JSONBody[NewOffer], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[OfferSeen]:
    """Give passes of an event away."""
    terms = told(data) | {"benefit": data.benefit.kind}

    async def effect(session: AsyncSession, now: datetime) -> OfferSeen:
        offer = await offers.create(session, now=now, by=actor, **terms)
        return (await seen(session, offer, by=actor))[0]

    return await writes.answer(effect, status=201)


@get("/offers", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="listOffers")
async def list_offers(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    event: FromQuery[UUID | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> OffersSeen:
    """One's own; for editors those that name their publication."""
    statement = sa.select(Offer).where(Offer.visible_to(actor))
    if event:
        statement = statement.where(Offer.event_id == event)
    async with reads() as session:
        rows, following = await pages.page(session, statement, Offer.id, cursor, size)
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
    """Change terms. A limit never falls below what is used, and once a pass is out its type stays."""

    async def effect(session: AsyncSession, now: datetime) -> OfferSeen:
        offer = await offers.update(session, id, now=now, by=actor, **told(data))
        return (await seen(session, offer, by=actor))[0]

    return await writes.answer(effect)


HANDLERS: list[Any] = [create, list_offers, get_offer, change]
