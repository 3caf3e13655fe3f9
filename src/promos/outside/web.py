"""Requests to addresses that people of an installation typed: out to the internet, never into our own network.

The name is resolved here, every address it has is looked at, and the connection goes to exactly the one that was looked
at: a name that answers otherwise the second time (DNS rebinding) gains nothing. Redirects are not followed. Sources:
OWASP ASVS 5.0, 1.3.6 and 13.2.4; the address ranges are those of the IANA special-purpose registries (RFC 6890).
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

import httpx

from promos.rules.blocks import is_web_address

CONNECTING = 5.0  # seconds, for each address of a host
SILENCE = 10.0  # seconds until the first byte, and from each to the next
WHOLE = 30.0  # seconds for all of it, the name looked up and the last byte read
LONGEST = 4_000_000  # bytes of an answer
CUT = 3.0  # seconds for the body of an answer that may be cut off
TOLD = ("content-type", "location", "retry-after")
PORTS = frozenset({443, 8443})

Resolve = Callable[[str], Awaitable[Collection[str]]]

_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?\.?", re.IGNORECASE)
_UNICAST = IPv6Network("2000::/3")  # all that is given out; loopback, NAT64, mapped and local addresses lie elsewhere
_CLOSED_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_CLOSED_4 = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
            *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        ),
    )
)


class Forbidden(Exception):  # noqa: N818 -- like a refusal, an answer
    """The address is none that we call."""


class Unreachable(Exception):  # noqa: N818
    """No whole answer came in time; it is not told why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers`: those that say what the body is or where it went, by their names in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


async def resolved(host: str) -> list[str]:
    """Every address of `host`, as this machine's resolver knows it; `OSError` if there is none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether `address` (IPv4 or IPv6, as text) belongs to one machine somewhere on the internet."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        return ip.scope_id is None and ip in _UNICAST and not any(ip in network for network in _CLOSED_6)
    return not any(ip in network for network in _CLOSED_4)


class Web:
    """`trusted`: hosts with their port (`127.0.0.1:2368`) that may be spoken to without TLS and wherever they are.

    `cuts`: what is too long, or takes its time, is cut off; else it is no answer.
    """

    def __init__(
        self,
        resolve: Resolve = resolved,
        *,
        trusted: Collection[str] = (),
        tls: ssl.SSLContext | None = None,
        silence: float = SILENCE,
        whole: float = WHOLE,
        longest: int = LONGEST,
        cuts: bool = False,
    ) -> None:
        self._resolve, self._trusted, self._tls = resolve, frozenset(trusted), tls or ssl.create_default_context()
        self._silence, self._whole, self._longest, self._cuts = silence, whole, longest, cuts

    async def check(self, url: str) -> None:
        """For the moment when somebody types `url`; it is checked again with each request.

        Raises `Forbidden`; a name that nobody knows is `Unreachable`.
        """
        try:
            async with asyncio.timeout(self._whole):
                await self._addresses(self._parts(url))
        except (OSError, TimeoutError, UnicodeError):
            raise Unreachable from None

    async def ask(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Any answer that came, whatever its status; `Forbidden` before anything connects, else `Unreachable`.

        `headers` are ASCII. Nothing of them, of `url` or of what went wrong is in an error or in the log.
        """
        parts = self._parts(url)
        try:
            async with asyncio.timeout(self._whole):
                for address in await self._addresses(parts):
                    try:
                        return await self._ask(method, parts, address, headers, body)
                    except (httpx.ConnectError, httpx.ConnectTimeout):  # the next one then; nothing was sent
                        continue
        except (httpx.TransportError, OSError, TimeoutError, UnicodeError):
            raise Unreachable from None
        raise Unreachable

    def _parts(self, url: str) -> SplitResult:
        if not is_web_address(url):
            raise Forbidden
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            raise Forbidden from None
        if parts.netloc.lower() in self._trusted:
            return parts
        host = parts.hostname or ""
        if parts.scheme != "https" or port not in {None, *PORTS} or not (_NAME.fullmatch(host) or is_public(host)):
            raise Forbidden
        return parts

    async def _addresses(self, parts: SplitResult) -> Collection[str]:
        addresses = await self._resolve(parts.hostname or "")
        if parts.netloc.lower() not in self._trusted and not all(map(is_public, addresses)):
            raise Forbidden
        return addresses

    async def _ask(
        self, method: str, parts: SplitResult, address: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """A transport of its own for each request: no other host's connection, cookie, proxy or environment."""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = httpx.Request(
            method,
            httpx.URL(scheme=parts.scheme, host=address, port=port, raw_path=path.encode("ascii")),
            headers={"Host": parts.netloc, "Accept-Encoding": "identity", "User-Agent": "Promos", **headers},
            content=body or None,
            extensions={
                "sni_hostname": parts.hostname,  # whose certificate it has to be
                "timeout": {"connect": CONNECTING, "read": self._silence, "write": self._silence, "pool": None},
            },
        )
        async with httpx.AsyncHTTPTransport(verify=self._tls) as transport:
            answer = await transport.handle_async_request(request)
            try:
                told = {name: answer.headers[name] for name in TOLD if name in answer.headers}
                return Answer(answer.status_code, await self._body(answer), told)
            finally:
                await answer.aclose()

    async def _body(self, answer: httpx.Response) -> bytes:
        read = bytearray()
        if self._cuts:
            with suppress(TimeoutError, httpx.TransportError):
                async with asyncio.timeout(min(CUT, self._whole / 2)):
                    async for part in answer.aiter_raw():
                        read += part
                        if len(read) >= self._longest:
                            break
            return bytes(read[: self._longest])
        async for part in answer.aiter_raw():
            read += part
            if len(read) > self._longest:
                raise Unreachable
        return bytes(read)
