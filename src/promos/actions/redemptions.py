"""Giving passes: everybody who waits for one offer is decided in one transaction, in order of arrival."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import grants, holds, line, outcomes
from promos.actions.grants import Batch
from promos.models import Claim, Pass, Redemption
from promos.models.redemptions import LIVE
from promos.queries import terms as terms_query
from promos.queries.together import padded
from promos.rules import redemption
from promos.rules.benefits import Price
from promos.rules.people import READER
from promos.rules.redemption import Ask, Outcome, Redeemed, Row
from promos.rules.refusals import AlreadyHoldsPass, Refusal


@dataclass(frozen=True, slots=True)
class Held:
    """A live redemption, as one look finds it; a hold has no pass yet."""

    id: UUID
    offer_id: UUID
    code_id: UUID
    reader_id: UUID
    reader_key: str
    token_id: UUID | None
    pass_id: UUID | None
    drawn: int | None
    version: int
    state: str
    held_for: str | None
    expires_at: datetime | None
    list_price: int
    reduction: int
    currency: str

    def is_over(self, now: datetime) -> bool:
        """Whether it stopped counting by time, and nobody has written so yet."""
        return self.state == "held" and self.expires_at is not None and self.expires_at <= now


async def redeem(session: AsyncSession, asks: Sequence[Ask], *, now: datetime) -> dict[UUID, Outcome]:
    """Decide all `asks` on codes of one offer; the outcome of each is found by its id.

    A reader who holds a pass of this offer gets that pass again. Nothing is counted that is not stored, and whatever
    follows a pass (mail, history, the claim's end) is stored with it or not at all. Who waits in line comes first.
    """
    ways = {ask.way for ask in asks}
    look = await terms_query.of_ways(session, ways, now=now)
    batch = Batch(look, now)
    some = next(iter(look.values()))
    open_asks = await outcomes.settled_before(session, batch, asks)
    is_over = all(redemption.refusal(each, now) for each in look.values())
    held: dict[str, Held] = {}
    if is_over or some.has_holds:
        held = await _held(session, some.event_id, {ask.reader_key for ask in open_asks})
    if is_over and any(ask.reader_key not in held for ask in open_asks):
        # Who has no pass is refused only if all stood still around that look; else the lock tells.
        is_over = look == await terms_query.of_ways(session, ways, now=now)
    takers = _takers(open_asks, held, some.offer_id)
    if takers or not is_over:
        in_line, batch.is_promised = await line.next_in(session, some, now=now)
        ways |= {ask.way for ask in in_line} | {(held[ask.reader_key].code_id, None) for ask in takers}
        batch.terms = await holds.locked_terms(session, ways, now=now, look=look)
        # What was true before the lock may be over.
        open_asks = await outcomes.settled_before(session, batch, open_asks)
        takers, open_asks = _through(batch, [ask for ask in takers if ask in open_asks], open_asks, held)
        if takers:
            batch.taken = await _take(session, takers, held, now, is_reviewed=batch.terms[takers[0].way].is_reviewed)
            batch.terms = await terms_query.of_ways(session, ways, now=now)
            in_line = [ask for ask in in_line if ask.reader_key not in {taker.reader_key for taker in takers}]
        waiting = [*await line.still_waiting(session, in_line), *open_asks]
        await _give(session, batch, waiting)
        open_asks = waiting
    else:  # nothing to give: no lock, and nothing to write but the answers
        held = {key: each for key, each in held.items() if not each.is_over(now)}
        for ask in _answer_holders(batch, open_asks, held):
            if no := batch.refusal(ask, Counter()):
                batch.outcomes[ask.id] = no
    await grants.store(session, batch)
    if some.is_waited_for and (served := [ask.reader_key for ask, _ in batch.granted if ask.held_for != "place"]):
        await line.end_for(session, Claim.offer_id == some.offer_id, served, now=now)
    _follow(batch, open_asks)
    await line.join(session, batch.terms, batch.outcomes, open_asks, now=now)
    await line.answer(session, some.offer_id, batch.outcomes, batch.standing, open_asks)
    await outcomes.settle(session, batch, open_asks)
    await outcomes.agree(session, batch, open_asks)
    await outcomes.send_again(session, batch, open_asks)
    return batch.outcomes


async def serve_line(session: AsyncSession, offer_id: UUID, *, now: datetime) -> int:
    """Offer what is free to those who wait for this offer, in order; how many were offered a place."""
    first = await line.first_of(session, offer_id, now=now)
    if first is None:
        return 0
    look = await terms_query.of_ways(session, [first], now=now)
    in_line, _ = await line.next_in(session, look[first], now=now)
    if not in_line:
        return 0
    batch = Batch(await holds.locked_terms(session, {ask.way for ask in in_line}, now=now), now)
    in_line = await line.still_waiting(session, in_line)
    await _give(session, batch, in_line)
    await grants.store(session, batch)
    await outcomes.settle(session, batch, in_line)
    return len(batch.granted)


async def _give(session: AsyncSession, batch: Batch, asks: Sequence[Ask]) -> None:
    """Give what there is to `asks` in their order, behind the lock."""
    event_id = next(iter(batch.terms.values())).event_id
    held = await _held(session, event_id, {ask.reader_key for ask in asks})
    waiting = _answer_holders(batch, asks, held)
    while waiting:
        chosen, refused = _choose(batch, waiting)
        missed = await grants.insert(session, batch, chosen)
        if not missed:
            batch.outcomes.update(refused)
            break
        # These readers have a pass by now: of this batch, by another code of the offer, or of another offer of the
        # event a moment ago. Their places go to those behind them.
        served = {ask.reader_key for ask, _ in batch.granted}
        held = await _held(session, event_id, {ask.reader_key for ask in missed} - served)
        behind = [ask for ask in waiting if ask.reader_key not in served and (ask.id in refused or ask in missed)]
        waiting = _answer_holders(batch, behind, held)


def _takers(asks: Iterable[Ask], held: dict[str, Held], offer_id: UUID) -> list[Ask]:
    """Readers who were offered a place of the waiting list, and come for it."""
    return [
        ask
        for ask in asks
        if ask.claim_id
        and (mine := held.get(ask.reader_key))
        and (mine.offer_id, mine.state, mine.held_for) == (offer_id, "held", "place")
    ]


def _through(
    batch: Batch, takers: Sequence[Ask], asks: Sequence[Ask], held: dict[str, Held]
) -> tuple[list[Ask], list[Ask]]:
    """Those who may take their place, and all who still ask. Behind a fence a place stays kept, and is not taken."""
    for ask in takers:
        if no := redemption.fence(batch.terms[held[ask.reader_key].code_id, None], batch.now):
            batch.outcomes[ask.id] = no
    through = [ask for ask in takers if ask.id not in batch.outcomes]
    return through, [ask for ask in asks if ask.id not in batch.outcomes]


async def _take(
    session: AsyncSession, takers: Sequence[Ask], held: dict[str, Held], now: datetime, *, is_reviewed: bool
) -> set[UUID]:
    """Confirm the places that were kept for these readers, where their time is not over; which they were.

    Where the partner decides on each reader, the place is held on for that.
    """
    ids = {held[ask.reader_key].id for ask in takers}
    found = (
        sa.select(Redemption)
        .where(Redemption.id.in_(ids), Redemption.state == "held", Redemption.expires_at > now)
        .order_by(Redemption.code_id, Redemption.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    kept = (await session.scalars(found)).all()
    if not is_reviewed:
        return set(await holds.confirm(session, kept, now=now, by=READER))
    for each in kept:
        each.held_for, each.expires_at = "review", None
    await session.flush()
    return set(await holds.write(session, kept, "code.held", now=now, by=READER)) if kept else set()


async def _held(session: AsyncSession, event_id: UUID, keys: Iterable[str]) -> dict[str, Held]:
    """The live redemptions of these readers for the event, with their passes, by reader key."""
    wanted = list(keys)
    if not wanted:
        return {}
    rows = await session.execute(_HELD, {"event": event_id, "keys": padded(wanted)})
    return {row.reader_key: Held(**row._mapping) for row in rows}


_HELD = (
    sa.select(
        Redemption.id,
        Redemption.offer_id,
        Redemption.code_id,
        Redemption.reader_id,
        Redemption.reader_key,
        Redemption.token_id,
        Pass.id.label("pass_id"),
        Pass.drawn,
        Redemption.version,
        Redemption.state,
        Redemption.held_for,
        Redemption.expires_at,
        Redemption.list_price,
        Redemption.reduction,
        Redemption.currency,
    )
    .outerjoin(Pass, sa.and_(Pass.redemption_id == Redemption.id, Pass.state == "live"))
    .where(
        Redemption.event_id == sa.bindparam("event"),
        Redemption.reader_key.in_(sa.bindparam("keys", expanding=True)),
        sa.text(f"redemptions.{LIVE}"),
    )
)


def _answer_holders(batch: Batch, asks: Iterable[Ask], held: dict[str, Held]) -> list[Ask]:
    """Those who hold a pass are answered; of the rest, the first ask of each reader for each code waits on."""
    first: dict[tuple[str, UUID], Ask] = {}
    for ask in asks:
        mine = held.get(ask.reader_key)
        if mine is None:
            first.setdefault((ask.reader_key, ask.code_id), ask)
        elif mine.offer_id != batch.terms[ask.way].offer_id:
            batch.outcomes[ask.id] = AlreadyHoldsPass()
        else:
            batch.outcomes[ask.id] = _again(ask, mine, is_new=mine.id in batch.taken)
            batch.taken.discard(mine.id)
    return list(first.values())


def _again(ask: Ask, mine: Held, *, is_new: bool) -> Redeemed:
    return Redeemed(
        mine.id,
        mine.pass_id,
        mine.version,
        is_new=is_new,
        is_mine=_is_same(ask, mine.reader_id, mine.token_id),
        price=Price(mine.list_price, mine.reduction, mine.currency),
        drawn=mine.drawn or 1,
        state=mine.state,
        held_for=mine.held_for if mine.state == "held" else None,
        expires_at=mine.expires_at,
    )


def _is_same(ask: Ask, reader_id: UUID | None, token_id: UUID | None) -> bool:
    """Whether who asks is who created the pass: the reader with this very address, or the token."""
    return ask.reader_id == reader_id if ask.claim_id else ask.token_id is not None and ask.token_id == token_id


def _choose(batch: Batch, waiting: Sequence[Ask]) -> tuple[list[Ask], dict[UUID, Outcome]]:
    """Who gets a place, in order of arrival, and the refusals of the others."""
    chosen: list[Ask] = []
    refused: dict[UUID, Outcome] = {}
    given: Counter[Row] = Counter()
    for ask, _ in batch.granted:
        redemption.grant(batch.terms[ask.way], given)
    for ask in waiting:
        if no := batch.refusal(ask, given):
            refused[ask.id] = no
        else:
            chosen.append(ask)
            redemption.grant(batch.terms[ask.way], given)
    return chosen, refused


def _follow(batch: Batch, asks: Sequence[Ask]) -> None:
    """A reader who asked several times at once hears the same each time."""
    given = {ask.reader_key: ask for ask, _ in batch.granted}
    first = {(ask.reader_key, ask.code_id): ask for ask in reversed(asks) if ask.id in batch.outcomes}
    for ask in asks:
        if ask.id in batch.outcomes and not (ask.reader_key in given and isinstance(batch.outcomes[ask.id], Refusal)):
            continue
        leader = given.get(ask.reader_key) or first[ask.reader_key, ask.code_id]
        outcome = batch.outcomes[leader.id]
        if isinstance(outcome, Redeemed):
            is_mine = _is_same(ask, leader.reader_id, leader.token_id)
            outcome = replace(outcome, is_new=False, is_mine=is_mine)
        batch.outcomes[ask.id] = outcome
