"""Readers who ask for a pass until they are told yes or no, and every answer each of them got."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from promos.crowd.wire import Heard, Lost, Wire

AGAIN = 0.2  # seconds after which an unanswered reader asks again: sooner than Retry-After wants


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
    """Asks as the bearer of `token`, over so many `connections`; `after` acknowledged passes, `reached` is set."""

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
        coming = iter(readers)
        await self._together(self._until_told(coming) for _ in range(self.connections))

    async def once_more(self, readers: Iterable[int]) -> list[Answer]:
        """Each of these asks once, and says what it heard; nothing of it is kept."""
        coming, heard = iter(readers), list[Answer]()
        await self._together(self._once(coming, heard) for _ in range(self.connections))
        return heard

    async def _together(self, askers: Iterable[Any]) -> None:
        async with asyncio.TaskGroup() as group:
            for asker in askers:
                group.create_task(asker)

    async def _until_told(self, coming: Iterator[int]) -> None:
        wire = Wire(self.url, self.token)
        for reader in coming:
            while True:
                answer = await self._ask(wire, reader)
                self.answers.append(answer)
                if answer.given:
                    self._acknowledged(reader, answer.given)
                    break
                if 400 <= answer.status < 500:
                    break
                await asyncio.sleep(AGAIN)
        wire.close()

    async def _once(self, coming: Iterator[int], heard: list[Answer]) -> None:
        wire = Wire(self.url, self.token)
        for reader in coming:
            heard.append(await self._ask(wire, reader))
        wire.close()

    def _acknowledged(self, reader: int, given: Given) -> None:
        self.passes[reader] = given
        if len(self.passes) >= self.after:
            self.reached.set()

    async def _ask(self, wire: Wire, reader: int) -> Answer:
        want = {"code": self.code, "reader": {"email": f"reader-{reader}@readers.example"}}
        try:
            heard = await wire.ask("POST", "/api/v1/redemptions", want)
        except Lost as lost:
            return Answer(reader, lost.start, perf_counter(), 0, f"no answer: {lost}", False, None)
        return _read(reader, heard)


def _read(reader: int, heard: Heard) -> Answer:
    given, what = None, "no document"
    if heard.status in (200, 201):
        given = Given(heard.document["pass"]["id"], heard.document["pass"]["token"])
        what = "pass" if heard.status == 201 else "same pass"
    elif heard.document:
        what = heard.document["code"]
    return Answer(reader, heard.start, heard.end, heard.status, what, "retry-after" in heard.headers, given)
