"""Scans at the door. The same scan id repeats its first answer; of twenty scans of one pass, one is admitted."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.actions.readers import insert_into
from promos.models import CheckIn, Event, Pass, new_id, table
from promos.rules import signing
from promos.rules.language import N_
from promos.rules.people import Actor, Role
from promos.rules.refusals import CheckInUndone, InvalidRequest, NotFound, NothingToUndo, ScanIdReused
from promos.settings import Keys

DOOR = (Role.OWNER, Role.MEMBER, Role.DOOR)
_LATEST_OFFLINE = 7 * 24 * 3600  # seconds: a scan made without a network may arrive this late


async def scan(
    session: AsyncSession,
    event_id: UUID,
    token: str,
    *,
    scan_id: str,
    gate: str | None,
    at: datetime | None,
    keys: Keys,
    now: datetime,
    by: Actor,
) -> CheckIn:
    """The answer of this event's door to a scanned `token`; it is stored whatever it is.

    `at` is the scanner's own time, for a scan that it made while it had no network. Raises `NotFound` for an event
    whose door is not `by`'s.
    """
    if not (1 <= len(scan_id) <= 100 and scan_id.isprintable()) or (
        gate and not (len(gate) <= 60 and gate.isprintable())
    ):
        raise InvalidRequest({"scan_id": "1 to 100 letters; a gate has at most 60"})
    if at and at.tzinfo is None:
        raise InvalidRequest({"at": N_("Say the time zone, such as 2026-12-03T09:00:00Z.")})
    if at and not -_LATEST_OFFLINE <= (at - now).total_seconds() <= 300:
        raise InvalidRequest({"at": "not in the future, and not older than a week"})
    event = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.run_by(by, *DOOR)))
    if event is None:
        raise NotFound("event")
    mark = signing.fingerprint(token.strip().upper()[:500])
    if before := await _before(session, event_id, scan_id):
        return _repeat(before, mark)
    read = signing.qr_read(keys.signing, token)
    held = None
    if read:
        held = await session.scalar(sa.select(Pass).where(Pass.id == read[0]).with_for_update(key_share=True))
    reason = _reason(held, read, event_id)
    row = {
        "id": new_id(),
        "partner_id": event.partner_id,
        "event_id": event_id,
        "pass_id": held.id if held and reason != "other-event" else None,
        "scan_id": scan_id,
        "token_hash": mark,
        "gate": gate,
        "result": "refused" if reason else "admitted",
        "reason": reason,
        "first_at": None,
        "first_gate": None,
        "at": at or now,
        "by": by.id,
        "undone_at": None,
        "undone_by": None,
    }
    insert = insert_into(session, table(CheckIn)).on_conflict_do_nothing().returning(CheckIn.id)
    stored = await session.scalar(insert.values(row))
    if stored is None and (before := await _before(session, event_id, scan_id)):
        return _repeat(before, mark)
    if stored is None and held:
        first = await _inside(session, held.id)
        row |= {"result": "already", "first_at": first.at, "first_gate": first.gate}
        stored = await session.scalar(insert.values(row))
    if stored is None:
        return _repeat(await _the(session, event_id, scan_id), mark)
    verb = {"admitted": "pass.checked_in", "already": "pass.scanned_again", "refused": "pass.refused"}[
        str(row["result"])
    ]
    facts = {"gate": gate, "reason": reason, "scan_id": scan_id}
    if row["pass_id"]:
        facts["pass"] = str(row["pass_id"])
    await journal.record(session, verb, stored, at=now, by=by, partner=event.partner_id, event=event_id, facts=facts)
    return await _the(session, event_id, scan_id)


async def undo(session: AsyncSession, check_in_id: UUID, *, now: datetime, by: Actor) -> CheckIn:
    """Take an admission back; the row stays, with who undid it. Raises `NothingToUndo`, `CheckInUndone`."""
    mine = sa.select(CheckIn).where(CheckIn.id == check_in_id, CheckIn.visible_to(by))
    found = await session.scalar(mine)
    if found is None:
        raise NotFound("check-in")
    await session.execute(sa.select(Pass.id).where(Pass.id == found.pass_id).with_for_update(key_share=True))
    await session.refresh(found)  # a scan of the pass waits for us, or we for it
    if found.result != "admitted":
        raise NothingToUndo
    if found.undone_at:
        raise CheckInUndone
    found.undone_at, found.undone_by = now, by.id
    await session.flush()
    partner, event = found.partner_id, found.event_id
    await journal.record(session, "pass.check_in_undone", found.id, at=now, by=by, partner=partner, event=event)
    return found


def _reason(held: Pass | None, read: tuple[UUID, int] | None, event_id: UUID) -> str | None:
    """Why the door stays shut; `None` if it opens."""
    if held is None or read is None:
        return "unknown"
    if held.event_id != event_id:
        return "other-event"
    if held.state != "live":
        return held.state.replace("_", "-")
    return "replaced" if held.drawn != read[1] else None


def _repeat(before: CheckIn, mark: str) -> CheckIn:
    if before.token_hash != mark:
        raise ScanIdReused
    return before


async def _before(session: AsyncSession, event_id: UUID, scan_id: str) -> CheckIn | None:
    return await session.scalar(sa.select(CheckIn).where(CheckIn.event_id == event_id, CheckIn.scan_id == scan_id))


async def _the(session: AsyncSession, event_id: UUID, scan_id: str) -> CheckIn:
    return (
        await session.scalars(sa.select(CheckIn).where(CheckIn.event_id == event_id, CheckIn.scan_id == scan_id))
    ).one()


async def _inside(session: AsyncSession, pass_id: UUID) -> CheckIn:
    inside = sa.and_(CheckIn.pass_id == pass_id, CheckIn.result == "admitted", CheckIn.undone_at.is_(None))
    return (await session.scalars(sa.select(CheckIn).where(inside))).one()
