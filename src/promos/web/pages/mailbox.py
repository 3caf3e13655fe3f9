"""The mails that were kept because no SMTP server is set. Admins read them; the HTML is shown without any power."""

import asyncio
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from promos.outside.mailbox import Letter, letter, read_mailbox
from promos.rules.people import Role, Scope
from promos.rules.refusals import NotFound
from promos.settings import Settings
from promos.web.access import allows
from promos.web.pages.show import page

READ = allows(Role.ADMIN, scope=Scope.READ)
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


@get("/admin/mailbox", opt=READ)
async def mailbox_page(request: Request[Any, Any, Any], settings: NamedDependency[Settings]) -> Response[str]:
    letters = await asyncio.to_thread(read_mailbox, settings.data / "mailbox")
    return page(request, "admin/mailbox.html", letters=letters, has_smtp=bool(settings.smtp_url))


@get("/admin/mailbox/{letter_id:str}", opt=READ)
async def letter_page(
    request: Request[Any, Any, Any], letter_id: FromPath[str], settings: NamedDependency[Settings]
) -> Response[str]:
    return page(request, "admin/letter.html", letter=await _letter(letter_id, settings))


@get("/admin/mailbox/{letter_id:str}/html", opt=READ)
async def letter_html(letter_id: FromPath[str], settings: NamedDependency[Settings]) -> Response[str]:
    """The mail as its reader would see it, for the frame: it runs nothing, loads nothing, leads nowhere."""
    found = await _letter(letter_id, settings)
    return Response(found.html, media_type="text/html", headers={"Content-Security-Policy": POLICY})


async def _letter(letter_id: str, settings: Settings) -> Letter:
    found = await asyncio.to_thread(letter, settings.data / "mailbox", letter_id)
    if found is None:
        raise NotFound("mail")
    return found


HANDLERS: list[Any] = [mailbox_page, letter_page, letter_html]
