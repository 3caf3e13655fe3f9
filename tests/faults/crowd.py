"""Readers who insist on an answer while something goes wrong, and what has to hold of all that they were told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from promos.database import connect
from promos.models import PromoCode, Redemption
from promos.queries import recount
from tests.faults.house import PATIENCE, Faulty

READY = 30.0  # seconds in which everything is well again
FULL = "offer-exhausted"
INNER = ("sqlite", "asyncpg", "sqlalchemy", "traceback", "i/o", "insert into", "select ")  # words for no reader
IDLE = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND state LIKE 'idle in transaction%' AND now() - state_change > interval '1 second'"
)


@dataclass
class Found:
    """What a fault left behind. All but the first four lines are to be nothing."""

    fault: str
    asked: int  # readers
    acknowledged: int  # passes
    unheard: Counter[str]  # answers that left a reader to ask again, by slug
    slowest: float  # seconds, to an answer or to none
    lost: int = 0  # acknowledged, and not there
    over: int = 0  # there, and more than the limit
    doubled: int = 0  # there, for a reader who has one already
    free: int = 0  # refused though a pass was left
    secret: int = 0  # there, and nobody was ever told
    wrong: list[str] = field(default_factory=list)  # answers that should not be
    drift: int = 0  # counters that do not agree with the ledger
    idle: int = 0  # transactions left open and forgotten

    @property
    def is_well(self) -> bool:
        counts = (self.lost, self.over, self.doubled, self.free, self.secret, self.drift, self.idle)
        return not (any(counts) or self.wrong)


@dataclass
class Crowd:
    """`readers` who ask for one code with `limit` passes, `at_once` of them at a time, each until there is an answer.

    Every other one presses the button of a claim, the others are vouched for under an Idempotency-Key. Who hears
    nothing, or a 503, asks the next server, as if a balancer stood before them.
    """

    house: Faulty
    fault: str
    readers: int
    limit: int
    at_once: int = 24
    acknowledged: dict[int, str] = field(default_factory=dict)
    refused: dict[int, datetime] = field(default_factory=dict)
    unheard: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0

    async def prepare(self) -> None:
        self.code: PromoCode = await self.house.code(limit=self.limit)
        self.token = (await self.house.token())[1]
        names = [f"{self.code.text.lower()}-{number}" for number in range(self.readers)]
        self.secrets = await self.house.claims_of(self.code, names)
        self.news = asyncio.Condition()
        self.client = httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=None), verify=False)

    async def load(self) -> None:
        waiting = iter(range(self.readers))
        async with asyncio.TaskGroup() as group:
            for _ in range(self.at_once):
                group.create_task(self._some(waiting))

    async def until(self, what: Callable[["Crowd"], bool]) -> None:
        """Wait for news that make `what` true, or for the end."""
        async with self.news:
            await self.news.wait_for(lambda: what(self) or self.are_done)

    async def reached(self, acknowledged: int) -> None:
        await self.until(lambda crowd: len(crowd.acknowledged) >= acknowledged)

    async def failed(self, answers: int) -> None:
        """Wait until `answers` more have left readers to ask again. A fault that does not is none."""
        enough = self.unheard.total() + answers
        await self.until(lambda crowd: crowd.unheard.total() >= enough)
        assert self.unheard.total() >= enough, f"{self.fault}: all were served in spite of it"

    @property
    def are_done(self) -> bool:
        return len(self.acknowledged) + len(self.refused) + len(self.wrong) >= self.readers

    async def _some(self, waiting: Iterator[int]) -> None:
        for reader in waiting:
            await self._insist(reader)

    async def _insist(self, reader: int) -> None:
        at = reader
        while True:
            try:
                answer = await self.ask(reader, at)
            except httpx.TimeoutException:
                answer = None
                self.wrong.append(f"{self.fault}: no answer in {PATIENCE:.0f} s")
            except httpx.TransportError as error:
                answer = None
                self.unheard["nobody there" if isinstance(error, httpx.ConnectError) else "no answer"] += 1
            is_over = answer is not None and self.hear(reader, answer)
            async with self.news:
                self.news.notify_all()
            if is_over:
                return
            at += 1
            await asyncio.sleep(0.05)

    async def ask(self, reader: int, at: int) -> httpx.Response:
        path, headers, document = self.request(reader)
        address = f"http://127.0.0.1:{self.house.port(at)}{path}"
        began: float | None = None

        async def on_the_way(_event: str, _facts: Any) -> None:
            nonlocal began
            began = began or monotonic()  # our own queue is not the server's

        try:
            return await self.client.post(address, json=document, headers=headers, extensions={"trace": on_the_way})
        finally:
            if began:
                self.slowest = max(self.slowest, monotonic() - began)

    def request(self, reader: int) -> tuple[str, dict[str, str], Any]:
        """Path, headers and document of what this reader posts."""
        if reader % 2:
            return f"/api/v1/claims/{self.secrets[reader]}/confirm", {}, None
        email = f"{self.code.text.lower()}-{reader}@readers.example"
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"{self.code.text}-{reader}"}
        return "/api/v1/redemptions", headers, {"code": self.code.text, "reader": {"email": email}}

    def hear(self, reader: int, answer: httpx.Response) -> bool:
        """Whether this was the last word."""
        said = answer.json()
        if any(word in answer.text.lower() for word in INNER):
            self.wrong.append(f"{answer.status_code} speaks of its inside: {answer.text}")
            return True
        if answer.is_success:
            if self.acknowledged.setdefault(reader, said["id"]) != said["id"]:
                self.wrong.append(f"reader {reader} was told {self.acknowledged[reader]}, then {said['id']}")
            return True
        if answer.status_code == 409 and said["code"] == FULL:
            self.refused[reader] = datetime.now(UTC)
            return True
        if answer.status_code == 503 and answer.headers.get("Retry-After", "").isdecimal():
            self.unheard[said["code"]] += 1
            return False
        self.wrong.append(f"{answer.status_code} {said.get('code')}")
        return True

    async def repeat(self) -> None:
        """Whoever was given a pass asks once more, and is shown the same."""
        for reader in list(self.acknowledged):
            await self._insist(reader)

    async def found(self) -> Found:
        database = connect(self.house.settings)  # with connections that no fault has met
        try:
            async with database.reading() as session:
                rows = await session.execute(
                    sa.select(Redemption.id, Redemption.created_at, Redemption.reader_id)
                    .where(Redemption.code_id == self.code.id, Redemption.state == "confirmed")
                    .order_by(Redemption.created_at)
                )
                there: dict[UUID, datetime] = {}
                holders: set[UUID] = set()
                for redemption, created_at, reader in rows:
                    there[redemption] = created_at
                    holders.add(reader)
                drift = len(await recount.differences(session))
                idle = 0 if database.is_sqlite else await session.scalar(sa.text(IDLE)) or 0
        finally:
            await database.close()
        given = {UUID(each) for each in self.acknowledged.values()}
        last = list(there.values())[self.limit - 1] if len(there) >= self.limit else None
        return Found(
            self.fault,
            self.readers,
            len(given),
            self.unheard,
            self.slowest,
            lost=len(given - there.keys()),
            over=max(0, len(there) - self.limit),
            doubled=len(there) - len(holders),
            free=sum(last is None or told < last for told in self.refused.values()),
            secret=len(there.keys() - given),
            wrong=self.wrong,
            drift=drift,
            idle=idle,
        )


@asynccontextmanager
async def crowd_at(house: Faulty, fault: str, tell: Callable[[Found], None], **size: Any) -> AsyncIterator[Crowd]:
    """A crowd under way. Whatever is done to the house meanwhile, in the end nothing may be found wrong with it."""
    crowd = Crowd(house, fault, **size)
    await crowd.prepare()
    load = asyncio.create_task(crowd.load())
    try:
        yield crowd
        house.mend()
        async with asyncio.timeout(READY):
            await house.stand()
        await load
        await crowd.repeat()
    except AssertionError:
        tell(await crowd.found())
        raise
    finally:
        load.cancel()
        await crowd.client.aclose()
    found = await crowd.found()
    tell(found)
    assert found.is_well, found
    assert found.acknowledged == min(crowd.limit, crowd.readers)
