"""Publications: the newsletters of this installation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import changes, journal, passkeys
from promos.models import Publication
from promos.rules import events, texts
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotAllowed, NotFound, TextTaken


class New(TypedDict):
    name: str
    slug: NotRequired[str]  # without one: made from the name
    language: str
    timezone: str
    audience: Sequence[Mapping[str, Any]]  # {"country": "FR", "share": 0.8}


class Changes(TypedDict, total=False):
    name: str
    slug: str
    language: str
    timezone: str
    audience: Sequence[Mapping[str, Any]]


async def create(session: AsyncSession, *, now: datetime, by: Actor, **given: Unpack[New]) -> Publication:
    """Take in a newsletter. Admins do. Raises `TextTaken` for a slug that another one has."""
    if not by.is_admin:
        raise NotAllowed([Role.ADMIN])
    kept = texts.read(events.PUBLICATION, given)
    publication = Publication(**{"slug": texts.slug_of(kept["name"]), **kept}, created_at=now)
    await _store(session, publication)
    await journal.record(session, "publication.created", publication.id, at=now, by=by, publication=publication.id)
    return publication


async def update(
    session: AsyncSession, publication_id: UUID, *, now: datetime, by: Actor, **wanted: Unpack[Changes]
) -> Publication:
    """Change a newsletter. Admins and its editors do."""
    seen = sa.select(Publication).where(Publication.id == publication_id, Publication.visible_to(by))
    publication = await session.scalar(seen)
    if publication is None:
        raise NotFound("publication")
    if not by.is_admin and publication.id not in by.publications:
        raise NotAllowed([Role.ADMIN, Role.EDITOR])
    if changed := changes.apply(publication, texts.read(events.PUBLICATION, wanted)):
        await _store(session, publication)
        await journal.record(
            session,
            "publication.changed",
            publication.id,
            at=now,
            by=by,
            publication=publication.id,
            facts={"changed": changed},
        )
    return publication


async def require_passkey(
    session: AsyncSession, publication_id: UUID, *, required: bool, now: datetime, by: Actor
) -> Publication:
    """From now on its editors' roles count in sessions only that were proved by a passkey; or in all. Admins decide.

    Raises `PasskeyNeeded` where a person requires what they do not have themselves.
    """
    publication = await session.get(Publication, publication_id, populate_existing=True)
    if publication is None or not by.is_admin:
        raise NotFound("publication")
    await passkeys.has_own(session, by, needed=required)
    if publication.requires_passkey is not required:
        publication.requires_passkey = required
        verb = "publication.passkey_required" if required else "publication.passkey_optional"
        await journal.record(session, verb, publication.id, at=now, by=by, publication=publication.id)
    return publication


async def _store(session: AsyncSession, publication: Publication) -> None:
    try:
        async with session.begin_nested():
            session.add(publication)
    except IntegrityError:
        raise TextTaken("slug") from None
