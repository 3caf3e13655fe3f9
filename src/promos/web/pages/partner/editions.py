"""The next edition of an event, shown whole before anything of it is stored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import editions
from promos.actions.editions import Edition, NextOffer
from promos.rules.events import EVENT
from promos.rules.people import Actor
from promos.rules.refusals import CodeMalformed, CodeTaken, Refusal
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, local, to_mend

OF_EVENT = ("name", "edition", "starts_at", "ends_at", "allotments")
OF_OFFER = ("take", "opens_at", "ends_at", "max")


@get("/partner/events/{event_id:uuid}/next", opt=READ)
async def next_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        edition = await editions.proposed(session, event_id, by=actor)
        if request.query_params.get("starts_at"):
            asked = Typed({"starts_at": [request.query_params["starts_at"]]})
            starts = asked.moment("starts_at", edition.event.timezone)
            if not asked.errors and 2000 <= starts.year <= 2100:
                edition = await editions.proposed(session, event_id, starts_at=starts, by=actor)
    return _form(request, edition, _written(edition), {})


@post("/partner/events/{event_id:uuid}/next", opt=WRITE)
async def create(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        edition = await editions.proposed(session, event_id, by=actor)
    zone = edition.event.timezone
    agreed: dict[str, Any] = {
        "name": typed.text("name"),
        "edition": typed.text("edition"),
        "starts_at": typed.moment("starts_at", zone),
        "ends_at": typed.moment("ends_at", zone),
    }
    offers = [_offer(typed, each, zone) for each in edition.offers if typed.ticked(f"take-{each.offer.id}")]

    async def effect(session: AsyncSession, now: datetime) -> UUID:
        allotments = typed.ticked("allotments")
        made = await editions.create(
            session, event_id, offers=offers, allotments=allotments, now=now, by=actor, **agreed
        )
        return made.id

    try:
        typed.checked(EVENT, agreed)
        made = await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, edition, typed, refusal)
    return go(f"/partner/events/{made}", "created")


def _offer(typed: Typed, each: editions.Proposal, zone: str) -> NextOffer:
    own = each.offer.id
    words = {code_id: typed.text(f"code-{code_id}") for code_id in each.codes}
    return {
        "offer_id": own,
        "opens_at": typed.moment(f"opens_at-{own}", zone),
        "ends_at": typed.moment(f"ends_at-{own}", zone),
        "limit": typed.whole(f"max-{own}"),
        "codes": {code_id: word for code_id, word in words.items() if word},
    }


def _written(edition: Edition) -> dict[str, str]:
    """The proposal as its form shows it."""
    zone = edition.event.timezone
    shown = {
        "name": edition.name,
        "edition": edition.edition or "",
        "starts_at": local(edition.starts_at, zone),
        "ends_at": local(edition.ends_at, zone),
        "allotments": "true",
    }
    for each in edition.offers:
        own = each.offer.id
        shown |= {
            f"take-{own}": "true",
            f"opens_at-{own}": local(each.opens_at, zone),
            f"ends_at-{own}": local(each.ends_at, zone),
            f"max-{own}": "" if each.offer.limit is None else str(each.offer.limit),
        }
        shown |= {f"code-{code_id}": word for code_id, (_, word) in each.codes.items()}
    return shown


def _again(request: Request[Any, Any, Any], edition: Edition, typed: Typed, refusal: Refusal) -> Response[str]:
    language = language_of(request)
    names = [*OF_EVENT, *(f"{name}-{each.offer.id}" for name in OF_OFFER for each in edition.offers)]
    codes = [f"code-{code_id}" for each in edition.offers for code_id in each.codes]
    shown = typed.shown([*names, *codes])
    wrong = [name for name in codes if isinstance(refusal, CodeTaken) and shown[name].upper() == refusal.promo_code]
    fields: dict[type[Refusal], str] = {CodeTaken: wrong[0] if wrong else "", CodeMalformed: ""}
    errors, status = to_mend(refusal, language, fields=fields)
    return _form(request, edition, shown, errors, status=status)


def _form(
    request: Request[Any, Any, Any],
    edition: Edition,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    return page(
        request,
        "partner/next_edition.html",
        status=status,
        event=edition.event,
        offers=edition.offers,
        typed=dict(typed),
        errors=dict(errors),
    )


HANDLERS: list[Any] = [next_page, create]
