"""Taking in an issue as it was written, and changing it while it is a draft."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import changes, journal
from promos.models import Issue, PromoBlock, Publication
from promos.parsing import Unreadable
from promos.parsing.issues import MEDIA_TYPES, read_issue
from promos.rules import texts
from promos.rules.blocks import clean_line
from promos.rules.issues import Segment
from promos.rules.language import N_
from promos.rules.people import Actor, Role
from promos.rules.refusals import (
    BodyTooLarge,
    InvalidRequest,
    IssuePublished,
    IssueUnreadable,
    NotAllowed,
    NotFound,
    TextTaken,
)
from promos.rules.texts import Reader, line, up_to

MOST_CONTENT = 2_000_000  # bytes in UTF-8
MOST_RECIPIENTS = 1_000_000_000
UNJUDGED = ""  # the hash of a content that no check has seen: no check row has it, so nothing like it is published

_ISSUE: Mapping[str, Reader] = {
    "number": up_to(60, line),
    "title": line,
    "language": texts.language,
    "planned_at": texts.instant,
}


class New(TypedDict):
    number: str
    title: str
    language: NotRequired[str]  # without one: the publication's
    planned_at: datetime


class Changes(TypedDict, total=False):
    number: str
    title: str
    language: str
    planned_at: datetime


async def create(
    session: AsyncSession,
    publication_id: UUID,
    *,
    content: str,
    media_type: str,
    now: datetime,
    by: Actor,
    **given: Unpack[New],
) -> Issue:
    """Take in a draft. `media_type` is text/plain, text/markdown, text/html or message/rfc822.

    Raises `TextTaken` for a number that the publication has had, `IssueUnreadable` where no text is found.
    """
    publication = await session.scalar(
        sa.select(Publication).where(Publication.id == publication_id, Publication.visible_to(by))
    )
    if publication is None:
        raise NotFound("publication")
    if not by.is_admin and publication.id not in by.publications:
        raise NotAllowed([Role.ADMIN, Role.EDITOR])
    kept = texts.read(_ISSUE, given)
    issue = Issue(
        **{"language": publication.language, **kept},
        publication_id=publication.id,
        segments=_segments(content, media_type),
        state="draft",
        content_hash=UNJUDGED,
        created_at=now,
    )
    async with _one_of_a_number(session):
        session.add(issue)
    await _record(session, "issue.created", issue, now=now, by=by)
    return issue


async def update(
    session: AsyncSession,
    issue_id: UUID,
    *,
    content: str | None = None,
    media_type: str = "text/plain",
    now: datetime,
    by: Actor,
    **wanted: Unpack[Changes],
) -> Issue:
    """Change a draft. With new content its blocks stay behind the segment they followed, as far as it is there."""
    issue = await draft(session, sa.and_(Issue.id == issue_id, Issue.visible_to(by)))
    values = texts.read(_ISSUE, wanted)
    if content is not None:
        values["segments"] = _segments(content, media_type)
    before = issue.segments
    async with _one_of_a_number(session):
        changed = changes.apply(issue, values)
    if changed:
        if "segments" in changed:
            for block in await standing(session, issue.id):
                _follow(block, before, issue.segments)
        await touch(session, issue)
        await _record(session, "issue.changed", issue, now=now, by=by, changed=changed)
    return issue


async def tell_recipients(
    session: AsyncSession, issue_id: UUID, recipients: int | None, *, now: datetime, by: Actor
) -> Issue:
    """Say, or correct, to how many people an issue goes or went; `None`: nobody knows. What readers had stays as it is.

    Partners see it beside what came of their blocks.
    """
    mine = sa.select(Issue).where(Issue.id == issue_id, Issue.visible_to(by)).with_for_update(key_share=True)
    issue = await session.scalar(mine.execution_options(populate_existing=True))
    if issue is None:
        raise NotFound("issue")
    if recipients is not None and (isinstance(recipients, bool) or not 0 <= recipients <= MOST_RECIPIENTS):
        raise InvalidRequest({"recipients": N_("Write a whole number of people, or leave this empty.")})
    before = issue.recipients
    if changes.apply(issue, {"recipients": recipients}):
        facts = {"before": before, "recipients": recipients}
        publication = issue.publication_id
        await journal.record(
            session, "issue.recipients_told", issue.id, at=now, by=by, publication=publication, facts=facts
        )
    return issue


async def draft(session: AsyncSession, which: sa.ColumnElement[bool]) -> Issue:
    """The issue, locked until the transaction ends: what is checked is what is published.

    Raises `NotFound` and `IssuePublished`.
    """
    rows = sa.select(Issue).where(which).with_for_update(key_share=True).execution_options(populate_existing=True)
    issue = await session.scalar(rows)
    if issue is None:
        raise NotFound("issue")
    if issue.state == "published":
        raise IssuePublished
    return issue


async def touch(session: AsyncSession, issue: Issue) -> None:
    """Something of what checks judge has changed: the last one says nothing of it any more."""
    issue.content_hash = UNJUDGED
    await session.flush()


async def standing(session: AsyncSession, issue_id: UUID) -> Sequence[PromoBlock]:
    """The blocks of an issue that are not removed, the first made first."""
    rows = sa.select(PromoBlock).where(PromoBlock.issue_id == issue_id, PromoBlock.removed_at.is_(None))
    return (await session.scalars(rows.order_by(PromoBlock.created_at, PromoBlock.id))).all()


def segments_of(issue: Issue) -> tuple[Segment, ...]:
    return msgspec.convert(issue.segments, tuple[Segment, ...])


def _segments(content: str, media_type: str) -> list[dict[str, Any]]:
    if len(content.encode(errors="replace")) > MOST_CONTENT:
        raise BodyTooLarge(MOST_CONTENT)
    if media_type not in MEDIA_TYPES:
        raise InvalidRequest({"media_type": ", ".join(MEDIA_TYPES)})
    try:
        segments = read_issue(content, media_type).segments
    except Unreadable:
        raise IssueUnreadable from None
    if not any(clean_line(segment.text) for segment in segments):
        raise IssueUnreadable
    stored: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(segments))
    return stored


def _follow(block: PromoBlock, before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> None:
    """Move the block's place from the old segments to the same ones among the new.

    What it stood in place of stays away only where it reads exactly as it did; else the new text is shown, and judged.
    """
    old, new = dict(_keyed(before)), {key: id_ for id_, key in _keyed(after)}
    order = list(new.values())
    gone = [new[old[id_]] for id_ in block.replaces if old[id_] in new]
    run = order[order.index(gone[0]) :] if gone else []
    replaces = [id_ for id_, at in zip(gone, run, strict=False) if id_ == at]
    anchor = block.after
    if block.replaces and not replaces:
        anchor = block.replaces[0]
    if anchor is not None:
        earlier = list(old)[list(old).index(anchor) :: -1]
        anchor = next((new[old[id_]] for id_ in earlier if old[id_] in new), None)
    if [anchor, replaces] != [block.after, block.replaces]:
        block.after, block.replaces = anchor, replaces
        block.version += 1


def _keyed(segments: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, tuple[str, str, int]]]:
    """Each segment's id, and how one knows it again: its kind, its text, and how often this came before."""
    seen: Counter[tuple[str, str]] = Counter()
    for segment in segments:
        said = segment["kind"], segment["text"]
        yield segment["id"], (*said, seen[said])
        seen[said] += 1


@asynccontextmanager
async def _one_of_a_number(session: AsyncSession) -> AsyncIterator[None]:
    try:
        async with session.begin_nested():
            yield
    except IntegrityError:
        raise TextTaken("number") from None


async def _record(
    session: AsyncSession, verb: str, issue: Issue, *, now: datetime, by: Actor, changed: Sequence[str] = ()
) -> None:
    facts = {"changed": list(changed)} if changed else {}
    await journal.record(session, verb, issue.id, at=now, by=by, publication=issue.publication_id, facts=facts)
