"""Somebody is invited. The link tells what to; its button mails a link that signs in to whom it was for.

The invitation's own link lives for days and is passed around with its mail, so it never signs anybody in: who holds it
and not the mailbox gains nothing.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import invitations, rates, sign_in
from promos.models import Invitation, Partner, Person, Publication
from promos.rules.refusals import Refusal
from promos.settings import Keys, Settings
from promos.web.access import ANYONE
from promos.web.given import Reads, Writes
from promos.web.pages.partner.sentences import ROLES
from promos.web.pages.show import language_of, page
from promos.web.pages.sign_in import brakes


@get("/invitation/{secret:str}", opt=ANYONE)
async def invitation_page(
    request: Request[Any, Any, Any],
    secret: FromPath[str],
    reads: NamedDependency[Reads],
    now: NamedDependency[datetime],
) -> Response[str]:
    async with reads() as session:
        invitation, person = await invitations.by_secret(session, secret)
        return await _shown(request, session, invitation, person, secret, now)


@post("/invitation/{secret:str}", opt=ANYONE, status_code=200)
async def accept(
    request: Request[Any, Any, Any],
    secret: FromPath[str],
    writes: NamedDependency[Writes],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[str]:
    """The mail goes to the mailbox that was invited, whoever presses."""
    minutes = settings.sign_in_link_lifetime // 60

    async def effect(session: AsyncSession, now: datetime) -> Refusal | Response[str]:
        invitation, person = await invitations.by_secret(session, secret)
        if invitation.state != "open" or invitation.expires_at <= now:
            return await _shown(request, session, invitation, person, secret, now)
        if too_many := await rates.take(session, brakes(request, person.email, settings, keys), now=now):
            return too_many
        lifetime = timedelta(seconds=settings.sign_in_link_lifetime)
        await sign_in.ask(session, person.email, keys=keys, now=now, lifetime=lifetime)
        return page(request, "invitation/sent.html", mailbox=_hinted(person), minutes=minutes)

    answer = await writes.run(effect)
    if isinstance(answer, Refusal):
        raise answer
    return answer


async def _shown(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    invitation: Invitation,
    person: Person,
    secret: str,
    now: datetime,
) -> Response[str]:
    state = "ended" if invitation.state == "open" and invitation.expires_at <= now else invitation.state
    host = await session.get(Person, invitation.invited_by) if invitation.invited_by else None
    return page(
        request,
        "invitation/invitation.html",
        status=200 if state == "open" else 410,
        invitation=invitation,
        state=state,
        mailbox=_hinted(person),
        host=(host.name or host.email) if host else "",
        place=await _place(session, invitation),
        role=language_of(request).gettext(ROLES[invitation.role]),
        secret=secret,
        headers={"Cache-Control": "no-store"},
    )


async def _place(session: AsyncSession, invitation: Invitation) -> str:
    """The partner or publication; nothing for an admin, who is of all."""
    partner = sa.select(Partner.name).where(Partner.id == invitation.partner_id)
    publication = sa.select(Publication.name).where(Publication.id == invitation.publication_id)
    return await session.scalar(partner.union_all(publication)) or ""


def _hinted(person: Person) -> str:
    """Enough of the address for its owner to know it by, and for nobody else to write to."""
    name, _, domain = person.email.rpartition("@")
    return f"{name[:1]}…@{domain}"


HANDLERS: list[Any] = [invitation_page, accept]
