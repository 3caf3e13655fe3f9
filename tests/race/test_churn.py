"""Passes that come back while others ask for them: each place is taken again, and once."""

import random
from collections import Counter

import sqlalchemy as sa

from promos.models import Offer, PromoCode, Redemption
from tests.race.conftest import House
from tests.race.together import Request, press, said, together, vouch

LIMIT, WAITING = 12, 40


async def counted(house: House, code: PromoCode) -> tuple[int | None, int | None]:
    """What the offer counts, and what the ledger has."""
    async with house.database.reading() as session:
        confirmed = sa.select(sa.func.count()).select_from(Redemption).where(Redemption.code_id == code.id)
        used = await session.scalar(sa.select(Offer.used).where(Offer.id == code.offer_id))
        return used, await session.scalar(confirmed.where(Redemption.state == "confirmed"))


async def test_each_cancelled_place_is_taken_again_once(crowded: House) -> None:
    code = await crowded.code(limit=LIMIT)
    _, token = await crowded.token()
    secrets = await crowded.claims_of(code, (f"second{number}" for number in range(WAITING)))
    first = await together(
        [vouch(crowded.port(number), token, code.text, f"first{number}@readers.example") for number in range(LIMIT)]
    )
    paths = [f"/api/v1/redemptions/{heard.document['id']}/cancel" for heard in first]
    ends = [Request(crowded.port(number), path, token=token) for number, path in enumerate([*paths, *paths])]
    presses = [press(crowded.port(number), secret) for number, secret in enumerate(secrets)]

    requests = random.Random(5).sample([*ends, *presses], len(ends) + WAITING)
    heard = dict(zip(requests, await together(requests), strict=True))

    ended = [heard[each].document for each in ends]
    assert {each["state"] for each in ended} == {"cancelled"}
    assert len({each["version"] for each in ended}) == LIMIT  # each twice, and told the same
    taken = said([heard[each] for each in presses])["201"]
    assert await counted(crowded, code) == (taken, taken)

    refused = [each for each in presses if heard[each].status == 409]
    assert said(await together(refused)) == Counter({"201": LIMIT - taken, "offer-exhausted": WAITING - LIMIT})
    assert await counted(crowded, code) == (LIMIT, LIMIT)


async def test_passes_given_back_by_their_readers_are_taken_again_to_the_last_one(crowded: House) -> None:
    code = await crowded.code(limit=LIMIT)
    secrets = await crowded.claims_of(code, (f"reader{number}" for number in range(WAITING)))
    presses = [press(crowded.port(number), secret) for number, secret in enumerate(secrets)]
    first = dict(zip(presses, await together(presses), strict=True))
    links = [heard.document["pass"]["url"].rpartition("/")[2] for heard in first.values() if heard.status == 201]
    backs = [
        Request(crowded.port(number), f"/api/v1/passes/{link}/give-back") for number, link in enumerate([*links] * 2)
    ]
    refused = [each for each in presses if first[each].status == 409]

    requests = random.Random(5).sample([*backs, *refused], len(backs) + len(refused))
    heard = dict(zip(requests, await together(requests), strict=True))

    assert len(links) == LIMIT
    assert {heard[each].status for each in backs} == {200}
    taken = said([heard[each] for each in refused])["201"]
    assert said(await together([each for each in refused if heard[each].status == 409]))["201"] == LIMIT - taken
    assert await counted(crowded, code) == (LIMIT, LIMIT)


async def test_a_hold_confirmed_and_cancelled_at_once_ends_one_way(crowded: House) -> None:
    code = await crowded.code(limit=LIMIT)
    _, token = await crowded.token()
    held = await together(
        [
            vouch(crowded.port(number), token, code.text, f"shop{number}@readers.example", hold_for=600)
            for number in range(LIMIT)
        ]
    )
    requests = [
        Request(crowded.port(number + len(word)), f"/api/v1/redemptions/{heard.document['id']}/{word}", token=token)
        for number, heard in enumerate(held)
        for word in ("confirm", "cancel", "confirm")
    ]

    answers = await together(requests)

    assert {heard.document["state"] for heard in held} == {"held"}
    assert set(said(answers)) <= {"200", "redemption-ended"}
    assert {heard.document["state"] for heard in answers[1::3]} == {"cancelled"}
    assert await counted(crowded, code) == (0, 0)
