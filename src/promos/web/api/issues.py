"""Issues: taken in as they were written, shown in segments, checked, rendered and published."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import disclosure, issues, publishing
from promos.actions.disclosure import BlockSurface, Surface
from promos.models import Issue
from promos.parsing.issues import HTML, MAIL, MARKDOWN, TEXT
from promos.queries import catalogue, pages
from promos.rendering.language import language as speaking
from promos.rules.issues import find_blocks
from promos.rules.language import N_
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import InvalidRequest, NotFound
from promos.settings import Settings
from promos.web.access import allows
from promos.web.api.bodies import told
from promos.web.given import Asked, Reads, Writes

EDIT = (Role.ADMIN, Role.EDITOR)
BODY = 2 * 1024 * 1024  # bytes of a request that brings a whole issue

_FORMS = {"html": HTML, "markdown": MARKDOWN, "text": TEXT, "eml": MAIL}


class NewIssue(msgspec.Struct, forbid_unknown_fields=True):
    """One of `html`, `markdown`, `text` and `eml` is the issue as it was written."""

    publication_id: UUID
    number: str
    title: str
    planned_at: datetime
    language: str | UnsetType = UNSET  # without one: the publication's
    html: str | UnsetType = UNSET
    markdown: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    eml: str | UnsetType = UNSET


class IssueChanges(msgspec.Struct, forbid_unknown_fields=True):
    """With new content, blocks stay behind the segment they followed, as far as it is there.

    `recipients` may be told and corrected after the issue is published, too; `null`: nobody knows.
    """

    number: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    planned_at: datetime | UnsetType = UNSET
    language: str | UnsetType = UNSET
    html: str | UnsetType = UNSET
    markdown: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    eml: str | UnsetType = UNSET
    recipients: int | UnsetType | None = UNSET


class IssueRow(msgspec.Struct):
    id: UUID
    publication_id: UUID
    number: str
    title: str
    language: str
    planned_at: datetime
    state: Literal["draft", "published"]
    created_at: datetime
    published_at: datetime | None
    recipients: int | None  # as its editor told; null: unknown


class IssuesSeen(msgspec.Struct):
    items: list[IssueRow]
    next: str | None


class SegmentSeen(msgspec.Struct):
    id: str
    kind: str
    text: str


class Standing(msgspec.Struct):
    """A promo block of ours in the issue, and where."""

    id: UUID
    code_id: UUID
    heading: str
    after: str | None
    replaces: list[str]


class Recognised(msgspec.Struct):
    """A promo block that somebody wrote into the issue. `block_id`: ours that stands in its place."""

    code: str
    heading: str | None
    segments: list[str]
    block_id: UUID | None


class IssueSeen(IssueRow):
    segments: list[SegmentSeen]
    blocks: list[Standing]
    found: list[Recognised]


class FindingSeen(msgspec.Struct):
    """`where` names the block, and the surface if it is not the HTML mail. `source`: the law it rests on.

    `override`: the reason for which two people let it go out nevertheless.
    """

    check: str
    severity: str  # BLOCK | ERROR | WARN | INFO
    verdict: str  # pass | fail | cannot_tell
    where: dict[str, Any]
    why: str
    source: dict[str, Any]
    fix: str
    override: str | UnsetType = UNSET


class CheckSeen(msgspec.Struct):
    """`verdict` is pass where nothing stops the issue. `judged_on`: the day whose rules were asked."""

    id: UUID
    verdict: str
    findings: list[FindingSeen]
    judged_on: date


def content_of(given: dict[str, Any], *, needed: bool) -> dict[str, Any]:
    """Take the content out of what a body names: `content` and `media_type`; raises `InvalidRequest`."""
    forms = {form: given.pop(form) for form in _FORMS if form in given}
    if len(forms) > 1 or (needed and not forms):
        raise InvalidRequest({form: N_("Give the issue in one of these forms.") for form in forms or _FORMS})
    return next(({"content": text, "media_type": _FORMS[form]} for form, text in forms.items()), {})


async def seen(session: AsyncSession, issue: Issue, actor: Actor) -> IssueSeen:
    segments = issues.segments_of(issue)
    blocks = await issues.standing(session, issue.id)
    known = [listing.code.spelled for listing in await catalogue.placeable(session, issue.publication_id, actor)]
    instead = {segment: block.id for block in blocks for segment in block.replaces}
    found = []
    for each in find_blocks(segments, known):
        ids = [segments[index].id for index in each.span]
        ours = next((instead[segment] for segment in ids if segment in instead), None)
        found.append(Recognised(each.code, each.heading, ids, ours))
    row = msgspec.convert(issue, IssueRow, from_attributes=True)
    return IssueSeen(
        **{name: getattr(row, name) for name in IssueRow.__struct_fields__},
        segments=[SegmentSeen(each.id, each.kind, each.text) for each in segments],
        blocks=[msgspec.convert(block, Standing, from_attributes=True) for block in blocks],
        found=found,
    )


@post(
    "/issues",
    status_code=201,
    opt=allows(*EDIT, scope=Scope.WRITE),
    operation_id="createIssue",
    request_max_body_size=BODY,
)
async def create(
    data: JSONBody[NewIssue], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[IssueSeen]:
    """Take in a draft, as text, Markdown, HTML or a whole mail."""
    given = told(data)
    content = content_of(given, needed=True)

    async def effect(session: AsyncSession, now: datetime) -> IssueSeen:
        return await seen(session, await issues.create(session, now=now, by=actor, **given, **content), actor)

    return await writes.answer(effect, status=201)


@get("/issues", opt=allows(*EDIT, scope=Scope.READ), operation_id="listIssues")
async def list_issues(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    publication: FromQuery[UUID | None] = None,
    in_state: Annotated[Literal["draft", "published"] | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> IssuesSeen:
    """Newest first, without their content."""
    columns = [getattr(Issue, name) for name in IssueRow.__struct_fields__]
    statement = sa.select(*columns).where(Issue.visible_to(actor))
    if publication:
        statement = statement.where(Issue.publication_id == publication)
    if in_state:
        statement = statement.where(Issue.state == in_state)
    async with reads() as session:
        rows, following = await pages.page(session, statement, Issue.id, cursor, size, newest_first=True)
    return IssuesSeen([msgspec.convert(row, IssueRow, from_attributes=True) for row in rows], following)


@get("/issues/{id:uuid}", opt=allows(*EDIT, scope=Scope.READ), operation_id="getIssue")
async def get_issue(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> IssueSeen:
    """An issue in segments, with its promo blocks: ours, and those recognised in its own text."""
    async with reads() as session:
        issue = await session.scalar(sa.select(Issue).where(Issue.id == id, Issue.visible_to(actor)))
        if issue is None:
            raise NotFound("issue")
        return await seen(session, issue, actor)


@patch(
    "/issues/{id:uuid}",
    opt=allows(*EDIT, scope=Scope.WRITE),
    operation_id="changeIssue",
    request_max_body_size=BODY,
)
async def change(
    id: FromPath[UUID],
    data: JSONBody[IssueChanges],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[IssueSeen]:
    """Change a draft; what is published stays as readers had it."""
    given = told(data)
    content = content_of(given, needed=False)
    recipients: int | UnsetType | None = given.pop("recipients", UNSET)

    async def effect(session: AsyncSession, now: datetime) -> IssueSeen:
        if recipients is not UNSET:
            issue = await issues.tell_recipients(session, id, recipients, now=now, by=actor)
            if not given and not content:
                return await seen(session, issue, actor)
        return await seen(session, await issues.update(session, id, now=now, by=actor, **given, **content), actor)

    return await writes.answer(effect)


@get("/issues/{id:uuid}/render", opt=allows(*EDIT, scope=Scope.READ), operation_id="renderIssue")
async def render(
    id: FromPath[UUID],
    request: Asked,
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
    surface: FromQuery[Surface],
    for_sending: FromQuery[bool] = False,
) -> Response[str]:
    """The whole issue on one surface, each label inside its block. `for_sending`: only if it could be published."""
    async with reads() as session:
        drawn = await disclosure.rendered(
            session,
            id,
            surface,
            request.app.state.rules,
            base_url=settings.base_url,
            for_sending=for_sending,
            now=now,
            by=actor,
        )
    return on_surface(drawn, surface)


MEDIA: dict[BlockSurface, str] = {
    "email_html": "text/html",
    "email_text": "text/plain",
    "web": "text/html",
    "markdown": "text/markdown",
    "rich_paste": "text/html",
    "mjml": "text/mjml",
    "lexical": "application/json",
}


def on_surface(drawn: str, surface: BlockSurface) -> Response[str]:
    return Response(drawn, media_type=f"{MEDIA[surface]}; charset=utf-8")


@post("/issues/{id:uuid}/check", status_code=200, opt=allows(*EDIT, scope=Scope.WRITE), operation_id="checkIssue")
async def check(
    id: FromPath[UUID],
    request: Asked,
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    language: FromQuery[Literal["en", "fr"]] = "en",
) -> Response[CheckSeen]:
    """Judge the disclosure by the rules of the issue's day. What was found is kept as evidence."""
    gettext = speaking(language).gettext

    async def effect(session: AsyncSession, now: datetime) -> CheckSeen:
        made = await disclosure.check(
            session, id, request.app.state.rules, base_url=settings.base_url, now=now, by=actor
        )
        findings = msgspec.convert(disclosure.told(made.findings, gettext), list[FindingSeen])
        return CheckSeen(made.check_id, str(made.verdict), findings, made.judged_on)

    return await writes.answer(effect)


@post("/issues/{id:uuid}/publish", status_code=200, opt=allows(*EDIT, scope=Scope.WRITE), operation_id="publishIssue")
async def publish(
    id: FromPath[UUID],
    request: Asked,
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
) -> Response[IssueRow]:
    """Publish what passes its checks as it is at this moment. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> IssueRow:
        issue = await publishing.publish(
            session, id, request.app.state.rules, base_url=settings.base_url, now=now, by=actor
        )
        return msgspec.convert(issue, IssueRow, from_attributes=True)

    return await writes.answer(effect)


class NewCorrection(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class CorrectionSeen(msgspec.Struct):
    at: datetime
    text: str


@post(
    "/issues/{id:uuid}/corrections", status_code=201, opt=allows(*EDIT, scope=Scope.WRITE), operation_id="correctIssue"
)
async def correct(
    id: FromPath[UUID],
    data: JSONBody[NewCorrection],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[CorrectionSeen]:
    """Say publicly what was wrong in a published issue: dated, beside what went out, which stays as it was."""

    async def effect(session: AsyncSession, now: datetime) -> CorrectionSeen:
        made = await publishing.correct(session, id, data.text, now=now, by=actor)
        return CorrectionSeen(made.at, made.text)

    return await writes.answer(effect, status=201)


HANDLERS: list[Any] = [create, list_issues, get_issue, change, render, check, publish, correct]
