"""Limits under a crowd over several processes: exact, nested, moved; nobody is refused while a pass is left."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from promos.actions import allotments
from promos.crowd.desk import Desk
from promos.crowd.wire import Wire
from promos.models import Delivery, Event, Offer, Pass, PromoCode, Redemption
from promos.rules.histories import Asked, Code, Done, findings
from promos.rules.people import PROGRAM
from tests.race.conftest import House
from tests.race.together import Request, press, redemptions_in, said, together, vouch

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


async def crowds_at(house: House, codes: Sequence[PromoCode], each: int) -> Counter[str]:
    """What `each` readers of every code are told, each code's by a process of its own where there are enough."""
    requests = [
        press(house.port(number), secret)
        for number, code in enumerate(codes)
        for secret in await house.claims_of(code, (f"{code.text}-{reader}" for reader in range(each)))
    ]
    return said(await together(requests))


async def test_the_codes_of_one_offer_share_its_limit(crowded: House) -> None:
    offer = await crowded.offer(limit=LIMIT)
    codes = [await crowded.code(offer) for _ in range(4)]

    assert await crowds_at(crowded, codes, 17) == {"201": LIMIT, "offer-exhausted": 68 - LIMIT}


async def test_two_offers_share_the_capacity_of_their_pass_type(crowded: House) -> None:
    offer = await crowded.offer(limit=None, capacity=15)
    codes = [await crowded.code(each, code_limit=10) for each in (offer, await crowded.offer(beside=offer, limit=None))]

    told = await crowds_at(crowded, codes, 30)

    assert told["201"] == 15
    assert set(told) <= {"201", "capacity-exhausted", "code-exhausted"}
    assert {await live(crowded, code) for code in codes} <= set(range(5, 11))


async def test_two_offers_share_the_capacity_of_their_event(crowded: House) -> None:
    offer = await crowded.offer(limit=12)
    codes = [await crowded.code(each) for each in (offer, await crowded.offer(beside=offer, limit=12))]
    async with crowded.database.writing() as session:
        await session.execute(sa.update(Event).where(Event.id == offer.event_id).values(capacity=15))

    told = await crowds_at(crowded, codes, 30)

    assert told["201"] == 15
    assert set(told) <= {"201", "capacity-exhausted", "offer-exhausted"}


async def test_what_is_set_aside_for_one_code_is_kept_from_the_others(crowded: House) -> None:
    offer = await crowded.offer(limit=LIMIT)
    codes = [await crowded.code(offer) for _ in range(3)]
    async with crowded.database.writing() as session:
        await allotments.create(session, offer.id, limit=8, code_id=codes[0].id, now=datetime.now(UTC), by=PROGRAM)

    told = await crowds_at(crowded, codes, 25)

    assert told == {"201": LIMIT, "allotment-exhausted": 25 - 8, "offer-exhausted": 50 - (LIMIT - 8)}
    assert await live(crowded, codes[0]) == 8


async def test_a_budget_is_spent_to_the_last_discount_that_fits(crowded: House) -> None:
    offer = await crowded.offer(limit=None, benefit="amount", amount=30_00, budget=500_00)
    codes = [await crowded.code(offer) for _ in range(4)]

    assert await crowds_at(crowded, codes, 15) == {"201": 16, "budget-exhausted": 44}
    async with crowded.database.reading() as session:
        assert await session.scalar(sa.select(Offer.spent).where(Offer.id == offer.id)) == 480_00


async def test_who_waits_in_line_is_served_before_anybody_new(crowded: House) -> None:
    code = await crowded.code(limit=6)
    _, token = await crowded.token()
    first = await together(
        [vouch(crowded.port(number), token, code.text, f"first{number}@readers.example") for number in range(6)]
    )
    waiting = await crowded.claims_of(code, (f"waiting{number}" for number in range(9)), waits=True)
    told = [(await together([press(crowded.port(number), secret)]))[0] for number, secret in enumerate(waiting)]
    late = [vouch(crowded.port(number), token, code.text, f"late{number}@readers.example") for number in range(20)]
    ends = [
        Request(crowded.port(number), f"/api/v1/redemptions/{heard.document['id']}/cancel", token=token)
        for number, heard in enumerate(first)
    ]

    answers = await together([*late, *ends])
    come = await together([press(crowded.port(number), secret) for number, secret in enumerate(waiting)])

    assert [heard.document["position"] for heard in told] == list(range(1, 10))
    assert said(answers) == {"offer-exhausted": 20, "200": 6}
    assert [heard.status for heard in come] == [201] * 6 + [202] * 3
    assert [heard.document.get("position") for heard in come[6:]] == [1, 2, 3]
    assert await live(crowded, code) == 6


async def test_all_ways_to_a_pass_meet_the_same_limit(crowded: House) -> None:
    offer = await crowded.offer(limit=LIMIT)
    public = await crowded.code(offer)
    single_use = [await crowded.code(offer, code_limit=1) for _ in range(10)]
    _, token = await crowded.token()
    secrets = await crowded.claims_of(public, (f"reader{number}" for number in range(30)))
    requests = [press(crowded.port(number), secret) for number, secret in enumerate(secrets)]
    for number in range(30):
        requests.append(vouch(crowded.port(number), token, public.text, f"friend{number}@readers.example"))
        requests.append(vouch(crowded.port(number), token, public.text, f"shop{number}@readers.example", hold_for=600))
    for number, code in enumerate([*single_use, *single_use]):
        requests.append(vouch(crowded.port(number), token, code.text, f"guest{number}@readers.example"))
    random.Random(3).shuffle(requests)

    answers = await together(requests)

    assert said(answers)["201"] == LIMIT == len(redemptions_in(answers))
    assert set(said(answers)) <= {"201", "offer-exhausted", "code-exhausted"}
    async with crowded.database.reading() as session:
        assert await session.scalar(sa.select(Offer.used).where(Offer.id == offer.id)) == LIMIT
        of = sa.select(sa.func.count()).select_from(Redemption).where(Redemption.offer_id == offer.id)
        assert await session.scalar(of.where(Redemption.state.in_(["held", "confirmed"]))) == LIMIT


@pytest.mark.parametrize("what", ["code", "offer", "pass type"])
async def test_a_first_limit_set_in_the_crowd_holds_from_then_on(crowded: House, what: str) -> None:
    code = await crowded.code(limit=None)
    _, token = await crowded.token()
    async with crowded.database.reading() as session:
        offer = await session.get_one(Offer, code.offer_id)
    path, document = {
        "code": (f"/api/v1/codes/{code.text}", {"limit": LIMIT}),
        "offer": (f"/api/v1/offers/{offer.id}", {"limit": LIMIT}),
        "pass type": (f"/api/v1/pass-types/{offer.pass_type_id}", {"capacity": LIMIT}),
    }[what]
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
