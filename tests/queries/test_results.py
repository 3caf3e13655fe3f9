import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import passes, redemptions
from promos.models import Consent, Partner, PromoCode, Reader, Redemption
from promos.queries import results
from promos.rules.finding import Asked
from promos.rules.redemption import Redeemed
from promos.rules.refusals import InvalidRequest
from tests.world import (
    ADMIN,
    DAY,
    NOW,
    a_claim,
    a_code,
    a_partner,
    a_pass_type,
    a_publication,
    add,
    an_ask,
    an_event,
    an_offer,
    door_of,
    editor_of,
    owner_of,
    proof_of,
)


async def redeem(session: AsyncSession, code: PromoCode, *names: str) -> list[Redeemed]:
    asks = [an_ask(code, name) for name in names]
    outcomes = await redemptions.redeem(session, asks, now=NOW)
    return [outcome for ask in asks if isinstance(outcome := outcomes[ask.id], Redeemed)]


async def agrees(
    session: AsyncSession, of: Redeemed | Redemption, partner: Partner, field: str, **facts: object
) -> Consent:
    """The reader of this redemption shows that field to the partner."""
    redemption_id = of.id if isinstance(of, Redemption) else of.redemption_id
    reader_id = await session.scalar(sa.select(Redemption.reader_id).where(Redemption.id == redemption_id))
    given = {
        "partner_id": partner.id,
        "reader_id": reader_id,
        "field": field,
        "wording": "",
        "language": "en",
        "given_at": NOW,
    }
    return await add(session, Consent(**given | facts))


async def test_an_offer_without_a_limit_has_its_tally_too(session: AsyncSession) -> None:
    pass_type = await a_pass_type(session, capacity=10)
    offer = await an_offer(session, pass_type, limit=None)
    one, two = await a_code(session, offer, "ONE"), await a_code(session, offer, "TWO", limit=3)
    await redeem(session, one, "ada", "bo")
    await redeem(session, two, "cy")
    session.expire_all()

    (tally,) = await results.tally(session, by=ADMIN)

    assert (tally.used, tally.left) == (3, 7)
    assert {(each.code.spelled, each.code.used, each.remaining) for each in tally.codes} == {
        ("ONE", 2, 7),
        ("TWO", 1, 2),
    }


async def test_the_tally_holds_ones_own_offers_only(session: AsyncSession) -> None:
    publication = await a_publication(session)
    partner, other = await a_partner(session), await a_partner(session)
    mine = await an_offer(
        session, await a_pass_type(session, await an_event(session, partner)), publications=(publication,)
    )
    theirs = await an_offer(session, await a_pass_type(session, await an_event(session, other, slug="other")))

    assert [each.offer.id for each in await results.tally(session, by=owner_of(partner))] == [mine.id]
    assert [each.codes for each in await results.tally(session, by=owner_of(other))] == [[]]
    assert await results.tally(session, by=owner_of(partner), event_id=theirs.event_id) == []
    assert await results.tally(session, by=editor_of(publication)) == []
    assert await results.tally(session, by=door_of(partner)) == []


async def test_a_partner_sees_pseudonyms_of_who_agreed_to_nothing(session: AsyncSession) -> None:
    code = await a_code(session)
    partner = await session.get_one(Partner, code.partner_id)
    await redeem(session, code, "ada", "bo")

    lines, following = await results.redemptions(session, by=owner_of(partner))

    assert following is None
    assert sorted((line.version, line.code, line.state, line.email, line.name) for line in lines) == [
        (1, "FREEAGENAI", "confirmed", None, None),
        (2, "FREEAGENAI", "confirmed", None, None),
    ]
    assert len({line.reader for line in lines}) == len({line.pass_number for line in lines}) == 2
    assert "readers.example" not in str(lines)


async def test_each_field_is_shown_only_where_its_own_consent_stands(session: AsyncSession) -> None:
    code = await a_code(session)
    partner, other = await session.get_one(Partner, code.partner_id), await a_partner(session)
    ada, bo, cy, di = await redeem(session, code, "ada", "bo", "cy", "di")
    await session.execute(sa.update(Reader).values(name="Somebody"))
    await agrees(session, ada, partner, "email")
    await agrees(session, bo, partner, "name")
    await agrees(session, cy, partner, "email", withdrawn_at=NOW + DAY)
    await agrees(session, di, other, "email")

    lines, _ = await results.redemptions(session, by=owner_of(partner))

    assert {line.id: (line.email, line.name) for line in lines} == {
        ada.redemption_id: ("ada@readers.example", None),
        bo.redemption_id: (None, "Somebody"),
        cy.redemption_id: (None, None),
        di.redemption_id: (None, None),
    }


async def test_what_is_agreed_in_the_claim_is_what_the_partner_sees(session: AsyncSession) -> None:
    code = await a_code(session)
    partner = await session.get_one(Partner, code.partner_id)
    claim = await a_claim(session, code, "ada", shares=["email"])
    await redemptions.redeem(session, [proof_of(claim, shares=("email",), wordings=("0" * 64,))], now=NOW)

    lines, _ = await results.redemptions(session, by=owner_of(partner))

    assert [line.email for line in lines] == ["ada@readers.example"]


async def test_a_reader_has_another_pseudonym_with_every_partner(session: AsyncSession) -> None:
    one = await a_code(session)
    elsewhere = await an_event(session, await a_partner(session), slug="elsewhere")
    two = await a_code(session, await an_offer(session, await a_pass_type(session, elsewhere)), "OTHER")
    await redeem(session, one, "ada")
    await redeem(session, two, "ada")

    lines, _ = await results.redemptions(session, by=ADMIN)

    assert len({line.reader for line in lines}) == 2


async def test_nobody_lists_what_they_do_not_run(session: AsyncSession) -> None:
    publication = await a_publication(session)
    code = await a_code(session, await an_offer(session, publications=(publication,)))
    partner, other = await session.get_one(Partner, code.partner_id), await a_partner(session)
    await redeem(session, code, "ada")

    for stranger in (owner_of(other), editor_of(publication), door_of(partner)):
        assert await results.redemptions(session, by=stranger) == ([], None)
        assert await results.redemptions(session, by=stranger, code="FREEAGENAI", event_id=code.event_id) == ([], None)


async def test_filters_narrow_the_list(session: AsyncSession) -> None:
    offer = await an_offer(session)
    one, two = await a_code(session, offer, "ONE"), await a_code(session, offer, "TWO")
    ada, _ = await redeem(session, one, "ada", "bo")
    await redeem(session, two, "cy")
    await passes.give_back(session, ada.pass_id, now=NOW)

    async def number(**filters: str) -> int:
        lines, _ = await results.redemptions(session, by=ADMIN, offer_id=offer.id, **filters)  # type: ignore[arg-type]
        return len(lines)

    assert await number() == 3
    assert await number(code="o-ne") == 2
    assert await number(code="one", state="cancelled") == 1
    assert await number(code="no such code!") == 0
    with pytest.raises(InvalidRequest):
        await number(state="perhaps")


async def test_a_pass_given_back_is_told_with_its_number(session: AsyncSession) -> None:
    code = await a_code(session)
    (ada,) = await redeem(session, code, "ada")
    await passes.give_back(session, ada.pass_id, now=NOW + DAY)

    ((line,), _) = await results.redemptions(session, by=ADMIN)

    assert (line.state, line.pass_state, line.ended_at) == ("cancelled", "given_back", NOW + DAY)
    assert line.pass_number
    assert line.pass_number.replace("-", "") == ada.pass_id.hex[-8:].upper()


async def test_pages_follow_each_other_without_a_gap_or_a_repeat(session: AsyncSession) -> None:
    code = await a_code(session)
    await redeem(session, code, *(f"reader{number}" for number in range(7)))

    seen, cursor = [], None
    for _ in range(4):
        lines, cursor = await results.redemptions(session, by=ADMIN, asked=Asked(cursor=cursor, size=2))
        seen += [line.id for line in lines]

    assert cursor is None
    assert len(seen) == len(set(seen)) == 7
