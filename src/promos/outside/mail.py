"""How a mail leaves the house: through an SMTP server when one is set, else into the mailbox of the data directory."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPRecipientsRefused, SMTPResponseException

from promos.outside.mailbox import mailbox_post
from promos.rules.retries import Answer, Failed, Sent
from promos.settings import Settings, SettingsError

Post = Callable[[EmailMessage], Awaitable[Answer]]

TIMEOUT = 20.0  # seconds for one mail, from connecting to the server's last word
_PORTS = {"smtp": 25, "smtps": 465}
_ADDRESS = re.compile(r"\S+@\S+")


def post_of(settings: Settings) -> Post:
    """The way that these settings choose."""
    return smtp_post(settings) if settings.smtp_url else mailbox_post(settings.data / "mailbox")


def smtp_post(settings: Settings, *, timeout: float = TIMEOUT) -> Post:
    """Send through `PROMOS_SMTP_URL`: `smtps://` speaks TLS at once, `smtp://` as soon as the server offers it.

    Each mail has a connection of its own. A "no" to this mail (5xx to its recipient or content) is permanent; a "no" to
    this installation (wrong password, refused sender, no connection) is not, as somebody will mend that.
    """
    url = urlsplit(settings.smtp_url)
    try:
        port = url.port or _PORTS[url.scheme]
    except (KeyError, ValueError):
        raise SettingsError("PROMOS_SMTP_URL is smtp://user:password@host:587 or smtps://…") from None
    if not url.hostname:
        raise SettingsError("PROMOS_SMTP_URL names no host")

    async def post(message: EmailMessage) -> Answer:
        [sender], [recipient] = message["From"].addresses, message["To"].addresses
        try:
            async with asyncio.timeout(timeout):
                _, said = await aiosmtplib.send(
                    bytes(message),
                    sender=sender.addr_spec,
                    recipients=[recipient.addr_spec],
                    hostname=url.hostname,
                    port=port,
                    username=unquote(url.username) if url.username else None,
                    password=unquote(url.password) if url.password else None,
                    use_tls=url.scheme == "smtps",
                    timeout=timeout,
                )
        except SMTPRecipientsRefused as refused:
            return _refused(refused.recipients[0])
        except SMTPResponseException as refused:
            return _refused(refused)
        except (SMTPException, OSError, TimeoutError) as error:
            return Failed(permanent=False, said=_said(f"{type(error).__name__}: {error}"))
        return Sent(_said(said))

    return post


def _refused(refused: SMTPResponseException) -> Failed:
    is_of_this_mail = isinstance(refused, SMTPRecipientRefused | SMTPDataError)
    return Failed(
        permanent=is_of_this_mail and 500 <= refused.code < 600, said=_said(f"{refused.code} {refused.message}")
    )


def _said(words: str) -> str:
    """What a server said, on one short line, without anybody's address and without what no database takes."""
    readable = words.encode("utf-8", "replace").decode().replace("\0", "")
    return _ADDRESS.sub("…", " ".join(readable.split()))[:200]
