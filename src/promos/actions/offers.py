"""Offers: the terms of a give-away, and the publications that may place it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import changes, holds, journal, limits, pools
from promos.models import Event, Offer, OfferPublication, PassType, Publication
from promos.rules import archives, benefits, offers, texts
from promos.rules.benefits import Benefit
from promos.rules.language import N_
from promos.rules.money import minor
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, NotFound


class New(TypedDict):
    name: NotRequired[str]  # without one: the pass type's
    benefit: NotRequired[str]
    percent: NotRequired[Decimal | None]
    amount: NotRequired[str | None]  # off, or the price to pay, in major units of the pass type's currency
    currency: NotRequired[str | None]  # of amount and budget; it can only be the pass type's
    budget: NotRequired[str | None]  # major units
    limit: NotRequired[int | None]  # passes
    opens_at: datetime
    ends_at: datetime
    proof: NotRequired[str]
    fulfilment: NotRequired[str]
    on_cancel: NotRequired[str]
    on_expiry: NotRequired[str]
    review: NotRequired[bool]
    waiting_list: NotRequired[bool]
    place_hours: NotRequired[int]
    eligibility: NotRequired[str | None]
    conditions_url: NotRequired[str | None]
    shop_url: NotRequired[str | None]  # of the partner's checkout


class Changes(TypedDict, total=False):
    pass_type_id: UUID
    name: str
    benefit: str
    percent: Decimal | None
    amount: str | None
    currency: str | None
    budget: str | None
    limit: int | None
    opens_at: datetime
    ends_at: datetime
    proof: str
    fulfilment: str
    on_cancel: str
    on_expiry: str
    review: bool
    waiting_list: bool
    place_hours: int
    eligibility: str | None
    conditions_url: str | None
    shop_url: str | None
    publication_ids: Sequence[UUID]


async def create(
    session: AsyncSession,
    event_id: UUID,
    pass_type_id: UUID,
    *,
    publication_ids: Sequence[UUID] = (),
    now: datetime,
    by: Actor,
    **given: Unpack[New],
) -> Offer:
    """Offer a pass type of an event. Without publications nobody can place it yet."""
    kept = texts.read(offers.OFFER, {field: value for field, value in given.items() if field not in _NO_TEXT})
    offers.window(kept["opens_at"], kept["ends_at"])
    event = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.run_by(by)))
    if event is None:
        raise NotFound("event")
    archives.in_use(event.archived_at)
    pass_type = await _pass_type(session, event.id, pass_type_id)
    benefit = _benefit(given, pass_type.currency)
    terms = {"name": pass_type.name, "proof": "mailbox", "on_cancel": "return", **kept}
    offer = Offer(
        **terms,
        benefit=benefit.kind,
        percent=benefit.percent,
        amount=benefit.amount,
        budget=_money(given, "budget", pass_type.currency),
        spent=0,
        pooled=0 if kept.get("fulfilment") == "pool" else None,
        pool_used=0,
        allotted=0,
        allotted_used=0,
        partner_id=event.partner_id,
        event_id=event.id,
        pass_type_id=pass_type.id,
        used=0,
        created_at=now,
    )
    session.add(offer)
    await session.flush()
    await _name(session, offer, publication_ids, by)
    await _record(session, "offer.created", offer, now, by, {"limit": offer.limit})
    return offer


async def update(
    session: AsyncSession, offer_id: UUID, *, now: datetime, by: Actor, **wanted: Unpack[Changes]
) -> Offer:
    """Change an offer's terms.

    Raises `LimitBelowUsed`, `BudgetBelowSpent`, and `TermsFrozen` for another pass type, benefit or fulfilment once a
    pass was given. What becomes free goes to those who wait.
    """
    pass_type_id = wanted.get("pass_type_id")
    kept = texts.read(offers.OFFER, {field: value for field, value in wanted.items() if field not in _NO_TEXT})
    event_id = await session.scalar(sa.select(Offer.event_id).where(Offer.id == offer_id, Offer.run_by(by)))
    if event_id:
        await holds.all_settled(session, event_id, now=now)
    offer = await limits.locked_offer(session, offer_id, by)
    offers.window(kept.get("opens_at", offer.opens_at), kept.get("ends_at", offer.ends_at))
    facts: dict[str, Any] = {}
    if pass_type_id is not None and pass_type_id != offer.pass_type_id:
        await limits.lock_codes(session, offer)
        offers.keep_promised(["pass_type_id"], offers.PROMISED, redeemed=await limits.is_redeemed(session, offer))
        kept["pass_type_id"] = (await _pass_type(session, offer.event_id, pass_type_id)).id
        await _keep_currency(session, offer, kept["pass_type_id"], wanted)
    currency = (await session.get_one(PassType, kept.get("pass_type_id", offer.pass_type_id))).currency
    if "benefit" in wanted:
        kept |= await _new_benefit(session, offer, _benefit(wanted, currency))
    if kept.get("fulfilment", offer.fulfilment) != offer.fulfilment:
        kept |= await _pooled(session, offer, kept["fulfilment"])
    if "limit" in kept:
        limit, before = kept.pop("limit"), offer.limit
        if await limits.set_limit(session, offer, limit):
            facts |= {"limit": limit, "was": {"limit": before}}
    if "budget" in wanted:
        budget = _money(wanted, "budget", currency)
        if await limits.set_budget(session, offer, budget):
            facts["budget"] = budget
    changed = changes.apply(offer, kept)
    if "publication_ids" in wanted and await _name(session, offer, wanted["publication_ids"], by):
        changed.append("publication_ids")
    if changed:
        facts["changed"] = changed
    if facts:
        await session.flush()
        await _record(session, "offer.changed", offer, now, by, facts)
        await limits.feed(session, offer, now=now)
        await session.refresh(offer)
    return offer


async def publications(session: AsyncSession, offer_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """The publications that each of these offers names."""
    ids = list(offer_ids)
    named: dict[UUID, list[UUID]] = {offer_id: [] for offer_id in ids}
    rows = (
        sa.select(OfferPublication).where(OfferPublication.offer_id.in_(ids)).order_by(OfferPublication.publication_id)
    )
    for row in await session.scalars(rows):
        named[row.offer_id].append(row.publication_id)
    return named


_NO_TEXT = frozenset({"pass_type_id", "publication_ids", "benefit", "percent", "amount", "currency", "budget"})


def _benefit(given: Mapping[str, Any], currency: str) -> Benefit:
    amount = _money(given, "amount", currency)
    return benefits.benefit(given.get("benefit", "free_pass"), percent=given.get("percent"), amount=amount)


def _money(given: Mapping[str, Any], field: str, currency: str) -> int | None:
    """Minor units of what is given in major ones; the currency is the pass type's, and no other will do."""
    if given.get(field) is None:
        return None
    if given.get("currency") not in (None, currency):
        raise InvalidRequest({"currency": N_("Write the amount in the currency of the pass type.")})
    return minor(given[field], currency, field=field)


async def _keep_currency(session: AsyncSession, offer: Offer, pass_type_id: UUID, wanted: Mapping[str, Any]) -> None:
    """Refuse a pass type of another currency while an amount of the old one would stay as it is."""
    before, after = [(await session.get_one(PassType, id_)).currency for id_ in (offer.pass_type_id, pass_type_id)]
    stays = [
        field
        for field, by in (("amount", "benefit"), ("budget", "budget"))
        if by not in wanted and getattr(offer, field) is not None
    ]
    if before != after and stays:
        raise InvalidRequest(dict.fromkeys(stays, N_("Write the amount in the currency of the pass type.")))


async def _new_benefit(session: AsyncSession, offer: Offer, benefit: Benefit) -> dict[str, Any]:
    """What changes of the offer; raises `TermsFrozen` once a pass was given."""
    wanted = {"benefit": benefit.kind, "percent": benefit.percent, "amount": benefit.amount}
    moved = {field: value for field, value in wanted.items() if getattr(offer, field) != value}
    if moved:
        await limits.lock_codes(session, offer)
        offers.keep_promised(moved, offers.PROMISED, redeemed=await limits.is_redeemed(session, offer))
    return moved


async def _pooled(session: AsyncSession, offer: Offer, fulfilment: str) -> dict[str, int | None]:
    """The counters of an offer that begins or ceases to hand out codes of a shop; raises `TermsFrozen`.

    Nothing is given yet, and with its codes locked nothing is while that is found out. Codes that were taken in stay.
    """
    await limits.lock_codes(session, offer)
    offers.keep_promised(["fulfilment"], offers.PROMISED, redeemed=await limits.is_redeemed(session, offer))
    pooled, used = await pools.recounted(session, offer.id)
    return {"pooled": pooled if fulfilment == "pool" else None, "pool_used": used}


async def _pass_type(session: AsyncSession, event_id: UUID, pass_type_id: UUID) -> PassType:
    found = sa.select(PassType).where(PassType.id == pass_type_id, PassType.event_id == event_id)
    pass_type = await session.scalar(found)
    if pass_type is None:
        raise NotFound("pass type")
    archives.in_use(pass_type.archived_at)
    return pass_type


async def _name(session: AsyncSession, offer: Offer, publication_ids: Iterable[UUID], by: Actor) -> bool:
    """Let `offer` name these publications and no others; whether that changes anything."""
    wanted = set(publication_ids)
    known = sa.select(Publication.id).where(Publication.id.in_(wanted), Publication.visible_to(by))
    if wanted != set(await session.scalars(known)):
        raise NotFound("publication")
    named = {row.publication_id: row for row in await _rows(session, offer)}
    for publication_id in sorted(wanted - named.keys()):
        session.add(OfferPublication(offer_id=offer.id, publication_id=publication_id, partner_id=offer.partner_id))
    for publication_id in named.keys() - wanted:
        await session.delete(named[publication_id])
    await session.flush()
    return wanted != named.keys()


async def _rows(session: AsyncSession, offer: Offer) -> Sequence[OfferPublication]:
    return (await session.scalars(sa.select(OfferPublication).where(OfferPublication.offer_id == offer.id))).all()


async def _record(
    session: AsyncSession, verb: str, offer: Offer, now: datetime, by: Actor, facts: dict[str, Any]
) -> None:
    await journal.record(
        session, verb, offer.id, at=now, by=by, partner=offer.partner_id, event=offer.event_id, facts=facts
    )
