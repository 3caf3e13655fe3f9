"""The rows of a shop's export, each found among what an offer gave: by a code's mark, a word, a reader's key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions.pools import Scribe
from promos.database import Database
from promos.models import Offer, PoolCode, PromoCode, Redemption
from promos.parsing.shop_exports import Columns, Sale
from promos.rules import codes as code_rules
from promos.rules import readers, reconciliation, signing
from promos.rules.people import Actor
from promos.rules.refusals import AddressInvalid, CodeMalformed
from promos.settings import Keys

MOST_TOLD = 1000  # rows of which is told what they are; all are counted


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


async def count(
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


async def unused(session: AsyncSession, offer_id: UUID, pool: Mapping[UUID, Use]) -> int:
    given = sa.select(sa.func.count()).where(PoolCode.offer_id == offer_id, PoolCode.state == "given")
    return (await session.scalar(given) or 0) - sum(use.what == "used" for use in pool.values())
