"""Secret codes by the thousand: ordered, made in chunks by whoever has the lease, stopped and gone on with.

What a batch has made moves in the transaction that stores the codes, and only from what was seen: so any worker can go
on after any other, whatever became of that one, and the number comes out exact.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal, limits
from promos.models import CodeBatch, Offer, Partner, PromoCode, new_id, table
from promos.queries import codes as queries
from promos.rules import archives, codes, offers, patterns, texts
from promos.rules.people import PROGRAM, Actor
from promos.rules.refusals import BatchDone, NotFound, TooManyOrders

LEASE = timedelta(seconds=15)  # begins anew with each chunk
MOST_OPEN = 5  # orders of one partner that wait or are under way

_TABLE = table(PromoCode)
_OF_EACH = ("id", "text", "spelled")
_NONE = ("label", "pauses_at", "archived_at")
_ALIKE = [column.name for column in _TABLE.columns if column.name not in (*_OF_EACH, *_NONE)]  # in all of one lot
_COLUMNS = [*_OF_EACH, *_ALIKE]
_INSERT = f"INSERT INTO {_TABLE.name} ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_TYPES = [_TABLE.columns[name].type.compile(postgresql.dialect()) for name in _COLUMNS]  # type: ignore[no-untyped-call]
_GIVEN = [f"${number}::{type_}" for number, type_ in enumerate(_TYPES, 1)]
_INSERT_ALL = (  # COPY would be a tenth faster, and does not go through row-level security
    f"INSERT INTO {_TABLE.name} ({', '.join(_COLUMNS)})"  # noqa: S608 -- names and types of columns
    f" SELECT each.*, {', '.join(_GIVEN[len(_OF_EACH) :])}"
    f" FROM unnest({', '.join(f'{given}[]' for given in _GIVEN[: len(_OF_EACH)])}) AS each"
)


class CodesRepeated(Exception):  # noqa: N818 -- a signal to draw anew, not a fault
    """One of these codes exists already."""


class BatchMoved(Exception):  # noqa: N818 -- a signal to look anew, not a fault
    """Somebody stopped this batch, or made codes of it."""


class Word(NamedTuple):
    """A code to store: how it is compared and shown, and its id."""

    text: str
    spelled: str
    id: UUID


async def order(
    session: AsyncSession,
    offer_id: UUID,
    count: int,
    *,
    pattern: str = patterns.DEFAULT,
    limit: int | None = 1,
    once: UUID | None = None,
    now: datetime,
    by: Actor,
) -> CodeBatch:
    """Write an order for `count` codes under an offer, to add to those it has; a worker makes them.

    `once`: the mark of a form, which orders the same once. Raises `NotFound`, `TooManyOrders`, and what
    `patterns.orderable` raises.
    """
    wanted = patterns.orderable(pattern, count)
    kept = texts.read(offers.CODE, {"limit": limit})
    offer = await queries.offer(session, offer_id, by)
    archives.in_use(offer.archived_at)
    batch_id = uuid5(offer_id, str(once)) if once else None  # nobody chooses an id
    await _one_more(session, offer.partner_id, batch_id)
    before = await session.get(CodeBatch, batch_id) if batch_id else None  # behind the lock: a form sent twice
    if before and (before.wanted, before.pattern, before.limit) == (count, wanted.text, kept["limit"]):
        return before
    batch = CodeBatch(
        id=new_id() if before or not batch_id else batch_id,
        partner_id=offer.partner_id,
        event_id=offer.event_id,
        offer_id=offer.id,
        pattern=wanted.text,
        limit=kept["limit"],
        wanted=count,
        made=0,
        state="waiting",
        created_at=now,
    )
    session.add(batch)
    await session.flush()
    facts = {"batch": str(batch.id), "count": count, "pattern": wanted.text, "limit": batch.limit}
    await _record(session, "codes.ordered", batch, now, by, facts)
    return batch


async def stop(session: AsyncSession, batch_id: UUID, *, now: datetime, by: Actor) -> CodeBatch:
    """Make no more codes of this batch; those there are stay good. Again: nothing. Raises `NotFound`, `BatchDone`."""
    return await _become(session, batch_id, "stopped", ("waiting", "making"), "codes.stopped", now, by)


async def go_on(session: AsyncSession, batch_id: UUID, *, now: datetime, by: Actor) -> CodeBatch:
    """Make the rest of a batch that was stopped. Again: nothing. Raises `NotFound`, `BatchDone`, `TooManyOrders`."""
    return await _become(session, batch_id, "waiting", ("stopped",), "codes.resumed", now, by)


async def is_any_free(session: AsyncSession, *, now: datetime) -> bool:
    """Whether there is a batch to take."""
    return bool(await session.scalar(sa.select(_free(now).exists())))


async def claim(session: AsyncSession, *, now: datetime, batch_id: UUID | None = None) -> CodeBatch | None:
    """Take the batch with the least to do, or this one, for as long as the lease is; `None` if there is none to take.

    So whoever orders a few codes does not wait for somebody's millions.
    """
    free = _free(now).order_by(CodeBatch.wanted - CodeBatch.made, CodeBatch.id).limit(1)
    if batch_id is not None:
        free = free.where(CodeBatch.id == batch_id)
    found = free.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    batch = await session.scalar(found)
    if batch is not None:
        batch.state, batch.leased_until = "making", now + LEASE
        await session.flush()
    return batch


def _free(now: datetime) -> sa.Select[CodeBatch]:
    over = sa.and_(CodeBatch.state == "making", CodeBatch.leased_until <= now)
    return sa.select(CodeBatch).where(sa.or_(CodeBatch.state == "waiting", over))


async def let_go(session: AsyncSession, batch_id: UUID, *, seen: int) -> None:
    """Leave the rest to another worker, at once."""
    mine = (CodeBatch.id == batch_id, CodeBatch.state == "making", CodeBatch.made == seen)
    await session.execute(sa.update(table(CodeBatch)).where(*mine).values(state="waiting", leased_until=None))


def words(spelled: Sequence[str], now: datetime) -> list[Word]:
    """Secret codes as they are shown, ready to be stored."""
    compared = codes.mended("\n".join(spelled).replace("-", "")).split("\n")
    return list(map(Word, compared, spelled, ids(len(spelled), now)))


def words_again(pattern: str, count: int, now: datetime) -> list[Word]:
    """Other codes of a pattern in the place of a chunk in which one existed already."""
    return [word for some in patterns.drawn(patterns.pattern(pattern), count, count) for word in words(some, now)]


async def make_some(session: AsyncSession, batch: CodeBatch, some: Sequence[Word], *, seen: int, now: datetime) -> int:
    """Store some codes of a batch that had made `seen` until now; how many it has made with them.

    The limits above are locked as for a code made by hand: whoever sets one has to know all codes below it. Raises
    `BatchMoved`, and `CodesRepeated` if one of them exists.
    """
    await limits.locked_offer(session, batch.offer_id, PROGRAM, archived=True)
    made = seen + len(some)
    is_done = made == batch.wanted
    values = {
        "made": made,
        "state": "done" if is_done else "making",
        "leased_until": None if is_done else now + LEASE,
        "ended_at": now if is_done else None,
    }
    mine = (CodeBatch.id == batch.id, CodeBatch.state == "making", CodeBatch.made == seen)
    moved = await session.execute(sa.update(table(CodeBatch)).where(*mine).values(values))
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise BatchMoved
    await store(session, some, batch_id=batch.id, kind="generated", limit=batch.limit, of=batch, now=now)
    return made


async def store(
    session: AsyncSession,
    some: Sequence[Word],
    *,
    batch_id: UUID | None,
    kind: str,
    limit: int | None,
    of: CodeBatch | Offer,
    now: datetime,
) -> None:
    """Write these codes as fast as the database takes them, at version 0; raises `CodesRepeated`."""
    values = {
        "partner_id": of.partner_id,
        "event_id": of.event_id,
        "offer_id": of.offer_id if isinstance(of, CodeBatch) else of.id,
        "kind": kind,
        "batch_id": batch_id,
        "max_passes": limit,
        "used": 0,
        "version": 0,
        "status": "active",
        "created_at": now,
    }
    connection = await session.connection()
    alike = _as_stored(values, connection.dialect)
    try:
        if connection.dialect.name == "sqlite":
            await connection.exec_driver_sql(_INSERT, _rows(alike, some))
        else:
            await connection.exec_driver_sql(_INSERT_ALL, (*_columns(some), *alike.values()))
    except IntegrityError:
        raise CodesRepeated from None


def ids(count: int, now: datetime) -> list[UUID]:
    """As `models.new_id` makes them, by the thousand."""
    begun = (int(now.timestamp() * 1000) << 80) | (0x7 << 76) | (0b10 << 62)
    chance = secrets.token_bytes(10 * count)
    high, low = ((1 << 12) - 1) << 64, (1 << 62) - 1
    drawn = (int.from_bytes(chance[at : at + 10], "big") for at in range(0, len(chance), 10))
    return [UUID(int=begun | (each & high) | (each & low)) for each in drawn]


def _rows(alike: Mapping[str, Any], some: Sequence[Word]) -> list[tuple[Any, ...]]:
    """Rows in the order of `_COLUMNS`."""
    return [(row_id.hex, text, spelled, *alike.values()) for text, spelled, row_id in some]


def _columns(some: Sequence[Word]) -> tuple[list[UUID], list[str], list[str]]:
    """What differs, a list for each column of `_OF_EACH`: one statement takes them all."""
    return [word.id for word in some], [word.text for word in some], [word.spelled for word in some]


def _as_stored(values: Mapping[str, Any], dialect: sa.Dialect) -> dict[str, Any]:
    """The columns of `_ALIKE`, as SQLAlchemy gives them to this driver."""
    stored = {}
    for name in _ALIKE:
        write = _TABLE.columns[name].type.dialect_impl(dialect).bind_processor(dialect)
        stored[name] = write(values[name]) if write else values[name]
    return stored


async def _become(
    session: AsyncSession, batch_id: UUID, state: str, before: Sequence[str], verb: str, now: datetime, by: Actor
) -> CodeBatch:
    mine = sa.select(CodeBatch).where(CodeBatch.id == batch_id, CodeBatch.run_by(by))
    batch = await session.scalar(mine.with_for_update().execution_options(populate_existing=True))
    if batch is None:
        raise NotFound("batch")
    if batch.state == "done":
        raise BatchDone
    if batch.state in before:
        if state == "waiting":
            await _one_more(session, batch.partner_id)
        batch.state, batch.leased_until = state, None
        await session.flush()
        await _record(session, verb, batch, now, by, {"batch": str(batch.id), "made": batch.made})
    return batch


async def _one_more(session: AsyncSession, partner_id: UUID, batch_id: UUID | None = None) -> None:
    """Raise `TooManyOrders` if a partner has all the orders they may beside this one; another one waits behind it."""
    await session.execute(sa.select(Partner.id).where(Partner.id == partner_id).with_for_update(key_share=True))
    is_open = CodeBatch.state.in_(("waiting", "making"))
    number = sa.select(sa.func.count()).select_from(CodeBatch).where(CodeBatch.partner_id == partner_id, is_open)
    if batch_id:
        number = number.where(CodeBatch.id != batch_id)
    if (await session.scalar(number) or 0) >= MOST_OPEN:
        raise TooManyOrders(MOST_OPEN)


async def _record(
    session: AsyncSession, verb: str, batch: CodeBatch, now: datetime, by: Actor, facts: dict[str, Any]
) -> None:
    await journal.record(
        session, verb, batch.offer_id, at=now, by=by, partner=batch.partner_id, event=batch.event_id, facts=facts
    )
