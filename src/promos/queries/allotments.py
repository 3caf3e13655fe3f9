"""An offer's limit and the parts of it that are set aside, as they are at one instant, with what they are called."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Allotment, Event, Issue, Offer, OfferPublication, PromoBlock, PromoCode, Publication
from promos.queries import codes, terms
from promos.queries.pages import NEVER, Sorted
from promos.queries.terms import Part, Tree
from promos.rules.people import Actor
from promos.rules.redemption import Tally
from promos.rules.refusals import NotFound

MOST = 50  # issues, and public words, for which a page lets one set passes aside

SORTED = Sorted(
    Allotment.id,
    {"limit": Allotment.limit, "used": Allotment.used, "returns": sa.func.coalesce(Allotment.returns_at, NEVER)},
)

About = tuple[str, UUID]  # publication | issue | code, and its id


@dataclass(frozen=True, slots=True)
class Whom:
    """For whom a part is: `name` is the newsletter's, or the code as it is spelled; `number` is the issue's."""

    kind: str  # publication | issue | code
    id: UUID
    name: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A part. `around`: passes that are free in what it is taken out of, the offer or a wider part."""

    part: Part
    whom: Whom
    around: int

    @property
    def free(self) -> int:
        return self.part.tally.left or 0


@dataclass(frozen=True, slots=True)
class Shared:
    """An offer, `whole` in numbers, its parts (each before those within it), and for whom there can be another."""

    event: Event
    offer: Offer
    whole: Tally
    rows: list[Row]
    possible: list[Whom]

    def row(self, part_id: UUID | None) -> Row | None:
        return next((row for row in self.rows if row.part.id == part_id), None)

    def wholes(self) -> list[Row]:
        """What a part can be taken out of, beside the offer: nothing is narrower than a code."""
        return [row for row in self.rows if row.part.code_id is None]

    def beside(self, part: Part) -> list[Row]:
        """The other parts of the same whole."""
        return [row for row in self.rows if row.part.within_id == part.within_id and row.part.id != part.id]

    def free_choices(self) -> list[Whom]:
        """Those for whom nothing is set aside yet."""
        taken = {row.whom for row in self.rows}
        return [whom for whom in self.possible if whom not in taken]


async def shared(session: AsyncSession, offer_id: UUID, *, now: datetime, by: Actor) -> Shared:
    """How an offer that `by` runs is shared out at `now`; raises `NotFound`."""
    mine = sa.select(Event, Offer).join(Event, Offer.event_id == Event.id).where(Offer.id == offer_id, Offer.run_by(by))
    found = (await session.execute(mine)).one_or_none()
    if found is None:
        raise NotFound("offer")
    event, offer = found
    tree = (await terms.parts_of(session, {offer.id}))[offer.id]
    whole = Tally(offer.id, offer.limit, offer.used, offer.allotted, offer.allotted_used)
    whole = terms.fall_back(whole, tree, now)
    possible = await _possible(session, offer, by)
    names = await _named(session, {*possible, *map(_about, tree.values())})
    rows = [
        Row(part, names[_about(part)], (tree[part.within_id].tally if part.within_id else whole).left or 0)
        for part in _in_order(tree, None)
    ]
    return Shared(event, offer, whole, rows, [names[about] for about in possible])


async def offer_of(session: AsyncSession, part_id: UUID, by: Actor) -> tuple[UUID, datetime | None]:
    """The offer of a part that `by` runs, given back or not, and when the part returns; raises `NotFound`."""
    mine = sa.select(Allotment.offer_id, Allotment.returns_at).where(Allotment.id == part_id, Allotment.run_by(by))
    found = (await session.execute(mine)).one_or_none()
    if found is None:
        raise NotFound("allotment")
    return found[0], found[1]


def _in_order(tree: Tree, within: UUID | None) -> Iterator[Part]:
    for part in tree.values():
        if part.within_id == within:
            yield part
            yield from _in_order(tree, part.id)


def _about(part: Part) -> About:
    whose = {"publication": part.publication_id, "issue": part.issue_id, "code": part.code_id}
    return next((kind, about) for kind, about in whose.items() if about is not None)


async def _possible(session: AsyncSession, offer: Offer, by: Actor) -> list[About]:
    """The newsletters that the offer names, those of their issues that `by` knows, and its public words."""
    named = sa.select(OfferPublication.publication_id).where(OfferPublication.offer_id == offer.id)
    letters = sa.select(Publication.id).where(Publication.id.in_(named)).order_by(Publication.name, Publication.id)
    placed = sa.select(PromoBlock.issue_id).where(
        PromoBlock.offer_id == offer.id, PromoBlock.removed_at.is_(None), PromoBlock.visible_to(by)
    )
    known = sa.or_(Issue.visible_to(by), Issue.id.in_(placed))
    issues = sa.select(Issue.id).where(Issue.publication_id.in_(named), known).order_by(Issue.planned_at.desc())
    words = sa.select(PromoCode.id).where(PromoCode.offer_id == offer.id, PromoCode.status != "revoked")
    words = words.where(codes.IS_PUBLIC).order_by(PromoCode.id)
    return [
        *[("publication", each) for each in await session.scalars(letters)],
        *[("issue", each) for each in await session.scalars(issues.limit(MOST))],
        *[("code", each) for each in await session.scalars(words.limit(MOST))],
    ]


async def _named(session: AsyncSession, wanted: Collection[About]) -> dict[About, Whom]:
    def ids(kind: str) -> list[UUID]:
        return [about for its, about in wanted if its == kind]

    none = sa.literal("")
    letters = sa.select(Publication.id, Publication.name, none).where(Publication.id.in_(ids("publication")))
    numbers = sa.select(Issue.id, Publication.name, Issue.number).join(
        Publication, Issue.publication_id == Publication.id
    )
    numbers = numbers.where(Issue.id.in_(ids("issue")))
    words = sa.select(PromoCode.id, PromoCode.spelled, none).where(PromoCode.id.in_(ids("code")))
    return {
        (kind, about): Whom(kind, about, name, number)
        for kind, rows in (("publication", letters), ("issue", numbers), ("code", words))
        for about, name, number in await session.execute(rows)
    }
