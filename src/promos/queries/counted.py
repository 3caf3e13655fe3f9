"""The ledgers of a funnel: visits, claims, redemptions and scans of one event, each counted in one grouped statement.

Every group has a key (offer, code, block) and a day, so that a split and the days beside it need one pass.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import CheckIn, Claim, Event, Pass, PassType, PromoCode, Redemption, Visit
from promos.models.checkins import IS_INSIDE
from promos.rules import days
from promos.rules.funnels import Basis, Counts, Split

_NOTHING = sa.null().label("amount")


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


@dataclass(frozen=True, slots=True)
class Group:
    """`key`: the id of the offer or block, of a code, or of a secret code's batch; `None` for what has no block."""

    key: Any
    day: date
    counts: Counts
    basis: Basis | None = None  # of `amount`
    amount: int = 0  # given away, in minor units


async def groups(session: AsyncSession, scope: Scope, split: Split, now: datetime) -> AsyncIterator[Group]:
    """All that was counted. No-shows stand on the day the event ended, and nowhere before that."""
    bases = await _bases(session, scope.event)
    for of, instant, names, statement in _ledgers(scope, now):
        by: dict[str, Any] = {"its_day": Visit.day if instant is None else _day(session, instant, scope.event, now)}
        if split is not Split.DAY:
            by["its_key"] = _key(split, of)
        if of is Redemption:
            by |= {"its_pass_type": Redemption.pass_type_id, "its_currency": Redemption.currency}
        mine = _narrowed(statement, of, instant, scope)
        if split is Split.CODE or (split is Split.OFFER and of is Visit):
            mine = mine.join(PromoCode, of.code_id == PromoCode.id)
        counted = mine.add_columns(*(column.label(name) for name, column in by.items())).group_by(*by)
        for row in await session.execute(counted):
            counts = Counts(**{name: int(number) for name, number in zip(names, row, strict=False)})
            basis = Basis(row.its_currency, *bases[row.its_pass_type]) if of is Redemption else None
            key = row.its_key if split is not Split.DAY else None
            yield Group(key, _plain(row.its_day), counts, basis, int(row.amount or 0))


def _ledgers(scope: Scope, now: datetime) -> list[tuple[Any, Any, tuple[str, ...], sa.Select[*tuple[Any, ...]]]]:
    """Each ledger: its rows, when they happened (`None`: a row is a day already), and what is counted.

    `amount` is money.
    """
    clicks = (sa.func.sum(Visit.human), sa.func.sum(Visit.machine), sa.func.sum(Visit.refused))
    is_confirmed = Redemption.state == "confirmed"
    number = sa.func.count(Redemption.id)
    came = sa.select(sa.func.count(CheckIn.id), _NOTHING).join(Pass, CheckIn.pass_id == Pass.id)
    came = came.join(Redemption, Pass.redemption_id == Redemption.id)
    found: list[tuple[Any, Any, tuple[str, ...], sa.Select[*tuple[Any, ...]]]] = [
        (Visit, None, ("visits", "machines", "unserved"), sa.select(*clicks, _NOTHING)),
        (Claim, Claim.created_at, ("claims",), sa.select(sa.func.count(Claim.id), _NOTHING)),
        (
            Redemption,
            Redemption.created_at,
            ("passes",),
            sa.select(number, sa.func.sum(Redemption.reduction).label("amount")).where(is_confirmed),
        ),
        (
            Redemption,
            Redemption.ended_at,
            ("given_back",),
            sa.select(number, _NOTHING).where(Redemption.state == "cancelled"),
        ),
        (Redemption, CheckIn.at, ("arrivals",), came.where(CheckIn.event_id == scope.event.id, IS_INSIDE)),
    ]
    if scope.event.ends_at <= now:
        mine = sa.exists().where(Pass.redemption_id == Redemption.id, CheckIn.pass_id == Pass.id, IS_INSIDE)
        ended = sa.literal(scope.event.ends_at, Redemption.created_at.type)
        found.append((Redemption, ended, ("no_shows",), sa.select(number, _NOTHING).where(is_confirmed, ~mine)))
    return found


def _narrowed(
    statement: sa.Select[*tuple[Any, ...]], of: Any, instant: Any, scope: Scope
) -> sa.Select[*tuple[Any, ...]]:
    """Visits are found by their event, the rest by its offers: that is how they are indexed."""
    offers = [scope.offer_id] if scope.offer_id else scope.offer_ids
    statement = statement.where(of.event_id == scope.event.id if of is Visit else of.offer_id.in_(offers))
    if scope.offer_id and of is Visit:
        its_codes = sa.select(PromoCode.id).where(PromoCode.offer_id == scope.offer_id)
        statement = statement.where(of.code_id.in_(its_codes))
    if scope.code_id:
        statement = statement.where(of.code_id == scope.code_id)
    if scope.blocks is not None:
        statement = statement.where(of.block_id.in_(scope.blocks))
    zone, after = scope.event.timezone, timedelta(days=1)
    if scope.since:
        at = Visit.day >= scope.since if instant is None else instant >= days.begins(scope.since, zone)
        statement = statement.where(at)
    if scope.until:
        at = Visit.day <= scope.until if instant is None else instant < days.begins(scope.until + after, zone)
        statement = statement.where(at)
    return statement


def _key(split: Split, of: Any) -> Any:
    if split is Split.CODE:
        return sa.func.coalesce(PromoCode.batch_id, PromoCode.id)
    if split is Split.OFFER:
        return PromoCode.offer_id if of is Visit else of.offer_id
    return of.block_id


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


async def _bases(session: AsyncSession, event: Event) -> dict[UUID, tuple[str, Any]]:
    """The VAT of each pass type."""
    rows = await session.execute(
        sa.select(PassType.id, PassType.vat, PassType.vat_rate).where(PassType.event_id == event.id)
    )
    return {row.id: (row.vat, row.vat_rate) for row in rows}


def _plain(day: Any) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)
