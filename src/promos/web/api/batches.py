"""Codes in bulk: ordered by a pattern and made in the background, or brought as a list."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from hmac import HMAC
from typing import IO, Any, Literal, TypeVar
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import batches, idempotency, making
from promos.actions.idempotency import Stored
from promos.actions.imports import Report
from promos.models import CodeBatch
from promos.parsing import codes_csv
from promos.parsing.codes_csv import Row
from promos.parsing.workbooks import IS_ZIP
from promos.queries import codes, exports, pages
from promos.rules import patterns
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import ListTooLong, NotFound, Refusal
from promos.web import downloads
from promos.web.access import allows
from promos.web.given import Asked, Reads, Writes, answered
from promos.web.problems import TAKES_LONG

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
CSV = "text/csv"
LIST = 64 * 1024 * 1024  # bytes of a list of codes: a million of them, and more
LINES = 1_000_001  # a head, and a million codes
PIECE = 64 * 1024  # bytes


class NewBatch(msgspec.Struct, forbid_unknown_fields=True):
    """`pattern`: `*` is a random letter or digit, `#` a random digit. `limit`: passes with each of the codes."""

    count: int
    pattern: str = patterns.DEFAULT
    limit: int | None = 1


class BatchSeen(msgspec.Struct):
    """`made` of `count` codes are there. A batch without a `pattern` was brought as a list."""

    id: UUID
    offer_id: UUID
    state: Literal["waiting", "making", "done", "stopped"]
    made: int
    count: int
    pattern: str | None
    limit: int | None
    created_at: datetime
    ended_at: datetime | None


class BatchesSeen(msgspec.Struct):
    items: list[BatchSeen]
    next: str | None


class WrongRow(msgspec.Struct):
    """A row that is not taken in. `problem`: as a code made by hand would be refused."""

    line: int
    code: str
    problem: str
    message: str


class Imported(msgspec.Struct):
    """`known`: rows whose code this offer had already, or that stand in the list twice. `wrong`: the first 1000 of the
    `bad` rows. `batch`: where the secret codes among the rows are."""

    dry_run: bool
    rows: int
    taken: int
    known: int
    bad: int
    wrong: list[WrongRow]
    batch: UUID | None


def seen(batch: CodeBatch) -> BatchSeen:
    return BatchSeen(
        id=batch.id,
        offer_id=batch.offer_id,
        state=batch.state,  # type: ignore[arg-type]
        made=batch.made,
        count=batch.wanted,
        pattern=batch.pattern or None,
        limit=batch.limit,
        created_at=batch.created_at,
        ended_at=batch.ended_at,
    )


def imported(report: Report, *, dry_run: bool) -> Imported:
    wrong = [WrongRow(each.line, each.code, each.slug, each.why) for each in report.wrong]
    return Imported(dry_run, report.rows, report.taken, report.known, report.bad, wrong, report.batch_id)


@post(
    "/offers/{id:uuid}/code-batches",
    status_code=202,
    opt=allows(*RUN_BY, scope=Scope.WRITE),
    operation_id="orderCodes",
)
async def order(
    id: FromPath[UUID],
    data: JSONBody[NewBatch],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[BatchSeen]:
    """Order 1 to 1,000,000 secret codes, to add to those of the offer. They are made in the background."""

    async def effect(session: AsyncSession, now: datetime) -> BatchSeen:
        ordered = await batches.order(
            session, id, data.count, pattern=data.pattern, limit=data.limit, now=now, by=actor
        )
        return seen(ordered)

    return await writes.answer(effect, status=202)


@get("/offers/{id:uuid}/code-batches", opt=allows(*RUN_BY, scope=Scope.READ), operation_id="listBatches")
async def list_batches(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> BatchesSeen:
    """The orders and lists of an offer, newest first."""
    async with reads() as session:
        await codes.offer(session, id, actor)
        mine = sa.select(CodeBatch).where(CodeBatch.offer_id == id)
        rows, following = await pages.page(session, mine, CodeBatch.id, cursor, size, newest_first=True)
    return BatchesSeen([seen(row) for row in rows], following)


@get("/offers/{id:uuid}/code-batches/{batch:str}", opt=allows(*RUN_BY, scope=Scope.READ), operation_id="getBatch")
async def get_batch(
    id: FromPath[UUID], batch: FromPath[str], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[BatchSeen]:
    """How far a batch is; with `.csv` behind its id, the codes that are made (code, limit, used, status)."""
    async with reads() as session:
        found = await codes.batch(session, id, _id(batch.removesuffix(".csv")), actor)
    return download(reads, found) if batch.endswith(".csv") else Response(seen(found))


@post(
    "/offers/{id:uuid}/code-batches/{batch:str}/stop",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE),
    operation_id="stopBatch",
)
async def stop(
    id: FromPath[UUID], batch: FromPath[str], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[BatchSeen]:
    """Make no more codes of this batch; those there are stay good. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> BatchSeen:
        found = await codes.batch(session, id, _id(batch), actor)
        return seen(await batches.stop(session, found.id, now=now, by=actor))

    return await writes.answer(effect)


@post(
    "/offers/{id:uuid}/code-batches/{batch:str}/continue",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE),
    operation_id="continueBatch",
)
async def go_on(
    id: FromPath[UUID], batch: FromPath[str], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[BatchSeen]:
    """Make the rest of a batch that was stopped. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> BatchSeen:
        found = await codes.batch(session, id, _id(batch), actor)
        return seen(await batches.go_on(session, found.id, now=now, by=actor))

    return await writes.answer(effect)


class Listed(Operation):
    """The body is the list itself."""

    def __post_init__(self) -> None:
        text = Schema(type=OpenAPIType.STRING)
        media = OpenAPIMediaType(schema=text)
        self.request_body = RequestBody(content={CSV: media, downloads.XLSX: media}, required=True)


@post(
    "/offers/{id:uuid}/codes/import",
    status_code=200,
    opt=allows(*RUN_BY, scope=Scope.WRITE) | TAKES_LONG,
    operation_id="importCodes",
    operation_class=Listed,
    request_max_body_size=LIST,
)
async def import_codes(
    request: Asked,
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    dry_run: FromQuery[bool] = False,
) -> Response[Imported]:
    """Take in a list (CSV or XLSX: code, limit; up to 64 MB). Good rows are taken in, bad ones reported, none is taken
    twice: the mended list can be brought whole. With `dry_run`, nothing is changed."""
    async with reads() as session:
        await codes.offer(session, id, actor)

    async def take(file: IO[bytes], keep: Kept[Report]) -> Report:
        state = request.app.state
        return await making.take(state.database, state.clock, id, listed(file), by=actor, dry_run=dry_run, keep=keep)

    return await brought(request, reads, writes, take, lambda report: imported(report, dry_run=dry_run))


R = TypeVar("R")
Kept = Callable[[AsyncSession, R, datetime], Awaitable[None]]


async def brought(
    request: Asked,
    reads: Reads,
    writes: Writes,
    take: Callable[[IO[bytes], Kept[R]], Awaitable[R]],
    seen: Callable[[R], Any],
) -> Response[Any]:
    """The answer to a list that is the body itself: what `take` made of it, as `seen`; a repeat is answered the same.

    `take` gets what keeps the answer, in its last transaction.
    """
    if request.content_type[0] not in (CSV, downloads.XLSX):
        raise HTTPException(status_code=415)

    async def keep(session: AsyncSession, report: R, now: datetime) -> None:
        if key:
            with suppress(IntegrityError):  # the same list came twice at once: one answer is kept
                async with session.begin_nested():
                    await idempotency.store(session, [(key, 200, msgspec.to_builtins(seen(report)))], now=now)

    mark = writes.mark()
    async with spooled(request.stream(), mark) as file:
        key = await writes.key(mark)
        async with reads() as session:
            before = (await idempotency.answered(session, [key])).get(key) if key else None
        if isinstance(before, Refusal):
            raise before
        if before:
            return answered(before)
        return answered(Stored(-200, msgspec.to_builtins(seen(await take(file, keep)))))


def download(reads: Reads, batch: CodeBatch) -> Any:
    """The codes of a batch as a file, as they are read."""
    return downloads.download(exports.codes_of(reads, batch), "csv")


@asynccontextmanager
async def spooled(body: AsyncIterator[bytes], mark: HMAC) -> AsyncIterator[IO[bytes]]:
    """The body as a file, on disk if it is long: who sends it slowly holds nothing else up. `mark` gets it too."""
    with tempfile.SpooledTemporaryFile(max_size=16 * PIECE) as file:
        async for piece in body:
            mark.update(piece)
            file.write(piece)
        file.seek(0)
        yield file


def listed(file: IO[bytes]) -> Iterator[Row]:
    """The rows of a list, text or workbook; raises `ListTooLong`."""
    begin = file.read(4)
    file.seek(0)
    return codes_csv.of_workbook(file) if begin == IS_ZIP else codes_csv.rows(pieces(file))


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """A list from its first byte on; raises `ListTooLong` before anything of it is taken in."""
    lines = {b"\n": 0, b"\r": 0}
    while piece := file.read(PIECE):
        for end in lines:
            lines[end] += piece.count(end)
    if max(lines.values()) > LINES:
        raise ListTooLong(LINES)
    file.seek(0)
    return iter(lambda: file.read(PIECE), b"")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("batch") from None


HANDLERS: list[Any] = [order, list_batches, get_batch, stop, go_on, import_codes]
