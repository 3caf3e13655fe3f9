"""Readers who ask for a pass until they are told yes or no, and every answer each of them got."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter

import httpx

AGAIN = 0.2  # seconds after which an unanswered reader asks again: sooner than Retry-After wants
PATIENCE = 60.0  # seconds for one answer

Ask = Callable[[httpx.AsyncClient, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Given:
    """A pass that somebody was told of."""

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `what` is `pass`, `same pass`, the code of a problem, or why none came; `status` 0 then."""

    reader: int
    start: float
    end: float
    status: int
    what: str
    has_retry_after: bool
    given: Given | None


@dataclass(slots=True)
class Crowd:
    """Asks as the bearer of `token`, over so many `connections`; `after` acknowledged passes, `reached` is set.

    Every second reader asks, and asks again, under an Idempotency-Key.
    """

    url: str
    token: str
    code: str
    connections: int
    after: int
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    answers: list[Answer] = field(default_factory=list)
    passes: dict[int, Given] = field(default_factory=dict)

    async def until_told(self, readers: Iterable[int]) -> None:
        """Every reader asks until the answer is a yes or a no."""
        await self._together(readers, self._until_told)

    async def once_more(self, readers: Iterable[int]) -> list[Answer]:
        """Each of these asks once, without a key, and says what it heard; nothing of it is kept."""
        heard: list[Answer] = []

        async def once(client: httpx.AsyncClient, reader: int) -> None:
            heard.append(await self._ask(client, reader))

        await self._together(readers, once)
        return heard

    async def _together(self, readers: Iterable[int], ask: Ask) -> None:
        """Over all connections, the next reader wherever one is free."""
        coming = iter(readers)

        async def connection() -> None:
            async with httpx.AsyncClient(base_url=self.url, timeout=PATIENCE) as client:
                for reader in coming:
                    await ask(client, reader)

        async with asyncio.TaskGroup() as group:
            for _ in range(self.connections):
                group.create_task(connection())

    async def _until_told(self, client: httpx.AsyncClient, reader: int) -> None:
        key = f"key-of-{reader}" if reader % 2 == 0 else None
        while True:
            answer = await self._ask(client, reader, key)
            self.answers.append(answer)
            if answer.given:
                self.passes[reader] = answer.given
                if len(self.passes) >= self.after:
                    self.reached.set()
                return
            if 400 <= answer.status < 500:
                return
            await asyncio.sleep(AGAIN)

    async def _ask(self, client: httpx.AsyncClient, reader: int, key: str | None = None) -> Answer:
        want = {"code": self.code, "reader": {"email": f"reader-{reader}@readers.example"}}
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        start = perf_counter()
        try:
            heard = await client.post("/api/v1/redemptions", json=want, headers=headers)
        except httpx.TransportError as error:
            return Answer(reader, start, perf_counter(), 0, f"no answer: {type(error).__name__}", False, None)
        return _read(reader, heard, start)


def _read(reader: int, heard: httpx.Response, start: float) -> Answer:
    end, said, given = perf_counter(), heard.json(), None
    if heard.is_success:
        given = Given(said["pass"]["id"], said["pass"]["token"])
        is_repeat = heard.status_code == 200 or "idempotent-replayed" in heard.headers
        what = "same pass" if is_repeat else "pass"
    else:
        what = said["code"]
    return Answer(reader, start, end, heard.status_code, what, "retry-after" in heard.headers, given)
