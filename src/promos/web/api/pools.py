"""The pool of an offer: codes of the partner's own ticket shop, each handed out once."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Annotated, Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import pools, stocking
from promos.actions.stocking import Report
from promos.models import PoolCode
from promos.parsing import pool_list
from promos.parsing.pool_list import Listed
from promos.queries import codes, pages
from promos.queries import pools as queries
from promos.rules.people import Actor, Role, Scope
from promos.settings import Keys
from promos.web.access import allows
from promos.web.api.batches import LIST, Kept, brought, pieces
from promos.web.api.batches import Listed as Body
from promos.web.given import Asked, Reads, Writes
from promos.web.problems import TAKES_LONG

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
State = Literal["free", "reserved", "given", "burnt", "spent"]


class PoolStanding(msgspec.Struct):
    """`reserved`: for holds. `burnt`: shown to a reader whose pass has ended or gone on to somebody else, so never
    given again. `spent`: used in the shop by somebody who did not get it here."""

    offer_id: UUID
    codes: int
    free: int
    reserved: int
    given: int
    burnt: int
    spent: int


class PoolCodeSeen(msgspec.Struct):
    """`code` is null where the key that sealed it is no longer among the installation's keys."""

    id: UUID
    code: str | None
    state: State
    redemption_id: UUID | None
    taken_at: datetime | None
    created_at: datetime


class PoolCodesSeen(msgspec.Struct):
    items: list[PoolCodeSeen]
    next: str | None


class WrongPoolRow(msgspec.Struct):
    line: int
    problem: str
    message: str


class PoolFilled(msgspec.Struct):
    """`known`: rows whose code the offer had already, or that stand in the list twice. `wrong`: the first 1000 of the
    `bad` rows."""

    dry_run: bool
    rows: int
    taken: int
    known: int
    bad: int
    wrong: list[WrongPoolRow]


class PoolEmptied(msgspec.Struct):
    codes: int  # taken out


def filled(report: Report, *, dry_run: bool) -> PoolFilled:
    wrong = [WrongPoolRow(each.line, each.slug, each.why) for each in report.wrong]
    return PoolFilled(dry_run, report.rows, report.taken, report.known, report.bad, wrong)


@get("/offers/{id:uuid}/pool", opt=allows(*RUN_BY, scope=Scope.READ), operation_id="getPool")
async def get_pool(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> PoolStanding:
    """How many codes of the partner's shop there are, and what became of them."""
    async with reads() as session:
        found = await queries.standing(session, id, actor)
    return PoolStanding(id, found.codes, found.free, found.reserved, found.given, found.burnt, found.spent)


@get("/offers/{id:uuid}/pool/codes", opt=allows(*RUN_BY, scope=Scope.READ), operation_id="listPoolCodes")
async def list_codes(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> PoolCodesSeen:
    """The codes in the clear, in the order in which they are handed out; for the partner's own people alone."""
    mine = sa.select(PoolCode).where(PoolCode.offer_id == id)
    if in_state:
        mine = mine.where(PoolCode.state == in_state)
    async with reads() as session:
        await codes.offer(session, id, actor)
        rows, following = await pages.page(session, mine, PoolCode.id, cursor, size)
    items = [
        PoolCodeSeen(
            id=row.id,
            code=pools.shown(row.sealed, keys),
            state=row.state,
            redemption_id=row.redemption_id,
            taken_at=row.taken_at,
            created_at=row.created_at,
        )
        for row in rows
    ]
    return PoolCodesSeen(items, following)


@post(
    "/offers/{id:uuid}/pool/import",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE) | TAKES_LONG,
    operation_id="importPoolCodes",
    operation_class=Body,
    request_max_body_size=LIST,
)
async def fill(
    request: Asked,
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    dry_run: FromQuery[bool] = False,
) -> Response[PoolFilled]:
    """Take in codes of the partner's shop (CSV, XLSX or one a line; up to 64 MB). Good rows
    are taken in, bad ones reported, none is taken twice. With `dry_run`, nothing is changed."""
    async with reads() as session:
        await queries.standing(session, id, actor)

    async def take(file: IO[bytes], keep: Kept[Report]) -> Report:
        state = request.app.state
        listed = await asyncio.to_thread(listed_in, file)
        return await stocking.take(state.database, state.clock, keys, id, listed, by=actor, dry_run=dry_run, keep=keep)

    return await brought(request, reads, writes, take, lambda report: filled(report, dry_run=dry_run))


def listed_in(file: IO[bytes]) -> Iterator[Listed]:
    """The rows of a list, text or workbook; raises `ListTooLong`."""
    pieces(file)  # which counts the lines
    file.seek(0)
    return pool_list.rows(file)


@post(
    "/offers/{id:uuid}/pool/empty",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE),
    operation_id="emptyPool",
)
async def empty(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[PoolEmptied]:
    """Take the codes that nobody has out again: the wrong list was brought. Again: 200 and none."""

    async def effect(session: AsyncSession, now: datetime) -> PoolEmptied:
        return PoolEmptied(await stocking.empty(session, id, now=now, by=actor))

    return await writes.answer(effect)


HANDLERS: list[Any] = [get_pool, list_codes, fill, empty]
