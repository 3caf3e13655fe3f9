"""What mail programs, tools and readers do to a block, and whether its label outlives it: a table, and what is left."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from promos.actions import disclosure
from promos.parsing.survival import TRANSFORMATIONS, Cell, matrix, reading
from promos.queries import contents
from promos.rendering import blocks
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import NotFound
from promos.settings import Settings
from promos.web.given import Reads
from promos.web.pages.editor.desk import READ, issue_of
from promos.web.pages.editor.issue import rules_of
from promos.web.pages.editor.preview import FOR_TOOLS, NAMES
from promos.web.pages.editor.seen import Text
from promos.web.pages.show import language_of, page

SURFACES: dict[str, str] = dict([*NAMES.items(), ("rich_paste", N_("Words to paste")), *FOR_TOOLS.items()])
WHAT = {
    "styles_stripped": N_("Styles are taken out"),
    "images_off": N_("Pictures are off"),
    "clipped": N_("Gmail shows the first 102 KB"),
    "plain_text": N_("Made into plain text"),
    "dark": N_("At night, colours turned"),
    "rich_paste": N_("Pasted into a simple editor"),
    "forwarded": N_("Forwarded"),
    "feed": N_("In a feed reader"),
    "read_aloud": N_("Read aloud"),
    "zoomed": N_("Letters twice as large"),
    "first_sentence": N_("Only its first sentence is quoted"),
    "comments_stripped": N_("Comments are taken out"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One transformation over all surfaces."""

    name: str
    words: str
    cells: list[Cell]


@get("/editor/blocks/{block_id:uuid}/survival", opt=READ)
async def survival(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    """`?surface=…&after=…` shows besides what a reader then meets."""
    language, rules = language_of(request), rules_of(request)
    async with reads() as session:
        placed = next(iter(await contents.placed(session, block_id=block_id)), None)
        if placed is None:
            raise NotFound("block")
        issue, publication = await issue_of(session, placed.block.issue_id, actor)
        content = await disclosure.content_of(session, placed.block, rules, base_url=settings.base_url, now=now)
    drawn = {surface: blocks.SURFACES[surface](content) for surface in SURFACES}
    cells = matrix(content, drawn, rules)
    surface, after = request.query_params.get("surface", ""), request.query_params.get("after", "")
    met = reading(surface, drawn[surface], after) if surface in drawn and after in TRANSFORMATIONS else None
    return page(
        request,
        "editor/survival.html",
        issue=issue,
        publication=publication,
        content=content,
        here=f"/editor/blocks/{block_id}/survival",
        surfaces={name: language.gettext(words) for name, words in SURFACES.items()},
        rows=[Row(name, language.gettext(WHAT[name]), _of(cells, name)) for name in TRANSFORMATIONS],
        told={(each.surface, each.transformation): language.gettext(each.reason) % each.facts for each in cells},
        is_whole=all(each.verdict != "lost" for each in cells),
        shown=(surface, after) if met is not None else None,
        met=[Text(segment) for segment in met or () if segment.look.hidden_by is None],
    )


def _of(cells: tuple[Cell, ...], name: str) -> list[Cell]:
    return [each for each in cells if each.transformation == name]


HANDLERS: list[Any] = [survival]
