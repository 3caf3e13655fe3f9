"""Links to the report of an event, for people without an account: counts and money, for a while."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import reports
from promos.models import ReportLink
from promos.queries import pages
from promos.queries import reports as queries
from promos.rules.finding import asked
from promos.rules.people import Actor, Role, Scope
from promos.settings import Keys, Settings
from promos.web.access import allows
from promos.web.given import Reads, Writes

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
READ, WRITE = allows(*RUN_BY, scope=Scope.READ), allows(*RUN_BY, scope=Scope.WRITE)


class NewReportLink(msgspec.Struct, forbid_unknown_fields=True):
    """`name`: of who it is for, who reads it on the page. `language`: en or fr. It works for `days` days."""

    name: str
    language: str = "en"
    days: int = reports.DAYS


class ReportLinkSeen(msgspec.Struct):
    """`state`: active, ended or revoked."""

    id: UUID
    event_id: UUID
    name: str
    language: str
    state: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class ReportLinkMade(ReportLinkSeen):
    """`link` is shown here and nowhere else; whoever has it sees the report."""

    link: str


class ReportLinksSeen(msgspec.Struct):
    items: list[ReportLinkSeen]
    next: str | None


@post("/events/{id:uuid}/reports", status_code=201, opt=WRITE, operation_id="createReportLink")
async def create(
    id: FromPath[UUID],
    data: JSONBody[NewReportLink],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    settings: NamedDependency[Settings],
) -> Response[ReportLinkMade]:
    """Share the report of an event: a page of counts and money that needs no account, until it ends or is revoked."""

    async def effect(session: AsyncSession, now: datetime) -> ReportLinkSeen:
        given = msgspec.structs.asdict(data)
        return seen(await reports.share(session, id, **given, keys=keys, now=now, by=actor), now)

    return await writes.answer(effect, status=201, show=lambda document: _with_link(document, keys, settings))


@get("/events/{id:uuid}/reports", opt=READ, operation_id="listReportLinks")
async def list_links(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> ReportLinksSeen:
    """Ended and revoked ones too, those made last first. `q`: of names. `sort`: name, made."""
    async with reads() as session:
        event = await reports.event_of(session, id, actor)
        rows, following = await pages.listed(
            session, queries.links(actor, event_id=event.id), queries.SORTED, asked(q, sort, cursor, size)
        )
    return ReportLinksSeen([seen(row.ReportLink, now) for row in rows], following)


@post("/reports/{id:uuid}/revoke", status_code=200, opt=WRITE, operation_id="revokeReportLink")
async def revoke(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[ReportLinkSeen]:
    """End a link at once, for good. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> ReportLinkSeen:
        return seen(await reports.revoke(session, id, now=now, by=actor), now)

    return await writes.answer(effect)


def seen(link: ReportLink, now: datetime) -> ReportLinkSeen:
    return ReportLinkSeen(
        id=link.id,
        event_id=link.event_id,
        name=link.name,
        language=link.language,
        state=link.state(now),
        created_at=link.created_at,
        expires_at=link.expires_at,
        revoked_at=link.revoked_at,
    )


def address(link_id: UUID, keys: Keys, settings: Settings) -> str:
    """What whoever it is for opens."""
    return f"{settings.base_url}/report/{reports.secret(link_id, keys)}"


def _with_link(document: dict[str, Any], keys: Keys, settings: Settings) -> dict[str, Any]:
    return document | {"link": address(UUID(document["id"]), keys, settings)}


HANDLERS: list[Any] = [create, list_links, revoke]
