"""An event's page: the number, its picture, its table; then what is given, by which codes, and what happened."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import moves, offers
from promos.models import Event, PassType, Publication
from promos.queries import funnel, journal, results, shops
from promos.queries.catalogue import Listing
from promos.queries.funnel import Wish
from promos.queries.results import OfferTally
from promos.rendering import charts
from promos.rendering import results as words
from promos.rules import offers as offer_rules
from promos.rules import redemption, wishes
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import CodeEnded, CodeNotOpen, CodePaused, CodeRevoked, CodeUnavailable, EventCancelled
from promos.web.given import Reads
from promos.web.pages.partner.desk import READ, event_of
from promos.web.pages.partner.history import sentences
from promos.web.pages.show import language_of, page

STATES = {
    CodeEnded: "ended",
    CodeNotOpen: "not_open",
    CodePaused: "paused",
    CodeRevoked: "revoked",
    CodeUnavailable: "suspended",
    EventCancelled: "cancelled",
}


@get("/partner/events/{event_id:uuid}", opt=READ)
async def event_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    async with reads() as session:
        return await shown(request, session, event_id, actor, now)


async def shown(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    event_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    """The whole page. `typed` and `errors` belong to the small forms in it, by field and the id of what they change."""
    language = language_of(request)
    event = await event_of(session, event_id, actor)
    came = await funnel.of_event(session, event.id, Wish(), now=now, by=actor)
    steps = words.steps(came.total, came.sent, language, is_over=came.is_over)
    kinds = sa.select(PassType).where(PassType.event_id == event.id).order_by(PassType.id)
    pass_types = list(await session.scalars(kinds))
    everything = await results.tally(session, by=actor, event_id=event.id)
    tallies = [_in_sight(each) for each in everything if each.offer.archived_at is None]
    shop, supplied = await shops.of_event(session, event.id, actor)
    return page(
        request,
        "partner/event.html",
        status=status,
        event=event,
        limit=_limit(event, tallies),
        came=came.total,
        worth=words.worth(came.given, language),
        picture=charts.funnel_svg(steps, language, language.gettext(N_("From issue to door"))),
        pass_types=[kind for kind in pass_types if kind.archived_at is None],
        archived=_archived(pass_types, everything),
        tallies=tallies,
        to_decide=await results.to_decide(session, event.id, by=actor),
        odd={each.offer.id for each in tallies if _is_odd(each)},
        readers=await moves.to_tell(session, event.id),
        is_over=event.ends_at <= now,
        low={listing.code.id for each in tallies for listing in each.codes if _is_low(each, listing)},
        states={listing.code.id: state_of(listing, now) for each in tallies for listing in each.codes},
        publications=await _publications(session, tallies),
        step=_step(pass_types, tallies),
        history=sentences(await journal.of_event(session, event.id, actor), language),
        shop=shop,
        told=shops.sums(supplied) if supplied else None,
        typed=dict(typed or {}),
        errors=dict(errors or {}),
    )


def _in_sight(each: OfferTally) -> OfferTally:
    codes = [listing for listing in each.codes if listing.code.archived_at is None]
    return replace(each, codes=codes, public=each.public - len(each.codes) + len(codes))


def _archived(pass_types: list[PassType], tallies: list[OfferTally]) -> list[tuple[str, str, Any]]:
    """What is put away: its place among our addresses, its name, and the row."""
    found: list[tuple[str, str, Any]] = [("pass-types", each.name, each) for each in pass_types]
    for each in tallies:
        found.append(("offers", each.offer.name, each.offer))
        found += [("codes", listing.code.spelled, listing.code) for listing in each.codes]
    return [each for each in found if each[2].archived_at is not None]


def _is_odd(each: OfferTally) -> bool:
    offer, event = each.offer, each.event
    return offer_rules.is_odd(offer.opens_at, offer.ends_at, event.starts_at, event.ends_at)


def _is_low(each: OfferTally, listing: Listing) -> bool:
    limits = [limit for limit in (listing.code.limit, each.offer.limit) if limit is not None]
    return listing.code.status != "revoked" and wishes.is_low(min(limits, default=None), listing.remaining)


def _limit(event: Event, tallies: list[OfferTally]) -> int | None:
    """What the offers can give together; `None` where nothing ends it."""
    ends = []
    for each in tallies:
        limits = [limit for limit in (each.offer.limit, each.pass_type.capacity) if limit is not None]
        if not limits:
            return event.capacity
        ends.append(min(limits))
    if not ends:
        return None
    return sum(ends) if event.capacity is None else min(sum(ends), event.capacity)


def state_of(listing: Listing, now: datetime) -> str:
    """In the words of `parts/values.html`."""
    no = redemption.refusal(listing.terms, now)
    return "active" if no is None else STATES.get(type(no), "exhausted")


def _step(pass_types: list[PassType], tallies: list[OfferTally]) -> int:
    """Which step of making an event ready comes next; 5 when a code exists."""
    if not pass_types:
        return 2
    if not tallies:
        return 3
    return 5 if any(each.codes or each.batches for each in tallies) else 4


async def _publications(session: AsyncSession, tallies: list[OfferTally]) -> dict[UUID, list[str]]:
    """The names of the newsletters that may place each offer."""
    named = await offers.publications(session, [each.offer.id for each in tallies])
    ids = {publication_id for each in named.values() for publication_id in each}
    rows = await session.execute(sa.select(Publication.id, Publication.name).where(Publication.id.in_(ids)))
    names = {row.id: row.name for row in rows}
    return {offer_id: sorted(names[each] for each in ids_) for offer_id, ids_ in named.items()}


HANDLERS: list[Any] = [event_page]
