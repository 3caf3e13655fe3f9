"""What the public may know of a code: its event, what it gives, by whom and how much is left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Event, Offer, OfferPublication, Partner, PassType, PromoBlock, PromoCode
from promos.queries import codes as code_queries
from promos.queries import pages, terms
from promos.queries.together import padded
from promos.rules import codes
from promos.rules.blocks import clean_line
from promos.rules.finding import Asked
from promos.rules.people import Actor
from promos.rules.redemption import Terms
from promos.rules.refusals import CodeMalformed, CodeUnknown

MOST_PLACEABLE = 200
DESK = replace(code_queries.SORTED, searched=(PromoCode.text, PromoCode.spelled, Offer.name, Event.name), first="-made")


@dataclass(frozen=True, slots=True)
class Listing:
    """A code with everything that stands above it. It holds no reader and nobody's secret."""

    code: PromoCode
    offer: Offer
    pass_type: PassType
    event: Event
    partner: Partner
    terms: Terms

    @property
    def remaining(self) -> int | None:
        """Passes that can still be given, by the tightest limit; `None` without any."""
        return self.terms.left


async def code_id(session: AsyncSession, typed: str) -> UUID:
    """The code that reads like `typed`, whatever its dashes, blanks and case; raises `CodeUnknown`."""
    try:
        meant = code_queries.meant(typed)
    except CodeMalformed:
        raise CodeUnknown(clean_line(typed)[:40]) from None
    found = await session.scalar(sa.select(PromoCode.id).where(meant))
    if found is None:
        raise CodeUnknown(codes.spelled(typed.replace(" ", "")))
    return found


@dataclass(frozen=True, slots=True)
class Opening:
    """What a code opens; it never changes."""

    code_id: UUID
    offer_id: UUID
    event_id: UUID
    partner_id: UUID


async def openings(session: AsyncSession, texts: Sequence[str]) -> dict[str, Opening]:
    """What these codes open, by their normal form; those that do not exist are left out.

    A public word as it is written; else a secret code, its look-alikes mended.
    """
    mended = {text: codes.mended(text) if codes.may_be_secret(text) else text for text in texts}
    rows = await session.execute(_OPENINGS, {"texts": padded(sorted({*texts, *mended.values()}))})
    found = {row.text: row for row in rows}
    opened = {}
    for text, word in mended.items():
        row = found.get(text)
        if row is None or row.kind != "vanity":
            row = found.get(word)
        if row is not None and (row.text == text or row.kind == "generated"):
            opened[text] = Opening(row.id, row.offer_id, row.event_id, row.partner_id)
    return opened


_OPENINGS = sa.select(
    PromoCode.text, PromoCode.kind, PromoCode.id, PromoCode.offer_id, PromoCode.event_id, PromoCode.partner_id
).where(PromoCode.text.in_(sa.bindparam("texts", expanding=True)))
AS_STORED = datetime(1970, 1, 1, tzinfo=UTC)  # no hold was over then


async def listing(session: AsyncSession, typed: str, *, now: datetime = AS_STORED) -> Listing:
    """The facts of a code's page; raises `CodeUnknown`."""
    return (await listings(session, [await code_id(session, typed)], now=now))[0]


async def listings(session: AsyncSession, code_ids: list[UUID], *, now: datetime = AS_STORED) -> list[Listing]:
    """The facts of these codes, oldest first; codes that do not exist are left out.

    Without `now`, holds that are over count until that is settled.
    """
    found = _ABOVE.where(PromoCode.id.in_(code_ids)).order_by(PromoCode.id)
    rows = (await session.execute(found)).all()
    decide = await terms.of_codes(session, [code.id for code, *_ in rows], now=now)
    return [Listing(*row, terms=decide[row[0].id]) for row in rows]


async def public(session: AsyncSession, texts: Sequence[str], *, now: datetime) -> dict[str, Listing]:
    """The facts of these public words, by their normal form, for all who ask at the same moment."""
    rows = (await session.execute(_PUBLIC, {"texts": padded(texts)})).all()
    decide = await terms.of_codes(session, [code.id for code, *_ in rows], now=now) if rows else {}
    return {row[0].text: Listing(*row, terms=decide[row[0].id]) for row in rows}


async def run(session: AsyncSession, by: Actor, asked: Asked, *, status: str = "") -> tuple[list[Listing], str | None]:
    """A page of the public words that `by` runs, those made last first."""
    mine = (
        sa.select(PromoCode.id, PromoCode.spelled)
        .join(Offer, PromoCode.offer_id == Offer.id)
        .join(Event, Offer.event_id == Event.id)
        .where(Offer.run_by(by), code_queries.IS_PUBLIC)
    )
    rows, following = await pages.listed(session, mine, DESK, asked, *([PromoCode.status == status] if status else []))
    found = {each.code.id: each for each in await listings(session, [row.id for row in rows])}
    return [found[row.id] for row in rows], following


async def behind_blocks(session: AsyncSession, block_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The code that each of these promo blocks shows, as it is spelled."""
    rows = await session.execute(_BEHIND_BLOCKS, {"blocks": padded(block_ids)})
    return {row.id: row.spelled for row in rows}


async def placeable(session: AsyncSession, publication_id: UUID, by: Actor) -> list[Listing]:
    """The public words that `by` may place in this publication: not revoked, and of an offer that names it.

    Those made last, `MOST_PLACEABLE` at most.
    """
    ids = sa.select(PromoCode.id).join(Offer, PromoCode.offer_id == Offer.id)
    if not by.is_admin and publication_id not in by.publications:
        return []
    named = sa.select(OfferPublication.offer_id).where(OfferPublication.publication_id == publication_id)
    ids = ids.where(Offer.id.in_(named), Offer.visible_to(by), code_queries.IS_PUBLIC, PromoCode.status != "revoked")
    ids = ids.where(PromoCode.archived_at.is_(None), Offer.archived_at.is_(None))
    ids = ids.order_by(PromoCode.id.desc()).limit(MOST_PLACEABLE)
    return await listings(session, list(await session.scalars(ids)))


_ABOVE = (
    sa.select(PromoCode, Offer, PassType, Event, Partner)
    .join(Offer, PromoCode.offer_id == Offer.id)
    .join(PassType, Offer.pass_type_id == PassType.id)
    .join(Event, Offer.event_id == Event.id)
    .join(Partner, Offer.partner_id == Partner.id)
)
_PUBLIC = _ABOVE.where(PromoCode.text.in_(sa.bindparam("texts", expanding=True)), PromoCode.kind == "vanity")
_BEHIND_BLOCKS = (
    sa.select(PromoBlock.id, PromoCode.spelled)
    .join(PromoCode, PromoBlock.code_id == PromoCode.id)
    .where(PromoBlock.id.in_(sa.bindparam("blocks", expanding=True)))
)
