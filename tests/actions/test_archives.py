"""What is put away comes back as it was, what is live stays, and only what nobody saw is deleted."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments, archives, codes, events, offers, redemptions
from promos.models import Entry, Event, Offer, PassType, PromoCode, Visit
from promos.rules.refusals import Archived, CodeTaken, HasHistory, NotFound, StillLive
from tests.world import ADMIN, DAY, NOW, a_code, a_partner, a_publication, an_ask, an_offer, member_of

AS_ADMIN: Any = {"now": NOW, "by": ADMIN}


async def test_a_code_that_works_is_paused_before_it_is_put_away(session: AsyncSession) -> None:
    code = await a_code(session)

    with pytest.raises(StillLive) as refused:
        await archives.archive(session, PromoCode, code.id, **AS_ADMIN)
    await codes.update(session, "FREEAGENAI", status="paused", **AS_ADMIN)
    version = code.version
    put_away = await archives.archive(session, PromoCode, code.id, **AS_ADMIN)
    again = await archives.archive(session, PromoCode, code.id, **AS_ADMIN)

    assert refused.value.codes == 1
    assert put_away.archived_at == NOW
    assert (again.archived_at, code.version) == (NOW, version + 1)
    with pytest.raises(Archived):
        await codes.update(session, "FREEAGENAI", status="active", **AS_ADMIN)


async def test_the_text_of_what_is_archived_is_never_given_again(session: AsyncSession) -> None:
    code = await a_code(session, status="paused")
    await archives.archive(session, PromoCode, code.id, **AS_ADMIN)

    with pytest.raises(CodeTaken):
        await codes.create(session, code.offer_id, "free-agen-ai", **AS_ADMIN)


async def test_what_comes_back_is_as_it_was(session: AsyncSession) -> None:
    code = await a_code(session, status="paused", limit=7)
    for kind, row_id in ((PromoCode, code.id), (Offer, code.offer_id), (Event, code.event_id)):
        await archives.archive(session, kind, row_id, **AS_ADMIN)
    with pytest.raises(Archived):
        await offers.update(session, code.offer_id, limit=30, **AS_ADMIN)
    with pytest.raises(Archived):
        await events.update(session, code.event_id, venue="Elsewhere", **AS_ADMIN)

    for kind, row_id in ((Event, code.event_id), (Offer, code.offer_id), (PromoCode, code.id)):
        assert (await archives.restore(session, kind, row_id, **AS_ADMIN)).archived_at is None
    await codes.update(session, "FREEAGENAI", status="active", **AS_ADMIN)

    assert (code.status, code.limit) == ("active", 7)
    verbs = await session.scalars(sa.select(Entry.verb).order_by(Entry.id))
    assert [verb for verb in verbs if "archived" in verb or "restored" in verb] == [
        *("code.archived", "offer.archived", "event.archived", "event.restored", "offer.restored", "code.restored"),
    ]


async def test_a_code_stays_as_it_is_while_the_event_above_it_is_put_away(session: AsyncSession) -> None:
    code = await a_code(session, status="paused")
    await archives.archive(session, Event, code.event_id, **AS_ADMIN)

    with pytest.raises(Archived):
        await codes.update(session, "FREEAGENAI", status="active", **AS_ADMIN)
    with pytest.raises(Archived):
        await codes.create(session, code.offer_id, "ANOTHER", **AS_ADMIN)


async def test_an_offer_whose_time_is_over_is_put_away_with_its_codes_as_they_are(session: AsyncSession) -> None:
    offer = await an_offer(session, opens_at=NOW - 2 * DAY, ends_at=NOW)
    code = await a_code(session, offer)

    await archives.archive(session, Offer, offer.id, **AS_ADMIN)

    assert code.status == "active"


async def test_an_event_to_come_whose_readers_hold_passes_is_not_put_away(session: AsyncSession) -> None:
    code = await a_code(session)
    await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
    await codes.update(session, "FREEAGENAI", status="paused", **AS_ADMIN)

    with pytest.raises(StillLive) as refused:
        await archives.archive(session, Event, code.event_id, **AS_ADMIN)
    over = await archives.archive(session, Event, code.event_id, now=NOW + 20 * DAY, by=ADMIN)

    assert (refused.value.codes, refused.value.passes) == (0, 1)
    assert over.archived_at is not None


async def test_a_draft_that_nobody_saw_is_deleted_with_all_below_it(session: AsyncSession) -> None:
    code = await a_code(session, status="paused")
    await a_code(session, await session.get_one(Offer, code.offer_id), "OTHER", status="revoked")
    await allotments.create(session, code.offer_id, limit=2, code_id=code.id, **AS_ADMIN)

    await archives.delete(session, Event, code.event_id, **AS_ADMIN)

    for kind in (PromoCode, Offer, PassType, Event):
        assert await session.scalar(sa.select(sa.func.count()).select_from(kind)) == 0
    assert await session.scalar(sa.select(Entry.facts).where(Entry.verb == "event.deleted")) == {"name": "GenerationAI"}


@pytest.mark.parametrize("noun", [PromoCode, Offer, PassType, Event])
async def test_what_somebody_saw_is_never_deleted(session: AsyncSession, noun: type[archives.Kept]) -> None:
    seen = await a_code(session)
    used = await a_code(session, await session.get_one(Offer, seen.offer_id), "USED")
    await redemptions.redeem(session, [an_ask(used, "ada")], now=NOW)
    session.add(
        Visit(partner_id=seen.partner_id, event_id=seen.event_id, code_id=seen.id, source_id=seen.id, day=NOW.date())
    )
    for text in ("FREEAGENAI", "USED"):
        await codes.update(session, text, status="revoked", **AS_ADMIN)
    offer = await session.get_one(Offer, seen.offer_id)
    ids = {PromoCode: [seen.id, used.id], Offer: [offer.id], PassType: [offer.pass_type_id], Event: [offer.event_id]}
    later = NOW + 20 * DAY

    for row_id in ids[noun]:
        with pytest.raises(HasHistory):
            await archives.delete(session, noun, row_id, now=later, by=ADMIN)

    assert await session.scalar(sa.select(sa.func.count()).select_from(PromoCode)) == 2


async def test_what_works_is_not_deleted_although_nobody_used_it_yet(session: AsyncSession) -> None:
    code = await a_code(session)

    with pytest.raises(StillLive):
        await archives.delete(session, PromoCode, code.id, **AS_ADMIN)
    await codes.update(session, "FREEAGENAI", status="paused", **AS_ADMIN)
    await archives.delete(session, PromoCode, code.id, **AS_ADMIN)

    assert (await codes.create(session, code.offer_id, "FREEAGENAI", **AS_ADMIN)).id != code.id


@pytest.mark.parametrize("noun", [PromoCode, Offer, PassType, Event])
async def test_another_partners_things_are_not_there(session: AsyncSession, noun: type[archives.Kept]) -> None:
    await a_publication(session)
    code = await a_code(session, status="paused")
    offer = await session.get_one(Offer, code.offer_id)
    ids = {PromoCode: code.id, Offer: offer.id, PassType: offer.pass_type_id, Event: offer.event_id}
    stranger = member_of(await a_partner(session, name="Other"))

    for verb in (archives.archive, archives.restore, archives.delete):
        with pytest.raises(NotFound):
            await verb(session, noun, ids[noun], now=NOW, by=stranger)
