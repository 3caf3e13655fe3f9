"""The waiting list of an offer: one place a person, in the order of proof, and a deadline for what is offered."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.models import (
    Claim,
    Delivery,
    Event,
    Issue,
    Offer,
    PromoBlock,
    PromoCode,
    Redemption,
    new_id,
    table,
)
from promos.models.redemptions import IS_HELD, IS_WAITING
from promos.queries import terms as terms_query
from promos.rules import redemption
from promos.rules.people import READER
from promos.rules.redemption import SOLD_OUT, Ask, Outcome, Redeemed, Terms, Waiting, Way
from promos.rules.refusals import AlreadyHoldsPass, EventCancelled

AT_ONCE = 500  # places offered, or claims ended, in one transaction


async def first_of(session: AsyncSession, offer_id: UUID, *, now: datetime) -> Way | None:
    """The way by which the next in line came; `None` if nobody waits."""
    found = await _in_line(session, offer_id, Claim.code_id, Claim.block_id, now=now)
    row = (await session.execute(found.limit(1))).one_or_none()
    return None if row is None else (row.code_id, row.block_id)


async def due_offers(session: AsyncSession, *, now: datetime) -> list[UUID]:
    """The offers that have something left for one of the next in their line; to be asked again and again."""
    found = []
    for offer_id in await session.scalars(_WAITED_FOR, {"now": now}):
        ahead = (await _in_line(session, offer_id, Claim.code_id, Claim.block_id, now=now)).limit(AT_ONCE).subquery()
        of_all = sa.select(ahead.c.code_id, ahead.c.block_id).distinct()
        ways = [(row.code_id, row.block_id) for row in await session.execute(of_all)]
        terms = await terms_query.of_ways(session, ways, now=now)
        if any(redemption.refusal(each, now) is None for each in terms.values()):
            found.append(offer_id)
    return found


_NOW = sa.bindparam("now", type_=table(Event).c.starts_at.type)
_WAITED_FOR = (
    sa.select(Offer.id)
    .join(Event, Offer.event_id == Event.id)
    .where(Offer.opens_at <= _NOW, Offer.ends_at > _NOW, Event.starts_at > _NOW)
    .where(sa.exists().where(Claim.offer_id == Offer.id, IS_WAITING))
    .order_by(Offer.id)
)


async def next_in(session: AsyncSession, terms: Terms, *, now: datetime) -> tuple[list[Ask], bool]:
    """Those who wait for this offer, in order, each asking for a place that is kept; whether more wait behind them.

    Nobody is offered a place once the event has begun. A place is kept for the offer's `place_hours`, and never
    longer than the offer or until the event begins.
    """
    until = min(now + timedelta(hours=terms.place_hours), terms.ends_at, terms.starts_at)
    if not terms.is_waited_for or until <= now:
        return [], False
    columns = (Claim.id, Claim.code_id, Claim.block_id, Claim.reader_id, Claim.reader_key, Claim.language)
    found = await _in_line(session, terms.offer_id, *columns, now=now)
    rows = (await session.execute(found.limit(AT_ONCE + 1))).all()
    asks = [
        Ask(
            id=new_id(),
            code_id=row.code_id,
            reader_key=row.reader_key,
            reader_id=row.reader_id,
            claim_id=row.id,
            block_id=row.block_id,
            language=row.language,
            held_for="place",
            held_until=until,
        )
        for row in rows[:AT_ONCE]
    ]
    return asks, len(rows) > AT_ONCE and rows[AT_ONCE].has_room


async def still_waiting(session: AsyncSession, asks: Sequence[Ask]) -> list[Ask]:
    """Those of `asks` that wait still, in their order; none of them can leave before the transaction ends."""
    if not asks:
        return []
    ids = [ask.claim_id for ask in asks]
    found = sa.select(Claim.id).where(Claim.id.in_(ids), Claim.state == "waiting").order_by(Claim.id)
    waiting = set(await session.scalars(found.with_for_update(key_share=True)))
    return [ask for ask in asks if ask.claim_id in waiting]


async def join(
    session: AsyncSession,
    terms: Mapping[Way, Terms],
    outcomes: dict[UUID, Outcome],
    asks: Sequence[Ask],
    *,
    now: datetime,
) -> None:
    """Put who found nothing left at the end of the line, if they want to wait; their outcome says where they stand.

    Who waits already keeps the place they have, by whichever code of the offer they come again.
    """
    wanting = [ask for ask in asks if ask.claim_id and _may_wait(ask, terms[ask.way], outcomes[ask.id], now)]
    if not wanting:
        return
    offer_id = terms[wanting[0].way].offer_id
    keys = [ask.reader_key for ask in wanting]
    found = sa.select(Claim.reader_key, Claim.id).where(
        Claim.offer_id == offer_id, Claim.reader_key.in_(keys), IS_WAITING
    )
    standing: dict[str, UUID] = {row.reader_key: row.id for row in await session.execute(found)}
    for number, ask in enumerate(wanting):
        if ask.claim_id is None:
            continue
        at = now + timedelta(microseconds=number)  # who came first in this transaction stands first
        mine = standing.setdefault(ask.reader_key, ask.claim_id)
        is_new = mine == ask.claim_id
        is_open = sa.or_(Claim.state == "pending", Claim.state == "refused")
        state = {"state": "waiting" if is_new else "superseded", "settled_at": at}
        moved = await session.execute(sa.update(table(Claim)).where(Claim.id == ask.claim_id, is_open).values(**state))
        if is_new and moved.rowcount:  # type: ignore[attr-defined]
            each = terms[ask.way]
            await journal.record(
                session, "claim.waiting", mine, at=now, by=READER, partner=each.partner_id, event=each.event_id
            )
    places = await positions(session, offer_id, set(standing.values()))
    for ask in wanting:
        claim_id = standing[ask.reader_key]
        outcomes[ask.id] = Waiting(claim_id, places[claim_id])


async def end_for(
    session: AsyncSession, where: sa.ColumnElement[bool], reader_keys: Sequence[str], *, now: datetime
) -> None:
    """Who got a pass another way waits no longer there, and is offered nothing once it is given back."""
    of = (where, IS_WAITING, Claim.reader_key.in_(reader_keys))
    ended = {"state": "left", "refusal": AlreadyHoldsPass.slug, "settled_at": now}
    await session.execute(sa.update(table(Claim)).where(*of).values(**ended))


async def answer(
    session: AsyncSession,
    offer_id: UUID,
    outcomes: dict[UUID, Outcome],
    standing: Sequence[Ask],
    decided: Sequence[Ask],
) -> None:
    """Tell who stands in line already where; or the place they have been offered this very moment."""
    if not standing:
        return
    offered = {ask.claim_id: outcome for ask in decided if isinstance(outcome := outcomes[ask.id], Redeemed)}
    places = await positions(session, offer_id, {ask.claim_id for ask in standing if ask.claim_id})
    for ask in standing:
        if ask.claim_id:
            outcomes[ask.id] = offered.get(ask.claim_id) or Waiting(ask.claim_id, places.get(ask.claim_id, 1))


def _may_wait(ask: Ask, terms: Terms, outcome: Outcome, now: datetime) -> bool:
    is_left_out = isinstance(outcome, SOLD_OUT) and ask.held_for is None and ask.waits
    return is_left_out and terms.has_waiting_list and now < min(terms.starts_at, terms.ends_at)


async def positions(session: AsyncSession, offer_id: UUID, claim_ids: set[UUID]) -> dict[UUID, int]:
    """Where these claims stand in line, from 1."""
    order = sa.func.row_number().over(order_by=(Claim.settled_at, Claim.id)).label("position")
    ranked = sa.select(Claim.id, order).where(Claim.offer_id == offer_id, IS_WAITING).subquery()
    rows = await session.execute(sa.select(ranked).where(ranked.c.id.in_(claim_ids)))
    return {row.id: row.position for row in rows}


async def leave(session: AsyncSession, claim: Claim, *, now: datetime) -> bool:
    """Step out of the line; whether the claim still stood in it."""
    of = (Claim.id == claim.id, Claim.state == "waiting")
    moved = await session.execute(sa.update(table(Claim)).where(*of).values(state="left", settled_at=now))
    if not moved.rowcount:  # type: ignore[attr-defined]
        return False
    await journal.record(
        session, "claim.left", claim.id, at=now, by=READER, partner=claim.partner_id, event=claim.event_id
    )
    return True


async def called_off(session: AsyncSession, *, now: datetime) -> list[UUID]:
    """The cancelled events that somebody waits for still; to be asked again and again."""
    return list(await session.scalars(_CALLED_OFF, {"now": now}))


_CALLED_OFF = (
    sa.select(Event.id)
    .where(
        Event.cancelled_at.is_not(None),
        sa.or_(
            sa.exists().where(Offer.event_id == Event.id, Claim.offer_id == Offer.id, IS_WAITING),
            sa.exists().where(
                Redemption.event_id == Event.id, IS_HELD, Redemption.held_for == "place", Redemption.expires_at > _NOW
            ),
        ),
    )
    .order_by(Event.id)
)


async def length(session: AsyncSession, event_id: UUID) -> int:
    """How many readers wait for the event: in line, for the press by which they take their place, or for the partner's
    word."""
    waiting = sa.select(Claim.reader_key).where(*_waits_for(event_id))
    asked = sa.select(Redemption.reader_key).where(
        Redemption.event_id == event_id, IS_HELD, Redemption.held_for == "review"
    )
    return await session.scalar(sa.select(sa.func.count()).select_from(waiting.union(asked).subquery())) or 0


async def told(session: AsyncSession, event_id: UUID, keys: Collection[str]) -> set[str]:
    """Who of these readers, who waited, are owed the mail already that says that the event is cancelled."""
    found = sa.select(Claim.reader_key).join(Delivery, Delivery.claim_id == Claim.id)
    found = found.where(Claim.event_id == event_id, Claim.reader_key.in_(keys), Delivery.kind == "line_closed")
    return set(await session.scalars(found))


async def is_called_off(session: AsyncSession, event_id: UUID) -> bool:
    """Whether the event is cancelled; if so it is held, so that one at a time tells who waits."""
    cancelled = sa.select(Event.id).where(Event.id == event_id, Event.cancelled_at.is_not(None))
    return await session.scalar(cancelled.with_for_update(key_share=True)) is not None


async def call_off(session: AsyncSession, event_id: UUID, *, now: datetime) -> int:
    """Who waits for a cancelled event waits no longer, and is owed one mail that says why; how many claims that ended,
    `AT_ONCE` at most.

    A place that was offered ends with its claim, for by those left the event is found again. The claim ends in the
    transaction that writes the mail, and one worker at a time holds the event: nobody is told twice, and nobody who
    left. Who got a pass another way hears of it as its holder.
    """
    if not await is_called_off(session, event_id):
        return 0
    found = sa.select(Claim.id, Claim.redemption_id).where(*_waits_for(event_id)).order_by(Claim.id).limit(AT_ONCE)
    seen = (await session.execute(found)).all()
    places = [each.redemption_id for each in seen if each.redemption_id]
    kept = (Redemption.id.in_(places), IS_HELD, Redemption.held_for == "place", Redemption.expires_at > now)
    held = sa.select(Redemption.id).where(*kept).order_by(Redemption.code_id, Redemption.id)
    await session.execute(held.with_for_update(key_share=True))  # before their claims, as everywhere
    columns = (Claim.id, Claim.state, Claim.reader_key, Claim.language, Claim.redemption_id)
    still = sa.select(*columns).where(Claim.id.in_([each.id for each in seen]), *_waits_for(event_id))
    still = still.where(sa.or_(Claim.redemption_id.is_(None), Claim.redemption_id.in_(places)))
    ended = (await session.execute(still.order_by(Claim.id).with_for_update())).all()
    of_ended = Redemption.id.in_([each.redemption_id for each in ended if each.redemption_id])
    await session.execute(sa.update(table(Redemption)).where(*kept, of_ended).values(expires_at=now))
    for was, becomes in (("waiting", "left"), ("offered", "lapsed")):
        values = {"state": becomes, "refusal": EventCancelled.slug, "settled_at": now}
        of = [each.id for each in ended if each.state == was]
        await session.execute(sa.update(table(Claim)).where(Claim.id.in_(of)).values(**values))
    keys = {each.reader_key for each in ended}
    holding = sa.select(Redemption.reader_key).where(
        Redemption.event_id == event_id, Redemption.reader_key.in_(keys), Redemption.state == "confirmed"
    )
    knows = await told(session, event_id, keys) | set(await session.scalars(holding))
    first = {each.reader_key: each for each in reversed(ended) if each.reader_key not in knows}
    mails = [
        {"id": new_id(), "kind": "line_closed", "claim_id": each.id, "language": each.language}
        | {"state": "pending", "attempts": 0, "due_at": now, "created_at": now}
        for each in first.values()
    ]
    if mails:
        await session.execute(sa.insert(table(Delivery)), mails)
    return len(ended)


def _waits_for(event_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    of_event = Claim.offer_id.in_(sa.select(Offer.id).where(Offer.event_id == event_id))
    return of_event, Claim.state.in_(("waiting", "offered"))


async def _in_line(session: AsyncSession, offer_id: UUID, *columns: Any, now: datetime) -> sa.Select[Any]:
    """Those who wait, in order, but for who came by a code that is stopped: they hold nobody up.

    Nor do those whose code or part is used up: they come last. `has_room` tells them apart.
    """
    has_room = (await _has_room(session, offer_id, now)).label("has_room")
    waiting = sa.select(*columns, has_room).join(PromoCode, Claim.code_id == PromoCode.id)
    waiting = waiting.outerjoin(PromoBlock, Claim.block_id == PromoBlock.id)
    waiting = waiting.outerjoin(Issue, PromoBlock.issue_id == Issue.id)
    waiting = waiting.where(Claim.offer_id == offer_id, IS_WAITING, PromoCode.status == "active")
    return waiting.order_by(has_room.desc(), Claim.settled_at, Claim.id)


async def _has_room(session: AsyncSession, offer_id: UUID, now: datetime) -> sa.ColumnElement[bool]:
    """Whether something is left of the code and of the part that a claim comes out of: the code's own, else its
    issue's, else its publication's, else what is beside them."""
    has_room: sa.ColumnElement[bool] = sa.or_(PromoCode.limit.is_(None), PromoCode.used < PromoCode.limit)
    rest, tree = await terms_query.parts_at(session, offer_id, now=now)
    if rest is None:
        return has_room
    of_part: sa.ColumnElement[bool] = sa.true() if rest.left != 0 else sa.false()
    for column in (Issue.publication_id, PromoBlock.issue_id, Claim.code_id):
        room = {whose: part.tally.left != 0 for part in tree.values() if (whose := getattr(part, column.key))}
        some = [whose for whose, is_left in room.items() if is_left]
        of_part = sa.case((column.in_(some), sa.true()), (column.in_(list(room)), sa.false()), else_=of_part)
    return sa.and_(has_room, of_part)
