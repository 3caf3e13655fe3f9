"""Looks at issues as they stand outside, and the evidence that they and all before them are."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import evidence, observations
from promos.models import Issue, Observation, PromoCode, Publication
from promos.parsing import Unreadable
from promos.queries import pages
from promos.rules.people import Actor, Scope
from promos.rules.refusals import IssueUnreadable, NotFound
from promos.settings import Settings
from promos.web.access import allows
from promos.web.api.issues import BODY, EDIT
from promos.web.api.lint import Raw, brought
from promos.web.given import Asked, Reads, Writes

Label = Literal["there", "gone", "absent", "cannot_tell"]
Through = Literal["upload", "tool", "mailbox", "address"]


class LookSeen(msgspec.Struct):
    """`label`: absent where the block is not in it, so there was nothing to label. `failing`: checks of errors."""

    block_id: UUID
    code: str
    label: Label
    failing: list[str]


class Looked(msgspec.Struct):
    """`is_kept`: as a look at what was sent. A draft may be looked at too; nothing follows from that."""

    looks: list[LookSeen]
    input_hash: str  # SHA-256 of what was brought
    is_kept: bool


class ObservationSeen(msgspec.Struct):
    id: UUID
    issue_id: UUID
    block_id: UUID
    code: str
    at: datetime
    through: Through
    label: Label
    failing: list[str]
    input_hash: str


class ObservationsSeen(msgspec.Struct):
    items: list[ObservationSeen]
    next: str | None


@post(
    "/issues/{id:uuid}/observations",
    status_code=200,
    opt=allows(*EDIT, scope=Scope.WRITE),
    operation_id="observeIssue",
    operation_class=Raw,
    request_max_body_size=BODY,
)
async def observe(
    id: FromPath[UUID],
    request: Asked,
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[Looked]:
    """Look for the label of each promo block in the mail or page as it was sent, or as a tool would send it.

    What was sent decides whether codes that wait for their label open, or are paused when their grace is over.
    """
    content, media_type = await brought(request)
    async with reads() as session:
        expected = await observations.expected(session, id, now=now, by=actor)
    try:
        seen = await asyncio.to_thread(observations.look, expected, content, media_type, request.app.state.rules)
    except Unreadable:
        raise IssueUnreadable from None

    async def effect(session: AsyncSession, now: datetime) -> Looked:
        grace = timedelta(seconds=settings.label_grace)
        made = await observations.record(session, id, seen, through="upload", grace=grace, now=now, by=actor)
        looks = [LookSeen(each.block_id, each.code, each.label, list(each.failing)) for each in seen.looks]
        return Looked(looks, seen.input_hash, is_kept=bool(made))

    return await writes.answer(effect)


@get("/issues/{id:uuid}/observations", opt=allows(*EDIT, scope=Scope.READ), operation_id="listObservations")
async def list_observations(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> ObservationsSeen:
    """Every look at a published issue, the newest first; each promo block for itself."""
    columns = [getattr(Observation, name) for name in ObservationSeen.__struct_fields__ if name != "code"]
    statement = sa.select(*columns, PromoCode.spelled.label("code")).join(
        PromoCode, Observation.code_id == PromoCode.id
    )
    async with reads() as session:
        if not await session.scalar(sa.select(sa.exists().where(Issue.id == id, Issue.visible_to(actor)))):
            raise NotFound("issue")
        of_issue = statement.where(Observation.issue_id == id)
        rows, following = await pages.page(session, of_issue, Observation.id, cursor, size, newest_first=True)
    return ObservationsSeen([msgspec.convert(row, ObservationSeen, from_attributes=True) for row in rows], following)


@get("/publications/{id:uuid}/evidence", opt=allows(*EDIT, scope=Scope.READ), operation_id="exportEvidence")
async def export_evidence(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> Stream:
    """The publication's chain, one entry a line: what was declared, approved, published, observed, overridden.

    `promos evidence verify` checks such a file without a network; its first line says what it does not prove.
    """
    return await file_of(reads, id, actor)


async def file_of(reads: Reads, id: UUID, actor: Actor) -> Stream:
    """The chain to download; raises `NotFound`."""
    async with reads() as session:
        this = sa.select(Publication).where(Publication.id == id, Publication.visible_to(actor))
        publication = await session.scalar(this)
        if publication is None or not (actor.is_admin or id in actor.publications):
            raise NotFound("publication")
    headers = {"Content-Disposition": f'attachment; filename="{publication.slug}-evidence.jsonl"'}
    return Stream(evidence.exported(reads, id), media_type="application/jsonl", headers=headers)


HANDLERS: list[Any] = [observe, list_observations, export_evidence]
