"""Codes that a partner brings as a list: the good rows are taken in, the others reported.

A row whose code the offer has already is passed over, so the same list can be brought again after it was mended, or
after somebody was cut off half way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import batches, journal, limits
from promos.actions.batches import Word
from promos.database import among_all
from promos.models import CodeBatch, Offer, PromoCode, new_id, table
from promos.parsing.codes_csv import Row
from promos.rules import codes, texts
from promos.rules.people import Actor
from promos.rules.refusals import CodeMalformed, CodeTaken, InvalidRequest

CHUNK = 1000  # rows in one transaction
MOST_TOLD = 1000  # rows of which is told what is wrong; all are counted


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that is not taken in. `why` is a sentence of the product, as it stands in the catalogue."""

    line: int
    code: str
    slug: str
    why: str


@dataclass(slots=True)
class Report:
    """What came of a list. `known`: codes that this offer had already, or that stand in the list twice."""

    rows: int = 0
    taken: int = 0
    known: int = 0
    bad: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    batch_id: UUID | None = None  # of the secret ones among those taken

    def refuse(self, row: Row, slug: str, why: str) -> None:
        self.bad += 1
        self.wrong.append(Wrong(row.line, row.code[:60], slug, why))

    def add(self, more: "Report") -> None:
        for name in ("rows", "taken", "known", "bad"):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        told = sorted(more.wrong, key=lambda wrong: wrong.line)
        self.wrong += told[: MOST_TOLD - len(self.wrong)]
        self.batch_id = more.batch_id or self.batch_id


@dataclass(frozen=True, slots=True)
class _Good:
    row: Row
    normal: str
    text: str  # as it is compared
    spelled: str
    kind: str  # vanity | generated
    limit: int | None


async def try_some(session: AsyncSession, offer: Offer, rows: Sequence[Row], seen: set[int]) -> Report:
    """What would come of these rows; nothing is changed. `seen`: marks of the codes in the rows before."""
    report = Report()
    read = _good(rows, report)
    marks = [hash(good.text) for good in await _new(session, offer, read, report)]  # smaller than a million texts
    report.taken = len(set(marks) - seen)
    report.known += len(marks) - report.taken
    seen.update(marks)
    return report


async def take_some(
    session: AsyncSession, offer_id: UUID, rows: Sequence[Row], batch_id: UUID | None, *, now: datetime, by: Actor
) -> Report:
    """Take these rows in, under the locks of a code made by hand.

    Long codes are secret ones, in a batch of the list's own (`batch_id`, once there is one), and without a limit good
    for one pass; the others are public words. Raises `NotFound`, and `CodesRepeated` if somebody made one of them at
    this moment: then begin anew.
    """
    report = Report(batch_id=batch_id)
    if not (read := _good(rows, report)):  # nobody waits for what comes to nothing
        return report
    offer = await limits.locked_offer(session, offer_id, by)
    new = await _new(session, offer, read, report)
    if secret := sum(good.kind == "generated" for good in new):
        report.batch_id = await _counted(session, offer, batch_id, secret, now)
    for kind, limit in dict.fromkeys((good.kind, good.limit) for good in new):
        alike = [good for good in new if (good.kind, good.limit) == (kind, limit)]
        some = [
            Word(good.text, good.spelled, row_id)
            for good, row_id in zip(alike, batches.ids(len(alike), now), strict=True)
        ]
        its = report.batch_id if kind == "generated" else None
        await batches.store(session, some, batch_id=its, kind=kind, limit=limit, of=offer, now=now)
    report.taken = len(new)
    return report


async def finish(session: AsyncSession, offer: Offer, report: Report, *, now: datetime, by: Actor) -> None:
    """One entry for the whole list, if anything was taken in."""
    if report.taken:
        facts = {"taken": report.taken, "batch": str(report.batch_id) if report.batch_id else None}
        await journal.record(
            session,
            "codes.imported",
            offer.id,
            at=now,
            by=by,
            partner=offer.partner_id,
            event=offer.event_id,
            facts=facts,
        )


def _good(rows: Sequence[Row], report: Report) -> list[_Good]:
    report.rows = len(rows)
    return [each for row in rows if (each := _read(row, report))]


async def _new(session: AsyncSession, offer: Offer, read: Sequence[_Good], report: Report) -> list[_Good]:
    """Those whose codes are nowhere yet, in order of their texts; the others are counted in `report`."""
    good = {each.text: each for each in reversed(read)}
    forms = {each.normal: each for each in good.values()} | good
    is_own = (PromoCode.offer_id == offer.id).label("is_own")  # of somebody else's word, no more than that it is there
    async with among_all(session):
        rows = await session.execute(sa.select(PromoCode.text, is_own).where(PromoCode.text.in_(forms)))
    there = {forms[row.text].text: row.is_own for row in rows}
    for text, own in there.items():
        if not own:
            report.refuse(good[text].row, CodeTaken.slug, CodeTaken.title)
    report.known = len(read) - len(good) + sum(there.values())
    return sorted((each for each in good.values() if each.text not in there), key=lambda each: each.text)


def _read(row: Row, report: Report) -> _Good | None:
    try:
        spelled = codes.spelled(row.code)
    except CodeMalformed as refusal:
        report.refuse(row, refusal.slug, refusal.title)
        return None
    normal = codes.normal(spelled)
    kind = "generated" if codes.may_be_secret(normal) else "vanity"
    limit: int | None = 1 if kind == "generated" else None
    if typed := "".join(row.limit.split()):
        try:
            limit = texts.limit(int(typed) if typed.isascii() and typed.isdigit() else 0, "limit")
        except InvalidRequest as refusal:
            report.refuse(row, refusal.slug, refusal.errors[0]["message"])
            return None
    return _Good(row, normal, codes.mended(normal) if kind == "generated" else normal, spelled, kind, limit)


async def _counted(session: AsyncSession, offer: Offer, batch_id: UUID | None, more: int, now: datetime) -> UUID:
    """The batch of a list, with so many codes more; made with the first."""
    if batch_id is not None:
        values = {"wanted": CodeBatch.wanted + more, "made": CodeBatch.made + more}
        await session.execute(sa.update(table(CodeBatch)).where(CodeBatch.id == batch_id).values(values))
        return batch_id
    batch = CodeBatch(
        id=new_id(),
        partner_id=offer.partner_id,
        event_id=offer.event_id,
        offer_id=offer.id,
        pattern="",  # brought, not drawn
        limit=None,  # as each row says
        wanted=more,
        made=more,
        state="done",
        created_at=now,
        ended_at=now,
    )
    session.add(batch)
    await session.flush()
    return batch.id
