"""Letting an error go out: one editor gives a reason and a last day, another one agrees."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import disclosure, overrides
from promos.models import Override, Person, PromoBlock
from promos.rules.disclosure.findings import Finding
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, NotFound, NotOverridable
from promos.settings import Settings
from promos.web.given import Reads, Writes
from promos.web.pages.editor.desk import READ, WRITE, issue_of
from promos.web.pages.editor.issue import rules_of
from promos.web.pages.editor.seen import told
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import Typed, to_mend

FIELDS = ("reason", "ends_at")


@get("/editor/blocks/{block_id:uuid}/override/{check:str}", opt=READ)
async def override_page(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    check: FromPath[str],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    async with reads() as session:
        return await _shown(request, session, block_id, check, settings, now, actor)


@post("/editor/blocks/{block_id:uuid}/override/{check:str}", opt=WRITE)
async def ask(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    check: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[Any]:
    typed = await Typed.of(request)

    async def effect(session: AsyncSession, now: datetime) -> UUID:
        _, zone, findings = await _judged(request, session, block_id, settings, now, actor)
        ends_at = typed.moment_or_none("ends_at", zone) or now
        made = await overrides.ask(
            session,
            block_id,
            check,
            findings=findings,
            reason=typed.text("reason"),
            ends_at=ends_at,
            now=now,
            by=actor,
        )
        return made.issue_id

    try:
        issue_id = await writes.run(effect)
    except InvalidRequest as refusal:
        errors, status = to_mend(refusal, language_of(request))
        async with reads() as session:
            return await _shown(
                request, session, block_id, check, settings, now, actor, typed.shown(FIELDS), errors, status
            )
    return go(f"/editor/issues/{issue_id}", "asked")


@post("/editor/overrides/{override_id:uuid}/approve", opt=WRITE)
async def approve(
    override_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    made = await writes.run(lambda session, now: overrides.approve(session, override_id, now=now, by=actor))
    return go(f"/editor/issues/{made.issue_id}", "agreed")


@post("/editor/overrides/{override_id:uuid}/withdraw", opt=WRITE)
async def withdraw(
    override_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    made = await writes.run(lambda session, now: overrides.withdraw(session, override_id, now=now, by=actor))
    return go(f"/editor/issues/{made.issue_id}", "removed")


async def _judged(
    request: Request[Any, Any, Any], session: AsyncSession, block_id: UUID, settings: Settings, now: datetime, by: Actor
) -> tuple[PromoBlock, str, tuple[Finding, ...]]:
    """The block, its publication's time zone, and the findings of its issue as if nothing were overridden."""
    this = sa.and_(PromoBlock.id == block_id, PromoBlock.removed_at.is_(None), PromoBlock.edited_by(by))
    block = await session.scalar(sa.select(PromoBlock).where(this))
    if block is None:
        raise NotFound("block")
    issue, publication = await issue_of(session, block.issue_id, by)
    rules = rules_of(request)
    whole = await disclosure.composed(session, issue, rules, base_url=settings.base_url, now=now)
    return block, publication.timezone, disclosure.judged(disclosure.without_overrides(whole), rules)


async def _shown(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    block_id: UUID,
    check: str,
    settings: Settings,
    now: datetime,
    by: Actor,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    block, zone, findings = await _judged(request, session, block_id, settings, now, by)
    about = [each for each in findings if overrides.key_of(each) == (str(block_id), check)]
    if not any(each.may_be_overridden for each in about):
        raise NotOverridable
    asked = (await overrides.of_issue(session, block.issue_id)).get((str(block_id), check))
    return page(
        request,
        "editor/override.html",
        status=status,
        here=f"/editor/blocks/{block_id}/override/{check}",
        issue_href=f"/editor/issues/{block.issue_id}#block-{block_id}",
        check=check,
        findings=told(about, language_of(request)),
        asked=asked,
        asker=await _name(session, asked),
        is_mine=asked is not None and asked.asked_by == by.id,
        zone=zone,
        typed=dict.fromkeys(FIELDS, "") | (typed or {}),
        errors=errors or {},
    )


async def _name(session: AsyncSession, asked: Override | None) -> str:
    return (await session.get_one(Person, asked.asked_by)).name if asked else ""


HANDLERS: list[Any] = [override_page, ask, approve, withdraw]
