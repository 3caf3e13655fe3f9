"""Where an editor begins: the issues of the newsletters, what each still lacks, and a new one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import issues
from promos.models import Issue, Publication
from promos.parsing.issues import HTML, MAIL, MARKDOWN, TEXT
from promos.queries import issues as lists
from promos.rules import texts
from promos.rules.language import N_
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import BodyTooLarge, InvalidRequest, IssueUnreadable, NotFound, Refusal, TextTaken
from promos.rules.texts import Reader, line, up_to
from promos.web.access import allows
from promos.web.given import Reads, Writes
from promos.web.pages.editor.pasted import MOST_FORM, Pasted, pasted
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, local, to_mend

EDITORS = (Role.ADMIN, Role.EDITOR)
READ, WRITE = allows(*EDITORS, scope=Scope.READ), allows(*EDITORS, scope=Scope.WRITE)
SHOWN = 50  # issues on one page
FIELDS = ("publication_id", "number", "title", "language", "planned_at", "media_type")
KINDS = {TEXT: N_("plain text"), MARKDOWN: N_("Markdown"), HTML: N_("HTML"), MAIL: N_("a mail (.eml)")}
_READERS: Mapping[str, Reader] = {
    "number": up_to(60, line),
    "title": line,
    "language": texts.language,
    "planned_at": texts.instant,
}


@get("/editor", opt=READ)
async def home(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[str]:
    before = _cursor(request.query_params.get("before"))
    async with reads() as session:
        listed = await lists.listed(session, actor, before=before, limit=SHOWN + 1)
        waiting = await lists.blocks_missing_declaration(session, actor)
        publications = await publications_of(session, actor)
    more = len(listed) > SHOWN
    return page(
        request,
        "editor/home.html",
        listed=listed[:SHOWN],
        waiting=[each for each in waiting if "editor" in each.parties],
        publications=publications,
        zones={each.id: each.timezone for each in publications},
        next_href=f"/editor?before={listed[SHOWN - 1].id}" if more else None,
        first_href="/editor" if before else None,
    )


@get("/editor/issues/new", opt=READ)
async def new_page(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[str]:
    async with reads() as session:
        publications = await publications_of(session, actor)
    typed = dict.fromkeys(FIELDS, "")
    if publications:
        typed["language"] = publications[0].language
    return _form(request, typed, {}, publications=publications)


@post("/editor/issues/new", opt=WRITE, request_max_body_size=MOST_FORM)
async def create(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed, text = await Typed.of(request), await pasted(request)
    async with reads() as session:
        publications = await publications_of(session, actor)
    chosen = publications[0] if len(publications) == 1 else _chosen(publications, typed)
    if chosen is None:
        typed.errors["publication_id"] = N_("Choose the newsletter it is an issue of.")
    if not text.text.strip():
        typed.errors["content"] = N_("Paste the text of the issue, or choose the file it stands in.")
    given: Any = _given(typed, chosen.timezone if chosen else "UTC")

    async def effect(session: AsyncSession, now: datetime) -> UUID:
        whose = chosen.id if chosen else UUID(int=0)
        made = await issues.create(
            session, whose, content=text.text, media_type=text.media_type, now=now, by=actor, **given
        )
        return made.id

    try:
        typed.checked(_READERS, given)
        made = await writes.run(effect)
    except (*TO_MEND, BodyTooLarge) as refusal:
        return _again(request, typed, text, refusal, publications=publications)
    return go(f"/editor/issues/{made}", "created")


@get("/editor/issues/{issue_id:uuid}/edit", opt=READ)
async def edit_page(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        issue, publication = await issue_of(session, issue_id, actor)
    typed = {
        "publication_id": str(publication.id),
        "number": issue.number,
        "title": issue.title,
        "language": issue.language,
        "planned_at": local(issue.planned_at, publication.timezone),
        "media_type": "",
    }
    return _form(request, typed, {}, publications=[publication], issue=issue)


@post("/editor/issues/{issue_id:uuid}/edit", opt=WRITE, request_max_body_size=MOST_FORM)
async def change(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """What stands in the text field takes the place of the whole text; left empty, the text stays."""
    typed, text = await Typed.of(request), await pasted(request)
    async with reads() as session:
        issue, publication = await issue_of(session, issue_id, actor)
    given: Any = _given(typed, publication.timezone, issue.planned_at)
    content = text.text if text.text.strip() else None

    async def effect(session: AsyncSession, now: datetime) -> None:
        await issues.update(session, issue_id, content=content, media_type=text.media_type, now=now, by=actor, **given)

    try:
        typed.checked(_READERS, given)
        await writes.run(effect)
    except (*TO_MEND, BodyTooLarge) as refusal:
        return _again(request, typed, text, refusal, publications=[publication], issue=issue)
    return go(f"/editor/issues/{issue_id}", "saved")


async def publications_of(session: AsyncSession, by: Actor) -> list[Publication]:
    """The newsletters whose issues `by` edits."""
    mine = sa.true() if by.is_admin else Publication.id.in_(by.publications)
    return list(await session.scalars(sa.select(Publication).where(mine).order_by(Publication.name, Publication.id)))


async def issue_of(session: AsyncSession, issue_id: UUID, by: Actor) -> tuple[Issue, Publication]:
    """An issue that `by` edits, and its newsletter; raises `NotFound`."""
    rows = (
        sa.select(Issue, Publication)
        .join(Publication, Issue.publication_id == Publication.id)
        .where(Issue.id == issue_id, Issue.visible_to(by))
    )
    found = (await session.execute(rows)).one_or_none()
    if found is None:
        raise NotFound("issue")
    return found[0], found[1]


def _cursor(typed: str | None) -> UUID | None:
    try:
        return UUID(typed) if typed else None
    except ValueError:
        return None


def _chosen(publications: list[Publication], typed: Typed) -> Publication | None:
    return next((each for each in publications if each.id == typed.id("publication_id")), None)


def _given(typed: Typed, zone: str, kept: datetime | None = None) -> dict[str, Any]:
    return {
        "number": typed.text("number"),
        "title": typed.text("title"),
        "language": typed.text("language"),
        "planned_at": typed.moment("planned_at", zone, kept.astimezone(UTC) if kept else None),
    }


def _again(
    request: Request[Any, Any, Any],
    typed: Typed,
    text: Pasted,
    refusal: Refusal,
    *,
    publications: list[Publication],
    issue: Issue | None = None,
) -> Response[str]:
    language = language_of(request)
    if isinstance(refusal, TextTaken):
        refusal = InvalidRequest({"number": N_("The newsletter has had an issue of this number. Choose another.")})
    errors, status = to_mend(refusal, language, fields={IssueUnreadable: "content", BodyTooLarge: "content"})
    shown = typed.shown(FIELDS)
    return _form(request, shown, errors, publications=publications, issue=issue, content=text.shown, status=status)


def _form(
    request: Request[Any, Any, Any],
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    publications: list[Publication],
    issue: Issue | None = None,
    content: str = "",
    status: int = 200,
) -> Response[str]:
    language = language_of(request)
    return page(
        request,
        "editor/issue_form.html",
        status=status,
        issue=issue,
        publications=[(str(each.id), each.name) for each in publications],
        zone=publications[0].timezone if len(publications) == 1 else None,
        kinds=[(kind, language.gettext(word)) for kind, word in KINDS.items()],
        typed=dict(typed),
        errors=dict(errors),
        content=content,
    )


HANDLERS: list[Any] = [home, new_page, create, edit_page, change]
