"""Any number of workers look for what moved at the same moment: each reader gets one mail."""

import asyncio
from datetime import timedelta
from functools import partial

import sqlalchemy as sa

from promos import retrying
from promos.actions import events, moves, redemptions
from promos.models import Delivery, Move
from tests.race.conftest import House
from tests.world import ADMIN, an_ask


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
