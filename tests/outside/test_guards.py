"""Each way into our own network that somebody could type, tried beside a port that counts who connects to it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from promos.outside import web as outside
from promos.outside.web import Forbidden, Unreachable, Web

PAGE = Path(__file__).parents[2] / "docs/reference/egress.md"
PUBLIC = "93.184.215.14"
PORT = 8443  # as the table writes it
SAYS = {"B31": "our own network", "B32": "a name that changes its mind", "B34": "another kind of address"}


@dataclass(frozen=True, slots=True)
class Way:
    """`typed` then `sent`: what the name resolves to when it is typed, and when it is called."""

    bar: str
    url: str
    typed: Sequence[str] = ()
    sent: Sequence[str] = ()

    @property
    def resolves(self) -> str:
        if not self.typed:
            return "–"
        now = ", ".join(self.typed)
        return now if self.sent == self.typed else f"{now}; then {', '.join(self.sent)}"


def literal(host: str) -> Way:
    return Way("B31", f"https://{host}:{PORT}/")


def named(*addresses: str) -> Way:
    return Way("B31", f"https://shop.example:{PORT}/", addresses, addresses)


WAYS = (
    *map(
        literal,
        (
            *("127.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "127.1", "0177.0.0.1", "017700000001", "0"),
            *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
            *("localhost", "localhost.", "LOCALHOST", "127.0.0.1.", "１２７.0.0.1", "127。0。0。1", "shop"),
            *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[fe80::1]"),
        ),
    ),
    named("127.0.0.1"),
    named("::1"),
    named("::ffff:127.0.0.1"),
    named(PUBLIC, "127.0.0.1"),
    named("169.254.169.254"),
    Way("B32", f"https://shop.example:{PORT}/", [PUBLIC], ["127.0.0.1"]),
    Way("B32", f"https://shop.example:{PORT}/", [PUBLIC], [PUBLIC, "::1"]),
    Way("B34", f"http://127.0.0.1:{PORT}/"),
    Way("B34", f"http://shop.example:{PORT}/", ["127.0.0.1"], ["127.0.0.1"]),
    Way("B34", f"ftp://127.0.0.1:{PORT}/"),
    Way("B34", f"gopher://127.0.0.1:{PORT}/"),
    Way("B34", "file:///etc/passwd"),
    Way("B34", f"https://ok@127.0.0.1:{PORT}/"),
    Way("B34", f"https://shop.example:{PORT}@127.0.0.1:{PORT}/"),
    Way("B34", f"https://shop.example\\@127.0.0.1:{PORT}/"),
    Way("B34", "https://shop.example:22/", [PUBLIC], [PUBLIC]),
    Way("B34", "https://shop.example:5432/", [PUBLIC], [PUBLIC]),
)


@dataclass
class Door:
    """A port of this machine, on IPv4 and IPv6 where there is one."""

    port: int
    knocks: int = 0


@asynccontextmanager
async def door() -> AsyncIterator[Door]:
    here = Door(0)

    async def knocked(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here.knocks += 1
        writer.close()

    four = await asyncio.start_server(knocked, "127.0.0.1", 0)
    here.port = four.sockets[0].getsockname()[1]
    servers = [four]
    with suppress(OSError):  # a machine without IPv6
        servers.append(await asyncio.start_server(knocked, "::1", here.port))
    try:
        yield here
    finally:
        for server in servers:
            server.close()
            await server.wait_closed()
        await asyncio.sleep(0.01)


async def tried(way: Way, here: Door) -> tuple[str, str]:
    """What becomes of it when it is typed, and, as if it had been stored all the same, when it is called."""
    found = way.typed

    async def resolve(_host: str) -> Sequence[str]:
        return found

    url = way.url.replace(str(PORT), str(here.port))
    web = Web(resolve, whole=2.0)
    typed = sent = "let through"
    try:
        await web.check(url)
    except Forbidden:
        typed = "refused"
    found = way.sent
    try:
        await web.ask("POST", url, headers={}, body=b"{}")
    except Forbidden:
        sent = "refused"
    except Unreachable:
        sent = "not reachable"
    return typed, sent


@pytest.fixture
async def here(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    async with door() as opened:
        monkeypatch.setattr(outside, "PORTS", frozenset({443, opened.port}))
        yield opened


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.bar} {way.url} {way.resolves}")
async def test_no_way_leads_into_our_own_network(way: Way, here: Door) -> None:
    typed, sent = await tried(way, here)

    assert (typed, sent, here.knocks) == ("let through" if way.bar == "B32" else "refused", "refused", 0)


async def test_the_port_counts_who_connects(here: Door) -> None:
    """Else the test above could not fail."""
    with pytest.raises(Unreachable):
        await Web(trusted={f"127.0.0.1:{here.port}"}).ask("POST", f"http://127.0.0.1:{here.port}/", headers={})

    assert here.knocks == 1


async def test_the_page_says_what_came_of_each(here: Door) -> None:
    assert await written(here) in PAGE.read_text(encoding="utf-8")


async def written(here: Door) -> str:
    rows = ["| what | typed | its name leads to | when typed | when called | connected |", "|---|---|---|---|---|---|"]
    for way in WAYS:
        typed, sent = await tried(way, here)
        rows.append(
            f"| {SAYS[way.bar]} | `{way.url}` | {way.resolves} | {typed} | {sent} | {here.knocks or 'nothing'} |"
        )
    return "\n".join(rows)
