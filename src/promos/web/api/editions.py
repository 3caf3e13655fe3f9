"""The next edition of an event: as it is proposed, and made as it is agreed to."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import editions
from promos.actions.editions import Edition, NextOffer
from promos.rules import texts
from promos.rules.people import Actor, Role, Scope
from promos.web.access import allows
from promos.web.api import events
from promos.web.api.events import EventSeen
from promos.web.given import Reads, Writes

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)


class NextCode(msgspec.Struct, forbid_unknown_fields=True):
    """`code`: of this edition; `text`: of the next one."""

    code: UUID
    text: str


class OfferOfEdition(msgspec.Struct, forbid_unknown_fields=True):
    """`offer_id`: of this edition. Without `limit` it stays the same."""

    offer_id: UUID
    opens_at: datetime
    ends_at: datetime
    codes: list[NextCode] = []
    limit: int | UnsetType | None = UNSET


class NextEdition(msgspec.Struct, forbid_unknown_fields=True):
    """Whatever is left out is as proposed. `allotments`: what is set aside for newsletters and codes, too."""

    name: str | UnsetType = UNSET
    edition: str | UnsetType | None = UNSET
    starts_at: datetime | UnsetType = UNSET
    ends_at: datetime | UnsetType = UNSET
    offers: list[OfferOfEdition] | UnsetType = UNSET
    allotments: bool = False


class EditionProposed(msgspec.Struct):
    previous_event_id: UUID
    name: str
    edition: str | None
    starts_at: datetime
    ends_at: datetime
    offers: list[OfferOfEdition]


def _proposed(edition: Edition) -> EditionProposed:
    return EditionProposed(
        edition.event.id,
        edition.name,
        edition.edition,
        edition.starts_at,
        edition.ends_at,
        [
            OfferOfEdition(
                each.offer.id,
                each.opens_at,
                each.ends_at,
                [NextCode(code_id, word) for code_id, (_, word) in each.codes.items()],
                each.offer.limit,
            )
            for each in edition.offers
        ],
    )


@get("/events/{id:uuid}/next-edition", opt=allows(*RUN_BY, scope=Scope.READ), operation_id="proposeNextEdition")
async def propose(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    starts_at: FromQuery[datetime | None] = None,
) -> EditionProposed:
    """A year later, or from `starts_at` on, at the same times of the place; its codes have words that are free."""
    starts = starts_at and texts.instant(starts_at, "starts_at")
    async with reads() as session:
        return _proposed(await editions.proposed(session, id, starts_at=starts, by=actor))


@post(
    "/events/{id:uuid}/next-edition",
    status_code=201,
    opt=allows(*RUN_BY, scope=Scope.WRITE),
    operation_id="createNextEdition",
)
async def create(
    id: FromPath[UUID],
    data: JSONBody[NextEdition],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[EventSeen]:
    """Make the next edition with pass types, offers and codes, paused and unused; all of it or nothing."""

    async def effect(session: AsyncSession, now: datetime) -> EventSeen:
        starts = None if data.starts_at is UNSET else texts.instant(data.starts_at, "starts_at")
        plain = _proposed(await editions.proposed(session, id, starts_at=starts, by=actor))
        made = await editions.create(
            session,
            id,
            name=plain.name if data.name is UNSET else data.name,
            edition=plain.edition if data.edition is UNSET else data.edition,
            starts_at=plain.starts_at,
            ends_at=plain.ends_at if data.ends_at is UNSET else data.ends_at,
            offers=[_agreed(each) for each in (plain.offers if data.offers is UNSET else data.offers)],
            allotments=data.allotments,
            now=now,
            by=actor,
        )
        return events.seen(made)

    return await writes.answer(effect, status=201)


def _agreed(offer: OfferOfEdition) -> NextOffer:
    kept: NextOffer = {
        "offer_id": offer.offer_id,
        "opens_at": offer.opens_at,
        "ends_at": offer.ends_at,
        "codes": {each.code: each.text for each in offer.codes},
    }
    if offer.limit is not UNSET:
        kept["limit"] = offer.limit
    return kept


HANDLERS: list[Any] = [propose, create]
