"""The declaration asked of a partner: what was exchanged for a block. The editor's stays unseen until both are in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import approvals, declarations, disclosure
from promos.actions.declarations import Seen
from promos.models import Issue, Publication
from promos.queries import contents
from promos.queries.contents import Placed
from promos.rules.blocks import fingerprint
from promos.rules.people import Actor
from promos.rules.refusals import BlockChanged, NotFound, Refusal
from promos.settings import Settings
from promos.web.given import Reads, Writes
from promos.web.pages import declared
from promos.web.pages.editor.preview import frame
from promos.web.pages.partner.desk import READ, WRITE
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend


@get("/partner/blocks/{block_id:uuid}/declaration", opt=READ)
async def declaration_page(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    async with reads() as session:
        return await _shown(request, session, block_id, actor, now=now)


@post("/partner/blocks/{block_id:uuid}/declaration", opt=WRITE)
async def declare(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[Any]:
    typed = await Typed.of(request)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await declarations.declare(session, block_id, "partner", **declared.read(typed), now=now, by=actor)

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        async with reads() as session:
            return await _shown(request, session, block_id, actor, now=now, typed=typed, refusal=refusal)
    return go(f"/partner/blocks/{block_id}/declaration", "declared")


@post("/partner/blocks/{block_id:uuid}/approve", opt=WRITE)
async def approve(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """What stood on the page is approved, and nothing that came after it."""
    read = (await Typed.of(request)).text("read")

    async def effect(session: AsyncSession, now: datetime) -> None:
        given = {"rule_set": request.app.state.rules, "base_url": settings.base_url}
        await approvals.approve(session, block_id, read=read, **given, now=now, by=actor)

    try:
        await writes.run(effect)
    except BlockChanged:
        return go(f"/partner/blocks/{block_id}/declaration", "block-changed")
    return go(f"/partner/blocks/{block_id}/declaration", "approved")


@get("/partner/blocks/{block_id:uuid}/rendered", opt=READ)
async def rendered(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The block as readers see it, for an iframe."""
    async with reads() as session:
        placed = await _mine(session, block_id, actor)
        issue = await session.get_one(Issue, placed.block.issue_id)
        drawn = await disclosure.rendered_block(
            session,
            block_id,
            "web",
            request.app.state.rules,
            base_url=settings.base_url,
            for_sending=False,
            now=now,
            by=actor,
        )
    return frame(request, drawn, issue.language, placed.block.heading)


async def _mine(session: AsyncSession, block_id: UUID, by: Actor) -> Placed:
    placed = next(iter(await contents.placed(session, block_id=block_id)), None)
    if placed is None or not declarations.speaks_for(placed.block, "partner", by):
        raise NotFound("block")
    return placed


async def _shown(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    block_id: UUID,
    actor: Actor,
    *,
    now: datetime,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    placed = await _mine(session, block_id, actor)
    issue = await session.get_one(Issue, placed.block.issue_id)
    publication = await session.get_one(Publication, placed.block.publication_id)
    seen = await declarations.seen_by(session, placed.block, actor)
    state = request.app.state
    asked = {"base_url": state.settings.base_url, "now": now}
    content = await disclosure.content_of(session, placed.block, state.rules, **asked)
    language = language_of(request)
    errors, status = to_mend(refusal, language) if refusal else ({}, 200)
    mine, theirs = seen.shown.get("partner"), seen.shown.get("editor")
    return page(
        request,
        "partner/declaration.html",
        status=status,
        placed=placed,
        issue=issue,
        publication=publication,
        seen=seen,
        approval=approvals.of(placed.block, content),
        read=fingerprint(content),
        filled=_filled(placed, seen, typed),
        compared=declared.compared(mine, theirs, language) if mine and theirs else [],
        choices=declared.choices(language),
        empty_rows=declared.EMPTY_ROWS,
        errors=errors,
    )


def _filled(placed: Placed, seen: Seen, typed: Typed | None) -> declared.Filled:
    """What was typed, else what was declared before, else what the offer itself says."""
    if typed:
        return declared.from_typed(typed)
    mine = seen.shown.get("partner")
    return declared.from_row(mine) if mine else declared.from_offer(placed)


HANDLERS: list[Any] = [declaration_page, declare, approve, rendered]
