"""Who looks after a code is told by mail when it runs low, is used up or ends soon; and not, if they do not want it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import codes, deliveries, notices, people, redemptions
from promos.models import Delivery, Offer, Partner, Person, PromoCode
from promos.rules.people import Actor, Role
from promos.rules.refusals import InvalidRequest, NotFound
from tests.world import ADMIN, DAY, NOW, a_code, a_partner, a_person, an_ask, an_offer, owner_of


@pytest.fixture
async def code(session: AsyncSession) -> PromoCode:
    return await a_code(session, await an_offer(session, limit=10))


@pytest.fixture
async def claire(session: AsyncSession, code: PromoCode) -> Person:
    person = await a_person(session, "claire@partner.example", Role.OWNER, partner_id=code.partner_id)
    await a_person(session, "door@partner.example", Role.DOOR, partner_id=code.partner_id)
    other = await a_partner(session, name="Quartz")
    await a_person(session, "q@quartz.example", Role.OWNER, partner_id=other.id)
    return person


async def redeem(session: AsyncSession, code: PromoCode, *names: str) -> None:
    await redemptions.redeem(session, [an_ask(code, name) for name in names], now=NOW)


async def told(session: AsyncSession) -> list[tuple[str, str, int | None]]:
    """To whom, of what, and how many were left."""
    due = await deliveries.claim(session, now=NOW + 30 * DAY, lease=timedelta(minutes=1), most=99)
    return [
        (each.to or "", each.noticed.entry.verb, each.noticed.entry.facts.get("left")) for each in due if each.noticed
    ]


async def test_the_partner_s_own_people_are_told_once_on_the_way_down(
    session: AsyncSession, code: PromoCode, claire: Person
) -> None:
    await redeem(session, code, *(f"reader{number}" for number in range(8)))
    assert await told(session) == []
    await redeem(session, code, "x")
    await redeem(session, code, "y", "too late")

    assert await told(session) == [
        (claire.email, "code.almost_exhausted", 1),
        (claire.email, "code.exhausted", 0),
    ]


async def test_who_has_two_roles_gets_one_mail(session: AsyncSession, code: PromoCode, claire: Person) -> None:
    owner = owner_of(await session.get_one(Partner, code.partner_id))
    await a_role(session, claire, Role.MEMBER, owner)
    await redeem(session, code, *(f"reader{number}" for number in range(10)))

    assert await told(session) == [(claire.email, "code.exhausted", 0)]


async def a_role(session: AsyncSession, person: Person, role: Role, by: Actor) -> None:

    (reach,) = by.partners(Role.OWNER)
    await people.give(session, person.email, role, partner_id=reach, now=NOW, by=ADMIN)


async def test_each_chooses_for_themselves(session: AsyncSession, code: PromoCode, claire: Person) -> None:
    bo = await a_person(session, "bo@partner.example", Role.MEMBER, partner_id=code.partner_id)
    await notices.choose(session, ["code.ending"], by=Actor("person", claire.id))
    muted = ["code.almost_exhausted", "code.exhausted", "pool.almost_exhausted", "pool.exhausted"]
    muted += ["wish.asked", "wish.settled"]
    assert await notices.muted(session, Actor("person", claire.id)) == muted

    await redeem(session, code, *(f"reader{number}" for number in range(10)))
    await session.execute(sa.update(Offer).values(ends_at=NOW + DAY))
    await codes.tell_ending(session, now=NOW)

    assert sorted(await told(session)) == [
        (bo.email, "code.ending", None),
        (bo.email, "code.exhausted", 0),
        (claire.email, "code.ending", None),
    ]


@pytest.mark.usefixtures("claire")
async def test_what_is_undone_is_told_nobody(session: AsyncSession, code: PromoCode) -> None:
    async with session.begin_nested() as inner:
        await redeem(session, code, *(f"reader{number}" for number in range(10)))
        await inner.rollback()

    assert (await session.scalars(sa.select(Delivery).where(Delivery.kind == "notice"))).all() == []


async def test_only_what_there_is_can_be_chosen_and_only_by_a_person(session: AsyncSession, claire: Person) -> None:
    with pytest.raises(InvalidRequest):
        await notices.choose(session, ["everything"], by=Actor("person", claire.id))
    with pytest.raises(NotFound):
        await notices.choose(session, [], by=Actor("token", claire.id))
