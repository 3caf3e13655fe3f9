"""An issue as it stands outside: pasted back before it is sent, or as it was received; each label looked for."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import observations, publishing
from promos.actions.observations import Seen
from promos.looking import Looking
from promos.parsing import Unreadable
from promos.queries import contents
from promos.queries import observations as kept
from promos.queries.disclosures import corrections
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, NothingToObserve, PageUnreadable
from promos.settings import Settings
from promos.web.api.observations import file_of
from promos.web.given import Reads, Writes
from promos.web.pages.editor.desk import KINDS, READ, WRITE, issue_of
from promos.web.pages.editor.issue import rules_of
from promos.web.pages.editor.pasted import MOST_FORM, Pasted, pasted
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import Typed, to_mend

MOST = 2 * 1024 * 1024  # characters
WAYS = {
    "upload": N_("brought by an editor"),
    "tool": N_("in the newsletter tool"),
    "mailbox": N_("in our own mailbox"),
    "address": N_("at its address"),
}


@get("/editor/issues/{issue_id:uuid}/sent", opt=READ)
async def sent_page(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    return await _shown(request, reads, issue_id, actor)


@post("/editor/issues/{issue_id:uuid}/sent", opt=WRITE, status_code=200, request_max_body_size=MOST_FORM)
async def look(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    text = await pasted(request)
    if not text.text.strip():
        return await _shown(request, reads, issue_id, actor, text, error=N_("Paste what was sent, or choose its file."))
    if len(text.text) > MOST:
        too_much = N_("This is larger than we read in one piece.")
        return await _shown(request, reads, issue_id, actor, text, error=too_much)
    content: str | bytes = text.text
    if text.media_type == "message/rfc822":
        content = text.text.encode("utf-8", "surrogateescape")
    async with reads() as session:
        expected = await observations.expected(session, issue_id, now=now, by=actor)
    try:
        seen = await asyncio.to_thread(observations.look, expected, content, text.media_type, rules_of(request))
    except Unreadable:
        return await _shown(request, reads, issue_id, actor, text, error=N_("We cannot read any text in this."))

    async def effect(session: AsyncSession, now: datetime) -> None:
        grace = timedelta(seconds=settings.label_grace)
        await observations.record(session, issue_id, seen, through="upload", grace=grace, now=now, by=actor)

    await writes.run(effect)
    return await _shown(request, reads, issue_id, actor, Pasted("", "", ""), seen=seen)


@post("/editor/issues/{issue_id:uuid}/address", opt=WRITE, status_code=200)
async def find(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    address = (await Typed.of(request)).text("address")
    looking: Looking = request.app.state.looking
    try:
        seen = await looking.find(issue_id, address, actor)
    except (PageUnreadable, InvalidRequest) as refusal:
        errors = {"address": language_of(request).gettext(refusal.title)}
        return await _shown(request, reads, issue_id, actor, errors=errors)
    return await _shown(request, reads, issue_id, actor, seen=seen)


@post("/editor/issues/{issue_id:uuid}/correction", opt=WRITE)
async def correct(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await publishing.correct(session, issue_id, typed.text("text"), now=now, by=actor)

    try:
        await writes.run(effect)
    except InvalidRequest as refusal:
        errors, _ = to_mend(refusal, language_of(request))
        return await _shown(request, reads, issue_id, actor, errors=errors)
    return go(f"/editor/issues/{issue_id}/sent", "corrected")


async def _shown(
    request: Request[Any, Any, Any],
    reads: Reads,
    issue_id: UUID,
    by: Actor,
    text: Pasted | None = None,
    *,
    seen: Seen | None = None,
    error: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response[str]:
    language = language_of(request)
    async with reads() as session:
        issue, publication = await issue_of(session, issue_id, by)
        placed = {each.block.id: each for each in await contents.placed(session, issue_id=issue_id)}
        looks = await kept.of_issue(session, issue_id)
        corrected = (await corrections(session, [issue_id])).get(issue_id, [])
    if not placed:
        raise NothingToObserve
    typed = await Typed.of(request) if request.method == "POST" else Typed({})
    return page(
        request,
        "editor/sent.html",
        status=422 if error or errors else 200,
        issue=issue,
        publication=publication,
        placed=placed,
        looks=looks,
        corrections=corrected,
        seen=seen,
        ways={way: language.gettext(words) for way, words in WAYS.items()},
        kinds=[(kind, language.gettext(words)) for kind, words in KINDS.items()],
        content=text.shown if text else "",
        typed=typed.shown(("media_type", "text", "address")),
        errors={"content": language.gettext(error)} if error else dict(errors or {}),
    )


@get("/editor/publications/{publication_id:uuid}/evidence.jsonl", opt=READ)
async def evidence(
    publication_id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Stream:
    """All that the newsletter can show later, as one file that `promos evidence verify` checks."""
    return await file_of(reads, publication_id, actor)


HANDLERS: list[Any] = [sent_page, look, find, correct, evidence]
