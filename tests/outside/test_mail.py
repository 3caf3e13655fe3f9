"""Mails that leave through SMTP."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from promos.outside.mail import post_of, smtp_post
from promos.rendering.envelopes import Mail, message
from promos.rules.retries import Failed, Sent
from promos.settings import Settings, SettingsError
from tests.outside.conftest import Start

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_mail(subject: str = "Your pass", to: str = "ada@readers.example") -> EmailMessage:
    mail = Mail(subject, "<p>Bienvenue à GenerationAI</p>", "Bienvenue à GenerationAI\n.\n")
    return message(mail, sender="Promos <promos@freea.example>", recipient=to, message_id="<7@freea.example>", date=AT)


async def test_a_mail_goes_to_exactly_one_recipient_and_says_what_it_said(start: Start) -> None:
    server = await start()

    answer = await smtp_post(Settings(smtp_url=server.url))(a_mail())

    [envelope] = server.accepted
    arrived = message_from_bytes(envelope.content, policy=default)  # type: ignore[arg-type]
    body = arrived.get_body(("plain",))
    assert isinstance(answer, Sent)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("promos@freea.example", ["ada@readers.example"])
    assert (arrived["Message-ID"], arrived["To"]) == ("<7@freea.example>", "ada@readers.example")
    assert body is not None
    assert body.get_content().splitlines() == ["Bienvenue à GenerationAI", "."]


@pytest.mark.parametrize(
    "subject", ["Pass\r\nBcc: eve@evil.example", "Pass\nTo: eve@evil.example\n\nHello", "Pass\r\n.\r\nQUIT"]
)
async def test_a_subject_cannot_add_a_header_or_a_recipient(start: Start, subject: str) -> None:
    server = await start()

    await smtp_post(Settings(smtp_url=server.url))(a_mail(subject))

    [envelope] = server.accepted
    arrived = message_from_bytes(envelope.content, policy=default)  # type: ignore[arg-type]
    assert envelope.rcpt_tos == ["ada@readers.example"]
    assert arrived.get_all("To") == ["ada@readers.example"]
    assert arrived["Bcc"] is None


async def test_a_mail_to_several_is_not_sent_at_all(start: Start) -> None:
    server = await start()
    mail = a_mail()
    mail.replace_header("To", "ada@readers.example, eve@evil.example")

    with pytest.raises(ValueError, match="too many values"):
        await smtp_post(Settings(smtp_url=server.url))(mail)

    assert server.accepted == []


@pytest.mark.parametrize(
    ("to_recipient", "to_content", "permanent"),
    [
        ("550 5.1.1 no such user", "250 OK", True),
        ("450 4.2.1 later", "250 OK", False),
        ("250 OK", "554 5.7.1 not wanted", True),
        ("250 OK", "451 4.3.0 later", False),
    ],
)
async def test_a_no_for_good_is_told_from_a_no_for_now(
    start: Start, to_recipient: str, to_content: str, permanent: bool
) -> None:
    server = await start()
    server.to_recipient, server.to_content = to_recipient, to_content

    answer = await smtp_post(Settings(smtp_url=server.url))(a_mail())

    assert isinstance(answer, Failed)
    assert answer.permanent is permanent
    assert answer.said == (to_recipient if to_recipient != "250 OK" else to_content)


async def test_a_refused_sender_is_for_us_to_mend_and_no_end_for_the_mail(start: Start) -> None:
    server = await start()
    server.to_sender = "550 5.7.1 who are you"

    answer = await smtp_post(Settings(smtp_url=server.url))(a_mail())

    assert answer == Failed(permanent=False, said="550 5.7.1 who are you")


async def test_what_the_server_said_is_kept_without_the_address(start: Start) -> None:
    server = await start()
    server.to_recipient = "550 5.1.1 <ada@readers.example>: unknown"

    answer = await smtp_post(Settings(smtp_url=server.url))(a_mail())

    assert answer.said == "550 5.1.1 … unknown"


async def test_what_the_server_said_can_be_kept_whatever_its_bytes() -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"421 ferm\xe9 \0 d\xc3\xa9j\xc3\xa0\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as rude:
        port = rude.sockets[0].getsockname()[1]
        answer = await smtp_post(Settings(smtp_url=f"smtp://127.0.0.1:{port}"))(a_mail())

    assert answer == Failed(permanent=False, said="421 ferm? déjà")


async def test_a_server_that_is_away_may_be_back_later() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    answer = await smtp_post(Settings(smtp_url=f"smtp://127.0.0.1:{port}"))(a_mail())

    assert isinstance(answer, Failed)
    assert not answer.permanent


async def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    gone = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        answer = await smtp_post(Settings(smtp_url=f"smtp://127.0.0.1:{port}"), timeout=0.2)(a_mail())
        await gone.wait()

    assert isinstance(answer, Failed)
    assert not answer.permanent


@pytest.mark.usefixtures("trusted")
async def test_name_and_password_of_the_url_are_used_as_written_there(start: Start, tls: ssl.SSLContext) -> None:
    server = await start(tls=tls, asks_login=True)

    answer = await smtp_post(Settings(smtp_url=server.url.replace("//", "//mailer%40x:p%40ss%2Fword@")))(a_mail())

    assert isinstance(answer, Sent)
    assert server.logins == [(b"mailer@x", b"p@ss/word")]


@pytest.mark.usefixtures("trusted")
async def test_a_wrong_password_is_for_us_to_mend_and_no_end_for_the_mail(start: Start, tls: ssl.SSLContext) -> None:
    server = await start(tls=tls, asks_login=True)

    answer = await smtp_post(Settings(smtp_url=server.url.replace("//", "//mailer:wrong@")))(a_mail())

    assert isinstance(answer, Failed)
    assert not answer.permanent
    assert answer.said.startswith("535")


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "smtps"])
async def test_a_mail_is_encrypted_where_the_server_can(start: Start, tls: ssl.SSLContext, at_once: bool) -> None:
    server = await start(tls=tls, at_once=at_once)

    answer = await smtp_post(Settings(smtp_url=server.url))(a_mail())

    assert isinstance(answer, Sent)
    assert server.was_encrypted == [True]


async def test_a_server_that_cannot_prove_who_it_is_gets_no_mail(start: Start, tls: ssl.SSLContext) -> None:
    server = await start(tls=tls)

    answer = await smtp_post(Settings(smtp_url=server.url))(a_mail())

    assert isinstance(answer, Failed)
    assert not answer.permanent
    assert server.accepted == []


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:mail"])
def test_an_address_of_no_mail_server_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="PROMOS_SMTP_URL"):
        smtp_post(Settings(smtp_url=url))


async def test_without_a_server_mails_are_kept_in_the_data_directory(tmp_path: Path) -> None:
    await post_of(Settings(data_dir=str(tmp_path)))(a_mail())

    assert [path.name for path in (tmp_path / "mailbox").iterdir()] == ["20261123T120000Z-7.eml"]
