"""The door: one field, one big answer."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import checkins, devices
from promos.models import CheckIn, Event
from promos.rendering.language import Language
from promos.rules.language import N_
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.settings import Keys
from promos.web.access import allows
from promos.web.given import Reads, Writes
from promos.web.pages.show import go, language_of, page

DOOR = (Role.ADMIN, Role.OWNER, Role.MEMBER, Role.DOOR)
LATEST = 20  # scans shown

WORDS = {"admitted": N_("Admitted"), "already": N_("Already in"), "refused": N_("Refused")}
REASONS = {
    "unknown": N_("This is not a pass of ours. Look for the QR code in the reader’s mail or on the page of the pass."),
    "other-event": N_("This pass is for another event."),
    "given-back": N_("This pass was given back."),
    "revoked": N_("This pass was cancelled."),
    "replaced": N_("This QR code was replaced by a newer one. The newest is on the page of the pass."),
}


@get("/door", opt=allows(*DOOR, scope=Scope.SCAN))
async def choose(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """The events whose door this is, until a day after their end; the only one is opened at once."""
    await _note(writes, actor)
    async with reads() as session:
        mine = (Event.run_by(actor, *checkins.DOOR), Event.ends_at > now - timedelta(days=1))
        events = list(await session.scalars(sa.select(Event).where(*mine).order_by(Event.starts_at).limit(100)))
        counts = {event.id: await _inside(session, event.id) for event in events}
    if len(events) == 1:
        return go(f"/door/{events[0].id}")
    return page(request, "door/choose.html", events=events, counts=counts)


@get("/door/{event_id:uuid}", opt=allows(*DOOR, scope=Scope.SCAN))
async def scan_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        return await _shown(request, session, event_id, actor, None)


@post("/door/{event_id:uuid}", opt=allows(*DOOR, scope=Scope.SCAN), status_code=200)
async def scan(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[str]:
    form = await request.form()
    token = str(form.get("token", ""))[:1000]
    scan_id = str(form.get("scan_id", ""))[:100] or secrets.token_urlsafe(12)

    async def effect(session: AsyncSession, now: datetime) -> CheckIn:
        return await checkins.scan(
            session, event_id, token, scan_id=scan_id, gate=None, at=None, keys=keys, now=now, by=actor
        )

    answered = await writes.run(effect)
    await _note(writes, actor)
    async with reads() as session:
        return await _shown(request, session, event_id, actor, answered)


@post("/door/{event_id:uuid}/undo/{check_in_id:uuid}", opt=allows(*DOOR, scope=Scope.SCAN))
async def undo(
    event_id: FromPath[UUID],
    check_in_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> None:
        await checkins.undo(session, check_in_id, now=now, by=actor)

    await writes.run(effect)
    return go(f"/door/{event_id}", "undone")


async def _note(writes: Writes, actor: Actor) -> None:
    """That a device is at work; its partner's desk tells when it was last seen."""
    if actor.kind != "token":
        return

    async def effect(session: AsyncSession, now: datetime) -> None:
        await devices.saw(session, actor, now=now)

    await writes.run(effect)


async def _shown(
    request: Request[Any, Any, Any], session: AsyncSession, event_id: UUID, actor: Actor, answered: CheckIn | None
) -> Response[str]:
    event = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.run_by(actor, *checkins.DOOR)))
    if event is None:
        raise NotFound("event")
    latest = sa.select(CheckIn).where(CheckIn.event_id == event_id).order_by(CheckIn.id.desc()).limit(LATEST)
    language = language_of(request)
    return page(
        request,
        "door/scan.html",
        event=event,
        answered=answered,
        word=language.gettext(WORDS[answered.result]) if answered else language.gettext(N_("Ready")),
        reason=reason_of(answered, language) if answered else "",
        inside=await _inside(session, event_id),
        latest=list(await session.scalars(latest)),
        words={name: language.gettext(word) for name, word in WORDS.items()},
        scan_id=secrets.token_urlsafe(12),
    )


def reason_of(answered: CheckIn, language: Language) -> str:
    return language.gettext(REASONS[answered.reason]) if answered.reason else ""


async def _inside(session: AsyncSession, event_id: UUID) -> int:
    inside = sa.and_(CheckIn.event_id == event_id, CheckIn.result == "admitted", CheckIn.undone_at.is_(None))
    return await session.scalar(sa.select(sa.func.count()).select_from(CheckIn).where(inside)) or 0


HANDLERS: list[Any] = [choose, scan_page, scan, undo]
