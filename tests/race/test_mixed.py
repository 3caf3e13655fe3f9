"""Everything at once on one code, in histories that have to be explained."""

import asyncio
import os
import random
from dataclasses import dataclass, field

import sqlalchemy as sa

from promos.crowd.desk import Desk
from promos.crowd.wire import Wire
from promos.models import Entry
from promos.rules.histories import Asked, Code, Done, Unknown, findings
from tests.history.search import is_explained
from tests.race.conftest import House

LONG = int(os.environ.get("PROMOS_TEST_REQUESTS", "2000"))


@dataclass
class Clients:
    """Who asks for what comes next, at random; `requests` are left to be asked."""

    requests: int
    readers: int
    limits: tuple[int, int]
    random: random.Random
    redeemed: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)

    async def ask(self, desk: Desk) -> None:
        while self.requests > 0:
            self.requests -= 1
            dice = self.random.random()
            if dice < 0.65:
                hold_for = self.random.choice([None, 3600])
                asked = await desk.redeem(
                    f"reader{self.random.randrange(self.readers)}@readers.example", hold_for=hold_for
                )
                if isinstance(asked.answer, Done):
                    self.redeemed.append(asked.answer.redemption)
                    self.holds += [asked.answer.redemption] if hold_for and asked.answer.is_new else []
            elif dice < 0.72 and self.holds:
                await desk.confirm(self.random.choice(self.holds[-20:]))
            elif dice < 0.80 and self.redeemed:
                await desk.cancel(self.random.choice(self.redeemed[-40:]))
            elif dice < 0.85:
                await desk.limit(self.random.randint(*self.limits))
            elif dice < 0.88:
                await self.random.choice([desk.pause, desk.resume, desk.resume])()
            else:
                await desk.look()


async def history_of(house: House, clients: Clients, connections: int) -> tuple[Code, list[Asked]]:
    """What `connections` heard, spread over all processes; the journal has each version once."""
    code = await house.code(limit=None, code_limit=clients.limits[1])
    _, token = await house.token()
    history: list[Asked] = []
    desks = [Desk(Wire(f"http://127.0.0.1:{house.port(at)}", token), code.text, history) for at in range(connections)]
    await asyncio.gather(*(clients.ask(desk) for desk in desks))
    last = (await desks[0].look()).answer
    for desk in desks:
        desk.wire.close()
    async with house.database.reading() as session:
        versions = list(await session.scalars(sa.select(Entry.version).where(Entry.code_id == code.id)))
    assert isinstance(last, Code)
    assert sorted(each for each in versions if each is not None) == list(range(1, last.version + 1))
    return Code(code.version, code.used, code.limit), history


async def test_two_hundred_requests_of_sixteen_clients_have_an_order(crowded: House) -> None:
    before, history = await history_of(crowded, Clients(240, 40, (4, 20), random.Random(11)), 16)

    assert len(history) > 200
    assert not any(isinstance(each.answer, Unknown) for each in history)
    assert is_explained(before, history)
    assert findings(before, history) == ()


async def test_thousands_of_requests_are_explained_by_their_versions(crowded: House) -> None:
    before, history = await history_of(crowded, Clients(LONG, 300, (20, 90), random.Random(12)), 32)

    assert len(history) > LONG
    assert findings(before, history) == ()
