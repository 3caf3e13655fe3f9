"""How an issue looks on each surface, and its source to copy once nothing stops it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup, escape
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import disclosure
from promos.actions.disclosure import SURFACES, BlockSurface, Surface
from promos.queries import contents
from promos.rendering import living
from promos.rendering.language import language as speaking
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import DisclosureIncomplete, NotFound
from promos.settings import Settings
from promos.web.given import Reads
from promos.web.pages.editor.desk import READ, issue_of
from promos.web.pages.editor.issue import rules_of
from promos.web.pages.show import language_of, page

# What a rendering is shown under: nothing in it runs, loads from elsewhere, or reaches the page around it.
FRAME_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'none'"
)
NAMES: dict[Surface, str] = {
    "email_html": N_("HTML mail"),
    "email_text": N_("Plain text mail"),
    "web": N_("Web"),
}


FOR_TOOLS: dict[BlockSurface, str] = {
    "markdown": N_("Markdown, such as for Buttondown"),
    "mjml": N_("MJML, such as for Keila"),
    "lexical": N_("Lexical, for Ghost"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A block on each surface, to copy."""

    code: str
    block_id: UUID
    by_surface: dict[BlockSurface, str]
    picture: str  # of what is left, as HTML


@get("/editor/issues/{issue_id:uuid}/preview", opt=READ)
async def preview(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    """All surfaces, or the one that the address names. Sources are shown through the gate of publishing."""
    asked = request.query_params.get("surface")
    surfaces = [surface for surface in SURFACES if surface == asked] or list(SURFACES)
    rules, base_url, language = rules_of(request), settings.base_url, language_of(request)
    async with reads() as session:
        issue, publication = await issue_of(session, issue_id, actor)

        async def drawn(surface: Surface, for_sending: bool) -> str:
            return await disclosure.rendered(
                session, issue_id, surface, rules, base_url=base_url, for_sending=for_sending, now=now, by=actor
            )

        text = await drawn("email_text", False)
        sources: dict[Surface, str] = {}
        blocks: list[Source] = []
        with suppress(DisclosureIncomplete):
            sources = {surface: await drawn(surface, True) for surface in SURFACES}
            blocks = await _blocks(session, request, issue_id, actor, base_url, now)
    return page(
        request,
        "editor/preview.html",
        issue=issue,
        publication=publication,
        surfaces=surfaces,
        all_surfaces=SURFACES,
        names={surface: language.gettext(name) for surface, name in NAMES.items()},
        tools={surface: language.gettext(name) for surface, name in FOR_TOOLS.items()},
        text=text,
        sources=sources,
        blocks=blocks,
    )


@get("/editor/issues/{issue_id:uuid}/rendered/{surface:str}", opt=READ)
async def issue_frame(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    surface: FromPath[str],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    async with reads() as session:
        issue, _ = await issue_of(session, issue_id, actor)
        drawn = await disclosure.rendered(
            session,
            issue_id,
            _framed(surface),
            rules_of(request),
            base_url=settings.base_url,
            for_sending=False,
            now=now,
            by=actor,
        )
    return frame(request, drawn, issue.language, issue.title)


@get("/editor/blocks/{block_id:uuid}/rendered/{surface:str}", opt=READ)
async def block_frame(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    surface: FromPath[str],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    async with reads() as session:
        placed = next(iter(await contents.placed(session, block_id=block_id)), None)
        if placed is None:
            raise NotFound("block")
        issue, _ = await issue_of(session, placed.block.issue_id, actor)
        drawn = await disclosure.rendered_block(
            session,
            block_id,
            _framed_block(surface),
            rules_of(request),
            base_url=settings.base_url,
            for_sending=False,
            now=now,
            by=actor,
        )
    return frame(request, drawn, issue.language, placed.block.heading)


def _framed(typed: str) -> Surface:
    framed: dict[str, Surface] = {"email_html": "email_html", "web": "web"}
    if typed not in framed:
        raise NotFound("surface")
    return framed[typed]


def _framed_block(typed: str) -> BlockSurface:
    return "rich_paste" if typed == "rich_paste" else _framed(typed)


def frame(request: Request[Any, Any, Any], drawn: str, tag: str, title: str) -> Response[str]:
    """A document of its own for an iframe; a rendering that is one already stays as it is."""
    headers = {"Content-Security-Policy": FRAME_POLICY}
    if drawn.lstrip()[:9].lower() == "<!doctype":
        return Response(drawn, media_type="text/html", headers=headers)
    content = Markup(drawn)  # noqa: S704 -- rendered by us, from what was sanitised when it came in
    return page(request, "editor/frame.html", headers=headers, content=content, tag=tag, title=title)


async def _blocks(
    session: AsyncSession, request: Request[Any, Any, Any], issue_id: UUID, by: Actor, base_url: str, now: datetime
) -> list[Source]:
    sources = []
    issue, _ = await issue_of(session, issue_id, by)
    language = speaking(issue.language)
    for placed in await contents.placed(session, issue_id=issue_id):
        drawn: dict[BlockSurface, str] = {}
        for surface in (*SURFACES, *FOR_TOOLS):
            drawn[surface] = await disclosure.rendered_block(
                session,
                placed.block.id,
                surface,
                rules_of(request),
                base_url=base_url,
                for_sending=True,
                now=now,
                by=by,
            )
        address = f"{base_url.rstrip('/')}/b/{placed.block.id}.png"
        alt = language.gettext(N_("How many are left stands on the page of the code %(code)s."))
        alt = alt % {"code": placed.code.spelled}
        picture = f'<img src="{address}" width="{living.WIDTH}" height="{living.HEIGHT}" alt="{escape(alt)}">'
        sources.append(Source(placed.code.spelled, placed.block.id, drawn, picture))
    return sources


HANDLERS: list[Any] = [preview, issue_frame, block_frame]
