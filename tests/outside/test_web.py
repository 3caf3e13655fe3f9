"""Requests that leave for addresses somebody typed."""

import asyncio
import logging
import ssl
import subprocess
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.outside.web import Answer, Forbidden, Resolve, Unreachable, Web, is_public, resolved
from tests.outside.fakes import Asked, Said, listening, serving

SECRET = "sk-canary-7f3a91"
PUBLIC = "93.184.215.14"


def answers(*addresses: str) -> Resolve:
    async def resolve(host: str) -> Collection[str]:
        return addresses

    return resolve


async def hello(asked: Asked) -> Said:
    return Said(200, f"{asked.method} {asked.path} for {asked.headers['host']}".encode())


@pytest.mark.parametrize(
    "address",
    """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8
    192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1
    255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:93.184.215.14 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1
    2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 not-an-address
    """.split(),
)
async def test_an_address_that_is_not_of_the_internet_is_never_connected_to(address: str) -> None:
    """B31: also when a harmless name resolves to it, alone or beside a harmless address."""
    assert not is_public(address)
    for addresses in ((address,), (PUBLIC, address)):
        with pytest.raises(Forbidden):
            await Web(answers(*addresses)).ask("GET", "https://news.example/", headers={})


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "2a01:4f8::1"])
def test_an_address_of_the_internet_is_one(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_no_address_that_python_calls_closed_is_open_here(address: object) -> None:
    assert not is_public(str(address)) or address.is_global  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://news.example/",
            "ftp://news.example/",
            "file:///etc/passwd",
            "gopher://news.example/",
            "news.example",
        ),
        *("https://ok@127.0.0.1/", "https://user:pass@news.example/", "https://news.example\\@127.0.0.1/"),
        *("https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://0177.0.0.1/"),
        *("https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://localhost/", "https://localhost./"),
        *("https://news.example:22/", "https://news.example:99999/", "https://news.example:0/", "https:///x", ""),
        *("https://news.example/\r\nHost: evil", "https://news.example/ x", "https://intranet/"),
    ],
)
async def test_an_address_of_another_kind_is_refused_before_its_name_is_looked_up(url: str) -> None:
    """B31, B34."""

    async def resolve(host: str) -> Collection[str]:
        raise AssertionError(f"looked up {host}")

    with pytest.raises(Forbidden):
        await Web(resolve).check(url)
    with pytest.raises(Forbidden):
        await Web(resolve).ask("GET", url, headers={})


async def test_a_name_that_answers_otherwise_the_second_time_gains_nothing() -> None:
    """B32: harmless when it is typed, this machine when it is called."""
    told = iter([(PUBLIC,), ("127.0.0.1",)])

    async def resolve(host: str) -> Collection[str]:
        return next(told)

    async with serving(hello):
        web = Web(resolve)
        await web.check("https://news.example/")
        with pytest.raises(Forbidden):
            await web.ask("GET", "https://news.example/", headers={})


async def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    """The name exists nowhere: only the answer of the one lookup can lead to the server."""
    looked_up = []

    async def resolve(host: str) -> Collection[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    async with serving(hello) as place:
        host = f"nowhere.invalid:{place.partition(':')[2]}"
        answer = await Web(resolve, trusted={host}).ask("GET", f"http://{host}/a?b=c", headers={})

    assert answer == Answer(200, f"GET /a for {host}".encode())
    assert looked_up == ["nowhere.invalid"]


async def test_a_second_address_is_tried_when_nobody_answers_at_the_first() -> None:
    async with serving(hello) as place:
        host = f"nowhere.invalid:{place.partition(':')[2]}"
        answer = await Web(answers("127.99.0.1", "127.0.0.1"), trusted={host}).ask("GET", f"http://{host}/", headers={})

    assert answer.status == 200


@pytest.fixture(scope="session")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for news.example and its key, in one file."""
    folder = tmp_path_factory.mktemp("named")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "30",
    ]
    command += ["-subj", "/CN=news.example", "-addext", "subjectAltName=DNS:news.example"]
    try:
        subprocess.run(
            [*command, "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("no openssl on this machine to make a certificate with")
    return folder


@pytest.mark.parametrize(("name", "reached"), [("news.example", True), ("other.example", False)])
async def test_the_certificate_has_to_be_of_the_name_that_was_typed(named: Path, name: str, reached: bool) -> None:
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(named / "cert.pem", named / "key.pem")
    ours = ssl.create_default_context(cafile=named / "cert.pem")
    async with serving(hello, tls=theirs) as place:
        host = f"{name}:{place.partition(':')[2]}"
        web = Web(answers("127.0.0.1"), trusted={host}, tls=ours)
        if reached:
            assert (await web.ask("GET", f"https://{host}/", headers={})).status == 200
        else:
            with pytest.raises(Unreachable):
                await web.ask("GET", f"https://{host}/", headers={})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """B33."""
    asked = []

    async def inside(request: Asked) -> Said:
        asked.append(request)
        return Said(200)

    async with serving(inside) as within:

        async def away(request: Asked) -> Said:
            return Said(status, headers={"Location": f"http://{within}/"})

        async with serving(away) as place:
            answer = await Web(trusted={place}).ask("GET", f"http://{place}/", headers={"Authorization": SECRET})

    assert answer.status == status
    assert asked == []


async def test_what_is_slow_long_or_no_http_is_only_unreachable(caplog: pytest.LogCaptureFixture) -> None:
    """B36: nothing tells which it was, and no secret is in what is told or logged."""
    caplog.set_level(logging.DEBUG)

    async def slow(request: Asked) -> Said:
        await asyncio.sleep(2)
        return Said(200)

    async def long(request: Asked) -> Said:
        return Said(200, b"x" * 5_000)

    async def odd(request: Asked) -> Said:
        return Said(200, headers={"Transfer-Encoding": "nonsense", "X Y": "z"})

    told = []
    for answer in (slow, long, odd):
        async with serving(answer) as place:
            web = Web(trusted={place}, silence=0.2, longest=4_000)
            with pytest.raises(Unreachable) as caught:
                await web.ask("POST", f"http://{place}/", headers={"Authorization": SECRET}, body=SECRET.encode())
            told.append(repr(caught.value))
    with pytest.raises(Unreachable) as caught:  # nobody listens there any more
        await Web(trusted={place}).ask("GET", f"http://{place}/", headers={"Authorization": SECRET})

    assert {*told, repr(caught.value)} == {"Unreachable()"}
    assert caught.value.__cause__ is None
    assert SECRET not in caplog.text


async def test_one_who_drips_is_cut_off_as_a_whole() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with listening(drip) as place, asyncio.timeout(5):
        with pytest.raises(Unreachable):
            await Web(trusted={place}, whole=0.5).ask("GET", f"http://{place}/", headers={})


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def proxy(request: Asked) -> Said:
        return Said(200, b"the proxy")

    async with serving(hello) as place, serving(proxy) as between:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://{between}")
        answer = await Web(trusted={place}).ask("GET", f"http://{place}/", headers={})

    assert answer.body == f"GET / for {place}".encode()


async def test_a_name_that_nobody_knows_is_unreachable() -> None:
    async def resolve(host: str) -> Collection[str]:
        raise OSError

    with pytest.raises(Unreachable):
        await Web(resolve).check("https://news.example/")
    with pytest.raises(Unreachable):
        await Web(resolve).ask("GET", "https://news.example/", headers={})


async def test_this_machine_knows_its_own_name_and_it_is_refused() -> None:
    assert not any(map(is_public, await resolved("localhost")))
