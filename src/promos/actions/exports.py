"""Who took which list away is history: it is written before the first byte leaves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.models import Event
from promos.queries.exports import Chosen
from promos.rules.people import Actor


async def record(session: AsyncSession, what: Chosen, kind: str, *, now: datetime, by: Actor) -> None:
    """Write that `by` takes this list away as a file of `kind`, with how many rows it has."""
    wish = what.wish
    facts = {"list": what.name, "rows": what.number, "format": kind}
    facts |= {"offer": str(wish.offer_id)} if wish.offer_id else {}
    await journal.record(
        session,
        "list.exported",
        wish.event_id or wish.partner_id,
        at=now,
        by=by,
        partner=wish.partner_id,
        event=wish.event_id,
        facts=facts,
    )


async def record_everything(session: AsyncSession, partner_id: UUID, rows: int, *, now: datetime, by: Actor) -> None:
    """The same of all that is a partner's own."""
    await journal.record(
        session, "everything.exported", partner_id, at=now, by=by, partner=partner_id, facts={"rows": rows}
    )


async def record_funnel(
    session: AsyncSession, event: Event, split: str, rows: int, kind: str, *, now: datetime, by: Actor
) -> None:
    """The same for what came of an event, counted by `split`."""
    facts = {"list": "funnel", "by": split, "rows": rows, "format": kind}
    partner, of = event.partner_id, event.id
    await journal.record(session, "list.exported", of, at=now, by=by, partner=partner, event=of, facts=facts)
