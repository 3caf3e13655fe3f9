"""One reader through many doors at one moment has one pass."""

import sqlalchemy as sa

from promos.models import Pass, Redemption
from tests.race.conftest import House
from tests.race.together import press, redemptions_in, said, together, vouch

ONE_MAILBOX = [
    "ada.lovelace@gmail.com",
    "Ada.Lovelace@Gmail.com",
    "adalovelace@googlemail.com",
    "a.d.a.lovelace+freea@gmail.com",
    "adalovelace+x@GOOGLEMAIL.COM",
    "  ada.lovelace@gmail.com  ",
]
ONE_DOMAIN = ["bo@bücher.example", "BO@xn--bcher-kva.example", "bo+news@BÜCHER.example"]


async def lives(house: House, event_id: object) -> tuple[int, int]:
    """Live passes and confirmed redemptions of an event."""
    async with house.database.reading() as session:
        number = sa.select(sa.func.count())
        passes = number.select_from(Pass).where(Pass.event_id == event_id, Pass.state == "live")
        confirmed = number.select_from(Redemption).where(
            Redemption.event_id == event_id, Redemption.state == "confirmed"
        )
        return await session.scalar(passes) or 0, await session.scalar(confirmed) or 0


async def test_one_link_pressed_twenty_times_is_one_pass(crowded: House) -> None:
    code = await crowded.code(limit=5)
    [secret] = await crowded.claims_of(code, ["ada"])

    answers = await together([press(crowded.port(number), secret) for number in range(20)])

    assert said(answers) == {"201": 1, "200": 19}
    assert len({heard.document["pass"]["id"] for heard in answers}) == 1
    assert await lives(crowded, code.event_id) == (1, 1)


async def test_one_address_through_the_codes_of_two_offers_fifty_times_is_one_pass(crowded: House) -> None:
    offer = await crowded.offer(limit=20)
    beside = await crowded.offer(beside=offer, limit=20)
    codes = [await crowded.code(each) for each in (offer, offer, offer, beside, beside)]
    secrets = [secret for code in codes for secret in await crowded.claims_of(code, ["ada"])]

    answers = await together([press(crowded.port(number), secrets[number % 5]) for number in range(50)])

    assert len(redemptions_in(answers)) == 1
    assert set(said(answers)) <= {"201", "200", "already-holds-pass"}
    assert said(answers)["201"] == 1
    assert await lives(crowded, offer.event_id) == (1, 1)


async def test_one_mailbox_however_it_is_written_is_one_reader(crowded: House) -> None:
    for spellings in (ONE_MAILBOX, ONE_DOMAIN):
        offer = await crowded.offer(limit=50)
        codes = [await crowded.code(offer) for _ in spellings]
        secrets = [
            secret
            for code, email in zip(codes, spellings, strict=True)
            for secret in await crowded.claims_of(code, ["ada"], email=email)
        ]

        answers = await together(
            [press(crowded.port(number), secrets[number % len(secrets)]) for number in range(8 * len(secrets))]
        )

        assert len(redemptions_in(answers)) == 1
        assert said(answers)["201"] == 1
        assert await lives(crowded, offer.event_id) == (1, 1)


async def test_a_reader_and_a_token_that_vouches_for_them_get_one_pass(crowded: House) -> None:
    code = await crowded.code(limit=5)
    _, token = await crowded.token()
    [secret] = await crowded.claims_of(code, ["ada"])
    requests = [press(crowded.port(number), secret) for number in range(10)]
    requests += [vouch(crowded.port(number), token, code.text, "ADA@readers.example") for number in range(10)]

    answers = await together(requests)

    assert len(redemptions_in(answers)) == 1
    assert said(answers) == {"201": 1, "200": 19}
    assert await lives(crowded, code.event_id) == (1, 1)
