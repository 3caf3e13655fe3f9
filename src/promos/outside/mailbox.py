"""Where mails go while no SMTP server is set: a folder of .eml files, which a page shows to admins."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from uuid import uuid4

from promos.rules.retries import Answer, Sent

_MESSAGE_ID = re.compile(r"<([0-9A-Za-z-]{1,64})@[^<>@\s]+>")
_LETTER_ID = re.compile(r"\d{8}T\d{6}Z-[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as its recipient would see it."""

    id: str
    to: str
    subject: str
    at: datetime
    html: str
    text: str


def mailbox_post(folder: Path) -> Callable[[EmailMessage], Awaitable[Answer]]:
    """Keep each mail in `folder`, whole or not at all. The same Message-ID, with the same date, is the same file."""

    async def post(message: EmailMessage) -> Answer:
        await asyncio.to_thread(_keep, folder / f"{_letter_id(message)}.eml", bytes(message))
        return Sent("kept in the mailbox")

    return post


def read_mailbox(folder: Path, *, most: int = 200) -> list[Letter]:
    """The newest letters, newest first."""
    names = sorted((path.stem for path in folder.glob("*.eml") if _LETTER_ID.fullmatch(path.stem)), reverse=True)
    return [found for name in names[:most] if (found := letter(folder, name))]


def letter(folder: Path, letter_id: str) -> Letter | None:
    """One letter; `None` where there is none, and for what is no letter's id."""
    if not _LETTER_ID.fullmatch(letter_id):
        return None
    try:
        message = message_from_bytes((folder / f"{letter_id}.eml").read_bytes(), policy=SMTP)
    except FileNotFoundError:
        return None
    return Letter(
        id=letter_id,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        at=message["Date"].datetime.astimezone(UTC),
        html=_body(message, "html"),
        text=_body(message, "plain"),
    )


def _letter_id(message: EmailMessage) -> str:
    found = _MESSAGE_ID.fullmatch(message["Message-ID"])
    if found is None:
        raise ValueError(f"not a Message-ID of ours: {message['Message-ID']}")
    at: datetime = message["Date"].datetime.astimezone(UTC)
    return f"{at:%Y%m%dT%H%M%SZ}-{found[1]}"


def _keep(path: Path, content: bytes) -> None:
    """Nothing but waiting for the disk: it runs in a thread, where work would only take turns with all else."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{uuid4()}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""
