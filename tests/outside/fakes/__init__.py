"""Newsletter tools as their documentation describes them, on this machine; each says what it was written from.

They are fakes: what they prove is that Promos does what is documented, not that the tools do. Ghost is tried for real
(`test_real_ghost.py`).
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from promos.outside.web import Answer, Web


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Answering = Callable[[Asked], Awaitable[Said]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def said(status: int, data: Any) -> Said:
    return Said(status, json.dumps(data).encode(), {"Content-Type": "application/json"})


class InProcess(Web):
    """Every request is answered by one fake, wherever it goes; but for `pages`, HTML by address."""

    def __init__(self, fake: Answering, pages: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._fake, self._pages = fake, {} if pages is None else pages

    async def ask(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        if url in self._pages:
            return Answer(200, self._pages[url].encode(), {"content-type": "text/html"})
        parts = urlsplit(url)
        named = {name.lower(): value for name, value in headers.items()}
        words = await self._fake(Asked(method, parts.path, dict(parse_qsl(parts.query)), named, body))
        return Answer(words.status, words.body)


@asynccontextmanager
async def serving(answer: Answering, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """`127.0.0.1:…` where `answer` is asked, one request a connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        words = await answer(await _asked(reader))
        lines = [f"HTTP/1.1 {words.status} Said", "Connection: close", f"Content-Length: {len(words.body)}"]
        lines += [f"{name}: {value}" for name, value in words.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + words.body)
        await writer.drain()

    async with listening(talk, tls=tls) as place:
        yield place


@asynccontextmanager
async def listening(talk: Talk, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """`127.0.0.1:…` where each connection is `talk`'s; whoever is still talking at the end is cut off."""
    talking: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking[task] = writer
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task, writer in talking.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*talking, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0.01)  # the sockets close in the loop's next rounds


async def _asked(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    parts = urlsplit(target)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, parts.path, dict(parse_qsl(parts.query)), headers, body)
