"""The ledgers of a funnel: visits, claims, redemptions and scans of one event, counted by the database in groups.

Once by what the lines are (offer, code, block or day), once by day: each of both goes along an index, together they
would not.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import CheckIn, Claim, CodeBatch, Event, Pass, PassType, PromoCode, Redemption, Visit
from promos.models.checkins import IS_INSIDE
from promos.rules import days
from promos.rules.funnels import Basis, Counts, Split

_NUMBERS = frozenset(Counts.__slots__)


@dataclass(frozen=True, slots=True)
class Scope:
    """What of an event is counted: all of it, or as far as it is narrowed.

    `blocks`: a select of the promo blocks through which it came. `since` and `until` are days, both counted.
    """

    event: Event
    offer_ids: Collection[UUID]  # all that the event has
    offer_id: UUID | None = None
    code_id: UUID | None = None
    blocks: sa.Select[UUID] | None = None
    since: date | None = None
    until: date | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every scan of the event's door belongs to it, whatever its day."""
        return self.offer_id is None and self.code_id is None and self.blocks is None

    @property
    def always(self) -> "Scope":
        """The same on all days."""
        return replace(self, since=None, until=None)


@dataclass(frozen=True, slots=True)
class Group:
    """`key`: a day, or the id of an offer, block, code, or a secret code's batch; `None`: without a block."""

    key: Any
    counts: Counts
    came: int = 0  # confirmed redemptions among the arrivals
    basis: Basis | None = None  # of `amount`
    amount: int = 0  # given away, in minor units


@dataclass(frozen=True, slots=True)
class _Ledger:
    """`of` says whose rows they are, `at` when they happened (`None`: a row is a day already).

    What `counted` selects is named as `Group` and `Counts` have it.
    """

    of: Any
    at: Any
    counted: sa.Select[*tuple[Any, ...]]


_IS_CONFIRMED = Redemption.state == "confirmed"
_NUMBER = sa.func.count()  # of rows, so that an index may do without them
_CLICKS = _Ledger(
    Visit,
    None,
    sa.select(
        sa.func.sum(Visit.human).label("visits"),
        sa.func.sum(Visit.machine).label("machines"),
        sa.func.sum(Visit.refused).label("unserved"),
    ),
)
_ASKED = _Ledger(Claim, Claim.created_at, sa.select(_NUMBER.label("claims")).select_from(Claim))
_GIVEN = _Ledger(
    Redemption,
    Redemption.created_at,
    sa.select(_NUMBER.label("passes"), sa.func.sum(Redemption.reduction).label("amount"))
    .select_from(Redemption)
    .where(_IS_CONFIRMED),
)
_ENDED = _Ledger(
    Redemption,
    Redemption.ended_at,
    sa.select(_NUMBER.label("given_back")).select_from(Redemption).where(Redemption.state == "cancelled"),
)
_ARRIVED = _Ledger(
    Redemption,
    CheckIn.at,
    sa.select(
        _NUMBER.label("arrivals"),
        _NUMBER.filter(_IS_CONFIRMED).label("came"),  # whose pass is inside hands none on: it is one a redemption
    )
    .select_from(CheckIn)
    .join(Pass, CheckIn.pass_id == Pass.id)
    .join(Redemption, Pass.redemption_id == Redemption.id)
    .where(IS_INSIDE),
)
_SCANNED = _Ledger(CheckIn, CheckIn.at, sa.select(_NUMBER.label("arrivals")).select_from(CheckIn).where(IS_INSIDE))


async def lines(session: AsyncSession, scope: Scope, split: Split, now: datetime) -> AsyncIterator[Group]:
    """All that was counted, by what the lines are; money by its basis. No-shows are not counted here."""
    async for group in _groups(session, scope, split, (_CLICKS, _ASKED, _GIVEN, _ENDED, _ARRIVED), now):
        yield group


async def presence(session: AsyncSession, scope: Scope, split: Split, now: datetime) -> AsyncIterator[Group]:
    """Passes and who came with one, on whatever day: what no-shows are made of."""
    async for group in _groups(session, scope.always, split, (_GIVEN, _ARRIVED), now):
        yield group


async def by_day(session: AsyncSession, scope: Scope, now: datetime) -> AsyncIterator[Group]:
    """The same as `lines`, by day and without money."""
    arrived = _SCANNED if scope.is_whole else _ARRIVED
    ledgers = (_CLICKS, _ASKED, _GIVEN, _ENDED, arrived)
    async for group in _groups(session, scope, Split.DAY, ledgers, now, has_money=False):
        yield group


async def _groups(
    session: AsyncSession,
    scope: Scope,
    split: Split,
    ledgers: Collection[_Ledger],
    now: datetime,
    *,
    has_money: bool = True,
) -> AsyncIterator[Group]:
    bases = await _bases(session, scope.event) if has_money else {}
    has_batches = split is Split.CODE and await _has_batches(session, scope.event)
    connection = await session.connection()
    for ledger in ledgers:
        of = ledger.of
        by: dict[str, Any] = {"its_key": _key(split, of, has_batches=has_batches)}
        if split is Split.DAY:
            by["its_key"] = Visit.day if ledger.at is None else _day(session, ledger.at, scope.event, now)
        if is_worth := has_money and of is Redemption:
            by |= {"its_pass_type": Redemption.pass_type_id, "its_currency": Redemption.currency}
        mine = _narrowed(ledger, scope)
        if has_batches or (split is Split.OFFER and of is Visit):
            mine = mine.join(PromoCode, of.code_id == PromoCode.id)
        grouped = mine.add_columns(*(column.label(name) for name, column in by.items())).group_by(*by)
        for row in (await connection.execute(grouped)).mappings():
            yield Group(
                _as_date(row["its_key"]) if split is Split.DAY else row["its_key"],
                Counts(**{name: int(row[name]) for name in _NUMBERS & row.keys()}),
                row.get("came", 0),
                Basis(row["its_currency"], *bases[row["its_pass_type"]]) if is_worth else None,
                int(row.get("amount") or 0),
            )


def _narrowed(ledger: _Ledger, scope: Scope) -> sa.Select[*tuple[Any, ...]]:
    """Visits and scans are found by their event, the rest by its offers: that is how they are indexed."""
    of, at, statement = ledger.of, ledger.at, ledger.counted
    if at is CheckIn.at:
        statement = statement.where(CheckIn.event_id == scope.event.id)
    if of is Visit:
        statement = statement.where(Visit.event_id == scope.event.id)
    elif of is not CheckIn:
        statement = statement.where(of.offer_id.in_([scope.offer_id] if scope.offer_id else scope.offer_ids))
    if scope.offer_id and of is Visit:
        its_codes = sa.select(PromoCode.id).where(PromoCode.offer_id == scope.offer_id)
        statement = statement.where(of.code_id.in_(its_codes))
    if scope.code_id:
        statement = statement.where(of.code_id == scope.code_id)
    if scope.blocks is not None:
        statement = statement.where(of.block_id.in_(scope.blocks))
    zone, after = scope.event.timezone, timedelta(days=1)
    if scope.since:
        statement = statement.where(Visit.day >= scope.since if at is None else at >= days.begins(scope.since, zone))
    if scope.until:
        end = scope.until
        statement = statement.where(Visit.day <= end if at is None else at < days.begins(end + after, zone))
    return statement


def _key(split: Split, of: Any, *, has_batches: bool) -> Any:
    if split is Split.CODE:
        return sa.func.coalesce(PromoCode.batch_id, PromoCode.id) if has_batches else of.code_id
    if split is Split.OFFER:
        return PromoCode.offer_id if of is Visit else of.offer_id
    return None if split is Split.DAY else of.block_id


def _day(session: AsyncSession, instant: Any, event: Event, now: datetime) -> sa.ColumnElement[Any]:
    """The day of `instant` on the clocks of the event, by the same table of them on both databases."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"

    def local(minutes: int) -> sa.ColumnElement[Any]:
        if is_sqlite:
            return sa.func.date(instant, f"{minutes:+d} minutes")
        utc = sa.func.timezone("UTC", instant)
        return sa.cast(utc + sa.literal(timedelta(minutes=minutes), sa.Interval()), sa.Date)

    since = event.created_at.date() - timedelta(days=1)
    until = max(event.ends_at, now).date() + timedelta(days=2)
    *moved, (_, last) = days.offsets(event.timezone, since, until)
    if not moved:
        return local(last)
    return sa.case(*((instant < at, local(minutes)) for at, minutes in moved), else_=local(last))


async def _has_batches(session: AsyncSession, event: Event) -> bool:
    """Whether codes are to be told by their batches: most events have none, and need not look."""
    return bool(await session.scalar(sa.select(sa.exists().where(CodeBatch.event_id == event.id))))


async def _bases(session: AsyncSession, event: Event) -> dict[UUID, tuple[str, Any]]:
    """The VAT of each pass type."""
    rows = await session.execute(
        sa.select(PassType.id, PassType.vat, PassType.vat_rate).where(PassType.event_id == event.id)
    )
    return {row.id: (row.vat, row.vat_rate) for row in rows}


def _as_date(day: Any) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)
