"""Lists that leave the house, a piece at a time: none is ever in memory whole."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import CodeBatch, Partner, PromoCode
from promos.queries.lists import LISTS, List, Wish
from promos.queries.lists.words import WORDS
from promos.rendering import language as languages
from promos.rendering.language import Language
from promos.rendering.sheets import Cell, Line, Sheet
from promos.rules.finding import Asked
from promos.rules.people import Actor
from promos.rules.refusals import NotFound

PIECE = 2000  # rows
AT_ONCE = 20_000  # ids
CLOCKS = timedelta(days=1)  # by which they may differ
COLUMNS = ("code", "limit", "used", "status")

Reading = Callable[[], AbstractAsyncContextManager[AsyncSession]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a list held when it was asked for: 16 bytes a row, whatever stands in it."""

    name: str
    of: List
    wish: Wish
    partner: Partner
    ids: bytearray

    @property
    def number(self) -> int:
        return len(self.ids) // 16


async def chosen(session: AsyncSession, name: str, wish: Wish, by: Actor) -> Chosen:
    """The rows of a partner's list that `by` may take away; raises `NotFound` for a list or partner of nobody's."""
    partner = await session.get(Partner, wish.partner_id) if by.runs(wish.partner_id) else None
    if partner is None:
        raise NotFound("partner")
    if name not in LISTS:
        raise NotFound("list")
    of = LISTS[name]
    found = of.rows.with_only_columns(of.id, maintain_column_froms=True).where(*of.whose(wish, by)).order_by(of.id)
    if of.searched and wish.q:
        found = found.where(of.searched.found(Asked(wish.q).words))
    return Chosen(name, of, wish, partner, await ids_of(session, found))


async def ids_of(session: AsyncSession, found: sa.Select[*tuple[Any, ...]]) -> bytearray:
    """The ids that a statement selects, however many, in 16 bytes each."""
    ids = bytearray()
    rows = await session.stream_scalars(found.execution_options(yield_per=AT_ONCE))
    async for some in rows.partitions():
        ids += b"".join(each.bytes for each in some)
    return ids


def portions(ids: bytearray) -> Iterator[list[UUID]]:
    """The same, as many as one piece has rows."""
    for begin in range(0, len(ids), 16 * PIECE):
        some = bytes(ids[begin : begin + 16 * PIECE])
        yield [UUID(bytes=some[at : at + 16]) for at in range(0, len(some), 16)]


def sheet(reading: Reading, what: Chosen, language: Language | None) -> Sheet:
    """The list as a file: what stands in a row is read as it leaves, so what a reader took back is not in it.

    In a language it is for people, with words for what is stored; else its heads are English.
    """
    said = (language or languages.language("en")).gettext
    heads = [said(head) for head in what.of.columns]
    return Sheet(f"promos-{what.name}", said(what.of.title), heads, pieces(reading, what, language))


async def pieces(reading: Reading, what: Chosen, language: Language | None = None) -> AsyncIterator[list[Line]]:
    """Each piece is read by itself, so no transaction waits for who downloads."""
    of = what.of
    cells = [_worded(head, cell, language) for head, cell in of.columns.items()]
    for ids in portions(what.ids):
        async with reading() as session:
            rows = (await session.execute(of.rows.where(of.id.in_(ids)).order_by(of.id))).all()
            whole = await of.completed(session, rows)
        yield [[cell(row) for cell in cells] for row in whole]


def _worded(head: str, cell: Callable[[Any], Cell], language: Language | None) -> Callable[[Any], Cell]:
    if language is None or head not in WORDS:
        return cell
    words = {stored: language.gettext(word) for stored, word in WORDS[head].items()}

    def told(row: Any) -> Cell:
        stored = cell(row)
        return words.get(stored, stored) if isinstance(stored, str) else stored

    return told


def codes_of(reading: Reading, batch: CodeBatch) -> Sheet:
    """The codes that a batch has made."""
    return Sheet(f"codes-{batch.created_at:%Y-%m-%d}-{batch.made}", "codes", COLUMNS, _codes(reading, batch))


async def _codes(reading: Reading, batch: CodeBatch) -> AsyncIterator[list[Line]]:
    """Each piece is read by itself, so no transaction waits for who downloads.

    The walk goes along the ids, which sort by time: it begins a day before the batch does, as clocks differ, and ends
    with its last code.
    """
    begin = batch.created_at.astimezone(UTC) - CLOCKS
    last, left = UUID(int=int(begin.timestamp() * 1000) << 80), batch.made
    its_own = sa.func.coalesce(PromoCode.batch_id, PromoCode.id) == batch.id  # not by the index of batches: by the ids
    found = sa.select(PromoCode.id, PromoCode.spelled, PromoCode.limit, PromoCode.used, PromoCode.status)
    found = found.where(its_own, PromoCode.offer_id == batch.offer_id).order_by(PromoCode.id)
    while left > 0:
        async with reading() as session:
            rows = (await session.execute(found.where(PromoCode.id > last).limit(min(PIECE, left)))).all()
        if not rows:
            return
        last, left = rows[-1].id, left - len(rows)
        yield [(row.spelled, row.limit, row.used, row.status) for row in rows]
