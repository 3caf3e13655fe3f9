"""The pool of an offer on the partner's desk: how many codes of his own shop are left, and a list of more."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import pools, stocking
from promos.actions.stocking import Report
from promos.models import Event, PoolCode
from promos.parsing import tables
from promos.queries import pages
from promos.queries import pools as queries
from promos.rules.people import Actor
from promos.rules.refusals import Invalid, ListTooLong
from promos.settings import Keys
from promos.web.api.batches import LIST
from promos.web.api.pools import listed_in
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import chosen, to_mend
from promos.web.problems import TAKES_LONG

SHOWN = 20  # codes on a page


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a list, or why it could not be read."""

    report: Report | None = None
    is_dry: bool = False
    saved_as: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    status: int = 200


@get("/partner/offers/{offer_id:uuid}/pool", opt=READ)
async def pool_page(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[str]:
    async with reads() as session:
        return await _shown(request, session, offer_id, actor, keys, Said())


@post(
    "/partner/offers/{offer_id:uuid}/pool",
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
    """Take a list in, or only say what would come of it."""
    form, state = await request.form(), request.app.state
    is_dry = form.get("then") != "take"
    async with reads() as session:
        await queries.standing(session, offer_id, actor)
    try:
        file = chosen(form.get("list"))
        listed = await asyncio.to_thread(listed_in, file)
        report = await stocking.take(state.database, state.clock, keys, offer_id, listed, by=actor, dry_run=is_dry)
        said = Said(report, is_dry, saved_as=await asyncio.to_thread(tables.written, file))
    except Invalid as refusal:
        errors, status = to_mend(refusal, language_of(request), fields={ListTooLong: "file"})
        said = Said(errors=dict(errors), status=status)
    async with reads() as session:
        return await _shown(request, session, offer_id, actor, keys, said)


@post("/partner/offers/{offer_id:uuid}/pool/empty", opt=WRITE)
async def empty(
    offer_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> None:
        await stocking.empty(session, offer_id, now=now, by=actor)

    await writes.run(effect)
    return go(f"/partner/offers/{offer_id}/pool", "saved")


async def _shown(
    request: Request[Any, Any, Any], session: AsyncSession, offer_id: UUID, actor: Actor, keys: Keys, said: Said
) -> Response[str]:
    standing = await queries.standing(session, offer_id, actor)
    event = await session.get_one(Event, standing.offer.event_id)
    cursor, here = request.query_params.get("cursor"), f"/partner/offers/{offer_id}/pool"
    mine, is_burnt = sa.select(PoolCode).where(PoolCode.offer_id == offer_id), False
    if request.query_params.get("state") == "burnt":
        mine, is_burnt = mine.where(PoolCode.state == "burnt"), True
    only = "state=burnt&" if is_burnt else ""
    rows, following = await pages.page(session, mine, PoolCode.id, cursor, SHOWN)
    language = language_of(request)
    report = said.report
    return page(
        request,
        "partner/pool.html",
        status=said.status,
        standing=standing,
        offer=standing.offer,
        event=event,
        here=here,
        codes=[(pools.shown(row.sealed, keys), row) for row in rows],
        is_burnt=is_burnt,
        next_href=f"{here}?{only}cursor={following}" if following else None,
        first_href=f"{here}?{only}" if cursor else None,
        said=said,
        wrong=[(each.line, language.gettext(each.why)) for each in report.wrong[:100]] if report else [],
    )


HANDLERS: list[Any] = [pool_page, bring, empty]
