import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import codes, events, offers, passes, redemptions
from promos.models import Offer, Pass, PassType, PromoCode
from promos.queries import recount
from promos.rules.redemption import Redeemed
from tests.world import ADMIN, NOW, a_pass_type, an_ask, an_offer


async def a_busy_code(session: AsyncSession, **limits: int | None) -> PromoCode:
    """Three passes, one given back, a limit changed, all by the ways that readers and partners go."""
    pass_type = await a_pass_type(session, capacity=limits.get("capacity"))
    offer = await an_offer(session, pass_type, limit=limits.get("limit"))
    code = await codes.create(session, offer.id, "FREEAGENAI", now=NOW, by=ADMIN)
    asks = [an_ask(code, name) for name in ("ada", "bo", "cy")]
    outcomes = await redemptions.redeem(session, asks, now=NOW)
    first = outcomes[asks[0].id]
    assert isinstance(first, Redeemed)
    await passes.give_back(session, first.pass_id, now=NOW)
    await codes.update(session, "FREEAGENAI", limit=9, now=NOW, by=ADMIN)
    return code


async def test_what_went_the_usual_ways_agrees(session: AsyncSession) -> None:
    code = await a_busy_code(session, capacity=10, limit=5)

    assert await recount.differences(session) == []
    await session.refresh(code)
    assert (code.used, code.version) == (2, 6)


async def test_limits_that_come_and_go_leave_no_difference(session: AsyncSession) -> None:
    code = await a_busy_code(session)
    offer = await session.get_one(Offer, code.offer_id)

    for limit in (7, None, 4):
        await offers.update(session, offer.id, limit=limit, now=NOW, by=ADMIN)
        await events.update_pass_type(session, offer.pass_type_id, capacity=limit, now=NOW, by=ADMIN)
        assert await recount.differences(session) == []


async def test_a_counter_that_lies_is_found(session: AsyncSession) -> None:
    code = await a_busy_code(session, capacity=10, limit=5)
    for table in (PassType, Offer, PromoCode):
        await session.execute(sa.update(table).values(used=table.used + 1))

    found = await recount.differences(session)

    assert [(each["what"], each["stored"], each["counted"]) for each in found] == [
        ("pass_type.used", 3, 2),
        ("offer.used", 3, 2),
        ("code.used", 3, 2),
    ]
    assert found[-1]["id"] == str(code.id)


async def test_a_row_without_a_limit_has_counted_nothing(session: AsyncSession) -> None:
    await a_busy_code(session)
    await session.execute(sa.update(Offer).values(used=2))

    (found,) = await recount.differences(session)

    assert (found["what"], found["stored"], found["counted"]) == ("offer.used", 2, 0)


async def test_a_gap_in_a_codes_history_is_found(session: AsyncSession) -> None:
    await a_busy_code(session)
    await session.execute(sa.update(PromoCode).values(version=PromoCode.version + 1))

    (found,) = await recount.differences(session)

    assert (found["what"], found["stored"], found["counted"]) == ("code.version", 7, 6)


async def test_a_redemption_without_its_pass_is_found(session: AsyncSession) -> None:
    await a_busy_code(session)
    await session.execute(sa.update(Pass).values(state="revoked"))

    found = await recount.differences(session)

    assert {(each["what"], each["stored"], each["counted"]) for each in found} == {("redemption.passes", 0, 1)}
