"""A partner's desk with something on it."""

from typing import Any

from promos.actions import redemptions
from promos.database import Database
from promos.models import Event, Offer, Partner, PromoCode
from promos.rules.people import Role
from tests.web.pages.conftest import Browser, SignIn
from tests.world import NOW, a_code, a_pass_type, an_ask, an_event, an_offer


async def a_world(database: Database, *, redeemed: int = 0, **code: Any) -> tuple[Partner, Event, Offer, PromoCode]:
    """A partner with an event, an offer of 20 and FREEAGENAI, `redeemed` times."""
    async with database.writing() as session:
        event = await an_event(session)
        offer = await an_offer(session, await a_pass_type(session, event))
        made = await a_code(session, offer, **code)
        if redeemed:
            asks = [an_ask(made, f"reader{number}") for number in range(redeemed)]
            await redemptions.redeem(session, asks, now=NOW)
        partner = await session.get_one(Partner, event.partner_id)
        return partner, event, offer, made


async def an_owner(signed_in: SignIn, partner: Partner) -> Browser:
    return await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)


async def all_of(database: Database, *statements: Any) -> list[Any]:
    async with database.reading() as session:
        return [await session.scalar(statement) for statement in statements]
