"""More passes are asked for once, decided once, and raised on the one way that limits have."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments, codes, deliveries, notices, offers, redemptions, suspensions, wishes
from promos.models import (
    Delivery,
    Entry,
    Offer,
    Partner,
    Passkey,
    Person,
    PromoCode,
    Publication,
    Redemption,
    StaffRole,
    Wish,
)
from promos.queries import recount
from promos.rules.people import NOBODY, Actor, Role
from promos.rules.redemption import Redeemed, Waiting
from promos.rules.refusals import (
    Archived,
    CodeEnded,
    InvalidRequest,
    LinkEnded,
    NotFound,
    PartnerSuspended,
    PasskeyNeeded,
    SignInNeeded,
    WishSettled,
)
from tests.world import (
    ADMIN,
    DAY,
    NOW,
    a_claim,
    a_code,
    a_partner,
    a_pass_type,
    a_person,
    a_publication,
    add,
    an_ask,
    an_event,
    an_offer,
    editor_of,
    member_of,
    owner_of,
    proof_of,
)

AS_ADMIN: Any = {"now": NOW, "by": ADMIN}
KEPT: Any = {"name": "Phone", "sign_count": 0, "transports": [], "created_at": NOW}


async def a_side(session: AsyncSession, **offer: Any) -> tuple[PromoCode, Publication, Any, Any]:
    """FREEAGENAI, named by FreeA; the actors that own the partner and that edit FreeA."""
    partner, freea = await a_partner(session), await a_publication(session)
    kind = await a_pass_type(session, await an_event(session, partner))
    code = await a_code(session, await an_offer(session, kind, publications=(freea,), **offer))
    return code, freea, owner_of(partner), editor_of(freea)


async def limits(session: AsyncSession, code: PromoCode) -> tuple[int | None, int | None]:
    offer = await session.get_one(Offer, code.offer_id, populate_existing=True)
    await session.refresh(code)
    return offer.limit, code.limit


async def test_who_asks_twice_is_told_of_the_one_that_is_open(session: AsyncSession) -> None:
    code, freea, owner, editor = await a_side(session)

    first, is_new = await wishes.ask(
        session, "freeagenai", publication_id=freea.id, why="They ask us.", now=NOW, by=editor
    )
    again = await wishes.ask(session, code.text, publication_id=freea.id, passes=99, now=NOW, by=editor)
    own, is_own = await wishes.ask(session, code.text, now=NOW, by=owner)

    assert (is_new, first.passes, first.limit, first.state) == (True, 5, 20, "open")
    assert again == (first, False)
    assert (is_own, own.id == first.id) == (True, False)


async def test_a_yes_raises_the_offer_where_the_code_has_no_limit_of_its_own(session: AsyncSession) -> None:
    code, freea, owner, editor = await a_side(session, limit=2)
    await redemptions.redeem(session, [an_ask(code, "ada"), an_ask(code, "bo")], now=NOW)
    wish, _ = await wishes.ask(session, code.text, publication_id=freea.id, passes=3, now=NOW, by=editor)

    approved = await wishes.approve(session, wish.id, now=NOW, by=owner)
    again = await wishes.approve(session, wish.id, now=NOW, by=owner)

    assert (approved.state, approved.given, again.given) == ("approved", 3, 3)
    assert await limits(session, code) == (5, None)
    assert await recount.differences(session) == []


async def test_the_offer_gets_only_what_it_lacks_for_the_code(session: AsyncSession) -> None:
    code, _, owner, _ = await a_side(session, limit=6)
    await codes.update(session, code.text, limit=4, **AS_ADMIN)
    wish, _ = await wishes.ask(session, code.text, passes=8, now=NOW, by=owner)

    await wishes.approve(session, wish.id, passes=7, now=NOW, by=owner)

    assert await limits(session, code) == (7, 11)


async def test_a_yes_raises_what_is_set_aside_for_the_newsletter_that_asks(session: AsyncSession) -> None:
    code, freea, owner, editor = await a_side(session, limit=10)
    part = await allotments.create(session, code.offer_id, limit=9, publication_id=freea.id, **AS_ADMIN)
    wish, _ = await wishes.ask(session, code.text, publication_id=freea.id, passes=4, now=NOW, by=editor)

    await wishes.approve(session, wish.id, now=NOW, by=owner)

    assert wish.allotment_id == part.id
    await session.refresh(part)
    assert part.limit == 13
    assert await limits(session, code) == (13, None)
    assert await recount.differences(session) == []


async def test_who_waits_in_line_is_served_first(session: AsyncSession) -> None:
    code, freea, owner, editor = await a_side(session, limit=1)
    first, waits = an_ask(code, "ada"), proof_of(await a_claim(session, code, "bo", waits=True), waits=True)
    found = await redemptions.redeem(session, [first, waits], now=NOW)
    assert [type(found[each.id]) for each in (first, waits)] == [Redeemed, Waiting]
    wish, _ = await wishes.ask(session, code.text, publication_id=freea.id, passes=1, now=NOW, by=editor)

    await wishes.approve(session, wish.id, now=NOW, by=owner)
    late = an_ask(code, "cy")
    outcome = (await redemptions.redeem(session, [late], now=NOW))[late.id]

    assert await session.scalar(sa.select(Redemption.held_for).where(Redemption.state == "held")) == "place"
    assert not isinstance(outcome, Redeemed)


async def test_what_was_raised_meanwhile_is_not_raised_again(session: AsyncSession) -> None:
    code, freea, owner, editor = await a_side(session)
    wish, _ = await wishes.ask(session, code.text, publication_id=freea.id, passes=5, now=NOW, by=editor)
    await offers.update(session, code.offer_id, limit=25, now=NOW, by=owner)

    overtaken = await wishes.approve(session, wish.id, now=NOW, by=owner)

    assert (overtaken.state, overtaken.given) == ("overtaken", None)
    assert await limits(session, code) == (25, None)
    with pytest.raises(WishSettled):
        await wishes.approve(session, wish.id, now=NOW, by=owner)


async def test_no_means_no_and_tells_why(session: AsyncSession) -> None:
    code, freea, owner, editor = await a_side(session)
    wish, _ = await wishes.ask(session, code.text, publication_id=freea.id, now=NOW, by=editor)

    declined = await wishes.decline(session, wish.id, "The room is full.", now=NOW, by=owner)
    await wishes.decline(session, wish.id, "Twice is once.", now=NOW, by=owner)

    assert (declined.state, declined.answer) == ("declined", "The room is full.")
    with pytest.raises(WishSettled):
        await wishes.approve(session, wish.id, now=NOW, by=owner)
    with pytest.raises(WishSettled):
        await wishes.withdraw(session, wish.id, now=NOW, by=editor)
    assert (await wishes.ask(session, code.text, publication_id=freea.id, now=NOW, by=editor))[1]


async def test_who_asked_takes_it_back(session: AsyncSession) -> None:
    code, freea, owner, editor = await a_side(session)
    wish, _ = await wishes.ask(session, code.text, publication_id=freea.id, now=NOW, by=editor)

    with pytest.raises(NotFound):  # it is not the partner's to withdraw
        await wishes.withdraw(session, wish.id, now=NOW, by=owner)
    assert (await wishes.withdraw(session, wish.id, now=NOW, by=editor)).state == "withdrawn"
    with pytest.raises(WishSettled):
        await wishes.approve(session, wish.id, now=NOW, by=owner)


async def test_only_owners_decide_and_only_who_may_asks(session: AsyncSession) -> None:
    code, freea, owner, editor = await a_side(session)
    wish, _ = await wishes.ask(session, code.text, publication_id=freea.id, now=NOW, by=editor)
    other = await a_publication(session, slug="freeb")
    strangers = (owner_of(await a_partner(session)), editor_of(other), editor, _member(code))

    for by in strangers:
        with pytest.raises(NotFound):
            await wishes.approve(session, wish.id, now=NOW, by=by)
        with pytest.raises(NotFound):
            await wishes.decline(session, wish.id, None, now=NOW, by=by)
    for by, publication in ((editor_of(other), other.id), (editor_of(other), freea.id), (editor, None)):
        with pytest.raises(NotFound):
            await wishes.ask(session, code.text, publication_id=publication, now=NOW, by=by)
    with pytest.raises(InvalidRequest):
        await wishes.approve(session, wish.id, passes=wish.passes + 1, now=NOW, by=owner)


def _member(code: PromoCode) -> Any:
    class Its:
        id = code.partner_id

    return member_of(Its)  # type: ignore[arg-type]


async def test_what_is_over_or_has_no_limit_is_not_asked_for(session: AsyncSession) -> None:
    code, _, owner, _ = await a_side(session, limit=None)
    with pytest.raises(InvalidRequest):
        await wishes.ask(session, code.text, now=NOW, by=owner)
    with pytest.raises(CodeEnded):
        await wishes.ask(session, code.text, now=NOW + 8 * DAY, by=owner)
    code.status, code.archived_at = "paused", NOW
    with pytest.raises(Archived):
        await wishes.ask(session, code.text, now=NOW, by=owner)


async def test_owners_get_a_mail_each_unless_they_ask_themselves_or_switched_it_off(session: AsyncSession) -> None:
    code, freea, _, _ = await a_side(session)
    own = {"partner_id": code.partner_id}
    claire, mo, deaf = [
        await a_person(session, f"{name}@partner.example", role, **own)
        for name, role in (("claire", Role.OWNER), ("mo", Role.MEMBER), ("deaf", Role.OWNER))
    ]
    deaf.muted = ["wish.asked"]
    ed = await a_person(session, "ed@freea.example", Role.EDITOR, publication_id=freea.id)
    editor = type(ADMIN)("person", ed.id, editor_of(freea).grants)

    wish, _ = await wishes.ask(session, code.text, publication_id=freea.id, now=NOW, by=editor)
    asked = list(await session.scalars(sa.select(Delivery).where(Delivery.wish_id == wish.id)))
    await wishes.decline(session, wish.id, None, **AS_ADMIN)
    answered = list(await session.scalars(sa.select(Delivery).where(Delivery.kind == "wish_settled")))

    assert [(mail.kind, mail.person_id) for mail in asked] == [("wish", claire.id)]
    assert [mail.person_id for mail in answered] == [ed.id]
    assert mo.muted == []
    due = await deliveries.claim(session, now=NOW, lease=DAY)
    assert [(each.kind, each.is_needed(NOW)) for each in due] == [("wish", False), ("wish_settled", True)]
    assert await session.scalar(sa.select(sa.func.count()).where(Delivery.kind == "notice")) == 0


async def test_an_editor_switches_the_mail_off_and_keeps_what_else_was_chosen(session: AsyncSession) -> None:
    freea = await a_publication(session)
    ed = await a_person(session, "ed@freea.example", Role.EDITOR, publication_id=freea.id)
    ed.muted = ["code.ending"]
    editor = type(ADMIN)("person", ed.id, editor_of(freea).grants)

    await notices.choose(session, [], among=notices.OF_EDITORS, by=editor)
    assert set(ed.muted) == {"code.ending", "wish.settled"}
    await notices.choose(session, ["wish.settled"], among=notices.OF_EDITORS, by=editor)
    assert ed.muted == ["code.ending"]
    with pytest.raises(InvalidRequest):
        await notices.choose(session, ["code.ending"], among=notices.OF_EDITORS, by=editor)


async def test_the_link_of_a_mail_is_its_owners_as_long_as_they_own(session: AsyncSession) -> None:
    code, freea, _, editor = await a_side(session)
    claire = await a_person(session, "claire@partner.example", Role.OWNER, partner_id=code.partner_id)
    wish, _ = await wishes.ask(session, code.text, publication_id=freea.id, now=NOW, by=editor)
    mail = (await session.scalars(sa.select(Delivery.id).where(Delivery.kind == "wish"))).one()

    found, owner = await wishes.behind_link(session, mail, now=NOW)
    assert (found.id, owner.id) == (wish.id, claire.id)
    with pytest.raises(LinkEnded):
        await wishes.behind_link(session, mail, now=NOW + 7 * DAY)
    with pytest.raises(LinkEnded):
        await wishes.behind_link(session, UUID(int=9), now=NOW)
    key = await add(session, Passkey(person_id=claire.id, credential_id=b"1", public_key=b"2", **KEPT))
    with pytest.raises(SignInNeeded):
        await wishes.behind_link(session, mail, now=NOW)
    assert (await wishes.behind_link(session, mail, now=NOW, by=owner))[0].id == wish.id
    await session.delete(key)
    partner = await session.get_one(Partner, code.partner_id)
    partner.requires_passkey = True
    by_mail_alone = Actor("person", claire.id)  # whose role is withheld
    for somebody, no in ((NOBODY, SignInNeeded), (by_mail_alone, PasskeyNeeded)):
        with pytest.raises(no):
            await wishes.behind_link(session, mail, now=NOW, by=somebody)
    assert (await wishes.behind_link(session, mail, now=NOW, by=owner))[0].id == wish.id
    partner.requires_passkey = False
    await suspensions.suspend(session, code.partner_id, "Their invoices bounce.", **AS_ADMIN)
    with pytest.raises(PartnerSuspended):
        await wishes.behind_link(session, mail, now=NOW)
    await suspensions.lift(session, code.partner_id, **AS_ADMIN)
    await session.execute(sa.update(StaffRole).where(StaffRole.person_id == claire.id).values(role=Role.MEMBER))
    with pytest.raises(LinkEnded):
        await wishes.behind_link(session, mail, now=NOW)


async def test_what_nobody_answers_in_time_is_settled_by_itself(session: AsyncSession) -> None:
    code, freea, _, editor = await a_side(session)
    wish, _ = await wishes.ask(session, code.text, publication_id=freea.id, now=NOW, by=editor)

    before = await wishes.overtake(session, now=NOW + 6 * DAY)
    after = [await wishes.overtake(session, now=NOW + 7 * DAY) for _ in range(2)]

    assert (before, after, wish.state) == (0, [1, 0], "overtaken")
    verbs = await session.scalars(sa.select(Entry.verb).where(Entry.subject_id == wish.id).order_by(Entry.id))
    assert list(verbs) == ["wish.asked", "wish.overtaken"]


async def test_the_database_keeps_one_open_wish_of_a_side(session: AsyncSession) -> None:
    code, freea, _, editor = await a_side(session)
    await wishes.ask(session, code.text, publication_id=freea.id, now=NOW, by=editor)

    assert await session.scalar(sa.select(sa.func.count()).select_from(Wish).where(Wish.state == "open")) == 1
    assert await session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0
