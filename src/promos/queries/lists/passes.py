"""What came of it: who took a pass, and who came."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import CheckIn, Event, Pass, PromoCode, Redemption
from promos.queries import results
from promos.queries.lists.base import Columns, Conditions, List, Rows, Wish, in_state, local, part
from promos.rules import pseudonyms
from promos.rules.language import N_
from promos.rules.people import Actor


@dataclass(frozen=True, slots=True)
class _Given:
    """A redemption as its partner may see it, and its event."""

    line: results.Line
    event: str
    timezone: str


def _whose_redemptions(wish: Wish, by: Actor) -> Conditions:
    chosen = results.chosen(event_id=wish.event_id, offer_id=wish.offer_id, code=wish.code, state=wish.state)
    return [Redemption.partner_id == wish.partner_id, Redemption.visible_to(by), *chosen]


async def _given(session: AsyncSession, rows: Sequence[Any]) -> Sequence[_Given]:
    events = await _events(session, {row.event_id for row in rows})
    return [_Given(line, *events[line.event_id]) for line in await results.lines(session, rows)]


def _whose_readers(wish: Wish, by: Actor) -> Conditions:
    return [results.AGREED, *_whose_redemptions(wish, by)]


_REDEMPTION: Columns = {
    N_("Id"): lambda row: str(row.line.id),
    N_("Event"): lambda row: row.event,
    N_("Code"): lambda row: row.line.code,
    N_("Reader"): lambda row: row.line.reader,
    N_("E-mail"): lambda row: row.line.email,
    N_("Name"): lambda row: row.line.name,
    N_("Company"): lambda row: row.line.company,
    N_("State"): lambda row: row.line.state,
    N_("Held for"): lambda row: row.line.held_for,
    N_("Given"): lambda row: local(row.line.created_at, row.timezone),
    N_("Ended"): lambda row: local(row.line.ended_at, row.timezone),
    N_("Pass number"): lambda row: row.line.pass_number,
    N_("Pass"): lambda row: row.line.pass_state,
    N_("Arrived"): lambda row: local(row.line.arrived_at, row.timezone),
    N_("Time zone"): lambda row: row.timezone,
}
_READER: Columns = {
    N_("Reader"): lambda row: row.line.reader,
    N_("E-mail"): lambda row: row.line.email,
    N_("Name"): lambda row: row.line.name,
    N_("Company"): lambda row: row.line.company,
    N_("Shared since"): lambda row: local(row.line.shared_since, row.timezone),
    N_("Event"): lambda row: row.event,
    N_("Code"): lambda row: row.line.code,
    N_("Pass"): lambda row: row.line.pass_state,
    N_("Arrived"): lambda row: local(row.line.arrived_at, row.timezone),
    N_("Time zone"): lambda row: row.timezone,
}


_CHECK_INS: Rows = (
    sa.select(CheckIn.id, CheckIn, Pass.reader_id, PromoCode.spelled, Event.name.label("event"), Event.timezone)
    .join(Event, CheckIn.event_id == Event.id)
    .outerjoin(Pass, CheckIn.pass_id == Pass.id)
    .outerjoin(Redemption, Pass.redemption_id == Redemption.id)
    .outerjoin(PromoCode, Redemption.code_id == PromoCode.id)
)


def _whose_check_ins(wish: Wish, by: Actor) -> Conditions:
    found = [CheckIn.partner_id == wish.partner_id, Event.run_by(by)]
    found += part(wish, CheckIn.event_id, Redemption.offer_id)
    return [*found, *in_state(wish, CheckIn.result, "admitted", "already", "refused")]


_CHECK_IN: Columns = {
    N_("Event"): lambda row: row.event,
    N_("Scanned"): lambda row: local(row.CheckIn.at, row.timezone),
    N_("Gate"): lambda row: row.CheckIn.gate,
    N_("Result"): lambda row: row.CheckIn.result,
    N_("Reason"): lambda row: row.CheckIn.reason,
    N_("Pass number"): lambda row: pseudonyms.pass_number(row.CheckIn.pass_id) if row.CheckIn.pass_id else None,
    N_("Reader"): lambda row: pseudonyms.reader(row.CheckIn.partner_id, row.reader_id) if row.reader_id else None,
    N_("Code"): lambda row: row.spelled,
    N_("First scan"): lambda row: local(row.CheckIn.first_at, row.timezone),
    N_("Undone"): lambda row: local(row.CheckIn.undone_at, row.timezone),
    N_("Scan"): lambda row: row.CheckIn.scan_id,
    N_("Time zone"): lambda row: row.timezone,
}

REDEMPTIONS = List(
    N_("Passes and readers"),
    _REDEMPTION,
    Redemption.id,
    results.SHARED,
    _whose_redemptions,
    _given,
    names_readers=True,
    searched=results.SORTED,
)
READERS = List(
    N_("Readers who agreed"),
    _READER,
    Redemption.id,
    results.SHARED,
    _whose_readers,
    _given,
    names_readers=True,
    searched=results.SORTED,
)
CHECK_INS = List(N_("Arrivals"), _CHECK_IN, CheckIn.id, _CHECK_INS, _whose_check_ins)


async def _events(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    rows = await session.execute(sa.select(Event.id, Event.name, Event.timezone).where(Event.id.in_(ids)))
    return {row.id: (row.name, row.timezone) for row in rows}
