"""What may stand between a program and PostgreSQL: slow, silent, cut, or losing the answer to a COMMIT."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

PIECE = 65536


@dataclass(eq=False)
class Line:
    """One connection, from both sides."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    is_committing: bool = False  # and nobody is to hear what came of it

    def cut(self) -> None:
        """Both ends are gone, without a word."""
        for end in (self.client, self.server):
            end.transport.abort()


@dataclass(eq=False)
class Proxy:
    """To a database on this machine, in a thread of its own: what is set here holds from the next piece on.

    `fate` is asked at each COMMIT: "before" ends the connection instead of passing it on, "after" instead of answering.
    """

    target: int
    port: int = 0
    delay: float = 0.0  # seconds, of all that the database says
    fate: Callable[[], str] = str
    ended: Counter[str] = field(default_factory=Counter)  # connections, by fate
    _lines: set[Line] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def __post_init__(self) -> None:
        self._speaks = asyncio.Event()
        self._speaks.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._connect, "127.0.0.1", 0), self._loop)
        self._server = listening.result(10)
        self.port = self._server.sockets[0].getsockname()[1]

    def silence(self) -> None:
        """From now on nothing comes through, either way, and nobody is told."""
        self._loop.call_soon_threadsafe(self._speaks.clear)

    def speak(self) -> None:
        self._loop.call_soon_threadsafe(self._speaks.set)

    def cut(self) -> None:
        """Every connection there is ends; new ones are welcome."""
        for line in list(self._lines):
            self._loop.call_soon_threadsafe(line.cut)

    def mend(self) -> None:
        """Be as if there were nothing in between."""
        self.delay, self.fate = 0.0, str
        self.speak()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connect(self, asks: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # at the end of it all; streams would tell of an error
            await self._join(asks, client)

    async def _join(self, asks: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            await self._speaks.wait()
            answers, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            client.transport.abort()
            return
        line = Line(client, server)
        self._lines.add(line)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(line, asks))
                both.create_task(self._answer(line, answers))
        except* OSError:
            pass
        finally:
            self._lines.discard(line)
            line.cut()

    async def _ask(self, line: Line, asks: asyncio.StreamReader) -> None:
        while piece := await asks.read(PIECE):
            await self._speaks.wait()
            if piece[:1] == b"Q" and piece[5:11] == b"COMMIT" and (fate := self.fate()):
                self.ended[fate] += 1
                if fate == "before":
                    break
                line.is_committing = True
            line.server.write(piece)
            await line.server.drain()
        raise ConnectionResetError

    async def _answer(self, line: Line, answers: asyncio.StreamReader) -> None:
        while piece := await answers.read(PIECE):
            await self._speaks.wait()
            if line.is_committing:
                break
            if self.delay:
                await asyncio.sleep(self.delay)
            line.client.write(piece)
            with suppress(ConnectionError):
                await line.client.drain()
        raise ConnectionResetError
