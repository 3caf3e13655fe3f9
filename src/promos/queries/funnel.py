"""From the issue sent to the person at the door: what came of an event, counted from the ledgers themselves."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import CodeBatch, Event, Offer, PromoBlock, PromoCode
from promos.queries import codes, counted, placed
from promos.queries.counted import Scope
from promos.queries.placed import Placed
from promos.rules import days, funnels
from promos.rules.funnels import Counts, Given, Purse, Sent, Split
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, NotFound

MOST_UNUSED = 50  # of an offer: codes that nobody used yet


@dataclass(frozen=True, slots=True)
class Wish:
    """By what to split, and what to leave out. `since` and `until` are days in the event's zone, both counted."""

    split: Split = Split.CODE
    offer_id: UUID | None = None
    code: str | None = None
    publication_id: UUID | None = None
    issue_id: UUID | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One offer, code, issue, publication or day. `key` is `None` for whoever came without a promo block."""

    key: str | None  # the code as shown, the day, else an id
    name: str
    counts: Counts
    sent: Sent
    given: list[Given]


@dataclass(frozen=True, slots=True)
class Funnel:
    """`days`: every day on which something happened, whatever the lines are. `is_over`: no-shows are known."""

    event: Event
    total: Counts
    sent: Sent
    given: list[Given]
    lines: list[Line]
    days: list[tuple[date, Counts]]
    is_over: bool


@dataclass(slots=True)
class _Came:
    counts: Counts = field(default_factory=Counts)
    purse: Purse = field(default_factory=Purse)
    issues: dict[UUID, int | None] = field(default_factory=dict)  # recipients of each

    def merge(self, more: "_Came") -> None:
        self.counts.add(more.counts)
        for each in more.purse.given:
            self.purse.add(each.basis, amount=each.amount, passes=each.passes, arrivals=each.arrivals)
        self.issues |= more.issues

    def add(self, group: counted.Group) -> None:
        self.counts.add(group.counts)
        if group.basis:
            more = {"passes": group.counts.passes, "arrivals": group.counts.arrivals}
            self.purse.add(group.basis, amount=group.amount, **more)


async def of_event(
    session: AsyncSession, event_id: UUID, wish: Wish, *, has_days: bool = True, now: datetime, by: Actor
) -> Funnel:
    """The funnel of an event; raises `NotFound` for it and for what it is narrowed to, and `InvalidRequest`.

    Admins and the partner's people see all of it, editors what came of their own issues. Without `has_days` it is not
    counted a second time by day, unless that is what the lines are.
    """
    event = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.visible_to(by)))
    runs = event is not None and by.runs(event.partner_id)
    if event is None or not (runs or by.publications):
        raise NotFound("event")
    scope, blocks = await _scope(session, event, wish, None if runs else by.publications)
    found, on_days = await _counted(session, scope, wish, blocks, now, has_days=has_days)
    total = _Came()
    for came in found.values():
        total.merge(came)
    if runs and wish in (Wish(Split.CODE), Wish(Split.OFFER)):
        await _unused(session, scope.offer_ids, wish.split, found)
    named = await _named(session, wish.split, found, blocks)
    return Funnel(
        event=event,
        total=total.counts,
        sent=funnels.sent(total.issues.values()),
        given=total.purse.given,
        lines=[_line(key, name, found[of]) for of, key, name in named],
        days=sorted(on_days.items()),
        is_over=event.ends_at <= now,
    )


async def _counted(
    session: AsyncSession, scope: Scope, wish: Wish, blocks: Collection[Placed], now: datetime, *, has_days: bool
) -> tuple[dict[Any, _Came], dict[date, Counts]]:
    """What came, by the key of its line, and by day."""
    event, through = scope.event, {block.id: placed.key(block, wish.split) for block in blocks}
    found = dict[Any, _Came]()

    def line(key: Any) -> _Came:
        key = through.get(key) if wish.split in (Split.ISSUE, Split.PUBLICATION) else key
        return found.setdefault(key, _Came())

    groups = [group async for group in counted.lines(session, scope, wish.split, now)]
    for group in groups:
        line(group.key).add(group)
    for block in blocks:
        if block.published_at and _is_meant(block, wish, scope.code_id):
            published = days.of(block.published_at, event.timezone)
            if _is_within(published, wish):
                key = published if wish.split is Split.DAY else placed.key(block, wish.split)
                found.setdefault(key, _Came()).issues[block.issue_id] = block.recipients
    on_days = dict[date, Counts]()
    if wish.split is Split.DAY:
        on_days = {day: replace(came.counts) for day, came in found.items() if came.counts != Counts()}
    elif has_days:
        async for group in counted.by_day(session, scope, now):
            on_days.setdefault(group.key, Counts()).add(group.counts)
    ended = days.of(event.ends_at, event.timezone)
    if event.ends_at <= now and _is_within(ended, wish):
        if scope != scope.always:
            groups = [group async for group in counted.presence(session, scope, wish.split, now)]
        for group in groups:
            absent = Counts(no_shows=group.counts.passes - group.came)
            (found.setdefault(ended, _Came()) if wish.split is Split.DAY else line(group.key)).counts.add(absent)
            if on_days:
                on_days.setdefault(ended, Counts()).add(absent)
    return found, on_days


async def _scope(
    session: AsyncSession, event: Event, wish: Wish, publications: Iterable[UUID] | None
) -> tuple[Scope, list[Placed]]:
    """`publications`: whose issues alone are seen."""
    for name, day in (("since", wish.since), ("until", wish.until)):
        if day and not 2000 <= day.year <= 2100:
            raise InvalidRequest({name: N_("Choose a day between the years 2000 and 2100.")})
    if wish.since and wish.until and wish.until < wish.since:
        raise InvalidRequest({"until": N_("The last day is before the first.")})
    offer_ids = list(await session.scalars(sa.select(Offer.id).where(Offer.event_id == event.id)))
    if wish.offer_id and wish.offer_id not in offer_ids:
        raise NotFound("offer")
    code_id = None
    if wish.code is not None:
        known = sa.select(PromoCode.id).where(codes.meant(wish.code), PromoCode.event_id == event.id)
        if (code_id := await session.scalar(known)) is None:
            raise NotFound("code")
    mine = [PromoBlock.event_id == event.id]
    if publications is not None:
        mine.append(PromoBlock.publication_id.in_(publications))
    if wish.publication_id:
        mine.append(PromoBlock.publication_id == wish.publication_id)
    if wish.issue_id:
        mine.append(PromoBlock.issue_id == wish.issue_id)
    blocks = await placed.blocks(session, mine)
    if not blocks and (wish.publication_id or wish.issue_id):
        raise NotFound("issue" if wish.issue_id else "publication")
    through = sa.select(PromoBlock.id).where(*mine) if len(mine) > 1 else None
    return Scope(event, offer_ids, wish.offer_id, code_id, through, wish.since, wish.until), blocks


def _is_meant(block: Placed, wish: Wish, code_id: UUID | None) -> bool:
    return wish.offer_id in (None, block.offer_id) and code_id in (None, block.code_key)


def _is_within(day: date, wish: Wish) -> bool:
    return (wish.since or day) <= day <= (wish.until or day)


async def _unused(session: AsyncSession, offer_ids: Collection[UUID], split: Split, found: dict[Any, _Came]) -> None:
    """Offers and codes that nobody used yet stand there too."""
    its_own = await codes.public_ids(session, offer_ids, most=MOST_UNUSED) if split is Split.CODE else offer_ids
    for each in its_own:
        found.setdefault(each, _Came())


async def _named(
    session: AsyncSession, split: Split, found: dict[Any, _Came], blocks: Iterable[Placed]
) -> list[tuple[Any, str | None, str]]:
    """What was found, its key to be shown and its name, in the order of the lines; what has no block stands last."""
    if split is Split.DAY:
        return [(day, day.isoformat(), day.isoformat()) for day in sorted(found)]
    if split is Split.OFFER:
        offers = sa.select(Offer.id, Offer.name).where(Offer.id.in_(found)).order_by(Offer.id)
        return [(row.id, str(row.id), row.name) for row in await session.execute(offers)]
    if split is Split.CODE:
        return await _codes(session, found)
    names = {placed.key(block, split): placed.name(block, split) for block in blocks}
    lines: list[tuple[Any, str | None, str]] = [(key, str(key), name) for key, name in names.items() if key in found]
    return [*lines, *([(None, None, "")] if None in found else [])]


async def _codes(session: AsyncSession, found: dict[Any, _Came]) -> list[tuple[Any, str | None, str]]:
    """Public words, then secret codes by their batches."""
    words = sa.select(PromoCode.id, PromoCode.spelled).where(PromoCode.id.in_(found)).order_by(PromoCode.text)
    ordered = sa.select(CodeBatch).where(CodeBatch.id.in_(found)).order_by(CodeBatch.id)
    batches: list[tuple[Any, str | None, str]] = [
        (batch.id, str(batch.id), batch.pattern or f"{batch.created_at:%Y-%m-%d}")
        for batch in await session.scalars(ordered)
    ]
    return [*((row.id, row.spelled, row.spelled) for row in await session.execute(words)), *batches]


def _line(key: str | None, name: str, came: _Came) -> Line:
    return Line(key, name, came.counts, funnels.sent(came.issues.values()), came.purse.given)
