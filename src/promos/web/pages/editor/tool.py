"""The newsletter's own tool: connected, and an issue's blocks put into a draft there and looked at."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import connections
from promos.looking import Looked, Looking
from promos.models import Connection, Publication
from promos.outside.tools import Draft
from promos.outside.tools.kinds import KINDS
from promos.rendering.language import Language
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, NotFound, Refusal, ToolMissing, title_of
from promos.settings import Keys
from promos.web.access import fresh
from promos.web.given import Reads, Writes
from promos.web.pages.editor.desk import READ, WRITE, issue_of
from promos.web.pages.show import errors_of, go, language_of, page
from promos.web.pages.typed import Typed, to_mend
from promos.web.problems import status_of

FIELDS = ("kind", "base_url", "user")
DOES = {
    "raw_html": N_("sends HTML as it was written"),
    "style_tag": N_("keeps style elements in some form"),
    "comments_kept": N_("keeps comments, and with them what is for Outlook alone"),
    "slots": N_("has named places for blocks"),
    "webhooks_out": N_("tells when something goes out"),
    "text_part": N_("lets the text part be written apart"),
}


@get("/editor/publications/{publication_id:uuid}/tool", opt=READ)
async def tool_page(
    request: Request[Any, Any, Any],
    publication_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    return await _of_publication(request, reads, publication_id, actor)


@post("/editor/publications/{publication_id:uuid}/tool", opt=fresh(WRITE))
async def connect(
    request: Request[Any, Any, Any],
    publication_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    typed = await Typed.of(request)
    given = {name: typed.text(name) for name in ("base_url", "user", "key")}

    async def effect(session: AsyncSession, now: datetime) -> None:
        await connections.connect(
            session, publication_id, typed.text("kind"), **given, secrets=keys.signing, now=now, by=actor
        )

    try:
        await writes.run(effect)
    except InvalidRequest as refusal:
        errors, status = to_mend(refusal, language_of(request))
        return await _of_publication(request, reads, publication_id, actor, typed.shown(FIELDS), errors, status)
    return go(f"/editor/publications/{publication_id}/tool", "saved")


@post("/editor/publications/{publication_id:uuid}/tool/leave", opt=WRITE)
async def leave(
    publication_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    await writes.run(lambda session, now: connections.leave(session, publication_id, now=now, by=actor))
    return go(f"/editor/publications/{publication_id}/tool", "removed")


@get("/editor/issues/{issue_id:uuid}/tool", opt=READ)
async def issue_page(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    return await _of_issue(request, reads, issue_id, actor)


@post("/editor/issues/{issue_id:uuid}/tool", opt=WRITE, status_code=200)
async def place(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    typed = await Typed.of(request)
    if not typed.text("draft_id"):
        wrong = {"draft_id": language_of(request).gettext(N_("Choose a draft."))}
        return await _of_issue(request, reads, issue_id, actor, errors=wrong, status=422)
    try:
        looked = await looking_of(request).place(issue_id, typed.text("draft_id"), actor)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _refused(request, reads, issue_id, actor, refusal)
    return await _of_issue(request, reads, issue_id, actor, looked=looked)


@post("/editor/issues/{issue_id:uuid}/tool/look", opt=WRITE, status_code=200)
async def look(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    try:
        looked = await looking_of(request).look(issue_id, actor)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _refused(request, reads, issue_id, actor, refusal)
    return await _of_issue(request, reads, issue_id, actor, looked=looked)


def looking_of(request: Request[Any, Any, Any]) -> Looking:
    looking: Looking = request.app.state.looking
    return looking


async def _refused(
    request: Request[Any, Any, Any], reads: Reads, issue_id: UUID, by: Actor, refusal: Refusal
) -> Response[str]:
    errors = errors_of(refusal, language_of(request))
    return await _of_issue(request, reads, issue_id, by, errors=errors, status=status_of(type(refusal)))


async def _of_publication(
    request: Request[Any, Any, Any],
    reads: Reads,
    publication_id: UUID,
    by: Actor,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    language = language_of(request)
    async with reads() as session:
        publication = await session.scalar(sa.select(Publication).where(Publication.id == publication_id))
        connection = await _connection(session, publication_id, by)
    if publication is None:
        raise NotFound("publication")
    drafts, trouble = await _drafts(request, connection, by)
    return page(
        request,
        "editor/tool.html",
        status=status,
        publication=publication,
        connection=connection,
        drafts=drafts,
        trouble=trouble,
        kinds=[(name, kind.name) for name, kind in KINDS.items()],
        needing={need: [kind.name for kind in KINDS.values() if getattr(kind, need)] for need in NEEDS},
        name=KINDS[connection.kind].name if connection else "",
        does=_does(connection, language),
        typed=dict(typed) if typed is not None else _typed(connection),
        errors=dict(errors or {}),
    )


def _does(connection: Connection | None, language: Language) -> list[tuple[str, bool]]:
    capabilities = KINDS[connection.kind].capabilities if connection else None
    return [(language.gettext(words), getattr(capabilities, name)) for name, words in DOES.items() if capabilities]


NEEDS = ("has_address", "has_user")


def _typed(connection: Connection | None) -> dict[str, str]:
    return {name: getattr(connection, name) if connection else "" for name in FIELDS}


async def _of_issue(
    request: Request[Any, Any, Any],
    reads: Reads,
    issue_id: UUID,
    by: Actor,
    *,
    looked: Looked | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    language = language_of(request)
    async with reads() as session:
        issue, publication = await issue_of(session, issue_id, by)
        connection = await _connection(session, publication.id, by)
    drafts, trouble = await _drafts(request, connection, by)
    kept = title_of(connection.trouble) if connection else None
    return page(
        request,
        "editor/placed.html",
        status=status,
        issue=issue,
        publication=publication,
        connection=connection,
        name=KINDS[connection.kind].name if connection else "",
        options=[(each.id, each.title or each.id) for each in drafts],
        drafts=drafts,
        trouble=trouble or (language.gettext(kept) if kept else None),
        looked=looked,
        errors=dict(errors or {}),
    )


async def _connection(session: AsyncSession, publication_id: UUID, by: Actor) -> Connection | None:
    try:
        return await connections.of(session, publication_id, by)
    except ToolMissing:
        return None


async def _drafts(
    request: Request[Any, Any, Any], connection: Connection | None, by: Actor
) -> tuple[list[Draft], str | None]:
    """What is there, or why nobody can say."""
    if connection is None:
        return [], None
    try:
        return await looking_of(request).drafts(connection.publication_id, by), None
    except Refusal as refusal:
        return [], language_of(request).gettext(refusal.title)


HANDLERS: list[Any] = [tool_page, connect, leave, issue_page, place, look]
