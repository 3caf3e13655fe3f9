"""Envelopes: how a mail leaves the house, on its way to exactly one address."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from functools import cache, lru_cache
from typing import Any

from promos.rules.blocks import clean_line


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    kind: str  # media type
    content: bytes
    method: str = ""  # of a calendar file


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    html: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    stop: str = ""  # the address of the button that ends mails like this one, for who has no account


def message(mail: Mail, *, sender: str, recipient: str, message_id: str, date: datetime) -> EmailMessage:
    """`mail` on its way to exactly one `recipient`, a bare address.

    `sender` may bear a name: `Promos <promos@example.org>`. `message_id` is `<…@…>`, the same at every try, so that
    copies are known as such. A mail that can be stopped says so to mail programs (RFC 2369, RFC 8058). What is no
    single address or would break a header is a `ValueError`.
    """
    if date.tzinfo is None:
        raise ValueError(f"an instant without a zone: {date}")
    if not re.fullmatch(r"<[^\s<>@]+@[^\s<>@]+>", message_id, re.ASCII):
        raise ValueError(f"not a Message-ID: {message_id!r}")
    envelope = EmailMessage(policy=_POLICY)
    envelope["From"] = _sender(sender)
    envelope["To"] = _bare(recipient)
    envelope["Subject"] = _Subject(clean_line(mail.subject))
    envelope["Date"] = date
    envelope["Message-ID"] = message_id
    envelope["Auto-Submitted"] = "auto-generated"
    if mail.stop:
        envelope["List-Unsubscribe"] = _Unsubscribe(_bracketed(mail.stop))
        if mail.stop.startswith("https://"):  # RFC 8058, section 3.1
            envelope["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    envelope.set_content(mail.text, cte="quoted-printable")
    envelope.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for attached in mail.attachments:
        main, _, sub = attached.kind.partition("/")
        params = {"charset": "utf-8"} if main == "text" else {}
        params |= {"method": attached.method} if attached.method else {}
        envelope.add_attachment(attached.content, main, sub, filename=attached.name, params=params)
    for number, part in enumerate(filter(EmailMessage.is_multipart, envelope.walk()), 1):
        part.set_boundary(f"=_promos_{number}")  # "=_" is in no part that is quoted-printable or base64 (RFC 2045, 6.7)
    return envelope


class _Headers(HeaderRegistry):
    """What mails have in common is made once: the class of a header, and the headers of parts. The registry of
    Python 3.11 makes a class for each header and parses it anew, which was most of the time that a mail took."""

    def __getitem__(self, name: str) -> type:
        return self._class_of(name.lower())

    def __call__(self, name: str, value: Any) -> Any:
        is_common = name.lower().startswith(("content-", "mime-", "auto-"))
        return self._common(name, value) if is_common else super().__call__(name, value)

    @cache  # noqa: B019 -- there is one registry
    def _class_of(self, name: str) -> type:
        return super().__getitem__(name)

    @lru_cache(maxsize=100)  # noqa: B019 -- there is one registry
    def _common(self, name: str, value: str) -> Any:
        return super().__call__(name, value)


_POLICY = SMTP.clone(header_factory=_Headers())


class _Subject(str):
    """Folds itself: `EmailMessage` loses blanks where a long subject with accents is broken (Python 3.11)."""

    __slots__ = ()
    name = "subject"  # by which the policy knows that this is a header already

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"Subject: {Header(self, header_name='Subject').encode(linesep=policy.linesep)}{policy.linesep}"


class _Unsubscribe(str):
    """On one line, however long: `EmailMessage` would break its address or encode it (Python 3.11)."""

    __slots__ = ()
    name = "list-unsubscribe"

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"List-Unsubscribe: {self}{policy.linesep}"


def _bracketed(url: str) -> str:
    if not re.fullmatch(r"https?://[!-~]+", url, re.ASCII) or not {*"<>,"}.isdisjoint(url):
        raise ValueError(f"not an address: {url!r}")
    return f"<{url}>"


@lru_cache(maxsize=10)
def _sender(sender: str) -> Address:
    header = SMTP.header_factory("From", sender) if clean_line(sender) == sender else None
    found: tuple[Address, ...] = header.addresses if header is not None and not header.defects else ()
    if len(found) != 1 or not found[0].domain:
        raise ValueError(f"not a sender: {sender!r}")
    return Address(found[0].display_name, addr_spec=found[0].addr_spec)


def _bare(address: str) -> Address:
    if not re.fullmatch(r'[^\s<>,;:"()@\\\x00-\x1f\x7f]+@[A-Za-z0-9.-]+', address, re.ASCII) or not address.isascii():
        raise ValueError("a mail goes to exactly one bare address")
    return Address(addr_spec=address)
