"""The folder of mails that no server took over."""

import os
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from promos.outside.mailbox import letter, mailbox_post, read_mailbox
from promos.rendering.envelopes import Mail, message

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_mail(name: str, at: datetime = AT, text: str = "Bienvenue à GenerationAI\n") -> EmailMessage:
    mail = Mail(f"Laissez-passer {name}", f"<p>{text}</p>", text)
    return message(
        mail,
        sender="Promos <promos@freea.example>",
        recipient="ada@readers.example",
        message_id=f"<{name}@freea.example>",
        date=at,
    )


async def test_a_letter_is_read_as_it_was_written(tmp_path: Path) -> None:
    await mailbox_post(tmp_path)(a_mail("7"))

    [read] = read_mailbox(tmp_path)

    assert (read.to, read.subject, read.at) == ("ada@readers.example", "Laissez-passer 7", AT)
    assert read.text.splitlines() == ["Bienvenue à GenerationAI"]
    assert read.html.startswith("<p>Bienvenue à GenerationAI")
    assert letter(tmp_path, read.id) == read


async def test_the_newest_letters_come_first(tmp_path: Path) -> None:
    post = mailbox_post(tmp_path)
    for number in (2, 1, 3):
        await post(a_mail(str(number), AT + timedelta(seconds=number)))

    assert [read.subject[-1] for read in read_mailbox(tmp_path)] == ["3", "2", "1"]
    assert [read.subject[-1] for read in read_mailbox(tmp_path, most=1)] == ["3"]


async def test_the_same_mail_again_is_the_same_letter(tmp_path: Path) -> None:
    post = mailbox_post(tmp_path)
    await post(a_mail("7"))
    await post(a_mail("7", text="Again\n"))

    [read] = read_mailbox(tmp_path)

    assert read.text.splitlines() == ["Again"]


async def test_nobody_else_on_the_machine_reads_the_letters(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        await mailbox_post(tmp_path / "mailbox")(a_mail("7"))
    finally:
        os.umask(before)

    [file] = (tmp_path / "mailbox").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "mailbox").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "letter_id",
    ["", "..", "../secret-key", "20261123T120000Z-../../x", "/etc/passwd", "20261123T120000Z-x\0", "nothing"],
)
def test_only_letters_are_read(tmp_path: Path, letter_id: str) -> None:
    (tmp_path / "secret-key.eml").write_text("Subject: secret\n\n")

    assert letter(tmp_path / "mailbox", letter_id) is None


def test_an_unknown_letter_and_an_empty_mailbox_are_no_error(tmp_path: Path) -> None:
    assert letter(tmp_path, "20261123T120000Z-7") is None
    assert read_mailbox(tmp_path / "mailbox") == []


async def test_a_file_that_is_no_letter_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "notes.eml").write_text("no mail")

    assert read_mailbox(tmp_path) == []


async def test_a_name_from_outside_never_becomes_a_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a Message-ID of ours"):
        await mailbox_post(tmp_path / "mailbox")(a_mail("../7"))

    assert not os.listdir(tmp_path)
