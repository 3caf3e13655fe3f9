"""Limits under a crowd over several processes: exact, nested, moved; nobody is refused while a pass is left."""

import asyncio
import random

import pytest
import sqlalchemy as sa

from promos.crowd.desk import Desk
from promos.crowd.wire import Wire
from promos.models import Delivery, Event, Offer, Pass, PromoCode, Redemption
from promos.rules.histories import Asked, Code, Done, findings
from tests.race.conftest import House
from tests.race.together import press, redemptions_in, said, together, vouch

LIMIT, CROWD = 20, 66


async def live(house: House, code: PromoCode) -> int:
    """Passes out by this code."""
    async with house.database.reading() as session:
        of = sa.select(sa.func.count()).select_from(Pass).join(Redemption, Pass.redemption_id == Redemption.id)
        return await session.scalar(of.where(Redemption.code_id == code.id, Pass.state == "live")) or 0


async def test_three_times_as_many_as_there_are_passes_get_as_many_as_there_are(crowded: House) -> None:
    code = await crowded.code(limit=LIMIT)
    secrets = await crowded.claims_of(code, (f"reader{number}" for number in range(CROWD)))

    answers = await together([press(crowded.port(number), secret) for number, secret in enumerate(secrets)])

    assert said(answers) == {"201": LIMIT, "offer-exhausted": CROWD - LIMIT}
    assert await live(crowded, code) == LIMIT
    async with crowded.database.reading() as session:
        mails = sa.select(sa.func.count()).select_from(Delivery).join(Pass, Delivery.pass_id == Pass.id)
        assert await session.scalar(mails.where(Pass.event_id == code.event_id)) == LIMIT
        assert await session.scalar(sa.select(Offer.used).where(Offer.id == code.offer_id)) == LIMIT


async def test_nobody_is_turned_away_while_passes_are_left(crowded: House) -> None:
    code = await crowded.code(limit=CROWD)
    secrets = await crowded.claims_of(code, (f"reader{number}" for number in range(CROWD)))

    answers = await together([press(crowded.port(number), secret) for number, secret in enumerate(secrets)])

    assert said(answers) == {"201": CROWD}


async def test_the_widest_limit_holds_over_the_codes_below_it(crowded: House) -> None:
    offer = await crowded.offer(limit=None, capacity=15)
    one, other = await crowded.code(offer, code_limit=10), await crowded.code(offer, code_limit=10)
    secrets = [
        secret
        for code in (one, other)
        for secret in await crowded.claims_of(code, (f"{code.text}-{number}" for number in range(30)))
    ]

    answers = await together([press(crowded.port(number), secret) for number, secret in enumerate(secrets)])

    assert said(answers)["201"] == 15
    assert set(said(answers)) <= {"201", "capacity-exhausted", "code-exhausted"}
    assert {await live(crowded, one), await live(crowded, other)} <= set(range(5, 11))


async def test_two_offers_of_one_event_meet_at_the_events_capacity(crowded: House) -> None:
    offer = await crowded.offer(limit=12)
    async with crowded.database.writing() as session:
        await session.execute(sa.update(Event).where(Event.id == offer.event_id).values(capacity=15))
        event = await session.get_one(Event, offer.event_id)
    codes = [await crowded.code(offer), await crowded.code(await crowded.offer(event=event, limit=12))]
    secrets = [
        secret
        for code in codes
        for secret in await crowded.claims_of(code, (f"{code.text}-{number}" for number in range(30)))
    ]

    answers = await together([press(crowded.port(number), secret) for number, secret in enumerate(secrets)])

    assert said(answers)["201"] == 15
    assert set(said(answers)) <= {"201", "capacity-exhausted", "offer-exhausted"}


async def test_all_ways_to_a_pass_meet_the_same_limit(crowded: House) -> None:
    code = await crowded.code(limit=LIMIT)
    _, token = await crowded.token()
    secrets = await crowded.claims_of(code, (f"reader{number}" for number in range(30)))
    requests = [press(crowded.port(number), secret) for number, secret in enumerate(secrets)]
    for number in range(30):
        requests.append(vouch(crowded.port(number), token, code.text, f"friend{number}@readers.example"))
        requests.append(vouch(crowded.port(number), token, code.text, f"shop{number}@readers.example", hold_for=600))
    random.Random(3).shuffle(requests)

    answers = await together(requests)

    assert said(answers) == {"201": LIMIT, "offer-exhausted": 90 - LIMIT}
    async with crowded.database.reading() as session:
        assert await session.scalar(sa.select(Offer.used).where(Offer.id == code.offer_id)) == LIMIT
        of = sa.select(sa.func.count()).select_from(Redemption).where(Redemption.code_id == code.id)
        assert await session.scalar(of.where(Redemption.state.in_(["held", "confirmed"]))) == LIMIT
    assert len(redemptions_in(answers)) == LIMIT


@pytest.mark.parametrize("kind", ["code", "offer", "pass type"])
async def test_a_first_limit_set_in_the_crowd_holds_from_then_on(crowded: House, kind: str) -> None:
    code = await crowded.code(limit=None)
    _, token = await crowded.token()
    async with crowded.database.reading() as session:
        offer = await session.get_one(Offer, code.offer_id)
    path, document = {
        "code": (f"/api/v1/codes/{code.text}", {"limit": LIMIT}),
        "offer": (f"/api/v1/offers/{offer.id}", {"limit": LIMIT}),
        "pass type": (f"/api/v1/pass-types/{offer.pass_type_id}", {"capacity": LIMIT}),
    }[kind]
    wire = Wire(f"http://127.0.0.1:{crowded.port(1)}", token)
    crowd = [vouch(crowded.port(number), token, code.text, f"r{number}@readers.example") for number in range(CROWD)]
    await wire.hold("PATCH", path, document)

    answers, limited = await asyncio.gather(together(crowd), wire.release())
    wire.close()

    assert limited.status == 200 or limited.document["code"] == "limit-below-used"  # too many had one before
    assert said(answers)["201"] == await live(crowded, code) == (LIMIT if limited.status == 200 else CROWD)


async def test_a_limit_that_goes_up_and_down_in_the_crowd_is_explained(crowded: House) -> None:
    code = await crowded.code(limit=None, code_limit=10)
    _, token = await crowded.token()
    history: list[Asked] = []
    desks = [Desk(Wire(f"http://127.0.0.1:{crowded.port(at)}", token), code.text, history) for at in range(16)]
    before = Code(code.version, code.used, code.limit)

    async def redeem(desk: Desk, number: int) -> None:
        for each in range(6):
            await desk.redeem(f"reader{number}-{each}@readers.example")

    async def see_saw(desk: Desk, number: int) -> None:
        for limit in random.Random(number).sample(range(5, 40), 8):
            await desk.limit(limit)

    await asyncio.gather(*((see_saw if number % 4 == 3 else redeem)(desk, number) for number, desk in enumerate(desks)))
    last = (await desks[0].look()).answer
    for desk in desks:
        desk.wire.close()

    assert findings(before, history) == ()
    assert isinstance(last, Code)
    assert last.limit is not None
    assert last.limit >= last.used == await live(crowded, code)
    assert any(each.kind == "limit" and isinstance(each.answer, Done) for each in history)
