"""An export of a partner's ticket shop, held against the codes that we handed out: both ways, and once a file.

Codes are looked up by their marks, addresses by their reader keys; neither is kept. A code of the pool that somebody
used whom we never gave it leaves the pool, so that no reader gets one that is gone.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import IO, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import arrivals, journal, limits, pools
from promos.actions.pools import Scribe
from promos.actions.stocking import Clock
from promos.database import Database
from promos.models import Event, Offer, PoolCode, PromoCode, ReconciledCode, Reconciliation, Redemption, new_id, table
from promos.parsing import Unreadable, shop_exports
from promos.parsing.arrivals import Arrival
from promos.parsing.shop_exports import Columns, ColumnWrong, Sale
from promos.queries import codes
from promos.rules import codes as code_rules
from promos.rules import readers, reconciliation, signing
from promos.rules.people import Actor
from promos.rules.refusals import AddressInvalid, CodeMalformed, InvalidRequest
from promos.settings import Keys

CHUNK = 1000  # rows looked up, and stored, at once
MOST_TOLD = 1000  # rows of which is told what they are; all are counted
_PIECE = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Line:
    """A row, and what it is: used, outside, ended, public, foreign or void."""

    line: int
    what: str
    tickets: int


@dataclass(slots=True)
class Use:
    """What the file says of one code."""

    what: str
    redemption_id: UUID | None = None
    tickets: int = 0
    by_reader: int = 0
    arrived: int = 0
    at: datetime | None = None  # the first arrival, where the file says when


@dataclass(slots=True)
class Report:
    """What came of a file, or would. `is_known`: it was brought before, and nothing has changed."""

    columns: Columns
    rows: int = 0
    void: int = 0
    foreign: int = 0  # tickets by other codes of the shop, or none
    lines: list[Line] = field(default_factory=list)
    pool: dict[UUID, Use] = field(default_factory=dict)  # by the pool code's id
    words: dict[UUID, Use] = field(default_factory=dict)  # by the promo code's id
    seen: set[int] = field(default_factory=set)  # tickets that were counted: a row that stands twice is one
    unused: int = 0
    arrivals: int = 0  # that were noted as check-ins
    id: UUID | None = None
    is_known: bool = False

    @property
    def uses(self) -> list[Use]:
        return [*self.pool.values(), *self.words.values()]

    def tickets(self, what: str) -> int:
        return sum(use.tickets for use in self.uses if use.what == what)

    def total(self, name: str) -> int:
        return sum(getattr(use, name) for use in self.uses)


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
            await _count(database, report, offer, some, scribe, keys, by)
    except ColumnWrong as wrong:
        raise InvalidRequest({wrong.field: str(wrong)}) from None
    except Unreadable as why:
        raise InvalidRequest({"file": str(why)}) from None
    async with database.reading(by.reach) as session:
        report.unused = await _unused(session, offer_id, report.pool)
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


async def _count(
    database: Database, report: Report, offer: Offer, some: Sequence[Sale], scribe: Scribe, keys: Keys, by: Actor
) -> None:
    """Add these rows to the report."""
    marks = {sale.line: scribe.mark(sale.code) for sale in some if sale.code}
    words = {sale.line: word for sale in some if sale.code and (word := _word(sale.code))}
    mails = {sale.line: key for sale in some if sale.email and (key := _reader(sale.email, keys))}
    async with database.reading(by.reach) as session:
        ours = await _pool(session, offer.id, set(marks.values()))
        public = await _words(session, offer.id, set(words.values()))
        held = await _holders(session, offer.id, set(mails.values())) if public else set()
    for sale in some:
        report.rows += 1
        row, word_id = ours.get(marks.get(sale.line, "")), public.get(words.get(sale.line, ""))
        mine = mails.get(sale.line)
        use = None
        if row is not None:
            use = report.pool.get(row.id) or Use(reconciliation.what(row.state), row.redemption_id)
        elif word_id is not None:
            use = report.words.get(word_id) or Use("public")
        what = "void" if sale.is_void else use.what if use else "foreign"
        if len(report.lines) < MOST_TOLD:
            report.lines.append(Line(sale.line, what, sale.tickets))
        if sale.is_void:
            report.void += 1
        elif use is None:
            report.foreign += sale.tickets
        elif _is_new(report, sale):
            if row is not None:
                report.pool[row.id] = use
            elif word_id is not None:
                report.words[word_id] = use
            is_theirs = mine is not None and (mine == row.reader_key if row is not None else mine in held)
            use.tickets += sale.tickets
            use.by_reader += sale.tickets if is_theirs else 0
            use.arrived += sale.tickets if sale.is_in else 0
            if sale.at and (use.at is None or sale.at < use.at):
                use.at = sale.at


def _is_new(report: Report, sale: Sale) -> bool:
    """Whether this ticket was not counted yet; one without a number of its own always is new."""
    if not sale.ticket:
        return True
    mark = hash((sale.ticket, sale.code.casefold()))
    is_new = mark not in report.seen
    report.seen.add(mark)
    return is_new


def _word(typed: str) -> str | None:
    try:
        return code_rules.normal(code_rules.spelled(typed))
    except CodeMalformed:
        return None


def _reader(typed: str, keys: Keys) -> str | None:
    try:
        return signing.reader_key(keys.reader, readers.canonical(readers.address(typed)))
    except AddressInvalid:
        return None


async def _pool(session: AsyncSession, offer_id: UUID, marks: Iterable[str]) -> dict[str, Any]:
    found = (
        sa.select(PoolCode.mark, PoolCode.id, PoolCode.state, PoolCode.redemption_id, Redemption.reader_key)
        .outerjoin(Redemption, PoolCode.redemption_id == Redemption.id)
        .where(PoolCode.offer_id == offer_id, PoolCode.mark.in_(marks))
    )
    return {row.mark: row for row in await session.execute(found)}


async def _words(session: AsyncSession, offer_id: UUID, texts: Iterable[str]) -> dict[str, UUID]:
    found = sa.select(PromoCode.text, PromoCode.id).where(PromoCode.offer_id == offer_id, PromoCode.text.in_(texts))
    return {row.text: row.id for row in await session.execute(found)}


async def _holders(session: AsyncSession, offer_id: UUID, keys: Iterable[str]) -> set[str]:
    found = sa.select(Redemption.reader_key).where(Redemption.offer_id == offer_id, Redemption.reader_key.in_(keys))
    return set(await session.scalars(found.where(Redemption.state == "confirmed")))


async def _unused(session: AsyncSession, offer_id: UUID, pool: Mapping[UUID, Use]) -> int:
    given = sa.select(sa.func.count()).where(PoolCode.offer_id == offer_id, PoolCode.state == "given")
    return (await session.scalar(given) or 0) - sum(use.what == "used" for use in pool.values())


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
