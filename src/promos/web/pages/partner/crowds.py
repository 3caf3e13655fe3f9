"""What the readers of an event are, in groups of five and more."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from promos.queries import crowds
from promos.rules.crowds import Crowds
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.web.given import Reads
from promos.web.pages.partner.desk import READ, event_of
from promos.web.pages.show import language_of, page


@get("/partner/events/{event_id:uuid}/results/readers", opt=READ)
async def crowds_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    language = language_of(request)
    async with reads() as session:
        event = await event_of(session, event_id, actor)
        readers = await crowds.of_event(session, event.id, by=actor)
    tongues = {tag: language.tongue(tag).capitalize() for tag, _ in readers.languages.shown}
    rest = language.gettext(N_("All others"))
    return page(
        request,
        "partner/crowds.html",
        event=event,
        readers=readers,
        languages=_rows(readers.languages, tongues, rest),
        domains=_rows(readers.domains, {}, rest),
    )


def _rows(groups: Crowds, names: dict[str, str], rest: str) -> list[tuple[str, int]]:
    others = [(rest, groups.others)] if groups.others else []
    return [(names.get(name, name), count) for name, count in groups.shown] + others


HANDLERS = [crowds_page]
