"""Exports of a partner's own ticket shop, held against what we handed out."""

import asyncio
from datetime import datetime
from typing import IO, Annotated, Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery, QueryParameter

from promos.actions import pools, reconciliations
from promos.actions.reconciliations.counting import Report
from promos.models import Reconciliation
from promos.parsing.shop_exports import FIELDS
from promos.queries import codes, pages
from promos.queries import reconciliations as queries
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import InvalidRequest
from promos.settings import Keys
from promos.web.access import allows
from promos.web.api.batches import CSV, LIST, Listed, pieces, spooled
from promos.web.downloads import XLSX
from promos.web.given import Asked, Reads, Writes
from promos.web.problems import TAKES_LONG

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
What = Literal["used", "outside", "ended", "public"]


class ReconciledRow(msgspec.Struct):
    """`what`: used; outside (we gave the code to nobody); ended (its pass had ended); public; foreign; or void."""

    line: int
    what: str
    tickets: int


class Reconciled(msgspec.Struct):
    """What came of a file. Tickets, except `rows`, `void` (rows) and `unused` (codes handed out that it lacks).

    `known`: the file was brought before, and nothing has changed. `columns`: the heads, by field. `rows_told`: the
    first 1000 rows.
    """

    dry_run: bool
    known: bool
    id: UUID | None
    shop: str
    columns: dict[str, str]
    rows: int
    void: int
    used: int
    outside: int
    ended: int
    public: int
    foreign: int
    by_reader: int
    arrived: int
    unused: int
    check_ins: int
    rows_told: list[ReconciledRow]


class ReconciliationSeen(msgspec.Struct):
    id: UUID
    offer_id: UUID
    shop: str
    rows: int
    void: int
    used: int
    outside: int
    ended: int
    public: int
    foreign_tickets: int
    by_reader: int
    arrived: int
    unused: int
    created_at: datetime


class ReconciliationsSeen(msgspec.Struct):
    items: list[ReconciliationSeen]
    next: str | None


class ReconciledCodeSeen(msgspec.Struct):
    """`code` is null where it has left the pool, or its key is gone."""

    code: str | None
    what: What
    tickets: int
    by_reader: int
    arrived: int


class ReconciledCodesSeen(msgspec.Struct):
    items: list[ReconciledCodeSeen]


def told(report: Report, *, dry_run: bool) -> Reconciled:
    return Reconciled(
        dry_run=dry_run,
        known=report.is_known,
        id=report.id,
        shop=report.columns.shop,
        columns=dict(report.columns.heads),
        rows=report.rows,
        void=report.void,
        used=report.tickets("used"),
        outside=report.tickets("outside"),
        ended=report.tickets("ended"),
        public=report.tickets("public"),
        foreign=report.foreign,
        by_reader=report.total("by_reader"),
        arrived=report.total("arrived"),
        unused=report.unused,
        check_ins=report.arrivals,
        rows_told=[ReconciledRow(line.line, line.what, line.tickets) for line in report.lines],
    )


def heads_of(said: list[str]) -> dict[str, str]:
    """`code=Voucher` and the like; raises `InvalidRequest` for a field there is none of."""
    heads = {field: head for field, _, head in (each.partition("=") for each in said)}
    if unknown := heads.keys() - set(FIELDS):
        raise InvalidRequest(dict.fromkeys(unknown, ", ".join(FIELDS)))
    return heads


async def taken(
    file: IO[bytes], offer_id: UUID, heads: dict[str, str], state: Any, keys: Keys, by: Actor, **how: bool
) -> Report:
    """Raises `ListTooLong`, and what `reconciliations.reconcile` raises."""
    await asyncio.to_thread(pieces, file)  # which counts the lines
    return await reconciliations.reconcile(state.database, state.clock, keys, offer_id, file, heads=heads, by=by, **how)


@post(
    "/offers/{id:uuid}/reconciliations",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE) | TAKES_LONG,
    operation_id="reconcileOffer",
    operation_class=Listed,
    request_max_body_size=LIST,
)
async def reconcile(
    request: Asked,
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    columns: FromQuery[list[str] | None] = None,
    check_ins: FromQuery[bool] = False,
    dry_run: FromQuery[bool] = False,
) -> Reconciled:
    """Hold an export of Eventbrite, Weezevent, Luma, Tito or another shop (CSV or XLSX, up to 64 MB) against what was
    handed out. `columns` says which head a field has (`code=Voucher`) where it is not found by itself; `check_ins`
    notes who came as that shop's arrivals. The same file again changes nothing."""
    if request.content_type[0] not in (CSV, XLSX):
        raise HTTPException(status_code=415)
    heads = heads_of(columns or [])
    async with reads() as session:
        await codes.offer(session, id, actor)
    async with spooled(request.stream(), writes.mark()) as file:
        how = {"dry_run": dry_run, "with_arrivals": check_ins}
        report = await taken(file, id, heads, request.app.state, keys, actor, **how)
    return told(report, dry_run=dry_run)


@get(
    "/offers/{id:uuid}/reconciliations",
    opt=allows(*RUN_BY, scope=Scope.READ),
    operation_id="listReconciliations",
)
async def list_reconciliations(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> ReconciliationsSeen:
    """The files of an offer's shop that were brought, newest first."""
    async with reads() as session:
        await codes.offer(session, id, actor)
        mine = sa.select(Reconciliation).where(Reconciliation.offer_id == id)
        rows, following = await pages.page(session, mine, Reconciliation.id, cursor, size, newest_first=True)
    return ReconciliationsSeen(
        [msgspec.convert(row, ReconciliationSeen, from_attributes=True) for row in rows], following
    )


@get("/reconciliations/{id:uuid}", opt=allows(*RUN_BY, scope=Scope.READ), operation_id="getReconciliation")
async def get_reconciliation(
    id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> ReconciliationSeen:
    async with reads() as session:
        return msgspec.convert(await queries.one(session, id, actor), ReconciliationSeen, from_attributes=True)


@get(
    "/reconciliations/{id:uuid}/codes",
    opt=allows(*RUN_BY, scope=Scope.READ),
    operation_id="listReconciledCodes",
)
async def list_codes(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    what: Annotated[What | None, QueryParameter(name="what")] = None,
) -> ReconciledCodesSeen:
    """The first 1000 codes that a file speaks of, or those of one kind."""
    async with reads() as session:
        await queries.one(session, id, actor)
        found = queries.codes_of(id).limit(1000)
        rows = (await session.execute(queries.only(found, what) if what else found)).all()
    return ReconciledCodesSeen([_code(row, sealed, word, keys) for row, sealed, word in rows])


def _code(row: Any, sealed: str | None, word: str | None, keys: Keys) -> ReconciledCodeSeen:
    text = word or (pools.shown(sealed, keys) if sealed else None)
    return ReconciledCodeSeen(text, row.what, row.tickets, row.by_reader, row.arrived)


HANDLERS: list[Any] = [reconcile, list_reconciliations, get_reconciliation, list_codes]
