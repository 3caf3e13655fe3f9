"""A partner's lists as files: for programs, or in the words of English or French."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from promos.actions import exports as actions
from promos.queries import exports
from promos.queries.lists import Wish
from promos.rendering.language import Language, language
from promos.rules.people import Actor, Role, Scope
from promos.web import downloads
from promos.web.access import allows
from promos.web.downloads import Kind
from promos.web.given import Reads, Writes
from promos.web.problems import TAKES_LONG

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)


@get(
    "/partners/{id:uuid}/exports/{name:str}",
    opt=allows(*RUN_BY, scope=Scope.READ) | TAKES_LONG,
    operation_id="exportList",
)
async def export_list(
    id: FromPath[UUID],
    name: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    event: FromQuery[UUID | None] = None,
    offer: FromQuery[UUID | None] = None,
    code: FromQuery[str | None] = None,
    in_state: Annotated[str | None, QueryParameter(name="state")] = None,
    q: FromQuery[str | None] = None,
    format: FromQuery[Kind] = "csv",
    words: Annotated[Literal["en", "fr"] | None, QueryParameter(name="language")] = None,
) -> Any:
    """A partner's `events`, `offers`, `codes`, `redemptions`, `check-ins` or `readers` (who agreed to show something),
    whole: CSV with commas, CSV as Excel opens it where numbers have a decimal comma, or XLSX. What a spreadsheet would
    take for a formula is marked as text. Readers are pseudonyms, and what they agree to show at this moment. Each
    export is an entry of the journal. With a `language`, heads and states are its words; without, heads are English and
    states those of this API."""
    wish = Wish(id, event, offer, code, in_state, q)
    return await taken(name, wish, format, language(words) if words else None, reads, writes, actor)


async def taken(
    name: str, wish: Wish, kind: Kind, words: Language | None, reads: Reads, writes: Writes, by: Actor
) -> Any:
    """The list as a file, once it is written down who takes it; raises `NotFound` and `InvalidRequest`."""
    async with reads() as session:
        chosen = await exports.chosen(session, name, wish, by)
    await writes.run(lambda session, now: actions.record(session, chosen, kind, now=now, by=by))
    return downloads.download(exports.sheet(reads, chosen, words), kind)


HANDLERS: list[Any] = [export_list]
