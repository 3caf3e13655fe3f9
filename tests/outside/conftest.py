"""A mail server of our own, in the test's loop, that answers what it is told to."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from aiosmtpd.smtp import Session as Dialogue


class Server:
    """Says `to_recipient` and `to_content` to everybody; keeps what it accepted."""

    def __init__(self) -> None:
        self.url = ""
        self.to_sender = self.to_recipient = self.to_content = "250 OK"
        self.accepted: list[Envelope] = []
        self.was_encrypted: list[bool] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name for it
        self, _s: SMTP, _d: Dialogue, envelope: Envelope, address: str, options: Any
    ) -> str:
        envelope.mail_from = address
        return self.to_sender

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name for it
        self, _s: SMTP, _d: Dialogue, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, talk: SMTP, _d: Dialogue, envelope: Envelope) -> str:  # noqa: N802
        if self.to_content.startswith("250"):
            self.accepted.append(envelope)
            self.was_encrypted.append(bool(talk.transport and talk.transport.get_extra_info("sslcontext")))
        return self.to_content

    def login(self, _s: SMTP, _d: Dialogue, _e: Envelope, _mechanism: str, given: Any) -> AuthResult:
        self.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"p@ss/word", handled=False)


class Talk(SMTP):
    """One connection, that can be waited for."""

    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(*settings, **more)
        self.ended = asyncio.Event()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.ended.set()


Start = Callable[..., Awaitable[Server]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a server on a free port of this machine: `await start()`."""
    async with AsyncExitStack() as running:

        async def begin(
            *, tls: ssl.SSLContext | None = None, at_once: bool = False, asks_login: bool = False
        ) -> Server:
            return await running.enter_async_context(_running(tls, at_once=at_once, asks_login=asks_login))

        yield begin


@asynccontextmanager
async def _running(tls: ssl.SSLContext | None, *, at_once: bool, asks_login: bool) -> AsyncIterator[Server]:
    server = Server()
    loop = asyncio.get_running_loop()
    talks: list[Talk] = []

    def talk() -> Talk:
        talks.append(
            Talk(
                server,
                hostname="mail.example",
                tls_context=None if at_once else tls,
                authenticator=server.login if asks_login else None,
                auth_required=asks_login,
                loop=loop,
            )
        )
        return talks[-1]

    listening = await loop.create_server(talk, "127.0.0.1", 0, ssl=tls if at_once else None)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"{'smtps' if at_once else 'smtp'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        listening.close()
        for one in talks:
            if isinstance(one.transport, asyncio.Transport):
                one.transport.abort()
                await one.ended.wait()
        await listening.wait_closed()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and its key in one file, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    both = folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "30"]
    try:
        subprocess.run(
            [*command, "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("no openssl on this machine to make a certificate with")
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine believes `certificate`, for this test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
