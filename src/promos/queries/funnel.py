"""From the link to the door: visits, claims, passes and arrivals of an event, counted from the ledger itself."""

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import (
    CheckIn,
    Claim,
    CodeBatch,
    Event,
    Issue,
    Offer,
    Pass,
    PromoBlock,
    PromoCode,
    Publication,
    Redemption,
    Visit,
)
from promos.queries import codes
from promos.rules.people import Actor
from promos.rules.refusals import NotFound

MOST_UNUSED = 50  # of an offer: codes that nobody used yet


class Split(StrEnum):
    CODE = "code"
    ISSUE = "issue"
    DAY = "day"  # UTC


@dataclass(slots=True)
class Counts:
    visits: int = 0  # people
    machines: int = 0  # prefetches and link scanners, apart
    unserved: int = 0  # who asked when nothing was left, each time they did
    claims: int = 0  # all who asked by mail, whatever came of it
    passes: int = 0  # confirmed now
    given_back: int = 0  # cancelled or given back, by whomever
    arrivals: int = 0  # inside, or were

    def add(self, more: "Counts") -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(more, field.name))


@dataclass(frozen=True, slots=True)
class Line:
    """One code, issue or day. `key` is `None` for whoever came without a promo block."""

    key: str | None  # the code as shown, the batch's or issue's id, or the day
    name: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Funnel:
    event: Event
    total: Counts
    lines: list[Line]


async def of_event(session: AsyncSession, event_id: UUID, split: Split, *, by: Actor) -> Funnel:
    """The funnel of an event; raises `NotFound`.

    Admins and the partner's people see all of it, editors what came of their own issues.
    """
    event = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.visible_to(by)))
    runs = event is not None and by.runs(event.partner_id)
    if event is None or not (runs or by.publications):
        raise NotFound("event")
    own = None if runs else sa.select(PromoBlock.id).where(PromoBlock.publication_id.in_(by.publications))
    found = await _counts(session, event.id, split, own)
    if runs and split is Split.CODE:
        for code_id in await codes.public_ids(session, await _offers(session, event.id), most=MOST_UNUSED):
            found.setdefault(code_id, Counts())  # a code that nobody used yet stands there too
    lines = await _LINES[split](session, found)
    total = Counts()
    for line in lines:
        total.add(line.counts)
    return Funnel(event, total, lines)


async def _offers(session: AsyncSession, event_id: UUID) -> list[UUID]:
    return list(await session.scalars(sa.select(Offer.id).where(Offer.event_id == event_id)))


async def _counts(
    session: AsyncSession, event_id: UUID, split: Split, own: sa.Select[UUID] | None
) -> dict[Any, Counts]:
    """Counts by code id (of secret codes, the id of their batch), block id or day."""
    sources: list[tuple[Any, Any, tuple[str, ...], sa.Select[*tuple[Any, ...]]]] = [
        (
            Visit,
            Visit.day,
            ("visits", "machines", "unserved"),
            sa.select(sa.func.sum(Visit.human), sa.func.sum(Visit.machine), sa.func.sum(Visit.refused)),
        ),
        (Claim, _day(session, Claim.created_at), ("claims",), sa.select(sa.func.count(Claim.id))),
        (
            Redemption,
            _day(session, Redemption.created_at),
            ("passes", "given_back"),
            sa.select(
                sa.func.count(Redemption.id).filter(Redemption.state == "confirmed"),
                sa.func.count(Redemption.id).filter(Redemption.state == "cancelled"),
            ),
        ),
        (
            Redemption,
            _day(session, CheckIn.at),
            ("arrivals",),
            sa.select(sa.func.count(CheckIn.id))
            .join(Pass, CheckIn.pass_id == Pass.id)
            .join(Redemption, Pass.redemption_id == Redemption.id)
            .where(CheckIn.result == "admitted", CheckIn.undone_at.is_(None)),
        ),
    ]
    found: dict[Any, Counts] = {}
    for ledger, day, names, statement in sources:
        by_code = sa.func.coalesce(PromoCode.batch_id, PromoCode.id)
        key = {Split.CODE: by_code, Split.ISSUE: ledger.block_id, Split.DAY: day}[split]
        mine = statement.where(ledger.event_id == event_id)
        if split is Split.CODE:
            mine = mine.join(PromoCode, ledger.code_id == PromoCode.id)
        if own is not None:
            mine = mine.where(ledger.block_id.in_(own))
        for *numbers, of in await session.execute(mine.add_columns(key).group_by(key)):
            found.setdefault(_plain(of), Counts()).add(Counts(**dict(zip(names, map(int, numbers), strict=True))))
    return found


async def _by_code(session: AsyncSession, found: dict[Any, Counts]) -> list[Line]:
    rows = await session.execute(
        sa.select(PromoCode.id, PromoCode.spelled).where(PromoCode.id.in_(found)).order_by(PromoCode.text)
    )
    ordered = sa.select(CodeBatch).where(CodeBatch.id.in_(found)).order_by(CodeBatch.id)
    batches = [
        Line(str(batch.id), batch.pattern or f"{batch.created_at:%Y-%m-%d}", found[batch.id])
        for batch in await session.scalars(ordered)
    ]
    return [*(Line(spelled, spelled, found[code_id]) for code_id, spelled in rows), *batches]


async def _by_issue(session: AsyncSession, found: dict[Any, Counts]) -> list[Line]:
    """An issue may hold several blocks of one event; what came without a block stands last."""
    rows = await session.execute(
        sa.select(PromoBlock.id, Issue.id, Publication.name, Issue.number)
        .join(Issue, PromoBlock.issue_id == Issue.id)
        .join(Publication, Issue.publication_id == Publication.id)
        .where(PromoBlock.id.in_([block for block in found if block is not None]))
        .order_by(Issue.planned_at, Issue.id)
    )
    lines: dict[UUID, Line] = {}
    for block_id, issue_id, publication, number in rows:
        line = lines.setdefault(issue_id, Line(str(issue_id), f"{publication} {number}", Counts()))
        line.counts.add(found[block_id])
    direct = [Line(None, "", found[None])] if None in found else []
    return [*lines.values(), *direct]


async def _by_day(_session: AsyncSession, found: dict[Any, Counts]) -> list[Line]:
    return [Line(day, day, found[day]) for day in sorted(found)]


_LINES = {Split.CODE: _by_code, Split.ISSUE: _by_issue, Split.DAY: _by_day}


def _day(session: AsyncSession, instant: Any) -> sa.ColumnElement[Any]:
    """The day of an instant in UTC, which is how SQLite stores it."""
    if session.get_bind().dialect.name == "sqlite":
        return sa.func.date(instant)
    return sa.cast(sa.func.timezone("UTC", instant), sa.Date)


def _plain(key: Any) -> Any:
    return key.isoformat() if isinstance(key, date) else key
