"""An export of a partner's ticket shop, held against the codes that we handed out: both ways, and once a file.

Codes are looked up by their marks, addresses by their reader keys; neither is kept. A code of the pool that somebody
used whom we never gave it leaves the pool, so that no reader gets one that is gone.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import IO, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import arrivals, journal, limits, pools
from promos.actions.pools import Scribe
from promos.actions.reconciliations import counting
from promos.actions.reconciliations.counting import Report
from promos.actions.stocking import Clock
from promos.database import Database
from promos.models import Event, Offer, ReconciledCode, Reconciliation, new_id, table
from promos.parsing import Unreadable, shop_exports
from promos.parsing.arrivals import Arrival
from promos.parsing.shop_exports import Columns, ColumnWrong
from promos.queries import codes
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest
from promos.settings import Keys

CHUNK = 1000  # rows looked up, and stored, at once
_PIECE = 64 * 1024  # bytes


async def reconcile(
    database: Database,
    clock: Clock,
    keys: Keys,
    offer_id: UUID,
    file: IO[bytes],
    *,
    heads: Mapping[str, str] | None = None,
    with_arrivals: bool = False,
    dry_run: bool = False,
    by: Actor,
) -> Report:
    """Compare a file with what we handed out, and keep what came of it; the same file again changes nothing.

    `heads`: the columns, by field, where they are not as they were found. Raises `NotFound`, and `InvalidRequest` for
    what is no such export, telling which column is missing.
    """
    async with database.reading(by.reach) as session:
        offer = await codes.offer(session, offer_id, by)
        event = await session.get_one(Event, offer.event_id)
    try:
        columns, mark = await asyncio.to_thread(_known, file, heads or {})
        report, rows = Report(columns), shop_exports.sales(file, columns, ZoneInfo(event.timezone))
        scribe = Scribe(keys)
        while some := await asyncio.to_thread(lambda: list(islice(rows, CHUNK))):
            await counting.count(database, report, offer, some, scribe, keys, by)
    except ColumnWrong as wrong:
        raise InvalidRequest({wrong.field: str(wrong)}) from None
    except Unreadable as why:
        raise InvalidRequest({"file": str(why)}) from None
    async with database.reading(by.reach) as session:
        report.unused = await counting.unused(session, offer_id, report.pool)
        before = await _before(session, offer_id, mark)
    if before:
        report.id, report.is_known = before, True
    elif not dry_run:
        await _keep(database, clock, report, offer, mark, by)
    if with_arrivals and not dry_run:
        report.arrivals = await _arrivals(database, clock, keys, report, event, by)
    return report


def _known(file: IO[bytes], heads: Mapping[str, str]) -> tuple[Columns, str]:
    """How the columns are read, and the mark of the file read so."""
    file.seek(0)
    columns = shop_exports.columns(file, heads)
    file.seek(0)
    mark = hashlib.sha256(repr(sorted(columns.heads.items())).encode())
    while piece := file.read(_PIECE):
        mark.update(piece)
    file.seek(0)
    return columns, mark.hexdigest()


async def _before(session: AsyncSession, offer_id: UUID, mark: str) -> UUID | None:
    found = sa.select(Reconciliation.id).where(Reconciliation.offer_id == offer_id, Reconciliation.file_hash == mark)
    return await session.scalar(found)


async def _keep(database: Database, clock: Clock, report: Report, offer: Offer, mark: str, by: Actor) -> None:
    """The codes that are gone leave the pool first; what is known of the file is written in one transaction."""
    outside = [code_id for code_id, use in report.pool.items() if use.what == "outside"]
    if outside:
        async with database.writing(by.reach) as session:
            locked = await limits.locked_offer(session, offer.id, by)
            for some in _some(outside):
                await pools.spend(session, locked, some)
    async with database.writing(by.reach) as session:
        await limits.locked_offer(session, offer.id, by)  # the same file may come twice at once
        if before := await _before(session, offer.id, mark):
            report.id, report.is_known = before, True
            return
        report.id = await _store(session, report, offer, mark, now=clock(), by=by)


async def _store(session: AsyncSession, report: Report, offer: Offer, mark: str, *, now: datetime, by: Actor) -> UUID:
    kept = Reconciliation(
        id=new_id(),
        partner_id=offer.partner_id,
        event_id=offer.event_id,
        offer_id=offer.id,
        shop=report.columns.shop,
        file_hash=mark,
        rows=report.rows,
        void=report.void,
        foreign_tickets=report.foreign,
        **{what: report.tickets(what) for what in ("used", "outside", "ended", "public")},
        by_reader=report.total("by_reader"),
        arrived=report.total("arrived"),
        unused=report.unused,
        created_by=by.id,
        created_at=now,
    )
    session.add(kept)
    await session.flush()
    shared = {"partner_id": offer.partner_id, "reconciliation_id": kept.id}
    found = [(use, {"pool_code_id": code_id, "code_id": None}) for code_id, use in report.pool.items()]
    found += [(use, {"pool_code_id": None, "code_id": code_id}) for code_id, use in report.words.items()]
    for some in _some(found):
        rows = [
            {**shared, **ids, "id": new_id(), "what": use.what, "tickets": use.tickets}
            | {"by_reader": use.by_reader, "arrived": use.arrived}
            for use, ids in some
        ]
        await session.execute(sa.insert(table(ReconciledCode)), rows)
    facts = {name: getattr(kept, name) for name in ("shop", "rows", "used", "outside", "unused")}
    await journal.record(
        session,
        "codes.reconciled",
        offer.id,
        at=now,
        by=by,
        partner=offer.partner_id,
        event=offer.event_id,
        facts=facts,
    )
    return kept.id


async def _arrivals(database: Database, clock: Clock, keys: Keys, report: Report, event: Event, by: Actor) -> int:
    """Note who came as the shop's scanner has it: once, and a pass that our own door let in is not counted again."""
    came = [
        Arrival(0, "", None, None, use.redemption_id, use.at or event.starts_at, None, {})
        for use in report.pool.values()
        if use.what == "used" and use.arrived
    ]
    new = 0
    for some in _some(came):
        async with database.writing(by.reach) as session:
            noted = await arrivals.bring(
                session, event, some, source=report.columns.shop, keys=keys, dry_run=False, now=clock(), by=by
            )
            new += noted.new
    return new


def _some(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[at : at + arrivals.CHUNK] for at in range(0, len(rows), arrivals.CHUNK))
