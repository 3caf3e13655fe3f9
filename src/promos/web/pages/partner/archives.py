"""Events, pass types, offers and codes are put away, brought back, or deleted where nobody saw them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import archives
from promos.actions.archives import Kept
from promos.models import Event, Offer, PassType, PromoCode
from promos.queries import events
from promos.rules.people import Actor
from promos.rules.refusals import NotFound
from promos.web.access import needs_fresh
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import WRITE
from promos.web.pages.partner.event import shown
from promos.web.pages.show import go, language_of
from promos.web.pages.typed import TO_MEND, to_mend

PLACES: dict[str, type[Kept]] = {"events": Event, "pass-types": PassType, "offers": Offer, "codes": PromoCode}
VERBS = {"archive": archives.archive, "restore": archives.restore, "delete": archives.delete}
SAID = {"archive": "archived", "restore": "restored", "delete": "deleted"}


def _form(place: str, verb: str) -> Any:
    kind = PLACES[place]

    @post(f"/partner/{place}/{{row_id:uuid}}/{verb}", opt=WRITE, name=f"{verb} {place}")
    async def put(
        request: Request[Any, Any, Any],
        row_id: FromPath[UUID],
        reads: NamedDependency[Reads],
        writes: NamedDependency[Writes],
        actor: NamedDependency[Actor],
        now: NamedDependency[datetime],
    ) -> Response[Any]:
        async with reads() as session:
            event_id = await _event_of(session, kind, row_id, actor)
            if kind is Event and verb != "restore" and await events.has_passes(session, event_id):
                needs_fresh(request)

        async def effect(session: AsyncSession, now: datetime) -> None:
            await VERBS[verb](session, kind, row_id, now=now, by=actor)

        try:
            await writes.run(effect)
        except TO_MEND as refusal:
            errors, status = to_mend(refusal, language_of(request))
            async with reads() as session:
                return await shown(request, session, event_id, actor, now, errors=errors, status=status)
        is_gone = (place, verb) == ("events", "delete")
        return go("/partner" if is_gone else f"/partner/events/{event_id}", SAID[verb])

    return put


async def _event_of(session: AsyncSession, kind: type[Kept], row_id: UUID, by: Actor) -> UUID:
    its = Event.id if kind is Event else kind.event_id  # type: ignore[union-attr]
    mine = sa.select(its).where(kind.id == row_id, its.in_(sa.select(Event.id).where(Event.run_by(by))))
    event_id = await session.scalar(mine)
    if event_id is None:
        raise NotFound(archives.NOUNS[kind].replace("_", " "))
    found: UUID = event_id
    return found


HANDLERS: list[Any] = [_form(place, verb) for place in PLACES for verb in VERBS]
