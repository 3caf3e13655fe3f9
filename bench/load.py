"""A crowd of readers: a lean HTTP/1.1 client that reads every answer, in a process of its own.

`python -m bench.load` takes `Orders` as JSON and answers with what it `Seen`.
"""

import asyncio
import subprocess
import sys
import time
from collections import Counter, deque
from contextlib import suppress
from random import Random
from typing import Any

import msgspec
import uvloop

PATIENCE = 30.0  # seconds without any answer, after which something is wrong
AGAIN = 0.02  # seconds after which a reader who was told to come again does


class Orders(msgspec.Struct):
    """What to ask of whom. Each ask is of another reader and, with several `codes`, for the next code.

    For `seconds`, after `warm` seconds that do not count; or, with `people`, until each of them was told yes or no.
    """

    port: int
    connections: int
    path: str
    method: str = "POST"
    expected: tuple[int, ...] = (201,)
    codes: list[str] = []
    token: str = ""
    readers: str = "reader"  # what their addresses begin with
    seconds: float = 0
    warm: float = 0
    people: int = 0
    repeats: float = 0  # part of the people who ask twice


class Seen(msgspec.Struct):
    """`rate` is of the counted answers in a second; `p50` and `p99` in milliseconds. `passes`: whose yes came."""

    rate: float
    p50: float
    p99: float
    statuses: dict[int, int]
    refusals: dict[str, int]
    passes: dict[str, str]  # id of the pass: its token
    wrong: list[str]  # answers that nobody expected
    lost: int  # connections that broke


class GivenPass(msgspec.Struct):
    id: str
    token: str


class Given(msgspec.Struct):
    given: GivenPass = msgspec.field(name="pass")


class Problem(msgspec.Struct):
    code: str


def begin(orders: Orders) -> "subprocess.Popen[bytes]":
    """Send the crowd off; `ended` waits for it."""
    crowd = subprocess.Popen([sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if crowd.stdin is None:
        raise RuntimeError("no way to give orders")
    crowd.stdin.write(msgspec.json.encode(orders))
    crowd.stdin.close()
    return crowd


def ended(crowd: "subprocess.Popen[bytes]") -> Seen:
    if crowd.stdout is None:
        raise RuntimeError("no way to hear the crowd")
    said = crowd.stdout.read()
    if crowd.wait() != 0 or not said:
        raise RuntimeError(f"the crowd broke down: {crowd.returncode}")
    return msgspec.json.decode(said, type=Seen, strict=False)


def run(orders: Orders) -> Seen:
    return ended(begin(orders))


class Crowd:
    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.over = asyncio.Event()
        self.open = 0  # asks on their way
        self.statuses: Counter[int] = Counter()
        self.refusals: Counter[str] = Counter()
        self.passes: dict[str, str] = {}
        self.wrong: list[str] = []
        self.lost = 0
        self.coming: set[asyncio.Task[None]] = set()  # those who connect anew
        self._asked = 0
        self._again: deque[int] = deque()
        self._times: list[float] = []
        self._people = _shuffled(orders)
        self._began = self._end = 0.0

    async def run(self) -> Seen:
        loop = asyncio.get_running_loop()
        self._began = time.perf_counter() + self.orders.warm
        self._end = self._began + self.orders.seconds
        for _ in range(self.orders.connections):
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.orders.port)
        heard = -1
        while not self.over.is_set() and heard < (heard := self.statuses.total()):
            with suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), PATIENCE)
        if not self.over.is_set():
            self.wrong.append(f"{self.open} who got no answer")
        elapsed = self.orders.seconds or time.perf_counter() - self._began
        times = sorted(self._times) or [0.0]
        return Seen(
            rate=len(self._times) / elapsed,
            p50=times[len(times) // 2] * 1000,
            p99=times[len(times) * 99 // 100] * 1000,
            statuses=dict(self.statuses),
            refusals=dict(self.refusals),
            passes=self.passes,
            wrong=self.wrong[:5],
            lost=self.lost,
        )

    def next(self) -> tuple[int, bytes] | None:
        """The next ask and its request; `None` if there is nothing more to ask."""
        if self._again:
            ask = self._again.popleft()
        elif self._asked < len(self._people) if self._people else time.perf_counter() < self._end:
            ask, self._asked = self._asked, self._asked + 1
        else:
            return None
        self.open += 1
        return ask, self._request(self._people[ask] if self._people else ask)

    def answered(self, ask: int, status: int, body: bytes, began: float) -> None:
        self.open -= 1
        now = time.perf_counter()
        if self._people or self._began <= now < self._end:
            self._times.append(now - began)
        self.statuses[status] += 1
        if status not in self.orders.expected:
            self.wrong.append(f"{status} {body[:300]!r}")
        if status == 503 and self._people:
            self._again.append(ask)
        elif status == 201:
            given = msgspec.json.decode(body, type=Given).given
            self.passes[given.id] = given.token
        elif status >= 400:
            self.refusals[msgspec.json.decode(body, type=Problem).code] += 1

    def unanswered(self, ask: int) -> None:
        self.open -= 1
        self.lost += 1
        self._again.append(ask)

    def rest(self) -> None:
        """A connection has nothing to ask at the moment."""
        if self.open == 0 and not self._again:
            self.over.set()

    def _request(self, reader: int) -> bytes:
        orders = self.orders
        body = b""
        headers = f"host: 127.0.0.1:{orders.port}\r\n"
        if orders.codes:
            code = orders.codes[reader % len(orders.codes)]
            body = b'{"code":"%b","reader":{"email":"%b-%d@readers.example"}}' % (
                code.encode(),
                orders.readers.encode(),
                reader,
            )
            headers += f"content-type: application/json\r\nauthorization: Bearer {orders.token}\r\n"
        return f"{orders.method} {orders.path} HTTP/1.1\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One of those who ask, one request at a time."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._transport: Any = None
        self._came = b""
        self._ask: int | None = None
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._came += data
        head = self._came.find(b"\r\n\r\n")
        if head < 0 or self._ask is None:
            return
        ends = head + 4 + _length(self._came[:head])
        if len(self._came) < ends:
            return
        status, body = int(self._came[9:12]), self._came[head + 4 : ends]
        self._came = self._came[ends:]
        ask, self._ask = self._ask, None
        self._crowd.answered(ask, status, body, self._began)
        if status == 503:
            asyncio.get_running_loop().call_later(AGAIN, self._next)
        else:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- however it came
        if self._ask is not None:
            self._crowd.unanswered(self._ask)
            self._ask = None
        if not self._crowd.over.is_set():
            self._come_back()

    def _next(self) -> None:
        if self._transport.is_closing():
            return
        if (ask := self._crowd.next()) is None:
            self._crowd.rest()
            return
        self._ask, self._began = ask[0], time.perf_counter()
        self._transport.write(ask[1])

    def _come_back(self) -> None:
        loop = asyncio.get_running_loop()
        crowd = self._crowd

        async def connect() -> None:
            while not crowd.over.is_set():
                try:
                    await loop.create_connection(lambda: Connection(crowd), "127.0.0.1", crowd.orders.port)
                except OSError:
                    await asyncio.sleep(AGAIN)
                else:
                    return

        coming = loop.create_task(connect())
        crowd.coming.add(coming)


def _length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError(f"an answer without a length: {head!r}")
    return int(head[at + 17 :].split(b"\r\n", 1)[0])


def _shuffled(orders: Orders) -> list[int]:
    """The people in the order in which they ask; some of them twice."""
    if not orders.people:
        return []
    everybody = [*range(orders.people), *range(int(orders.people * orders.repeats))]
    Random(7).shuffle(everybody)  # noqa: S311 -- an order, not a secret
    return everybody


if __name__ == "__main__":
    taken = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    with open(1, "wb", closefd=False) as out:  # buffered even where Python is told not to: a long answer goes out whole
        out.write(msgspec.json.encode(uvloop.run(Crowd(taken).run())))
