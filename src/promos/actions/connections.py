"""A publication's newsletter tool: connected, left, and remembered with each issue that stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import evidence, journal
from promos.actions.sealing import Seal
from promos.models import Connection, Issue, Publication
from promos.outside.tools.kinds import KINDS, Access
from promos.rules import texts
from promos.rules.disclosure.subject import Loss, Tool
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, IssueNotPublished, NotFound, ToolMissing, ToolRefused

FIRST_DAY, LATER = timedelta(hours=1), timedelta(days=1)  # between two looks at what was sent
LOOKS_FOR = timedelta(days=30)
MOST = 500  # characters of a key
SEALED = "tool key"


async def connect(
    session: AsyncSession,
    publication_id: UUID,
    kind: str,
    *,
    base_url: str = "",
    user: str = "",
    key: str,
    secrets: Sequence[bytes],
    now: datetime,
    by: Actor,
) -> Connection:
    """Remember how the tool is reached, in place of what was before. Raises `NotFound` and `InvalidRequest`."""
    await _edited(session, publication_id, by)
    if kind not in KINDS:
        raise InvalidRequest({"kind": ", ".join(KINDS)})
    errors = {}
    if not (key.strip().isascii() and key.strip().isprintable() and 0 < len(key.strip()) <= MOST):
        errors["key"] = N_("Give the key as the tool shows it.")
    if KINDS[kind].has_user and not (user.strip() and len(user) <= 200):
        errors["user"] = N_("Give the name of the tool’s API user.")
    if errors:
        raise InvalidRequest(errors)
    values = {
        "kind": kind,
        "base_url": texts.url(base_url, "base_url").rstrip("/") if KINDS[kind].has_address else "",
        "user": user.strip() if KINDS[kind].has_user else "",
        "sealed_key": Seal(secrets, SEALED).close(key.strip()),
        "trouble": None,
        "connected_by": by.id,
        "connected_at": now,
    }
    made = await session.get(Connection, publication_id, populate_existing=True)
    if made is None:
        made = Connection(publication_id=publication_id)
        session.add(made)
    for name, value in values.items():
        setattr(made, name, value)
    await session.flush()
    facts = {"kind": kind}
    await journal.record(
        session, "tool.connected", publication_id, at=now, by=by, publication=publication_id, facts=facts
    )
    return made


async def leave(session: AsyncSession, publication_id: UUID, *, now: datetime, by: Actor) -> None:
    """Forget the tool and its key; what stands in it stays there. Again: nothing happens."""
    await _edited(session, publication_id, by)
    gone = sa.delete(Connection).where(Connection.publication_id == publication_id).returning(Connection.kind)
    if kind := await session.scalar(gone):
        facts = {"kind": kind}
        await journal.record(
            session, "tool.left", publication_id, at=now, by=by, publication=publication_id, facts=facts
        )


async def of(session: AsyncSession, publication_id: UUID, by: Actor) -> Connection:
    """Raises `ToolMissing` where none is connected, and `NotFound` for who has nothing to do with it."""
    await _edited(session, publication_id, by)
    found = await session.get(Connection, publication_id, populate_existing=True)
    if found is None:
        raise ToolMissing
    return found


def access(connection: Connection, secrets: Sequence[bytes]) -> Access:
    """Raises `ToolRefused` for a key that was sealed with a secret that is no longer listed."""
    key = Seal(secrets, SEALED).open(connection.sealed_key)
    if key is None:
        raise ToolRefused
    return Access(connection.base_url, connection.user, key)


async def tool_of(session: AsyncSession, publication_id: UUID) -> Tool | None:
    """The connected tool, with the ways in which it can lose a label."""
    connected = sa.select(Connection.kind).where(Connection.publication_id == publication_id)
    kind = KINDS.get(await session.scalar(connected) or "")
    return Tool(kind.name, () if kind.capabilities.raw_html else (Loss.NO_HTML,)) if kind else None


async def place(
    session: AsyncSession, issue_id: UUID, draft_id: str, *, address: str, kind: str, now: datetime, by: Actor
) -> Issue:
    """The issue stands in this draft of the tool from now on, and is looked at there once it is published."""
    issue = await session.scalar(
        sa.select(Issue).where(Issue.id == issue_id, Issue.visible_to(by)).with_for_update(key_share=True)
    )
    if issue is None:
        raise NotFound("issue")
    issue.draft_id, issue.draft_address = draft_id, address
    issue.look_at = now if issue.state == "published" else None
    await session.flush()
    facts = {"issue": str(issue.id), "tool": kind, "draft": draft_id}
    await journal.record(session, "issue.placed", issue.id, at=now, by=by, publication=issue.publication_id)
    await evidence.append(session, issue.publication_id, "issue.placed", facts, now=now, issue=issue.id)
    return issue


async def find(session: AsyncSession, issue_id: UUID, address: str, *, now: datetime, by: Actor) -> Issue:
    """The issue is published at this address of the web, and is looked at there. Raises `IssueNotPublished`."""
    this = sa.select(Issue).where(Issue.id == issue_id, Issue.visible_to(by)).with_for_update(key_share=True)
    issue = await session.scalar(this.execution_options(populate_existing=True))
    if issue is None:
        raise NotFound("issue")
    if issue.published_at is None:
        raise IssueNotPublished
    if issue.web_address != address:
        issue.web_address = texts.url(address, "address")
        issue.look_at = now + FIRST_DAY
        await session.flush()
        await journal.record(session, "issue.found", issue.id, at=now, by=by, publication=issue.publication_id)
    return issue


@dataclass(frozen=True, slots=True)
class Due:
    """A published issue to look at now, in its tool and on the web."""

    issue_id: UUID
    publication_id: UUID
    draft_id: str | None
    address: str | None


async def due(session: AsyncSession, *, now: datetime, most: int = 10) -> list[Due]:
    """Published issues that stand somewhere, for this worker alone: each is due again later by itself.

    Every hour on the first day, then every day for a month.
    """
    rows = sa.select(Issue).where(Issue.look_at <= now).order_by(Issue.look_at).limit(most)
    found = (await session.scalars(rows.with_for_update(skip_locked=True))).all()
    for issue in found:
        age = now - (issue.published_at or now)
        issue.look_at = None if age > LOOKS_FOR else now + (FIRST_DAY if age < LATER else LATER)
    await session.flush()
    return [Due(each.id, each.publication_id, each.draft_id, each.web_address) for each in found]


async def is_any_due(session: AsyncSession, *, now: datetime) -> bool:
    """Whether `due` would find something: to be asked without the right to write, again and again."""
    return bool(await session.scalar(sa.select(sa.exists().where(Issue.look_at <= now))))


async def troubled(session: AsyncSession, publication_id: UUID, slug: str | None) -> None:
    """Remember what the tool last answered, for the editors' page."""
    values = sa.update(Connection).where(Connection.publication_id == publication_id).values(trouble=slug)
    await session.execute(values.execution_options(synchronize_session=False))


async def _edited(session: AsyncSession, publication_id: UUID, by: Actor) -> None:
    known = sa.select(sa.exists().where(Publication.id == publication_id))
    if not (by.is_admin or publication_id in by.publications) or not await session.scalar(known):
        raise NotFound("publication")
