"""The waiting list: one place a person, in order, with a deadline, and never for who went away."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments, codes, handing, holds, line, offers, passes, redemptions
from promos.models import Claim, Delivery, Event, Offer, Pass, PassType, PromoCode, Redemption
from promos.queries import recount
from promos.rules import signing
from promos.rules.redemption import Asker, Outcome, Redeemed, Waiting
from promos.rules.refusals import CodeEnded, CodePaused, LinkEnded, OfferExhausted, PlaceLapsed, WaitingListLeft
from tests.world import ADMIN, DAY, NOW, a_claim, a_code, a_pass_type, an_ask, an_event, an_offer, proof_of

HOUR = timedelta(hours=1)


async def press(session: AsyncSession, claim: Claim, *, now: datetime = NOW, **facts: Any) -> Outcome:
    """The reader of a claim presses its button, wanting to wait."""
    ask = proof_of(claim, waits=True, **facts)
    return (await redemptions.redeem(session, [ask], now=now))[ask.id]


async def a_sold_out_code(session: AsyncSession, *, limit: int = 1, **facts: Any) -> PromoCode:
    """All `limit` passes of its offer are out, to holder0, holder1 …"""
    code = await a_code(session, await an_offer(session, limit=limit, **facts))
    await redemptions.redeem(session, [an_ask(code, f"holder{number}") for number in range(limit)], now=NOW)
    return code


async def in_line(session: AsyncSession, code: PromoCode, *names: str) -> list[Claim]:
    """They wait, in this order, a second between them."""
    claims = []
    for number, name in enumerate(names):
        claim = await a_claim(session, code, name, token_hash=signing.fingerprint(name))
        assert isinstance(await press(session, claim, now=NOW + timedelta(seconds=number)), Waiting)
        claims.append(claim)
    return claims


async def one_goes_back(session: AsyncSession, code: PromoCode, *, now: datetime = NOW + HOUR) -> None:
    given = sa.select(Redemption.id).where(Redemption.code_id == code.id, Redemption.state == "confirmed")
    first = await session.scalar(given.order_by(Redemption.version).limit(1))
    assert first
    await passes.cancel(session, [first], now=now, by=ADMIN)


async def states(session: AsyncSession, claims: list[Claim]) -> list[str]:
    for claim in claims:
        await session.refresh(claim)
    return [claim.state for claim in claims]


async def serve(session: AsyncSession, now: datetime) -> int:
    """As the worker does: what is over is settled, then what is free is offered."""
    for event_id in await holds.overdue_events(session, now=now):
        await holds.settle(session, event_id, now=now)
    return sum(
        [await redemptions.serve_line(session, each, now=now) for each in await line.due_offers(session, now=now)]
    )


async def test_places_that_free_go_to_who_waits_in_the_order_in_which_they_came(session: AsyncSession) -> None:
    code = await a_sold_out_code(session, limit=2)
    claims = await in_line(session, code, "ada", "bo", "cy")

    await one_goes_back(session, code)
    first = await states(session, claims)
    await one_goes_back(session, code)

    assert first == ["offered", "waiting", "waiting"]
    assert await states(session, claims) == ["offered", "offered", "waiting"]
    mails = await session.scalars(sa.select(Delivery.claim_id).where(Delivery.kind == "place").order_by(Delivery.id))
    assert list(mails) == [claims[0].id, claims[1].id]


async def test_an_offered_place_becomes_a_pass_when_its_reader_comes_for_it(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    [ada] = await in_line(session, code, "ada")
    await one_goes_back(session, code)

    taken = await press(session, ada, now=NOW + 2 * HOUR)
    again = await press(session, ada, now=NOW + 3 * HOUR)

    assert isinstance(taken, Redeemed)
    assert isinstance(again, Redeemed)
    assert (taken.is_new, taken.state, again.is_new, again.given) == (True, "confirmed", False, taken.given)
    assert await states(session, [ada]) == ["proven"]


async def test_one_person_has_one_place_however_often_and_by_whichever_code_they_ask(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    other = await a_code(session, await session.get_one(Offer, code.offer_id), "OTHERWAY")
    [ada, _] = await in_line(session, code, "ada", "bo")

    again = [await press(session, await a_claim(session, each, "ada")) for each in (code, other)]

    assert again == [Waiting(ada.id, 1), Waiting(ada.id, 1)]
    waiting = sa.select(sa.func.count()).select_from(Claim).where(Claim.state == "waiting")
    assert await session.scalar(waiting) == 2


async def test_who_lets_the_deadline_go_by_loses_the_place_to_the_next_for_good(session: AsyncSession) -> None:
    code = await a_sold_out_code(session, place_hours=2)
    claims = await in_line(session, code, "ada", "bo", "cy")
    await one_goes_back(session, code, now=NOW + HOUR)

    told = []
    for hours in (2.9, 3, 5, 7, 9):
        await serve(session, NOW + hours * HOUR)
        told.append(await states(session, claims))
    late = await press(session, claims[0], now=NOW + 3 * HOUR)

    assert told == [
        ["offered", "waiting", "waiting"],
        ["lapsed", "offered", "waiting"],
        ["lapsed", "lapsed", "offered"],
        ["lapsed", "lapsed", "lapsed"],
        ["lapsed", "lapsed", "lapsed"],
    ]
    assert isinstance(late, PlaceLapsed)
    assert await recount.differences(session) == []


async def test_nobody_who_left_the_line_is_ever_offered_a_place(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    claims = await in_line(session, code, "ada", "bo")

    for _ in range(2):
        await passes.leave(session, "ada", now=NOW + HOUR)
    await one_goes_back(session, code, now=NOW + 2 * HOUR)
    later = await press(session, claims[0], now=NOW + 3 * HOUR)

    assert await states(session, claims) == ["left", "offered"]
    assert isinstance(later, WaitingListLeft)


async def test_a_place_that_is_let_go_is_the_next_ones_at_once(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    claims = await in_line(session, code, "ada", "bo")
    await one_goes_back(session, code)

    for _ in range(2):
        await passes.leave(session, "ada", now=NOW + 2 * HOUR)

    assert await states(session, claims) == ["left", "offered"]
    assert await session.scalar(sa.select(Offer.used)) == 1
    assert await recount.differences(session) == []


async def test_a_claim_that_never_waited_has_no_line_to_leave(session: AsyncSession) -> None:
    code = await a_code(session)
    await a_claim(session, code, "ada", token_hash=signing.fingerprint("ada"))

    for secret in ("ada", "nobody"):
        with pytest.raises(LinkEnded):
            await passes.leave(session, secret, now=NOW)


async def test_once_the_event_has_begun_nobody_is_offered_a_place(session: AsyncSession) -> None:
    event = await an_event(session, starts_at=NOW + 3 * HOUR, ends_at=NOW + 9 * HOUR)
    offer = await an_offer(session, await a_pass_type(session, event), limit=2, ends_at=NOW + 8 * HOUR)
    code = await a_code(session, offer)
    await redemptions.redeem(session, [an_ask(code, name) for name in ("di", "ed")], now=NOW)
    claims = await in_line(session, code, "ada", "bo")

    await one_goes_back(session, code, now=NOW + 2 * HOUR)
    until = await session.scalar(sa.select(Claim.expires_at).where(Claim.state == "offered"))
    await one_goes_back(session, code, now=NOW + 3 * HOUR)
    served = await serve(session, NOW + 4 * HOUR)

    assert until == event.starts_at  # though it would be kept for a day
    assert await states(session, claims) == ["lapsed", "waiting"]
    assert served == 0


async def test_nobody_waits_for_an_event_that_has_begun_or_where_there_is_no_list(session: AsyncSession) -> None:
    event = await an_event(session, starts_at=NOW, ends_at=NOW + HOUR)
    begun = await a_code(session, await an_offer(session, await a_pass_type(session, event), limit=0), "BEGUN")
    kind = await a_pass_type(session, await session.get_one(Event, begun.event_id))
    without = await a_code(session, await an_offer(session, kind, limit=0, waiting_list=False), "WITHOUT")

    told = [await press(session, await a_claim(session, code, "ada")) for code in (begun, without)]

    assert [type(each) for each in told] == [OfferExhausted, OfferExhausted]


async def test_a_raised_limit_feeds_the_line_before_anybody_new(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    claims = await in_line(session, code, "ada", "bo")

    await offers.update(session, code.offer_id, limit=3, now=NOW + HOUR, by=ADMIN)
    ask = an_ask(code, "new")
    newcomer = (await redemptions.redeem(session, [ask], now=NOW + HOUR))[ask.id]

    assert await states(session, claims) == ["offered", "offered"]
    assert isinstance(newcomer, OfferExhausted)


async def test_a_pass_given_elsewhere_ends_the_wait_without_a_second_place(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    [ada, bo] = await in_line(session, code, "ada", "bo")
    other = await a_code(session, await an_offer(session, await of_type(session, code)), "OTHER")
    await redemptions.redeem(session, [an_ask(other, "ada")], now=NOW + HOUR)

    await one_goes_back(session, code)

    assert await states(session, [ada, bo]) == ["left", "offered"]


async def test_who_came_by_a_stopped_code_waits_on_and_holds_nobody_up(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "AT_ONCE", 1)  # as if so many stood before who can be served
    code = await a_sold_out_code(session, limit=2)
    other = await a_code(session, await session.get_one(Offer, code.offer_id), "OTHERWAY", version=1)
    [ada] = await in_line(session, other, "ada")
    [bo] = await in_line(session, code, "bo")

    await codes.update(session, "OTHERWAY", status="paused", now=NOW + HOUR, by=ADMIN)
    await one_goes_back(session, code)
    stopped = await states(session, [ada, bo])
    await one_goes_back(session, code)
    await codes.update(session, "OTHERWAY", status="active", now=NOW + 2 * HOUR, by=ADMIN)

    assert stopped == ["waiting", "offered"]
    assert await states(session, [ada, bo]) == ["offered", "offered"]


async def test_a_shops_hold_that_is_over_goes_to_the_line_though_nobody_asks(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=1))
    await redemptions.redeem(session, [an_ask(code, "di", held_for="shop", held_until=NOW + HOUR)], now=NOW)
    [ada] = await in_line(session, code, "ada")

    before = await serve(session, NOW + 0.9 * HOUR)
    served = await serve(session, NOW + HOUR)
    again = await serve(session, NOW + HOUR)

    assert (before, served, again) == (0, 1, 0)
    assert await states(session, [ada]) == ["offered"]


async def test_holds_that_are_over_are_settled_where_nobody_waits(session: AsyncSession) -> None:
    code = await a_code(session)
    asks = [an_ask(code, name, held_for="shop", held_until=NOW + HOUR) for name in ("ada", "bo")]
    await redemptions.redeem(session, asks, now=NOW)

    assert await holds.overdue_events(session, now=NOW + 0.9 * HOUR) == []
    await serve(session, NOW + HOUR)

    assert await holds.overdue_events(session, now=NOW + 2 * HOUR) == []
    assert list(await session.scalars(sa.select(Redemption.state))) == ["expired", "expired"]
    assert await session.scalar(sa.select(Offer.used)) == 0


async def test_room_that_another_offer_of_the_event_leaves_is_found(session: AsyncSession) -> None:
    """Two offers share a pass type's capacity: what one gives back is free for who waits for the other."""
    kind = await a_pass_type(session, capacity=1)
    full, waited = [await a_code(session, await an_offer(session, kind), word) for word in ("FULL", "WAITED")]
    await redemptions.redeem(session, [an_ask(full, "di")], now=NOW)
    kind.used = 1
    [ada] = await in_line(session, waited, "ada")

    await one_goes_back(session, full)
    served = await serve(session, NOW + HOUR)

    assert served == 1
    assert await states(session, [ada]) == ["offered"]


async def test_a_line_without_anything_free_is_not_due(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    await in_line(session, code, "ada")

    assert await line.due_offers(session, now=NOW + HOUR) == []
    await session.execute(sa.update(Offer).values(limit=2))
    assert await line.due_offers(session, now=NOW + HOUR) == [code.offer_id]
    assert await line.due_offers(session, now=NOW + 7 * DAY) == []  # the offer is over


async def of_type(session: AsyncSession, code: PromoCode) -> PassType:
    offer = await session.get_one(Offer, code.offer_id)
    return await session.get_one(PassType, offer.pass_type_id)


async def test_who_waits_for_a_used_up_code_holds_up_nobody_with_another(session: AsyncSession) -> None:
    """However many they are."""
    offer = await an_offer(session, limit=1000)
    full, free = await a_code(session, offer, "FULL", limit=1), await a_code(session, offer, "FREE", limit=2)
    await redemptions.redeem(session, [an_ask(full, "ada"), an_ask(free, "bo")], now=NOW)
    crowd = [proof_of(await a_claim(session, full, f"reader{at}"), waits=True) for at in range(line.AT_ONCE + 1)]
    await redemptions.redeem(session, crowd, now=NOW)

    honest = an_ask(free, "cy")
    got = (await redemptions.redeem(session, [honest], now=NOW + HOUR))[honest.id]
    late = await in_line(session, free, "dee")
    await one_goes_back(session, free, now=NOW + 2 * HOUR)
    await serve(session, NOW + 3 * HOUR)

    assert isinstance(got, Redeemed)
    assert await states(session, late) == ["offered"]


async def test_who_waits_for_a_used_up_part_holds_up_nobody_beside_it(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code's own part, or what is beside the parts."""
    monkeypatch.setattr(line, "AT_ONCE", 1)
    offer = await an_offer(session, limit=4)
    parted, plain = await a_code(session, offer, "PARTED"), await a_code(session, offer, "PLAIN")
    await allotments.create(session, offer.id, limit=2, code_id=parted.id, now=NOW, by=ADMIN)
    asks = [an_ask(code, f"{code.text}{at}") for code in (parted, plain) for at in range(2)]
    await redemptions.redeem(session, asks, now=NOW)
    of_part = await in_line(session, parted, "ada", "bo")
    beside = await in_line(session, plain, "cy", "dee")

    await one_goes_back(session, plain)
    await serve(session, NOW + HOUR)
    middle = await states(session, [*of_part, *beside])
    await one_goes_back(session, parted)
    await serve(session, NOW + HOUR)

    assert middle == ["waiting", "waiting", "offered", "waiting"]
    assert await states(session, [*of_part, *beside]) == ["offered", "waiting", "offered", "waiting"]


async def test_a_kept_place_is_behind_the_same_fences_as_a_new_one(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    [claim] = await in_line(session, code, "ada")
    await one_goes_back(session, code)

    await codes.update(session, code.text, status="paused", now=NOW + HOUR, by=ADMIN)
    paused = await press(session, claim, now=NOW + 2 * HOUR)
    await codes.update(session, code.text, status="active", now=NOW + 2 * HOUR, by=ADMIN)
    taken = await press(session, claim, now=NOW + 2 * HOUR)

    assert isinstance(paused, CodePaused)
    assert isinstance(taken, Redeemed)
    assert (taken.is_new, taken.state) == (True, "confirmed")
    assert await recount.differences(session) == []


async def test_a_place_is_not_taken_once_the_offer_has_ended_or_the_event_begun(session: AsyncSession) -> None:
    ended = await a_sold_out_code(session)
    [first] = await in_line(session, ended, "ada")
    await one_goes_back(session, ended)
    await offers.update(session, ended.offer_id, ends_at=NOW + 2 * HOUR, now=NOW + HOUR, by=ADMIN)
    assert isinstance(await press(session, first, now=NOW + 2 * HOUR), CodeEnded)

    kind = await a_pass_type(session, await an_event(session, slug="soon"))
    begun = await a_code(session, await an_offer(session, kind, limit=1), "SOON")
    await redemptions.redeem(session, [an_ask(begun, "holder")], now=NOW)
    [second] = await in_line(session, begun, "bo")
    await one_goes_back(session, begun)
    await session.execute(sa.update(Event).where(Event.id == begun.event_id).values(starts_at=NOW + 2 * HOUR))
    assert isinstance(await press(session, second, now=NOW + 2 * HOUR), PlaceLapsed)


async def test_a_place_of_an_offer_that_is_reviewed_is_still_to_be_decided(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=1, review=True)
    code = await a_code(session, offer)
    first = await press(session, await a_claim(session, code, "ada"))
    [claim] = await in_line(session, code, "bo")
    assert isinstance(first, Redeemed)
    await passes.cancel(session, [first.redemption_id], now=NOW + HOUR, by=ADMIN)
    assert await states(session, [claim]) == ["offered"]

    taken = await press(session, claim, now=NOW + HOUR)

    assert isinstance(taken, Redeemed)
    assert (taken.state, taken.held_for, taken.expires_at, taken.given) == ("held", "review", None, None)
    assert await states(session, [claim]) == ["proven"]
    await passes.confirm(session, [taken.redemption_id], now=NOW + 2 * HOUR, by=ADMIN)
    assert await recount.differences(session) == []


async def test_who_came_first_in_one_transaction_stands_first(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    late, early = [await a_claim(session, code, name) for name in ("ada", "bo")]  # asked for in the other order
    asks = [proof_of(early, waits=True), proof_of(late, waits=True)]

    outcomes = await redemptions.redeem(session, asks, now=NOW)

    waiting = [outcomes[ask.id] for ask in asks]
    assert [each.position for each in waiting if isinstance(each, Waiting)] == [1, 2]


async def test_who_was_handed_a_pass_and_gives_it_back_is_offered_none(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    first, second = await in_line(session, code, "ada", "bo")
    held = (await session.scalars(sa.select(Pass))).one()
    ada = Asker(first.reader_key, "ada@readers.example", None, "en")
    claim = await handing.hand_on(session, held.id, ada, signing_key=b"s" * 40, lifetime=3600, now=NOW)
    taken = await handing.accept(session, claim.id, now=NOW)

    await passes.give_back(session, taken.pass_id, now=NOW + HOUR)

    assert await states(session, [first, second]) == ["left", "offered"]


async def test_a_hold_that_is_over_keeps_nobody_from_another_offers_line(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    kind = await session.get_one(PassType, (await session.get_one(Offer, code.offer_id)).pass_type_id)
    other = await a_code(session, await an_offer(session, kind, name="Other"), "OTHER")
    held = an_ask(other, "ada", held_for="shop", held_until=NOW + timedelta(minutes=1))
    assert isinstance((await redemptions.redeem(session, [held], now=NOW))[held.id], Redeemed)
    claim = await a_claim(session, code, "ada", token_hash=signing.fingerprint("ada"))

    assert isinstance(await press(session, claim, now=NOW + timedelta(minutes=1)), Waiting)
