"""What stands in an issue: its own segments and, in their places, the promo blocks with all they are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Declaration, Event, Issue, Offer, Partner, PassType, PromoBlock, PromoCode, Publication
from promos.rendering.language import Language, language
from promos.rules.blocks import BlockContent
from promos.rules.disclosure import declarations, label
from promos.rules.disclosure.label import Choice
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.issues import Segment

LEAST_SHARE = 0.01  # of the readers: what is written for one of a hundred of them


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
    def is_own_event(self) -> bool:
        """Whether both say that it is the newsletter's own event and nothing else."""
        return self.agreed is not None and self.agreed.is_own

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
    return declarations.declaration(row.kinds, row.benefits, row.editorial_control, row.obligation, row.contract)


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


def audience_of(publication: Publication) -> list[str]:
    """The countries whose rules count, the one with most readers first."""
    return [part["country"] for part in publication.audience if part["share"] >= LEAST_SHARE]


def judged_on(issue: Issue, publication: Publication, now: datetime | None) -> date:
    """The day whose rules count: of its publication, else the one it is planned for, where it is made.

    `now`: a draft goes out today or later, whatever was planned.
    """
    planned = issue.planned_at if now is None else max(issue.planned_at, now)
    return (issue.published_at or planned).astimezone(ZoneInfo(publication.timezone)).date()


def choices(
    placed: Placed | None, publication: Publication, issue: Issue, rule_set: RuleSet, now: datetime | None
) -> tuple[Choice, ...]:
    """What the label of a block may be by the rules of its issue's day; of one that is to be inserted, without it."""
    rules = rule_set.on(judged_on(issue, publication, now))
    is_own = placed is not None and placed.is_own_event
    return label.choices(rules, audience_of(publication), issue.language, is_own=is_own)


def unused_label(
    placed: Placed, publication: Publication, issue: Issue, rule_set: RuleSet, now: datetime | None
) -> str | None:
    """The label that was chosen for a block, if it is allowed no longer: Promos' own choice stands in its place."""
    chosen = placed.block.label
    if chosen is None:
        return None
    possible = choices(placed, publication, issue, rule_set, now)
    return None if any(each.words == chosen for each in possible) else chosen


def content(
    placed: Placed, publication: Publication, issue: Issue, rule_set: RuleSet, *, now: datetime | None, base_url: str
) -> BlockContent:
    """The block as it is rendered everywhere, in the language of its issue and by the rules of its day.

    What was given is said as both parties declare it; until they do alike, as the offer has it.
    """
    rule_set = rule_set.on(judged_on(issue, publication, now))
    tag = issue.language
    speak = language(tag)
    advertiser = placed.partner.advertiser
    written = label.label_for(
        rule_set,
        audience_of(publication),
        tag,
        advertiser,
        is_own=placed.is_own_event,
        chosen=placed.block.label,
    )
    given = label.given_sentence(rule_set, tag, advertiser, placed.agreed, placed.quantity)
    return BlockContent(
        language=tag,
        label=written.text,
        advertiser=advertiser,
        given=given,
        heading=placed.block.heading,
        body=placed.block.body,
        call_to_action=placed.block.call_to_action,
        code=placed.code.spelled,
        url=address_of(placed.block.id, base_url),
        terms=_terms(placed, speak),
        conditions_url=placed.offer.conditions_url,
        block_id=str(placed.block.id),
    )


def address_of(block_id: UUID | str, base_url: str) -> str:
    """Where the block's button leads."""
    return f"{base_url.rstrip('/')}/go/{block_id}"


def _terms(placed: Placed, speak: Language) -> tuple[str, ...]:
    """How many, worth what on which VAT basis, until when, for whom. What is left is not among them: it changes."""
    if placed.quantity is None:
        many = speak.gettext("Free passes for readers, not limited in number")
    else:
        many = speak.ngettext(
            "%(count)s free pass for readers, first come, first served",
            "%(count)s free passes for readers, first come, first served",
            placed.quantity,
        ) % {"count": speak.number(placed.quantity)}
    until = speak.instant(_last_minute(placed.offer.ends_at, placed.event.timezone), placed.event.timezone)
    return (
        many,
        _worth(placed.pass_type, speak),
        speak.gettext("Until %(instant)s") % {"instant": until},
        placed.offer.eligibility or "",
    )


def _worth(kind: PassType, speak: Language) -> str:
    if kind.vat == "included":
        worth = speak.gettext("%(name)s: worth %(value)s each, VAT included")
    elif kind.vat == "excluded":
        worth = speak.gettext("%(name)s: worth %(value)s each, plus VAT")
    else:
        worth = speak.gettext("%(name)s: worth %(value)s each")
    rate = "" if kind.vat_rate is None or kind.vat == "unknown" else f" ({speak.percent(kind.vat_rate / 100)})"
    return worth % {"name": kind.name, "value": speak.money(kind.face_value, kind.currency)} + rate


def _last_minute(ends_at: datetime, zone: str) -> datetime:
    """An offer that ends at midnight is said to end on the day before, at 23:59."""
    ends_at_midnight = ends_at.astimezone(ZoneInfo(zone)).time() == time(0)
    return ends_at - timedelta(minutes=1) if ends_at_midnight else ends_at
