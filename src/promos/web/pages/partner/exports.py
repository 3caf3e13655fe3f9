"""A partner's lists as files: what the pages show, whole, for a spreadsheet."""

from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from promos.queries.lists import LISTS, Wish
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, NotFound
from promos.web.access import fresh
from promos.web.api import everything
from promos.web.api.exports import taken
from promos.web.downloads import Kind
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ
from promos.web.pages.partner.team import READ as LEADS
from promos.web.pages.show import language_of
from promos.web.problems import TAKES_LONG

NAMING = [f"/partner/{{partner_id:uuid}}/exports/{name}" for name, each in LISTS.items() if each.names_readers]


@get("/partner/{partner_id:uuid}/exports/{name:str}", opt=READ | TAKES_LONG)
async def take(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    name: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Any:
    if name not in LISTS or LISTS[name].names_readers:
        raise NotFound("list")
    return await _taken(request, name, partner_id, reads, writes, actor)


@get(NAMING, opt=fresh(READ) | TAKES_LONG)
async def take_readers(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Any:
    """A list in which names and addresses stand."""
    return await _taken(request, request.url.path.rpartition("/")[2], partner_id, reads, writes, actor)


async def _taken(
    request: Request[Any, Any, Any], name: str, partner_id: UUID, reads: Reads, writes: Writes, actor: Actor
) -> Any:
    asked = request.query_params
    kind: Any = asked.get("format", "xlsx")
    if kind not in get_args(Kind):
        raise InvalidRequest({"format": N_("This is not one of the possible choices.")})
    wish = Wish(
        partner_id,
        _id(asked.get("event")),
        _id(asked.get("offer")),
        asked.get("code"),
        asked.get("state"),
        asked.get("q"),
    )
    return await taken(name, wish, kind, language_of(request), reads, writes, actor)


def _id(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("event") from None


@get("/partner/{partner_id:uuid}/everything", opt=fresh(LEADS) | TAKES_LONG)
async def take_everything(
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Any:
    """All that is the partner's own, for owners."""
    return await everything.taken(partner_id, reads, writes, actor, now)


HANDLERS: list[Any] = [take, take_readers, take_everything]
