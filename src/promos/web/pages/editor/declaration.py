"""The editor's declaration: what was exchanged for a block. The partner's stays unseen until both are in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import declarations
from promos.actions.declarations import Seen
from promos.queries import contents
from promos.queries.contents import Placed
from promos.rules.people import Actor
from promos.rules.refusals import NotFound, Refusal
from promos.web.given import Reads, Writes
from promos.web.pages import declared
from promos.web.pages.editor.desk import READ, WRITE, issue_of
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend


@get("/editor/blocks/{block_id:uuid}/declaration", opt=READ)
async def declaration_page(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        return await _shown(request, session, block_id, actor)


@post("/editor/blocks/{block_id:uuid}/declaration", opt=WRITE)
async def declare(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await declarations.declare(session, block_id, "editor", **declared.read(typed), now=now, by=actor)

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        async with reads() as session:
            return await _shown(request, session, block_id, actor, typed=typed, refusal=refusal)
    return go(f"/editor/blocks/{block_id}/declaration", "declared")


async def _shown(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    block_id: UUID,
    actor: Actor,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    placed = next(iter(await contents.placed(session, block_id=block_id)), None)
    if placed is None or not declarations.speaks_for(placed.block, "editor", actor):
        raise NotFound("block")
    issue, publication = await issue_of(session, placed.block.issue_id, actor)
    seen = await declarations.seen_by(session, placed.block, actor)
    language = language_of(request)
    errors, status = to_mend(refusal, language) if refusal else ({}, 200)
    mine, theirs = seen.shown.get("editor"), seen.shown.get("partner")
    return page(
        request,
        "editor/declaration.html",
        status=status,
        placed=placed,
        issue=issue,
        publication=publication,
        seen=seen,
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
    mine = seen.shown.get("editor")
    return declared.from_row(mine) if mine else declared.from_offer(placed)


HANDLERS: list[Any] = [declaration_page, declare]
