"""What stands in an issue: its own segments and, in their places, the promo blocks with all they are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Declaration, Event, Offer, Partner, PassType, PromoBlock, PromoCode
from promos.rules.disclosure import declarations
from promos.rules.issues import Segment


@dataclass(frozen=True, slots=True)
class Placed:
    """A block, what it offers, whose it is, and what either party has declared of it."""

    block: PromoBlock
    code: PromoCode
    offer: Offer
    pass_type: PassType
    event: Event
    partner: Partner
    declared: Mapping[str, declarations.Declaration]  # by party

    @property
    def agreed(self) -> declarations.Declaration | None:
        """What both parties say alike; `None` as long as they do not."""
        said = list(self.declared.values())
        return said[0] if len(said) == 2 and not declarations.differences(*said) else None

    @property
    def quantity(self) -> int | None:
        """The passes that readers can get at most, not those that are left; `None`: no limit is known."""
        limits = (self.code.limit, self.offer.limit, self.pass_type.capacity)
        return min((limit for limit in limits if limit is not None), default=None)


async def placed(session: AsyncSession, *, issue_id: UUID | None = None, block_id: UUID | None = None) -> list[Placed]:
    """The blocks of an issue that are not removed, or one block, the first made first."""
    rows = (
        sa.select(PromoBlock, PromoCode, Offer, PassType, Event, Partner)
        .join(PromoCode, PromoBlock.code_id == PromoCode.id)
        .join(Offer, PromoBlock.offer_id == Offer.id)
        .join(PassType, Offer.pass_type_id == PassType.id)
        .join(Event, PromoBlock.event_id == Event.id)
        .join(Partner, PromoBlock.partner_id == Partner.id)
        .where(PromoBlock.removed_at.is_(None))
        .order_by(PromoBlock.created_at, PromoBlock.id)
        .execution_options(populate_existing=True)
    )
    rows = rows.where(PromoBlock.issue_id == issue_id) if issue_id else rows.where(PromoBlock.id == block_id)
    found = (await session.execute(rows)).all()
    declared: dict[UUID, dict[str, declarations.Declaration]] = {block.id: {} for block, *_ in found}
    for row in await session.scalars(sa.select(Declaration).where(Declaration.block_id.in_(declared))):
        declared[row.block_id][row.party] = declared_in(row)
    return [Placed(*row, declared=declared[row[0].id]) for row in found]


def declared_in(row: Declaration) -> declarations.Declaration:
    return declarations.declaration(row.kinds, row.benefits, row.editorial_control, row.obligation)


def in_order(segments: Sequence[Segment], blocks: Sequence[PromoBlock]) -> list[Segment | PromoBlock]:
    """The issue from top to bottom: a block stands after its segment, or where the first one it replaces stood."""
    places: dict[str | None, list[PromoBlock]] = {}
    replacing = {block.replaces[0]: block for block in blocks if block.replaces}
    gone = {segment_id for block in blocks for segment_id in block.replaces}
    for block in blocks:
        if not block.replaces:
            places.setdefault(block.after, []).append(block)
    parts: list[Segment | PromoBlock] = [*places.get(None, ())]
    for segment in segments:
        if segment.id in replacing:
            parts.append(replacing[segment.id])
        if segment.id not in gone:
            parts.append(segment)
        parts.extend(places.get(segment.id, ()))
    return parts
