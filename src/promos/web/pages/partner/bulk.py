"""Codes in bulk: ordered by a pattern, brought as a list, taken out as one; and how far they are."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import batches, making
from promos.actions.imports import Report
from promos.models import CodeBatch, Event, Offer, new_id
from promos.queries import codes, pages
from promos.rules import offers as rules
from promos.rules import patterns
from promos.rules.people import Actor
from promos.rules.refusals import (
    BatchDone,
    Invalid,
    ListTooLong,
    ListUnreadable,
    NotFound,
    PatternGuessable,
    PatternInfeasible,
    PatternMalformed,
)
from promos.web.api.batches import LIST, download, listed
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, chosen, to_mend
from promos.web.problems import TAKES_LONG

FIELDS = ("count", "pattern", "limit")
EXAMPLES = 3
Change = Callable[..., Awaitable[CodeBatch]]
PATTERN = {PatternMalformed: "pattern", PatternInfeasible: "pattern", PatternGuessable: "pattern"}


@dataclass(frozen=True, slots=True)
class Forms:
    """The two forms of the page, as they were typed, and what came of a list."""

    typed: Mapping[str, str] = field(default_factory=lambda: {"count": "", "pattern": patterns.DEFAULT, "limit": "1"})
    errors: Mapping[str, str] = field(default_factory=dict)
    report: Report | None = None
    is_dry: bool = False
    status: int = 200


@get("/partner/offers/{offer_id:uuid}/bulk", opt=READ)
async def bulk_page(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    wish = request.query_params.get("pattern")
    forms = Forms() if wish is None else Forms(typed={"count": "", "pattern": wish[:60], "limit": "1"})
    async with reads() as session:
        return await _shown(request, session, offer_id, actor, forms)


@post("/partner/offers/{offer_id:uuid}/bulk", opt=WRITE)
async def order(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Order codes; or show examples of the pattern, if that was asked."""
    typed = await Typed.of(request)
    if typed.text("then") == "example":
        async with reads() as session:
            return await _shown(request, session, offer_id, actor, Forms(typed.shown(FIELDS)))
    count, limit = typed.whole("count"), typed.whole("limit")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await batches.order(
            session,
            offer_id,
            count or 0,
            pattern=typed.text("pattern"),
            limit=limit,
            once=typed.id("once"),
            now=now,
            by=actor,
        )

    try:
        typed.checked(rules.CODE, {"limit": limit})
        await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = to_mend(refusal, language_of(request), fields=PATTERN)
        async with reads() as session:
            return await _shown(request, session, offer_id, actor, Forms(typed.shown(FIELDS), errors, status=status))
    return go(f"/partner/offers/{offer_id}/bulk", "ordered")


@post(
    "/partner/offers/{offer_id:uuid}/bulk/import",
    opt=WRITE | TAKES_LONG,
    status_code=200,
    request_max_body_size=LIST,
)
async def bring(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    """Take a list in, or only say what would come of it."""
    form, state = await request.form(), request.app.state
    is_dry = form.get("then") != "take"
    try:
        rows = listed(chosen(form.get("list"), "list"))
        report = await making.take(state.database, state.clock, offer_id, rows, by=actor, dry_run=is_dry)
        forms = Forms(report=report, is_dry=is_dry)
    except Invalid as refusal:
        errors, status = to_mend(refusal, language_of(request), fields={ListTooLong: "list", ListUnreadable: "list"})
        forms = Forms(errors=errors, status=status)
    async with reads() as session:
        return await _shown(request, session, offer_id, actor, forms)


@get("/partner/batches/{batch_id:uuid}/codes.csv", opt=READ)
async def take_out(
    batch_id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[Any]:
    found = await _batch(reads, batch_id, actor)
    made: Response[Any] = download(reads, found)
    return made


@post("/partner/batches/{batch_id:uuid}/stop", opt=WRITE)
async def stop(
    batch_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    return await _changed(batch_id, batches.stop, "stopped", reads, writes, actor)


@post("/partner/batches/{batch_id:uuid}/continue", opt=WRITE)
async def go_on(
    batch_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    return await _changed(batch_id, batches.go_on, "ordered", reads, writes, actor)


async def _changed(
    batch_id: UUID, change: Change, said: str, reads: Reads, writes: Writes, actor: Actor
) -> Response[Any]:
    """Back to the page; of a batch that was done by the time, it says so itself."""
    here = f"/partner/offers/{(await _batch(reads, batch_id, actor)).offer_id}/bulk"
    try:
        await writes.run(lambda session, now: change(session, batch_id, now=now, by=actor))
    except BatchDone:
        return go(here)
    return go(here, said)


async def _batch(reads: Reads, batch_id: UUID, by: Actor) -> CodeBatch:
    async with reads() as session:
        found = await session.scalar(sa.select(CodeBatch).where(CodeBatch.id == batch_id, CodeBatch.run_by(by)))
    if found is None:
        raise NotFound("batch")
    return found


async def _shown(
    request: Request[Any, Any, Any], session: AsyncSession, offer_id: UUID, actor: Actor, forms: Forms
) -> Response[str]:
    row = (
        await session.execute(
            sa.select(Offer, Event)
            .join(Event, Offer.event_id == Event.id)
            .where(Offer.id == offer_id, Offer.run_by(actor))
        )
    ).one_or_none()
    if row is None:
        raise NotFound("offer")
    mine = sa.select(CodeBatch).where(CodeBatch.offer_id == offer_id)
    cursor = request.query_params.get("cursor")
    found, following = await pages.page(session, mine, CodeBatch.id, cursor, newest_first=True)
    here = f"/partner/offers/{offer_id}/bulk"
    examples, guess = _examples(forms.typed["pattern"])
    language = language_of(request)
    return page(
        request,
        "partner/bulk.html",
        status=forms.status,
        offer=row[0],
        event=row[1],
        here=here,
        standings=await codes.standings(session, found),
        is_underway=any(each.state in {"waiting", "making"} for each in found),
        once=new_id(),
        watch_href=f"{here}?cursor={cursor}" if cursor else here,
        next_href=f"{here}?cursor={following}" if following else None,
        first_href=here if cursor else None,
        forms=forms,
        wrong=[(each.line, each.code, language.gettext(each.why)) for each in forms.report.wrong[:100]]
        if forms.report
        else [],
        examples=examples,
        no_example=language.gettext(guess) if guess else None,
    )


def _examples(typed: str) -> tuple[list[str], str | None]:
    """Codes such as this pattern makes, made here and stored nowhere; or why there are none."""
    try:
        wanted = patterns.orderable(typed, EXAMPLES)
    except Invalid as refusal:
        return [], refusal.title
    return next(patterns.drawn(wanted, EXAMPLES, EXAMPLES)), None


HANDLERS: list[Any] = [bulk_page, order, bring, take_out, stop, go_on]
