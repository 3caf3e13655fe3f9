"""A mailbox of our own that subscribes like any reader: what arrives there is what readers get (IMAP, RFC 9051).

A mail is only marked as read once it was looked at, so that none is lost; nothing is deleted.
"""

import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

PATIENCE = 30.0  # seconds for each answer
MOST = 20  # mails at once
LARGEST = 5_000_000  # bytes of a mail that is read

_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class MailboxSilent(Exception):  # noqa: N818 -- a state
    """It does not answer, or not to this name and password."""


@dataclass(frozen=True, slots=True)
class Received:
    uid: str
    content: bytes


def unread(url: str) -> list[Received]:
    """The first mails that nobody has read: at most `MOST`, none that is larger than `LARGEST`.

    `url` is `imaps://name:password@host/folder` (`imap://` within one's own machine). Raises `MailboxSilent`. Blocks.
    """
    with _opened(url) as box:
        found = box.uid("SEARCH", "UNSEEN")[1][0] or b""
        mails = []
        for uid in found.decode().split()[:MOST]:
            size = _SIZE.search(b" ".join(part for part in box.uid("FETCH", uid, "(RFC822.SIZE)")[1] if part))
            if size is None or int(size[1]) > LARGEST:
                mails.append(Received(uid, b""))
                continue
            parts = box.uid("FETCH", uid, "(BODY.PEEK[])")[1]
            mails += [Received(uid, part[1]) for part in parts if isinstance(part, tuple)]
        return mails


def read(url: str, uid: str) -> None:
    """Mark a mail as read. Raises `MailboxSilent`. Blocks."""
    with _opened(url) as box:
        box.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")


@contextmanager
def _opened(url: str) -> Iterator[imaplib.IMAP4]:
    parts = urlsplit(url)
    box = None
    try:
        box = _connected(parts)
        box.login(unquote(parts.username or ""), unquote(parts.password or ""))
        folder = unquote(parts.path.strip("/")) or "INBOX"
        answer, _ = box.select(f'"{folder}"')
        if answer != "OK":
            raise MailboxSilent
        yield box
    except (imaplib.IMAP4.error, OSError, ValueError):
        raise MailboxSilent from None
    finally:
        if box is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                box.logout()


def _connected(parts: SplitResult) -> imaplib.IMAP4:
    host = parts.hostname or ""
    if parts.scheme == "imaps":
        return imaplib.IMAP4_SSL(host, parts.port or 993, timeout=PATIENCE)
    return imaplib.IMAP4(host, parts.port or 143, timeout=PATIENCE)
