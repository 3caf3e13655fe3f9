"""The door: every answer is kept, one pass is admitted once."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import checkins, passes, redemptions
from promos.database import Database
from promos.models import CheckIn, Event, Partner, Pass, PromoCode
from promos.rules import signing
from promos.rules.people import Actor
from promos.rules.refusals import CheckInUndone, InvalidRequest, NotFound, NothingToUndo, ScanIdReused
from promos.settings import Keys
from tests.world import ADMIN, NOW, a_code, a_partner, an_ask, an_event, door_of

KEYS = Keys((b"s" * 40,), b"r" * 40)


async def a_pass(session: AsyncSession, name: str = "ada") -> tuple[PromoCode, Pass, str]:
    code = await session.scalar(sa.select(PromoCode)) or await a_code(session)
    ask = an_ask(code, name)
    outcome = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
    held = await session.get_one(Pass, outcome.pass_id)  # type: ignore[union-attr]
    return code, held, signing.qr_token(KEYS.signing[0], held.id, held.drawn)


async def scan(session: AsyncSession, event: UUID, token: str, scan_id: str, by: Actor = ADMIN) -> CheckIn:
    return await checkins.scan(session, event, token, scan_id=scan_id, gate="North", at=None, keys=KEYS, now=NOW, by=by)


async def test_a_pass_goes_in_once_and_the_second_scan_says_when(session: AsyncSession) -> None:
    _, held, token = await a_pass(session)

    first = await scan(session, held.event_id, token, "1")
    second = await scan(session, held.event_id, token.lower(), "2")

    assert (first.result, second.result) == ("admitted", "already")
    assert (second.first_at, second.first_gate) == (NOW, "North")


async def test_the_same_scan_repeats_its_first_answer(session: AsyncSession) -> None:
    _, held, token = await a_pass(session)

    answers = [await scan(session, held.event_id, token, "1") for _ in range(2)]

    assert answers[0].id == answers[1].id
    assert answers[1].result == "admitted"
    with pytest.raises(ScanIdReused):
        await scan(session, held.event_id, "another", "1")


async def test_each_refusal_says_why(session: AsyncSession) -> None:
    _, held, token = await a_pass(session)
    partner = await session.get_one(Partner, held.partner_id)
    other = await an_event(session, partner, slug="other")
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    foreign = signing.qr_token(b"x" * 40, held.id, 1)
    redrawn = signing.qr_token(KEYS.signing[0], held.id, 2)

    answers = [
        (await scan(session, event, text, str(number))).reason
        for number, (event, text) in enumerate(
            [
                (held.event_id, flipped),
                (held.event_id, foreign),
                (held.event_id, token[:20]),
                (held.event_id, "x" * 5000),
                (held.event_id, ""),
                (other.id, token),
                (held.event_id, redrawn),
            ]
        )
    ]
    await passes.give_back(session, held.id, now=NOW)

    assert answers == ["unknown"] * 5 + ["other-event", "replaced"]
    assert (await scan(session, held.event_id, token, "late")).reason == "given-back"


async def test_an_undone_admission_lets_the_pass_in_again_and_leaves_a_trace(session: AsyncSession) -> None:
    _, held, token = await a_pass(session)
    first = await scan(session, held.event_id, token, "1")

    undone = await checkins.undo(session, first.id, now=NOW, by=ADMIN)
    again = await scan(session, held.event_id, token, "2")

    assert undone.undone_at == NOW
    assert again.result == "admitted"
    with pytest.raises(CheckInUndone):
        await checkins.undo(session, first.id, now=NOW, by=ADMIN)
    already = await scan(session, held.event_id, token, "3")
    with pytest.raises(NothingToUndo):
        await checkins.undo(session, already.id, now=NOW, by=ADMIN)


async def test_a_door_knows_no_event_of_somebody_elses(session: AsyncSession) -> None:
    _, held, token = await a_pass(session)
    stranger = door_of(await a_partner(session, name="Others"))

    with pytest.raises(NotFound):
        await scan(session, held.event_id, token, "1", by=stranger)


async def test_a_scan_from_a_dead_network_keeps_its_own_time(session: AsyncSession) -> None:
    _, held, token = await a_pass(session)
    earlier = NOW - timedelta(hours=2)
    late = {"gate": None, "keys": KEYS, "now": NOW, "by": ADMIN}

    found = await checkins.scan(session, held.event_id, token, scan_id="1", at=earlier, **late)  # type: ignore[arg-type]

    assert found.at == earlier
    tomorrow = NOW + timedelta(days=1)
    with pytest.raises(InvalidRequest):
        await checkins.scan(session, held.event_id, token, scan_id="2", at=tomorrow, **late)  # type: ignore[arg-type]


async def test_twenty_scans_at_once_admit_one(database: Database) -> None:
    async with database.writing() as session:
        _, held, token = await a_pass(session)

    async def one(number: int) -> str:
        async with database.writing() as session:
            return (await scan(session, held.event_id, token, str(number))).result

    answers = Counter(await asyncio.gather(*(one(number) for number in range(20))))

    assert answers == {"admitted": 1, "already": 19}
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Event)) == 1


async def test_a_scanner_with_the_wrong_keyboard_or_no_zone_gets_an_answer(session: AsyncSession) -> None:
    _, held, token = await a_pass(session)
    garbled = "PÉÉ" + token[3:]

    assert (await scan(session, held.event_id, garbled, "1")).reason == "unknown"
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(InvalidRequest):
        await checkins.scan(
            session, held.event_id, token, scan_id="2", gate=None, at=naive, keys=KEYS, now=NOW, by=ADMIN
        )
