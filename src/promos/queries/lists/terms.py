"""What a partner promotes: events, offers, codes."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from promos.models import Event, Offer, PassType, PromoCode
from promos.queries import results
from promos.queries.lists.base import Columns, Conditions, List, Rows, Wish, in_state, local, part, yes
from promos.rules.language import N_
from promos.rules.money import major
from promos.rules.people import Actor

_EVENTS: Rows = sa.select(Event.id, Event)


def _whose_events(wish: Wish, by: Actor) -> Conditions:
    return [Event.partner_id == wish.partner_id, Event.run_by(by), *part(wish, Event.id)]


_EVENT: Columns = {
    N_("Id"): lambda row: str(row.id),
    N_("Name"): lambda row: row.Event.name,
    N_("Edition"): lambda row: row.Event.edition,
    N_("Begins"): lambda row: local(row.Event.starts_at, row.Event.timezone),
    N_("Ends"): lambda row: local(row.Event.ends_at, row.Event.timezone),
    N_("Time zone"): lambda row: row.Event.timezone,
    N_("Venue"): lambda row: row.Event.venue,
    N_("City"): lambda row: row.Event.city,
    N_("Country"): lambda row: row.Event.country,
    N_("Web page"): lambda row: row.Event.url,
    N_("Highlights"): lambda row: "\n".join(row.Event.highlights),
    N_("Asks for names"): lambda row: yes(row.Event.asks_name),
    N_("Capacity"): lambda row: row.Event.capacity,
}


_GIVEN = sa.select(sa.func.coalesce(sa.func.sum(PromoCode.used), 0)).where(PromoCode.offer_id == Offer.id)
_OFFERS: Rows = (
    sa.select(
        Offer.id, Offer, PassType, Event.name.label("event"), Event.timezone, _GIVEN.scalar_subquery().label("given")
    )
    .join(Event, Offer.event_id == Event.id)
    .join(PassType, Offer.pass_type_id == PassType.id)
)


def _whose_offers(wish: Wish, by: Actor) -> Conditions:
    return [Offer.partner_id == wish.partner_id, Offer.run_by(by), *part(wish, Offer.event_id, Offer.id)]


_OFFER: Columns = {
    N_("Id"): lambda row: str(row.id),
    N_("Event"): lambda row: row.event,
    N_("Name"): lambda row: row.Offer.name,
    N_("Pass type"): lambda row: row.PassType.name,
    N_("Face value"): lambda row: _money(row.PassType.face_value, row),
    N_("Currency"): lambda row: row.PassType.currency,
    N_("Benefit"): lambda row: row.Offer.benefit,
    N_("Percent off"): lambda row: row.Offer.percent,
    N_("Amount"): lambda row: _money(row.Offer.amount, row),
    N_("Limit"): lambda row: row.Offer.limit,
    N_("Passes given"): lambda row: int(row.given),
    N_("Opens"): lambda row: local(row.Offer.opens_at, row.timezone),
    N_("Ends"): lambda row: local(row.Offer.ends_at, row.timezone),
    N_("Time zone"): lambda row: row.timezone,
    N_("You decide"): lambda row: yes(row.Offer.review),
    N_("When cancelled"): lambda row: row.Offer.on_cancel,
}


def _money(units: int | None, row: Any) -> Decimal | None:
    return None if units is None else Decimal(major(units, row.PassType.currency))


_CODES: Rows = (
    sa.select(
        PromoCode.id,
        PromoCode.spelled,
        PromoCode.kind,
        PromoCode.limit,
        PromoCode.used,
        PromoCode.status,
        PromoCode.created_at,
        Event.name.label("event"),
        Event.timezone,
        Offer.name.label("offer"),
    )
    .join(Offer, PromoCode.offer_id == Offer.id)
    .join(Event, PromoCode.event_id == Event.id)
)


def _whose_codes(wish: Wish, by: Actor) -> Conditions:
    found = [PromoCode.partner_id == wish.partner_id, PromoCode.run_by(by)]
    found += part(wish, PromoCode.event_id, PromoCode.offer_id)
    found += [results.meant(wish.code)] if wish.code is not None else []
    return [*found, *in_state(wish, PromoCode.status, "active", "paused", "revoked")]


_CODE: Columns = {
    N_("Code"): lambda row: row.spelled,
    N_("Kind"): lambda row: row.kind,
    N_("Event"): lambda row: row.event,
    N_("Offer"): lambda row: row.offer,
    N_("Limit"): lambda row: row.limit,
    N_("Used"): lambda row: row.used,
    N_("State"): lambda row: row.status,
    N_("Made on"): lambda row: local(row.created_at, row.timezone),
}

EVENTS = List(N_("Events"), _EVENT, Event.id, _EVENTS, _whose_events)
OFFERS = List(N_("Offers"), _OFFER, Offer.id, _OFFERS, _whose_offers)
CODES = List(N_("Codes"), _CODE, PromoCode.id, _CODES, _whose_codes)
