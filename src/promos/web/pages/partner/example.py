"""An offer as its readers will see it, while it is still being typed: nothing of it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from promos.models import Event, Offer, Partner, PassType, PromoCode
from promos.queries.catalogue import Listing
from promos.rules import benefits
from promos.rules.benefits import Benefit
from promos.rules.money import minor
from promos.rules.redemption import Tally, Terms
from promos.rules.refusals import InvalidRequest

NONE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Example:
    """`state`: as on a code's page. `opens_at`: from when on it reads so."""

    listing: Listing
    state: str
    opens_at: datetime


def of(event: Event, partner: Partner, kind: PassType, given: Mapping[str, Any], code: str) -> Example:
    """`given`: what the form's fields were read into. What makes no sense yet is as if it were empty."""
    benefit = _benefit(given, kind.currency)
    offer = Offer(
        id=NONE,
        name=given["name"] or kind.name,
        benefit=benefit.kind,
        percent=benefit.percent,
        amount=benefit.amount,
        limit=given["limit"] or None,
        opens_at=given["opens_at"],
        ends_at=given["ends_at"],
        proof=given["proof"],
        eligibility=given["eligibility"] or None,
        conditions_url=_address(given["conditions_url"]),
    )
    listing = Listing(PromoCode(id=NONE, spelled=code), offer, kind, event, partner, _terms(event, kind, offer, given))
    return Example(listing, "elsewhere" if given["proof"] == "none" else "open", offer.opens_at)


def _terms(event: Event, kind: PassType, offer: Offer, given: Mapping[str, Any]) -> Terms:
    free = Tally(NONE, None, 0)
    return Terms(
        code_id=NONE,
        offer_id=NONE,
        pass_type_id=kind.id,
        event_id=event.id,
        partner_id=event.partner_id,
        status="active",
        opens_at=offer.opens_at,
        ends_at=offer.ends_at,
        starts_at=event.starts_at,
        on_cancel="return",
        on_expiry="return",
        is_reviewed=bool(given["review"]),
        has_waiting_list=bool(given["waiting_list"]),
        place_hours=given["place_hours"] or 1,
        price=benefits.price(Benefit(offer.benefit, offer.percent, offer.amount), kind.face_value, kind.currency),
        event=Tally(event.id, event.capacity, event.used),
        capacity=Tally(kind.id, kind.capacity, kind.used),
        offer=Tally(NONE, offer.limit, 0),
        budget=free,
        code=free,
        version=0,
    )


def _benefit(given: Mapping[str, Any], currency: str) -> Benefit:
    try:
        amount = None if given["amount"] is None else minor(given["amount"], currency)
        return benefits.benefit(given["benefit"], percent=given["percent"], amount=amount)
    except InvalidRequest:
        return Benefit("access") if given["benefit"] in benefits.KINDS[1:] else Benefit()


def _address(typed: str) -> str | None:
    return typed if typed.startswith(("https://", "http://")) else None
