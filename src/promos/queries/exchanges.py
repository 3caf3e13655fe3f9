"""What advertisers gave a newsletter and its people, in euros without VAT, by advertiser, year and goal.

Décret 2025-1137 (France, from 1 January 2026) asks for a written contract once pay and benefits in kind from one
advertiser for one promotional goal reach 1,000 EUR excluding VAT in a year. What readers alone receive does not count.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Declaration, Event, Issue, Partner, PromoBlock, Publication
from promos.queries.contents import declared_in
from promos.rules.disclosure import declarations
from promos.rules.disclosure.declarations import Benefit
from promos.rules.disclosure.vocabulary import ReceivedBy, Vat
from promos.rules.money import digits
from promos.rules.people import Actor

CONTRACT_FROM = 100_000  # cents, without VAT, a year
SINCE = date(2026, 1, 1)
SHOWN = 500  # blocks that are looked through, the newest first
Goal = tuple[UUID, UUID]  # a partner and an event
KEPT_BY = (ReceivedBy.AUTHOR, ReceivedBy.PUBLICATION)


@dataclass(slots=True)
class Exchange:
    """What one advertiser gave for one event in one year. `uncounted`: benefits whose worth in euros is not known."""

    year: int
    partner: str
    event: str
    cents: int = 0
    has_contract: bool = True
    uncounted: int = 0
    basis_unknown: int = 0  # benefits counted whole, as nobody says whether VAT is in
    issues: list[tuple[UUID, str]] = field(default_factory=list)

    @property
    def needs_contract(self) -> bool:
        """Whether the decree asks for one that nobody has named."""
        return self.year >= SINCE.year and self.cents >= CONTRACT_FROM and not self.has_contract


async def listed(session: AsyncSession, by: Actor) -> list[Exchange]:
    """By year, the newest first, then by advertiser; of drafts too, as a contract comes before the sending.

    Of two declarations that differ, the one that says more counts; the partner's only once the editor's is made, as
    who declares second must not copy.
    """
    rows = (
        sa.select(PromoBlock.id, Issue, Publication, Partner, Event)
        .join(Issue, PromoBlock.issue_id == Issue.id)
        .join(Publication, PromoBlock.publication_id == Publication.id)
        .join(Partner, PromoBlock.partner_id == Partner.id)
        .join(Event, PromoBlock.event_id == Event.id)
        .where(PromoBlock.removed_at.is_(None), PromoBlock.edited_by(by))
        .order_by(PromoBlock.id.desc())
        .limit(SHOWN)
    )
    found = (await session.execute(rows)).all()
    known = await _known(session, [row[0] for row in found])
    exchanges: dict[tuple[int, UUID, UUID], Exchange] = {}
    for block_id, issue, publication, partner, event in found:
        said = known.get(block_id, [])
        most = _most(said)
        if most is None or not _kept(most.benefits):
            continue
        at = (issue.published_at or issue.planned_at).astimezone(ZoneInfo(publication.timezone))
        whose = exchanges.setdefault((at.year, partner.id, event.id), Exchange(at.year, partner.advertiser, event.name))
        cents, uncounted, unknown = counted(most.benefits)
        whose.cents += cents
        whose.uncounted += uncounted
        whose.basis_unknown += unknown
        whose.has_contract = whose.has_contract and all(each.contract for each in said)
        whose.issues.append((issue.id, f"{publication.name} {issue.number}"))
    return sorted(exchanges.values(), key=lambda each: (-each.year, each.partner, each.event))


async def of_year(
    session: AsyncSession, publication: Publication, at: datetime, goals: Iterable[Goal]
) -> dict[Goal, tuple[Benefit, ...]]:
    """What the newsletter received for each goal (a partner's event) in the year of `at`, of what may be known."""
    zone = ZoneInfo(publication.timezone)
    wanted = dict.fromkeys(goals, ())
    rows = (
        sa.select(PromoBlock, Issue.published_at, Issue.planned_at)
        .join(Issue, PromoBlock.issue_id == Issue.id)
        .where(PromoBlock.publication_id == publication.id, PromoBlock.removed_at.is_(None))
        .where(sa.tuple_(PromoBlock.partner_id, PromoBlock.event_id).in_(list(wanted)))
        .order_by(PromoBlock.id.desc())
        .limit(SHOWN)
    )
    year = at.astimezone(zone).year
    found = [
        block
        for block, published_at, planned_at in await session.execute(rows)
        if (published_at or planned_at).astimezone(zone).year == year
    ]
    known = await _known(session, [block.id for block in found])
    given: dict[Goal, list[Benefit]] = {goal: [] for goal in wanted}
    for block in found:
        if most := _most(known.get(block.id, ())):
            given[block.partner_id, block.event_id] += most.benefits
    return {goal: tuple(benefits) for goal, benefits in given.items()}


async def _known(session: AsyncSession, block_ids: Sequence[UUID]) -> dict[UUID, list[declarations.Declaration]]:
    """What was declared of these blocks, as far as an editor may know: nothing before they declared themselves."""
    made: dict[UUID, dict[str, Declaration]] = {}
    for each in await session.scalars(sa.select(Declaration).where(Declaration.block_id.in_(block_ids))):
        made.setdefault(each.block_id, {})[each.party] = each
    return {
        block_id: [declared_in(each) for each in both.values()] for block_id, both in made.items() if "editor" in both
    }


def _most(said: Iterable[declarations.Declaration]) -> declarations.Declaration | None:
    """Of two that differ, the one that says more."""
    return max(said, key=lambda each: counted(each.benefits)[0], default=None)


def counted(benefits: Sequence[Benefit]) -> tuple[int, int, int]:
    """Cents without VAT that author and publication received, how many benefits are not among them, and how many are
    with VAT perhaps, as nobody knows. 999 EUR with 20 % included are 832.50."""
    cents = uncounted = unknown = 0
    for each in _kept(benefits):
        if each.unit_value is None or each.currency != "EUR":
            uncounted += 1
            continue
        whole = Decimal(each.unit_value * each.quantity).scaleb(2 - digits(each.currency))
        if each.vat is Vat.INCLUDED and each.vat_rate is not None:
            whole = whole / (1 + each.vat_rate / 100)
        elif each.vat is not Vat.EXCLUDED:
            unknown += 1
        cents += int(whole.quantize(Decimal(1), ROUND_HALF_UP))
    return cents, uncounted, unknown


def _kept(benefits: Iterable[Benefit]) -> list[Benefit]:
    return [each for each in benefits if each.received_by in KEPT_BY]
