"""The terms that decide about a claim, as they are at one instant."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import (
    Allotment,
    Claim,
    Event,
    Issue,
    Offer,
    Partner,
    PassType,
    PromoBlock,
    PromoCode,
    Redemption,
    table,
)
from promos.models.redemptions import IS_HELD, IS_WAITING
from promos.queries.together import portions
from promos.rules import benefits
from promos.rules.benefits import Benefit
from promos.rules.redemption import Tally, Terms, Way


def _overdue(event_id: Any) -> sa.ColumnElement[bool]:
    """Holds of an event whose time is over and that still count."""
    return sa.and_(
        Redemption.event_id == event_id,
        IS_HELD,
        Redemption.expires_at <= sa.bindparam("now", type_=table(Redemption).c.expires_at.type),
    )


_SET_ASIDE = sa.and_(Allotment.offer_id == Offer.id, Allotment.returned_at.is_(None))
_FALLS_BACK = sa.and_(_SET_ASIDE, Allotment.returns_at <= sa.bindparam("now", type_=table(Allotment).c.returns_at.type))
_TERMS = (
    sa.select(
        PromoCode.id.label("code_id"),
        PromoCode.offer_id,
        Offer.pass_type_id,
        Offer.event_id,
        Offer.partner_id,
        PromoCode.status,
        Offer.opens_at,
        Offer.ends_at,
        Offer.on_cancel,
        Offer.on_expiry,
        Offer.review,
        Offer.waiting_list,
        Offer.place_hours,
        Offer.benefit,
        Offer.percent,
        Offer.amount,
        Offer.budget,
        Offer.spent,
        Offer.allotted,
        Offer.allotted_used,
        Offer.pooled,
        Offer.pool_used,
        Event.starts_at,
        Event.capacity.label("event_capacity"),
        Event.used.label("event_used"),
        PassType.face_value,
        PassType.currency,
        PassType.capacity,
        PassType.used.label("capacity_used"),
        Offer.limit.label("offer_limit"),
        Offer.used.label("offer_used"),
        PromoCode.limit.label("code_limit"),
        PromoCode.used.label("code_used"),
        PromoCode.version,
        Partner.suspended_at.is_not(None).label("is_suspended"),
        Event.cancelled_at.is_not(None).label("is_cancelled"),
        sa.exists().where(Redemption.event_id == Offer.event_id, IS_HELD).label("has_holds"),
        sa.exists().where(_overdue(Offer.event_id)).label("has_overdue"),
        sa.exists().where(_SET_ASIDE).label("has_allotments"),
        sa.exists().where(_FALLS_BACK).label("has_fallen"),
        sa.exists().where(Claim.offer_id == Offer.id, IS_WAITING).label("is_waited_for"),
    )
    .join(Offer, PromoCode.offer_id == Offer.id)
    .join(PassType, Offer.pass_type_id == PassType.id)
    .join(Event, Offer.event_id == Event.id)
    .join(Partner, Offer.partner_id == Partner.id)
    .where(PromoCode.id.in_(sa.bindparam("codes", expanding=True)))
)


async def of_codes(session: AsyncSession, code_ids: Collection[UUID], *, now: datetime) -> dict[UUID, Terms]:
    """The terms of each code for who comes without a promo block; codes that do not exist are left out."""
    found = await of_ways(session, [(code_id, None) for code_id in code_ids], now=now)
    return {code_id: terms for (code_id, _), terms in found.items()}


async def of_ways(session: AsyncSession, ways: Iterable[Way], *, now: datetime) -> dict[Way, Terms]:
    """The terms of each code for who comes through that block.

    A hold that is over at `now` no longer counts here, and an allotment whose time has come has fallen back, whether
    or not that is settled already: `is_due` tells that it is not.
    """
    wanted = list(dict.fromkeys(ways))
    code_ids = list({code_id for code_id, _ in wanted})
    rows = [
        row for some in portions(code_ids) for row in (await session.execute(_TERMS, {"now": now, "codes": some})).all()
    ]
    found = {row.code_id: _terms(row) for row in rows}
    allotting = {row.offer_id for row in rows if row.has_allotments}
    trees = await parts_of(session, allotting) if allotting else {}
    if any(row.has_overdue for row in rows):
        overdue = await _overdue_holds(session, {row.event_id for row in rows}, now)
        gone = _gone(overdue, trees)
        found = {code_id: _without(terms, gone) for code_id, terms in found.items()}
        _lessen(trees, overdue)
    offers = {terms.offer_id: terms.offer for terms in found.values()}
    for offer_id, tree in trees.items():
        offers[offer_id] = fall_back(offers[offer_id], tree, now)
    places = await _places(session, {block for _, block in wanted if block}) if trees else {}
    terms = {}
    for code_id, block_id in wanted:
        if plain := found.get(code_id):
            path = _path(trees.get(plain.offer_id, {}), code_id, places.get(block_id))
            tallies = tuple(part.tally for part in path)
            terms[code_id, block_id] = replace(plain, offer=offers[plain.offer_id], allotments=tallies)
    return terms


async def with_uses(session: AsyncSession, terms: Terms, *, now: datetime) -> Terms:
    """`terms` with what the rows without a limit would have counted by `now`, as if they always had one."""
    is_over = sa.and_(Redemption.state == "held", Redemption.expires_at.is_not(None), Redemption.expires_at <= now)

    async def counted(tally: Tally, owner: Any) -> Tally:
        if tally.limit is not None:
            return tally
        uses = sa.select(sa.func.count()).where(owner == tally.id, Redemption.counted, sa.not_(is_over))
        return replace(tally, used=await session.scalar(uses) or 0)

    return replace(
        terms,
        event=await counted(terms.event, Redemption.event_id),
        capacity=await counted(terms.capacity, Redemption.pass_type_id),
        offer=await counted(terms.offer, Redemption.offer_id),
    )


@dataclass(slots=True)
class Part:
    """An allotment that has not fallen back yet, to look at and to count on; nothing is written through it."""

    id: UUID
    offer_id: UUID
    within_id: UUID | None
    publication_id: UUID | None
    issue_id: UUID | None
    code_id: UUID | None
    limit: int
    used: int
    allotted: int
    allotted_used: int
    returns_at: datetime | None

    @property
    def tally(self) -> Tally:
        return Tally(self.id, self.limit, self.used, self.allotted, self.allotted_used)


Tree = dict[UUID, Part]


async def parts_of(session: AsyncSession, offer_ids: Collection[UUID]) -> dict[UUID, Tree]:
    """What is set aside of these offers."""
    columns = [getattr(Allotment, name.name) for name in fields(Part)]
    found = sa.select(*columns).where(Allotment.offer_id.in_(offer_ids), Allotment.returned_at.is_(None))
    trees: dict[UUID, Tree] = {offer_id: {} for offer_id in offer_ids}
    for row in await session.execute(found.order_by(Allotment.id)):
        trees[row.offer_id][row.id] = Part(*row)
    return trees


async def parts_at(session: AsyncSession, offer_id: UUID, *, now: datetime) -> tuple[Tally | None, Tree]:
    """What is set aside of an offer at `now`, and what is left beside it; `None` where nothing is."""
    tree = (await parts_of(session, {offer_id}))[offer_id]
    if not tree:
        return None, tree
    columns = (Offer.event_id, Offer.limit, Offer.used, Offer.allotted, Offer.allotted_used)
    row = (await session.execute(sa.select(*columns).where(Offer.id == offer_id))).one()
    overdue = [each for each in await _overdue_holds(session, {row.event_id}, now) if each.offer_id == offer_id]
    gone = _gone(overdue, {offer_id: tree})
    _lessen({offer_id: tree}, overdue)
    rest = _less(Tally(offer_id, row.limit, row.used, row.allotted, row.allotted_used), gone)
    return fall_back(rest, tree, now), tree


def path_up(tree: Tree, leaf: UUID | None) -> list[Part]:
    """The part `leaf` and those it lies in, the narrowest first; those that have fallen back are left out."""
    path = []
    while leaf is not None and (part := tree.get(leaf)):
        path.append(part)
        leaf = part.within_id
    return path


def _path(tree: Tree, code_id: UUID, place: tuple[UUID, UUID] | None) -> list[Part]:
    """The parts that a claim comes out of, widest first: the code's own, else its issue's, else its publication's."""
    issue_id, publication_id = place or (None, None)
    for is_meant in (
        lambda part: part.code_id == code_id,
        lambda part: issue_id is not None and part.issue_id == issue_id,
        lambda part: publication_id is not None and part.publication_id == publication_id,
    ):
        if leaf := next(filter(is_meant, tree.values()), None):
            return path_up(tree, leaf.id)[::-1]
    return []


def fall_back(offer: Tally, tree: Tree, now: datetime) -> Tally:
    """Take the parts out of `tree` whose time has come; `offer` with what they had left, where nothing is wider."""
    for part in [part for part in tree.values() if part.returns_at is not None and part.returns_at <= now]:
        del tree[part.id]
        more, used = part.allotted - part.limit, part.allotted_used - part.used
        if part.within_id in tree:
            wider = tree[part.within_id]
            wider.allotted, wider.allotted_used = wider.allotted + more, wider.allotted_used + used
        else:
            offer = replace(offer, allotted=offer.allotted + more, allotted_used=offer.allotted_used + used)
        for inner in tree.values():
            if inner.within_id == part.id:
                inner.within_id = part.within_id
    return offer


async def _overdue_holds(session: AsyncSession, event_ids: Collection[UUID], now: datetime) -> Sequence[Any]:
    """How many holds are over and go back, and what they cost, by what they count for."""
    by = (Redemption.pass_type_id, Redemption.offer_id, Redemption.code_id, Redemption.allotment_id)
    counted = (
        sa.select(
            Redemption.event_id, *by, sa.func.count().label("number"), sa.func.sum(Redemption.reduction).label("cost")
        )
        .join(Offer, Redemption.offer_id == Offer.id)
        .where(
            Redemption.event_id.in_(event_ids),
            IS_HELD,
            Redemption.expires_at <= now,
            Offer.on_expiry == "return",
        )
        .group_by(Redemption.event_id, *by)
    )
    return (await session.execute(counted)).all()


def _gone(overdue: Sequence[Any], trees: Mapping[UUID, Tree]) -> "Counter[tuple[str, UUID]]":
    """What the overdue holds no longer count for."""
    gone: Counter[tuple[str, UUID]] = Counter()
    for row in overdue:
        top = path_up(trees.get(row.offer_id, {}), row.allotment_id)
        gone["event", row.event_id] += row.number
        gone["capacity", row.pass_type_id] += row.number
        gone["offer", row.offer_id] += row.number
        gone["allotted", row.offer_id] += row.number if top else 0
        gone["budget", row.offer_id] += int(row.cost)
        gone["code", row.code_id] += row.number
    return gone


def _without(terms: Terms, gone: "Counter[tuple[str, UUID]]") -> Terms:
    def less(kind: str, tally: Tally) -> Tally:
        return replace(tally, used=tally.used - gone[kind, tally.id])

    return replace(
        terms,
        event=less("event", terms.event),
        capacity=less("capacity", terms.capacity),
        offer=_less(terms.offer, gone),
        budget=less("budget", terms.budget),
        code=less("code", terms.code),
        pool=less("offer", terms.pool) if terms.pool else None,
    )


def _less(offer: Tally, gone: "Counter[tuple[str, UUID]]") -> Tally:
    return replace(
        offer,
        used=offer.used - gone["offer", offer.id],
        allotted_used=offer.allotted_used - gone["allotted", offer.id],
    )


def _lessen(trees: Mapping[UUID, Tree], overdue: Iterable[Any]) -> None:
    """Count the overdue holds out of the parts they came out of."""
    for row in overdue:
        path = path_up(trees.get(row.offer_id, {}), row.allotment_id)
        for inner, part in zip([None, *path], path, strict=False):
            part.used -= row.number
            part.allotted_used -= row.number if inner else 0


async def _places(session: AsyncSession, block_ids: Collection[UUID]) -> dict[UUID | None, tuple[UUID, UUID]]:
    """The issue and the publication that each of these blocks stands in."""
    rows = await session.execute(
        sa.select(PromoBlock.id, Issue.id, Issue.publication_id)
        .join(Issue, PromoBlock.issue_id == Issue.id)
        .where(PromoBlock.id.in_(block_ids))
    )
    return {block_id: (issue_id, publication_id) for block_id, issue_id, publication_id in rows}


def _terms(row: Any) -> Terms:
    amounts = Benefit(row.benefit, row.percent, row.amount)
    price = benefits.price(amounts, row.face_value, row.currency)
    return Terms(
        code_id=row.code_id,
        offer_id=row.offer_id,
        pass_type_id=row.pass_type_id,
        event_id=row.event_id,
        partner_id=row.partner_id,
        status=row.status,
        opens_at=row.opens_at,
        ends_at=row.ends_at,
        starts_at=row.starts_at,
        on_cancel=row.on_cancel,
        on_expiry=row.on_expiry,
        is_reviewed=row.review,
        has_waiting_list=row.waiting_list,
        place_hours=row.place_hours,
        price=price,
        event=Tally(row.event_id, row.event_capacity, row.event_used),
        capacity=Tally(row.pass_type_id, row.capacity, row.capacity_used),
        offer=Tally(row.offer_id, row.offer_limit, row.offer_used, row.allotted, row.allotted_used),
        budget=Tally(row.offer_id, row.budget, row.spent, cost=price.reduction),
        code=Tally(row.code_id, row.code_limit, row.code_used),
        pool=None if row.pooled is None else Tally(row.offer_id, row.pooled, row.pool_used),
        version=row.version,
        is_due=row.has_overdue or row.has_fallen,
        is_waited_for=row.is_waited_for,
        has_holds=row.has_holds,
        is_suspended=row.is_suspended,
        is_cancelled=row.is_cancelled,
    )
