"""Many confirm at once and few codes of the partner's shop are left: each goes to one reader, and no pass lacks one."""

from collections import Counter

import sqlalchemy as sa

from promos.actions import pools
from promos.models import Offer, PoolCode, PromoCode, Redemption
from tests.race.conftest import House
from tests.race.together import press, said, together, vouch

CODES, CROWD = 25, 66


async def a_pool(house: House, codes: int) -> list[PromoCode]:
    """Two words of an offer that hands out codes of a shop: who comes by either does not wait for the other's row."""
    code = await house.code(limit=None)
    async with house.database.writing() as session:
        of = sa.update(Offer).where(Offer.id == code.offer_id)
        await session.execute(of.values(fulfilment="pool", pooled=0))
        offer = await session.get_one(Offer, code.offer_id, populate_existing=True)
        scribe = pools.Scribe(house.keys)
        await pools.take(session, offer, [scribe.word(f"SHOP{number}") for number in range(codes)], now=code.created_at)
    return [code, await house.code(offer)]


async def held(house: House, code: PromoCode) -> Counter[str]:
    """The states of the codes; each that is taken stands with a redemption of its own."""
    async with house.database.reading() as session:
        of = sa.select(PoolCode.state, PoolCode.redemption_id).where(PoolCode.offer_id == code.offer_id)
        rows = (await session.execute(of)).all()
        live = sa.select(Redemption.id).where(
            Redemption.offer_id == code.offer_id, Redemption.state.in_(("held", "confirmed"))
        )
        taken = [row.redemption_id for row in rows if row.redemption_id]
        assert len(taken) == len(set(taken))
        assert set(taken) == set(await session.scalars(live))
    return Counter(row.state for row in rows)


async def test_each_code_of_a_shop_goes_to_one_reader(crowded: House) -> None:
    codes = await a_pool(crowded, CODES)
    requests = [
        press(crowded.port(at + 2 * number), secret)  # no process sees both words
        for at, code in enumerate(codes)
        for number, secret in enumerate(await crowded.claims_of(code, (f"r{at}-{n}" for n in range(CROWD // 2))))
    ]

    answers = await together(requests)

    assert said(answers) == {"201": CODES, "offer-exhausted": CROWD - CODES}
    assert await held(crowded, codes[0]) == {"given": CODES}


async def test_holds_and_passes_draw_from_one_pool(crowded: House) -> None:
    codes = await a_pool(crowded, CODES)
    _, token = await crowded.token()

    answers = await together(
        [
            vouch(
                crowded.port(number),
                token,
                codes[number % 2].spelled,
                f"pool{number}@readers.example",
                **({"hold_for": 600} if number // 2 % 2 else {}),
            )
            for number in range(CROWD)
        ]
    )

    assert said(answers)["201"] == CODES
    assert (await held(crowded, codes[0])).total() == CODES
