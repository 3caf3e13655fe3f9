"""One connection to the API that can hold a request back by its last byte, so that many arrive at once."""

import asyncio
import json
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from urllib.parse import SplitResult, urlsplit

PATIENCE = 60.0  # seconds for one answer
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer; `start` is when the request's last byte left, `end` when the answer was whole."""

    status: int
    headers: dict[str, str]  # names in lower case
    document: Any  # what the JSON says; None where there is none
    start: float
    end: float


class Lost(Exception):  # noqa: N818 -- a state
    """No answer came. If a request had left, it may have been done; `start` is when."""

    def __init__(self, why: str, start: float) -> None:
        super().__init__(why)
        self.start = start


class Wire:
    """HTTP/1.1, one request after the other, connected when needed and again when it broke."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url: SplitResult = urlsplit(url.rstrip("/"))
        if self._url.scheme not in _PORTS or not self._url.hostname:
            raise ValueError(f"{url!r} is not an address such as http://127.0.0.1:8000")
        self._token = token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._last = b""

    async def ask(self, method: str, path: str, document: Any = None) -> Heard:
        """The answer to one request; raises `Lost`."""
        return await self._heard(await self._send(self._request(method, path, document)))

    async def hold(self, method: str, path: str, document: Any = None) -> None:
        """Send all of a request but its last byte."""
        whole = self._request(method, path, document)
        await self._send(whole[:-1])
        self._last = whole[-1:]

    def _request(self, method: str, path: str, document: Any) -> bytes:
        body = b"" if document is None else json.dumps(document).encode()
        lines = [f"{method} {self._url.path}{path} HTTP/1.1", f"Host: {self._url.netloc.rpartition('@')[2]}"]
        if document is not None:
            lines.append("Content-Type: application/json")
        if document is not None or method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        if self._token:
            lines.append(f"Authorization: Bearer {self._token}")
        return "\r\n".join([*lines, "", ""]).encode() + body

    async def release(self) -> Heard:
        """Send the last byte of what is held, and wait for the answer."""
        if self._streams is None:
            raise ValueError("nothing is held")
        return await self._heard(await self._send(self._last, is_next=False))

    async def _send(self, text: bytes, *, is_next: bool = True) -> float:
        """When it left; the next request leaves by a new connection if the other side closed this one."""
        if is_next and self._streams and (self._streams[0].at_eof() or self._streams[0].exception()):
            self.close()
        start = perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                if self._streams is None:
                    port = self._url.port or _PORTS[self._url.scheme]
                    encrypted = True if self._url.scheme == "https" else None
                    self._streams = await asyncio.open_connection(self._url.hostname, port, ssl=encrypted)
                start = perf_counter()
                self._streams[1].write(text)
                await self._streams[1].drain()
        except (OSError, TimeoutError) as error:
            self.close()
            raise Lost(str(error) or type(error).__name__, start) from None
        return start

    async def _heard(self, start: float) -> Heard:
        if self._streams is None:
            raise Lost("the connection was closed", start)
        try:
            async with asyncio.timeout(PATIENCE):
                status, headers, body = await _answer(self._streams[0])
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            self.close()
            raise Lost(str(error) or type(error).__name__, start) from None
        except asyncio.CancelledError:  # the answer will come, and must not be taken for the next one's
            self.close()
            raise
        end = perf_counter()
        if headers.get("connection", "").lower() == "close":
            self.close()
        is_json = "json" in headers.get("content-type", "")
        return Heard(status, headers, json.loads(body) if is_json and body else None, start, end)

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ", 2)[1])
    fields = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return status, headers, await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return status, headers, body
