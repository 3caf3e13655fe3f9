"""Arrivals that another scanner noted, brought as a list."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import IO, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import arrivals
from promos.actions.arrivals import Report
from promos.models import Event
from promos.parsing import Unreadable
from promos.parsing import arrivals as parsing
from promos.parsing.arrivals import Arrival
from promos.rules.people import Actor, Scope
from promos.rules.refusals import InvalidRequest
from promos.settings import Keys
from promos.web.access import allows
from promos.web.api.batches import LIST, pieces, spooled
from promos.web.api.imports import RUN_BY, TABLES, Sent
from promos.web.given import Asked, Reads, Writes
from promos.web.problems import TAKES_LONG


class WrongArrival(msgspec.Struct):
    line: int
    shown: str  # the pass as the row names it
    field: str
    message: str


class ArrivalsBrought(msgspec.Struct):
    """`new`: check-ins that are stored (or would be), `again` of them of passes that were in already. `same`: those
    that were brought before. `wrong`: the first 1000 of the `refused` rows."""

    dry_run: bool
    rows: int
    new: int
    again: int
    same: int
    refused: int
    wrong: list[WrongArrival]


@post(
    "/events/{id:uuid}/check-ins/import",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE) | TAKES_LONG,
    operation_id="importCheckIns",
    operation_class=Sent,
    request_max_body_size=LIST,
)
async def import_arrivals(
    request: Asked,
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    now: NamedDependency[datetime],
    source: FromQuery[str],
    dry_run: FromQuery[bool] = False,
) -> ArrivalsBrought:
    """Take in what another scanner noted (CSV or XLSX, up to 64 MB): a pass number, QR token or redemption id, a time,
    and perhaps a gate. They are check-ins of that `source`; the same pass at the same time is never stored twice.
    Times without a zone are on the event's clocks. With `dry_run`, nothing is changed."""
    if request.content_type[0] not in TABLES:
        raise HTTPException(status_code=415)
    async with spooled(request.stream(), writes.mark()) as file:
        report = await taken(file, id, source, reads, writes, actor, keys, now, dry_run=dry_run)
    wrong = [msgspec.convert(each, WrongArrival, from_attributes=True) for each in report.wrong]
    return ArrivalsBrought(dry_run, report.rows, report.new, report.again, report.same, report.refused, wrong)


async def taken(
    file: IO[bytes],
    event_id: UUID,
    source: str,
    reads: Reads,
    writes: Writes,
    by: Actor,
    keys: Keys,
    now: datetime,
    *,
    dry_run: bool,
) -> Report:
    """Some rows in one transaction; who is cut off half way brings the list again.

    Raises `NotFound`, `InvalidRequest` and `ListTooLong`.
    """
    name = arrivals.source(source)
    async with reads() as session:
        event = await arrivals.event_of(session, event_id, by)
    await asyncio.to_thread(pieces, file)  # which counts the lines
    file.seek(0)
    rows, report = parsing.rows(file, ZoneInfo(event.timezone)), Report()
    while some := await asyncio.to_thread(_next, rows):
        effect = partial(_effect, event, some, source=name, keys=keys, dry_run=dry_run, by=by)
        if dry_run:
            async with reads() as session:
                report.add(await effect(session, now))
        else:
            report.add(await writes.run(effect))
    if not dry_run:
        await writes.run(lambda session, now: arrivals.finish(session, event, report, name, now=now, by=by))
    return report


async def _effect(event: Event, some: Sequence[Arrival], session: AsyncSession, now: datetime, **how: Any) -> Report:
    return await arrivals.bring(session, event, some, now=now, **how)


def _next(rows: Iterator[Arrival]) -> list[Arrival]:
    try:
        return list(islice(rows, arrivals.CHUNK))
    except Unreadable as why:
        raise InvalidRequest({"file": str(why)}) from None


HANDLERS: list[Any] = [import_arrivals]
