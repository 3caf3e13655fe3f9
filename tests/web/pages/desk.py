"""A partner's desk with something on it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from promos.actions import redemptions
from promos.database import Database
from promos.models import Event, Offer, Partner, PromoCode
from promos.rules.people import Role
from tests.web.pages.conftest import Browser, SignIn
from tests.world import DAY, NOW, a_code, a_partner, a_pass_type, an_ask, an_event, an_offer


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


async def last_year(database: Database, partner_id: UUID, event_id: UUID) -> tuple[UUID, UUID]:
    """The edition before an event, which gave passes 30, 10 and 2 days before; and an event of somebody else."""
    async with database.writing() as session:
        partner = await session.get_one(Partner, partner_id)
        starts = NOW - 355 * DAY
        window = {"starts_at": starts, "ends_at": starts + timedelta(hours=9), "created_at": starts - 90 * DAY}
        earlier = await an_event(session, partner, slug="earlier", edition="2025", **window)
        offer = await an_offer(session, await a_pass_type(session, earlier), opens_at=starts - 90 * DAY)
        code = await a_code(session, offer, "EARLIER")
        for name, before in (("ada", 30), ("bo", 10), ("cy", 2)):
            await redemptions.redeem(session, [an_ask(code, name)], now=starts - before * DAY)
        foreign = await an_event(session, await a_partner(session, name="Quartz"), slug="foreign")
        (await session.get_one(Event, event_id)).previous_event_id = earlier.id
        return earlier.id, foreign.id


async def an_owner(signed_in: SignIn, partner: Partner) -> Browser:
    return await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)


async def all_of(database: Database, *statements: Any) -> list[Any]:
    async with database.reading() as session:
        return [await session.scalar(statement) for statement in statements]
