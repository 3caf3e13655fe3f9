"""What a partner brings: events as a table or calendar, and who came as another scanner noted it; tried, then taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from promos.actions.arrivals import Report
from promos.models import Partner
from promos.rules.people import Actor
from promos.rules.refusals import Invalid, ListTooLong, NotFound, Refusal
from promos.settings import Keys
from promos.web.api import arrivals, imports
from promos.web.api.batches import LIST
from promos.web.api.imports import EVENTS_FILE, EventsBrought
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE, event_of, partners_of
from promos.web.pages.partner.sentences import CHANGED
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import chosen, to_mend, zones
from promos.web.problems import TAKES_LONG

OTHERS = ("timezone", "city", "country", "url")
FIELDS: dict[type[Refusal], str] = {ListTooLong: "file"}


@dataclass(frozen=True, slots=True)
class Tried:
    """A form as it was typed, and what came of its file."""

    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    is_dry: bool = False


@get("/partner/import", opt=READ)
async def choose(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[Any]:
    """The partners for whom events can be brought; the only one is opened at once."""
    async with reads() as session:
        partners = await partners_of(session, actor)
    if len(partners) == 1:
        return go(f"/partner/import/of/{partners[0].id}")
    return page(request, "partner/import_of.html", partners=partners)


@get("/partner/import/of/{partner_id:uuid}", opt=READ)
async def events_page(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    partner = await _partner(reads, partner_id, actor)
    typed = {"timezone": "Europe/Paris", "city": "", "country": partner.country, "url": ""}
    return _events(request, partner, Tried(typed), None)


@post(
    "/partner/import/of/{partner_id:uuid}", opt=WRITE | TAKES_LONG, status_code=200, request_max_body_size=EVENTS_FILE
)
async def bring_events(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[str]:
    """Take events in, or only say what would come of them."""
    partner = await _partner(reads, partner_id, actor)
    form = await request.form()
    typed = {name: str(form.get(name, ""))[:500].strip() for name in OTHERS}
    is_dry = form.get("then") != "take"
    try:
        file = chosen(form.get("file"))
        came = await imports.brought(file, partner_id, typed, reads, writes, actor, dry_run=is_dry)
    except Invalid as refusal:
        errors, status = to_mend(refusal, language_of(request), fields=FIELDS)
        return _events(request, partner, Tried(typed, errors, status), None)
    return _events(request, partner, Tried(typed, is_dry=is_dry), came)


@get("/partner/events/{event_id:uuid}/arrivals", opt=READ)
async def arrivals_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    return await _arrivals(request, reads, event_id, actor, Tried({"source": ""}), None)


@post("/partner/events/{event_id:uuid}/arrivals", opt=WRITE | TAKES_LONG, status_code=200, request_max_body_size=LIST)
async def bring_arrivals(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Note who came, or only say what would come of the list."""
    form = await request.form()
    typed = {"source": str(form.get("source", ""))[:100]}
    is_dry = form.get("then") != "take"
    try:
        file = chosen(form.get("file"))
        report = await arrivals.taken(file, event_id, typed["source"], reads, writes, actor, keys, now, dry_run=is_dry)
    except Invalid as refusal:
        errors, status = to_mend(refusal, language_of(request), fields=FIELDS)
        return await _arrivals(request, reads, event_id, actor, Tried(typed, errors, status), None)
    return await _arrivals(request, reads, event_id, actor, Tried(typed, is_dry=is_dry), report)


async def _partner(reads: Reads, partner_id: UUID, by: Actor) -> Partner:
    async with reads() as session:
        partner = await session.get(Partner, partner_id) if by.runs(partner_id) else None
    if partner is None:
        raise NotFound("partner")
    return partner


def _events(
    request: Request[Any, Any, Any], partner: Partner, form: Tried, came: EventsBrought | None
) -> Response[str]:
    language = language_of(request)

    def said(row: imports.EventRow) -> list[str]:
        changed = ", ".join(language.gettext(CHANGED.get(name, name)) for name in row.changed)
        told = [(each.column, language.gettext(each.message)) for each in row.wrong]
        return [f"{column} – {why}" if column else why for column, why in told] or [changed] * bool(changed)

    return page(
        request,
        "partner/import.html",
        status=form.status,
        partner=partner,
        tried=form,
        came=came,
        rows=[(row, said(row)) for row in came.rows] if came else [],
        zones=zones(),
    )


async def _arrivals(
    request: Request[Any, Any, Any], reads: Reads, event_id: UUID, actor: Actor, form: Tried, report: Report | None
) -> Response[str]:
    async with reads() as session:
        event = await event_of(session, event_id, actor)
    language = language_of(request)
    wrong = [(each.line, each.shown, language.gettext(each.message)) for each in report.wrong[:100]] if report else []
    return page(
        request, "partner/arrivals.html", status=form.status, event=event, tried=form, report=report, wrong=wrong
    )


HANDLERS: list[Any] = [choose, events_page, bring_events, arrivals_page, bring_arrivals]
