import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Offer
from promos.queries import catalogue
from promos.rules.refusals import CodeUnknown
from tests.world import ADMIN, a_code, a_partner, a_pass_type, a_publication, an_event, an_offer, editor_of, owner_of


@pytest.mark.parametrize("typed", ["FREEAGENAI", "free-a-genai", " FreeA GenAI "])
async def test_a_code_is_found_however_it_is_typed(session: AsyncSession, typed: str) -> None:
    code = await a_code(session)

    found = await catalogue.listing(session, typed)

    assert found.code.id == code.id
    assert (found.event.name, found.partner.advertiser) == ("GenerationAI", "Generation Events SAS")
    assert (found.pass_type.face_value, found.offer.limit, found.remaining) == (99900, 20, 20)


@pytest.mark.parametrize("typed", ["", "NOSUCHCODE", "é", "<script>", "\x00", "A" * 5000])
async def test_a_code_that_is_not_there_is_unknown(session: AsyncSession, typed: str) -> None:
    with pytest.raises(CodeUnknown) as refused:
        await catalogue.listing(session, typed)

    assert len(refused.value.promo_code) <= 40
    assert refused.value.promo_code.isprintable()


async def test_what_remains_is_what_the_tightest_limit_leaves(session: AsyncSession) -> None:
    pass_type = await a_pass_type(session, capacity=30, used=12)
    offer = await an_offer(session, pass_type, limit=25, used=5)
    await a_code(session, offer, "WIDE")
    await a_code(session, offer, "NARROW", limit=8, used=5)
    boundless = await a_pass_type(session, await an_event(session, slug="boundless"))
    await a_code(session, await an_offer(session, boundless, limit=None), "OPEN")

    assert (await catalogue.listing(session, "WIDE")).remaining == 18
    assert (await catalogue.listing(session, "NARROW")).remaining == 3
    assert (await catalogue.listing(session, "OPEN")).remaining is None


async def test_an_editor_may_place_what_names_their_publication(session: AsyncSession) -> None:
    mine, other = await a_publication(session), await a_publication(session, slug="other")
    code = await a_code(session, await an_offer(session, publications=(mine,)))
    await a_code(session, await session.get_one(Offer, code.offer_id), "GONE", status="revoked")
    elsewhere = await a_pass_type(session, await an_event(session, await a_partner(session), slug="elsewhere"))
    await a_code(session, await an_offer(session, elsewhere, publications=(other,)), "OTHER")

    for actor in (editor_of(mine), ADMIN):
        assert [each.code.spelled for each in await catalogue.placeable(session, mine.id, actor)] == ["FREEAGENAI"]
    assert await catalogue.placeable(session, other.id, editor_of(mine)) == []
    assert await catalogue.placeable(session, mine.id, owner_of(await a_partner(session))) == []
