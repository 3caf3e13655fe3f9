"""Any number of workers look for what moved or was cancelled at the same moment: each reader gets one mail."""

import asyncio
from datetime import timedelta
from functools import partial
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa

from promos import retrying
from promos.actions import events, line, moves, passes, redemptions
from promos.models import Claim, Delivery, Move
from promos.rules import signing
from tests.race.conftest import House
from tests.world import ADMIN, a_claim, an_ask


async def test_however_many_workers_there_are_each_reader_hears_once(crowded: House) -> None:
    code = await crowded.code(limit=None)
    readers = 20
    async with crowded.database.writing() as session:
        now = code.created_at
        await redemptions.redeem(session, [an_ask(code, f"reader{number}") for number in range(readers)], now=now)
        await events.update(session, code.event_id, venue="Grand Palais", tell_readers=True, now=now, by=ADMIN)
        move_id = (await session.scalars(sa.select(Move.id))).one()
    later = now + timedelta(minutes=6)

    told = await asyncio.gather(
        *(retrying.written(crowded.database, lambda: later, partial(moves.tell), move_id) for _ in range(8))
    )

    async with crowded.database.reading() as session:
        mails = list(await session.scalars(sa.select(Delivery.pass_id).where(Delivery.kind == "moved")))
    assert sorted(told) == [0] * 7 + [readers]
    assert (len(mails), len(set(mails))) == (readers, readers)


async def test_who_waits_for_a_cancelled_event_is_told_once_or_left_before(crowded: House) -> None:
    code = await crowded.code(limit=1)
    names = [f"waiting{number}" for number in range(20)]
    async with crowded.database.writing() as session:
        now = code.created_at
        for name in names:
            standing = {"state": "waiting", "settled_at": now, "token_hash": signing.fingerprint(f"{code.id} {name}")}
            await a_claim(session, code, name, **standing)
        await events.cancel(session, code.event_id, tell_readers=True, now=now, by=ADMIN)

    def write(effect: Any, *given: Any) -> Any:
        return retrying.written(crowded.database, lambda: now, effect, *given)

    workers = [write(line.call_off, code.event_id) for _ in range(8)]
    leaving = [write(passes.leave, f"{code.id} {name}") for name in names[::2]]
    await asyncio.gather(*(each for pair in zip_longest(leaving, workers) for each in pair if each))

    async with crowded.database.reading() as session:
        claims = (await session.scalars(sa.select(Claim).where(Claim.code_id == code.id))).all()
        of_line = sa.select(Delivery.claim_id).where(Delivery.kind == "line_closed")
        told = list(await session.scalars(of_line.where(Delivery.claim_id.in_([each.id for each in claims]))))
    assert {each.state for each in claims} == {"left"}
    assert len(told) == len(set(told)) >= len(names) / 2
    assert {each.id for each in claims if each.refusal == "event-cancelled"} == set(told)
