"""An event's ticket shop: connected, the offers that are filled from it, and what became of our codes there."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from promos.actions import shops, supplies
from promos.models import Offer, Shop
from promos.outside.shops import pretix
from promos.queries import shops as queries
from promos.rendering.language import Language
from promos.rules.language import N_
from promos.rules.people import Actor, Role
from promos.rules.refusals import InvalidRequest, NotAllowed, NotFound, Refusal, title_of
from promos.settings import Keys, Settings
from promos.stocking import Stocking
from promos.web.access import fresh
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE, event_of
from promos.web.pages.partner.team import WRITE as LEAD
from promos.web.pages.show import errors_of, go, language_of, page
from promos.web.pages.typed import Typed
from promos.web.problems import status_of

FIELDS = ("base_url", "organizer", "slug")
TERMS = ("offer", "how", "item", "most", "tag")


@get("/partner/events/{event_id:uuid}/shop", opt=READ)
async def shop_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    return await _shown(request, reads, event_id, actor)


@post("/partner/events/{event_id:uuid}/shop", opt=fresh(LEAD))
async def connect(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    given: Any = {name: typed.text(name) for name in (*FIELDS, "token")}
    try:
        await stocking_of(request).connect(event_id, actor, **given)
    except (NotFound, NotAllowed):
        raise
    except Refusal as refusal:
        return await _refused(request, reads, event_id, actor, refusal, typed.shown(FIELDS))
    return go(f"/partner/events/{event_id}/shop", "saved")


@post("/partner/events/{event_id:uuid}/shop/leave", opt=LEAD)
async def leave(
    event_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    await writes.run(lambda session, now: shops.leave(session, event_id, now=now, by=actor))
    return go(f"/partner/events/{event_id}/shop", "removed")


@post("/partner/events/{event_id:uuid}/shop/read", opt=WRITE)
async def read(
    event_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    await writes.run(lambda session, now: shops.read_soon(session, event_id, now=now, by=actor))
    return go(f"/partner/events/{event_id}/shop", "asked-shop")


@post("/partner/events/{event_id:uuid}/shop/supply", opt=WRITE)
async def fill(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    try:
        offer_id = typed.id("offer")
        if offer_id is None:
            raise InvalidRequest({"offer": N_("Choose an offer.")})
        item, _, variation = typed.text("item").partition("-")
        given: Any = {
            "makes": typed.text("how") != "import",
            "item": _number(item),
            "variation": _number(variation),
            "blocks_quota": typed.ticked("blocks_quota"),
            "most": typed.whole("most"),
            "tag": typed.text("tag"),
        }
        await writes.run(lambda session, now: supplies.fill(session, offer_id, **given, now=now, by=actor))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _refused(request, reads, event_id, actor, refusal, typed.shown(TERMS))
    return go(f"/partner/events/{event_id}/shop", "saved")


def stocking_of(request: Request[Any, Any, Any]) -> Stocking:
    stocking: Stocking = request.app.state.stocking
    return stocking


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 20 else None


async def _refused(
    request: Request[Any, Any, Any],
    reads: Reads,
    event_id: UUID,
    by: Actor,
    refusal: Refusal,
    typed: Mapping[str, str],
) -> Response[str]:
    errors = errors_of(refusal, language_of(request))
    return await _shown(request, reads, event_id, by, typed, errors, status_of(type(refusal)))


async def _shown(
    request: Request[Any, Any, Any],
    reads: Reads,
    event_id: UUID,
    by: Actor,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    language = language_of(request)
    keys: Keys = request.app.state["keys"]
    settings: Settings = request.app.state.settings
    async with reads() as session:
        event = await event_of(session, event_id, by)
        shop, supplied = await queries.of_event(session, event_id, by)
        offers = (await session.scalars(_pooled(event_id))).all()
    items, trouble = await _products(request, shop, by, language)
    leads = by.runs(event.partner_id, Role.OWNER)
    return page(
        request,
        "partner/shop.html",
        status=status,
        event=event,
        shop=shop,
        leads=leads,
        hook=f"{settings.base_url}/api/v1/shops/{shops.hook(shop, keys)}" if shop and leads else None,
        trouble=_title(shop.trouble, language) if shop else None,
        offers=[(str(each.id), each.name) for each in offers],
        supplied=[(each, _title(each.supply.trouble, language)) for each in supplied],
        items=items,
        products_trouble=trouble,
        told=queries.sums(supplied),
        typed={name: getattr(shop, name) if shop else "" for name in FIELDS} | dict(typed or {}),
        errors=dict(errors or {}),
    )


def _title(slug: str | None, language: Language) -> str | None:
    title = title_of(slug)
    return language.gettext(title) if title else None


def _pooled(event_id: UUID) -> sa.Select[Offer]:
    there = sa.select(Offer).where(Offer.event_id == event_id, Offer.archived_at.is_(None))
    return there.where(Offer.pooled.is_not(None)).order_by(Offer.id)


async def _products(
    request: Request[Any, Any, Any], shop: Shop | None, by: Actor, language: Language
) -> tuple[list[tuple[str, str]], str | None]:
    """What can be chosen there, or why nobody can say."""
    if shop is None:
        return [], None
    try:
        items, _ = await stocking_of(request).products(shop.event_id, by)
    except Refusal as refusal:
        return [], language.gettext(refusal.title)
    choices = []
    for item in items:
        name = pretix.words(item.name, language.code)
        if not item.variations:
            choices.append((str(item.id), f"{name} ({item.default_price} {shop.currency})"))
        for each in item.variations:
            choices.append((f"{item.id}-{each.id}", f"{name} – {pretix.words(each.value, language.code)}"))
    return choices, None


HANDLERS: list[Any] = [shop_page, connect, leave, read, fill]
