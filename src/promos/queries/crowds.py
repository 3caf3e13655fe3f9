"""What the readers of an event are, counted from its passes, in groups that hide each of them."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Event, Pass, Reader
from promos.rules import crowds
from promos.rules.crowds import Crowds
from promos.rules.people import Actor
from promos.rules.refusals import NotFound


@dataclass(frozen=True, slots=True)
class Readers:
    """`counted`: the first of them, in full groups. `to_come`: who waits until a group is full."""

    counted: int
    to_come: int
    languages: Crowds  # by tag, such as `fr`
    domains: Crowds  # by provider or domain


async def of_event(session: AsyncSession, event_id: UUID, *, by: Actor) -> Readers:
    """Everybody who holds or held a pass, once; raises `NotFound`. Never narrowed: narrowings could be subtracted."""
    if await session.scalar(sa.select(Event.id).where(Event.id == event_id, Event.run_by(by))) is None:
        raise NotFound("event")
    came = (
        sa.select(Pass.reader_id, sa.func.min(Pass.issued_at).label("since"))
        .where(Pass.event_id == event_id)
        .group_by(Pass.reader_id)
    )
    readers = await session.scalar(sa.select(sa.func.count()).select_from(came.subquery())) or 0
    counted = crowds.whole(readers)
    first = came.order_by("since", Pass.reader_id).limit(counted).subquery()
    domain = sa.func.lower(sa.func.substr(Reader.email, _at(session) + 1)).label("domain")
    rows = await session.execute(
        sa.select(Reader.language, domain, sa.func.count().label("readers"))
        .join(first, Reader.id == first.c.reader_id)
        .group_by(Reader.language, domain)
    )
    languages, domains = Counter[str](), Counter[str]()
    for row in rows:
        languages[row.language] += row.readers
        domains[crowds.provider(row.domain)] += row.readers
    return Readers(counted, readers - counted, crowds.merged(languages), crowds.merged(domains))


def _at(session: AsyncSession) -> sa.ColumnElement[int]:
    """Where the `@` of an address stands; there is one."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return sa.func.instr(Reader.email, "@") if is_sqlite else sa.func.strpos(Reader.email, "@")
