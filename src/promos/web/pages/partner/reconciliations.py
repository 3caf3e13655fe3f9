"""A partner brings the export of his own ticket shop: what of our codes was used there, and what was not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import pools
from promos.actions.reconciliations.counting import Report
from promos.models import Event, Offer, Reconciliation
from promos.parsing.shop_exports import FIELDS
from promos.queries import codes, pages
from promos.queries import reconciliations as queries
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import Invalid, ListTooLong
from promos.settings import Keys
from promos.web.api.batches import LIST
from promos.web.api.reconciliations import taken
from promos.web.given import Reads
from promos.web.pages.partner.desk import READ, WRITE
from promos.web.pages.show import language_of, page
from promos.web.pages.typed import chosen, to_mend
from promos.web.problems import TAKES_LONG

SHOPS = {"eventbrite": "Eventbrite", "luma": "Luma", "tito": "Tito", "weezevent": "Weezevent"}
WORDS = {
    "code": N_("Code"),
    "order": N_("Order"),
    "ticket": N_("Number of the ticket"),
    "email": N_("E-mail address"),
    "status": N_("State"),
    "arrived": N_("Arrival"),
    "quantity": N_("Number of tickets"),
}
WHAT = {
    "used": N_("used, as handed out"),
    "outside": N_("used, but never handed out by us"),
    "ended": N_("used after its pass had ended"),
    "public": N_("public word"),
    "foreign": N_("no code of this offer"),
    "void": N_("cancelled in the shop"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """The form as it was filled in, and what came of the file."""

    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    report: Report | None = None
    is_dry: bool = False
    status: int = 200


@get("/partner/offers/{offer_id:uuid}/reconcile", opt=READ)
async def reconcile_page(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        return await _shown(request, session, offer_id, actor, Said())


@post(
    "/partner/offers/{offer_id:uuid}/reconcile",
    opt=WRITE | TAKES_LONG,
    status_code=200,
    request_max_body_size=LIST,
)
async def bring(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[str]:
    """Compare a file, or only say what would come of it."""
    form = await request.form()
    is_dry = form.get("then") != "take"
    typed = {name: str(form.get(name, ""))[:200].strip() for name in FIELDS}
    heads = {name: head for name, head in typed.items() if head}
    async with reads() as session:
        await codes.offer(session, offer_id, actor)
    try:
        how = {"dry_run": is_dry, "with_arrivals": bool(form.get("check_ins"))}
        report = await taken(chosen(form.get("file")), offer_id, heads, request.app.state, keys, actor, **how)
        said = Said({**report.columns.heads, "check_ins": str(form.get("check_ins", ""))}, {}, report, is_dry)
    except Invalid as refusal:
        errors, status = to_mend(refusal, language_of(request), fields={ListTooLong: "file"})
        said = Said(typed, errors, status=status)
    async with reads() as session:
        return await _shown(request, session, offer_id, actor, said)


@get("/partner/reconciliations/{reconciliation_id:uuid}", opt=READ)
async def one_page(
    request: Request[Any, Any, Any],
    reconciliation_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[str]:
    async with reads() as session:
        found = await queries.one(session, reconciliation_id, actor)
        offer, event = await session.get_one(Offer, found.offer_id), await session.get_one(Event, found.event_id)
        rows = {
            what: (await session.execute(queries.only(queries.codes_of(found.id), what).limit(queries.SHOWN))).all()
            for what in ("outside", "ended", "used", "public")
        }
        unused = await queries.unused(session, found)
    listed = {
        what: [(word or (pools.shown(sealed, keys) if sealed else None), row) for row, sealed, word in some]
        for what, some in rows.items()
    }
    return page(
        request,
        "partner/reconciliation.html",
        found=found,
        offer=offer,
        event=event,
        shop=SHOPS.get(found.shop),
        listed=listed,
        unused=[pools.shown(each.sealed, keys) for each in unused],
        words={what: language_of(request).gettext(word) for what, word in WHAT.items()},
    )


async def _shown(
    request: Request[Any, Any, Any], session: AsyncSession, offer_id: UUID, actor: Actor, said: Said
) -> Response[str]:
    offer = await codes.offer(session, offer_id, actor)
    event = await session.get_one(Event, offer.event_id)
    cursor, here = request.query_params.get("cursor"), f"/partner/offers/{offer_id}/reconcile"
    mine = sa.select(Reconciliation).where(Reconciliation.offer_id == offer_id)
    before, following = await pages.page(session, mine, Reconciliation.id, cursor, 20, newest_first=True)
    language = language_of(request)
    report = said.report
    return page(
        request,
        "partner/reconcile.html",
        status=said.status,
        offer=offer,
        event=event,
        here=here,
        said=said,
        typed={name: said.typed.get(name, "") for name in (*FIELDS, "check_ins")},
        fields=[(name, language.gettext(word)) for name, word in WORDS.items()],
        shop=SHOPS.get(report.columns.shop) if report else None,
        odd=[
            (line.line, language.gettext(WHAT[line.what]), line.tickets)
            for line in report.lines
            if line.what not in ("used", "public")
        ][:100]
        if report
        else [],
        before=before,
        shops=SHOPS,
        next_href=f"{here}?cursor={following}" if following else None,
        first_href=here if cursor else None,
    )


HANDLERS: list[Any] = [reconcile_page, bring, one_page]
