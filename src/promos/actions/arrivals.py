"""Arrivals that another scanner noted: check-ins of that source, each once, however often its list is brought."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.actions.readers import insert_into
from promos.models import CheckIn, Event, Pass, new_id, table
from promos.parsing.arrivals import Arrival
from promos.rules import pseudonyms, signing
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, NotFound
from promos.settings import Keys

CHUNK = 500  # rows in one transaction
MOST_TOLD = 1000  # rows of which is told what is wrong; all are counted
_LATE = timedelta(minutes=5)  # by which clocks may differ

UNKNOWN = N_("No pass of this event is meant by that.")
NOT_LIVE = N_("This pass was given back, handed on or revoked.")
AMBIGUOUS = N_("Several passes have this number. Name the redemption instead.")
AHEAD = N_("This is in the future.")
NO_SOURCE = N_("Write a short name for the scanner, on one line.")


@dataclass(frozen=True, slots=True)
class Wrong:
    line: int
    shown: str
    field: str
    message: str


@dataclass(slots=True)
class Report:
    """`new`: check-ins that are stored, of which `again` are of passes that were in already. `same`: known before."""

    rows: int = 0
    new: int = 0
    again: int = 0
    same: int = 0
    refused: int = 0
    wrong: list[Wrong] = field(default_factory=list)

    def refuse(self, row: Arrival, name: str, message: str) -> None:
        self.refused += 1
        if len(self.wrong) < MOST_TOLD:
            self.wrong.append(Wrong(row.line, row.shown, name, message))

    def add(self, more: "Report") -> None:
        for name in ("rows", "new", "again", "same", "refused"):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        self.wrong += more.wrong[: MOST_TOLD - len(self.wrong)]


def source(typed: str) -> str:
    """The scanner's name as check-ins have it; raises `InvalidRequest`."""
    name = " ".join(typed.split())
    if not name or len(name) > 30 or not name.isprintable():
        raise InvalidRequest({"source": NO_SOURCE})
    return name


async def bring(
    session: AsyncSession,
    event: Event,
    some: Sequence[Arrival],
    *,
    source: str,
    keys: Keys,
    dry_run: bool,
    now: datetime,
    by: Actor,
) -> Report:
    """Note these arrivals, or only say what would come of them."""
    report = Report(rows=len(some))
    found = await _passes(session, event.id, some, keys)
    scans: dict[str, tuple[Arrival, Pass]] = {}
    for row in sorted(some, key=lambda row: (row.at or now, row.line)):
        held = _pass(found, row, keys)
        if row.wrong:
            report.refuse(row, *next(iter(row.wrong.items())))
        elif row.at is None or row.at > now + _LATE:
            report.refuse(row, "at", AHEAD)
        elif isinstance(held, str):
            report.refuse(row, "number", held)
        elif held.state != "live":
            report.refuse(row, "number", NOT_LIVE)
        elif (scan := _scan_id(source, held, row.at)) in scans:
            report.same += 1
        else:
            scans[scan] = row, held
    there = sa.select(CheckIn.scan_id).where(CheckIn.event_id == event.id, CheckIn.scan_id.in_(scans))
    for scan in await session.scalars(there):
        del scans[scan]
        report.same += 1
    report.new = len(scans)
    inside = await _inside(session, {held.id for _, held in scans.values()})
    if dry_run:
        report.again = len(scans) - len({held.id for _, held in scans.values()} - inside.keys())
    elif scans:
        report.again = await _store(session, event, scans, now=now, by=by)
    return report


async def finish(session: AsyncSession, event: Event, report: Report, source: str, *, now: datetime, by: Actor) -> None:
    """One entry for the whole list, if anything of it was new."""
    if report.new:
        facts = {"source": source, "rows": report.rows, "new": report.new}
        await journal.record(
            session, "arrivals.imported", event.id, at=now, by=by, partner=event.partner_id, event=event.id, facts=facts
        )


async def event_of(session: AsyncSession, event_id: UUID, by: Actor) -> Event:
    """An event that `by` runs; raises `NotFound`."""
    event = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.run_by(by)))
    if event is None:
        raise NotFound("event")
    return event


async def _store(
    session: AsyncSession, event: Event, scans: dict[str, tuple[Arrival, Pass]], *, now: datetime, by: Actor
) -> int:
    """How many of these were in already. Scans of the same passes wait for us, or we for them."""
    ids = sorted({held.id for _, held in scans.values()})
    await session.execute(sa.select(Pass.id).where(Pass.id.in_(ids)).order_by(Pass.id).with_for_update(key_share=True))
    inside = await _inside(session, ids)
    rows = []
    for scan, (row, held) in scans.items():
        first = inside.get(held.id)
        at: Any = row.at
        rows.append(
            {
                "id": new_id(),
                "partner_id": event.partner_id,
                "event_id": event.id,
                "pass_id": held.id,
                "scan_id": scan,
                "token_hash": signing.fingerprint(scan),
                "gate": row.gate,
                "result": "already" if first else "admitted",
                "reason": None,
                "first_at": first[0] if first else None,
                "first_gate": first[1] if first else None,
                "at": at,
                "by": by.id,
                "undone_at": None,
                "undone_by": None,
            }
        )
        inside.setdefault(held.id, (at, row.gate))
    insert = insert_into(session, table(CheckIn)).on_conflict_do_nothing().returning(CheckIn.scan_id)
    stored = set(await session.scalars(insert, rows))
    entries = [_entry(row, event, now, by) for row in rows if row["scan_id"] in stored]
    if entries:
        await journal.store(session, entries)
    return sum(row["result"] == "already" for row in rows)


def _entry(row: dict[str, Any], event: Event, now: datetime, by: Actor) -> dict[str, Any]:
    return {
        "id": new_id(),
        "at": now,
        "verb": "pass.checked_in" if row["result"] == "admitted" else "pass.scanned_again",
        "subject_id": row["id"],
        "actor_kind": by.kind,
        "actor_id": by.id,
        "partner_id": event.partner_id,
        "publication_id": None,
        "event_id": event.id,
        "code_id": None,
        "version": None,
        "facts": {"gate": row["gate"], "reason": None, "scan_id": row["scan_id"], "pass": str(row["pass_id"])},
    }


Found = dict[str | UUID, Pass | str]  # by number, redemption or pass; a sentence where several are meant


async def _passes(session: AsyncSession, event_id: UUID, some: Sequence[Arrival], keys: Keys) -> Found:
    written = sa.func.lower(sa.cast(Pass.id, sa.String))
    number = sa.func.substr(written, sa.func.length(written) - 7)
    tokens = {read[0] for row in some if row.token and (read := signing.qr_read(keys.signing, row.token))}
    meant = sa.or_(
        number.in_({row.number for row in some if row.number}),
        Pass.redemption_id.in_({row.redemption for row in some if row.redemption}),
        Pass.id.in_(tokens),
    )
    found: Found = {}
    for held in await session.scalars(sa.select(Pass).where(Pass.event_id == event_id, meant).order_by(Pass.id)):
        short = pseudonyms.pass_number(held.id).replace("-", "").lower()
        before = found.get(short)
        found[short] = held if before is None else AMBIGUOUS
        found[held.redemption_id] = found[held.id] = held  # of a redemption, the newest
    return found


def _pass(found: Found, row: Arrival, keys: Keys) -> Pass | str:
    read = signing.qr_read(keys.signing, row.token) if row.token else None
    marks: Iterable[Any] = (read[0] if read else None, row.redemption, row.number)
    return next((found[mark] for mark in marks if mark is not None and mark in found), UNKNOWN)


def _scan_id(source: str, held: Pass, at: datetime) -> str:
    return f"{source} {pseudonyms.pass_number(held.id)} {at:%Y-%m-%dT%H:%M:%SZ}"


async def _inside(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, tuple[datetime, str | None]]:
    """When and where the passes went in that are in."""
    is_in = sa.and_(CheckIn.pass_id.in_(list(ids)), CheckIn.result == "admitted", CheckIn.undone_at.is_(None))
    rows = await session.execute(sa.select(CheckIn.pass_id, CheckIn.at, CheckIn.gate).where(is_in))
    return {row.pass_id: (row.at, row.gate) for row in rows}
