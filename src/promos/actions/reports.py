"""The report of an event, shared by a link with somebody who has no account; it ends by itself or is revoked."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.models import Event, ReportLink, new_id
from promos.rules import texts
from promos.rules.language import N_
from promos.rules.people import Actor, Grant, Role, Scope
from promos.rules.refusals import InvalidRequest, NotFound, ReportLinkEnded
from promos.rules.signing import fingerprint, secret_of
from promos.settings import Keys

DAYS = 30  # for which a link works, unless something else is said
MOST_DAYS = 366
_READERS: dict[str, texts.Reader] = {"name": texts.up_to(60, texts.line), "language": texts.language}


async def share(
    session: AsyncSession,
    event_id: UUID,
    *,
    name: str,
    language: str,
    days: int = DAYS,
    keys: Keys,
    now: datetime,
    by: Actor,
) -> ReportLink:
    """A link to the report of this event, for whoever is called `name`; `secret` opens it.

    Raises `NotFound`, `InvalidRequest`.
    """
    event = await event_of(session, event_id, by)
    given = texts.read(_READERS, {"name": name, "language": language})
    if not 1 <= days <= MOST_DAYS:
        raise InvalidRequest({"days": N_("Choose a number of days between 1 and 366.")})
    link_id = new_id()
    link = ReportLink(
        id=link_id,
        partner_id=event.partner_id,
        event_id=event.id,
        **given,
        secret_hash=fingerprint(secret(link_id, keys)),
        created_by=by.id,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(link)
    await session.flush()
    await _record(session, "report.shared", link, now, by, days=days)
    return link


async def revoke(session: AsyncSession, link_id: UUID, *, now: datetime, by: Actor) -> ReportLink:
    """End a link at once; again is no error. Raises `NotFound`."""
    wanted = sa.select(ReportLink).where(ReportLink.id == link_id, ReportLink.visible_to(by)).with_for_update()
    link = await session.scalar(wanted)
    if link is None:
        raise NotFound("report link")
    if link.revoked_at is None:
        link.revoked_at = now
        await session.flush()
        await _record(session, "report.revoked", link, now, by)
    return link


async def behind(session: AsyncSession, typed: str, *, now: datetime) -> ReportLink:
    """The link whose secret this is. Raises `ReportLinkEnded` for one that is over, revoked or never was."""
    link = await session.scalar(sa.select(ReportLink).where(ReportLink.secret_hash == fingerprint(typed)))
    if link is None or link.state(now) != "active":
        raise ReportLinkEnded
    return link


async def event_of(session: AsyncSession, event_id: UUID, by: Actor) -> Event:
    """An event whose report `by` may share; raises `NotFound`."""
    event = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.run_by(by)))
    if event is None:
        raise NotFound("event")
    return event


def secret(link_id: UUID, keys: Keys) -> str:
    """What opens the link; made again when the request that asked for it is repeated."""
    return secret_of(keys.signing[0], "report", link_id)


def secret_again(link: ReportLink, keys: Keys) -> str | None:
    """The same for a link of some time ago; `None` if the key that made it is no longer listed."""
    made = (secret_of(key, "report", link.id) for key in keys.signing)
    return next((again for again in made if fingerprint(again) == link.secret_hash), None)


def bearer(link: ReportLink) -> Actor:
    """Who comes with the link: as somebody of the partner who reads, of this one event, and changes nothing."""
    mine = frozenset({Grant(Role.MEMBER, link.partner_id)})
    return Actor("reader", link.id, mine, frozenset({Scope.READ}), frozenset({link.event_id}))


async def _record(session: AsyncSession, verb: str, link: ReportLink, at: datetime, by: Actor, **facts: int) -> None:
    partner, event = link.partner_id, link.event_id
    await journal.record(session, verb, link.id, at=at, by=by, partner=partner, event=event, facts=facts)
