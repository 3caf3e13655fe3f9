"""Who waits for a cancelled event is told once, and waits no longer."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, deliveries, events, holds, line, passes, redemptions
from promos.models import Claim, Delivery, PromoCode, Redemption
from promos.queries import recount
from promos.rules import signing
from promos.rules.redemption import Redeemed
from promos.rules.refusals import EventCancelled, ReadersToTell
from promos.settings import Keys, Settings
from promos.writing import written
from tests.actions.test_line import a_sold_out_code, in_line, one_goes_back, press, states
from tests.world import ADMIN, DAY, NOW, a_claim, a_code, a_pass_type, an_ask, an_event, an_offer

HOUR = timedelta(hours=1)
KEYS = Keys(signing=(b"s" * 40,), reader=b"r" * 40)


async def cancel(session: AsyncSession, code: PromoCode, now: Any = NOW + HOUR) -> None:
    await session.execute(sa.update(Delivery).values(state="sent"))
    await events.cancel(session, code.event_id, tell_readers=True, now=now, by=ADMIN)


async def told(session: AsyncSession, now: Any = NOW + HOUR) -> list[str]:
    """What workers do after that, until nothing is left to do; to whom mails would be sent."""
    while True:
        done = [await line.call_off(session, each, now=now) for each in await line.called_off(session, now=now)]
        done += [await passes.call_off(session, each, now=now) for each in await passes.called_off(session)]
        if not any(done):
            break
    due = await deliveries.claim(session, now=now, lease=DAY)
    return sorted(str(written(each, Settings(), KEYS)["To"]) for each in due if each.is_needed(now))


def to(*names: str) -> list[str]:
    return [f"{name}@readers.example" for name in names]


async def test_all_who_wait_are_told_once_and_the_line_is_empty(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    waiting = await in_line(session, code, "ada", "bo")
    await cancel(session, code)

    assert await told(session) == to("ada", "bo")
    assert await states(session, waiting) == ["left", "left"]
    assert await line.called_off(session, now=NOW + DAY) == []
    assert await line.call_off(session, code.event_id, now=NOW + DAY) == 0


async def test_the_mail_says_why_in_the_language_of_the_claim_and_asks_for_nothing(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    await in_line(session, code, "ada")
    await cancel(session, code)
    await line.call_off(session, code.event_id, now=NOW + HOUR)

    [due] = await deliveries.claim(session, now=NOW + HOUR, lease=DAY)
    mail = written(due, Settings(), KEYS)

    body = mail.get_body(("plain",))
    assert body is not None
    assert str(mail["Subject"]) == "GenerationAI\xa0: l’événement est annulé"
    assert "Vous attendiez un laissez-passer." in body.get_content()
    assert "http" not in body.get_content()


async def test_who_left_the_line_is_not_told(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    await in_line(session, code, "ada", "bo", "cy")
    await passes.leave(session, "bo", now=NOW + HOUR)
    await cancel(session, code)
    await passes.leave(session, "cy", now=NOW + HOUR)

    assert await told(session) == to("ada")


async def test_who_was_offered_a_place_is_told_and_the_place_is_free_at_once(session: AsyncSession) -> None:
    code = await a_sold_out_code(session)
    waiting = await in_line(session, code, "ada", "bo")
    await one_goes_back(session, code)
    assert await states(session, waiting) == ["offered", "waiting"]
    await cancel(session, code)

    assert await told(session) == to("ada", "bo")
    for event_id in await holds.overdue_events(session, now=NOW + HOUR):
        await holds.settle(session, event_id, now=NOW + HOUR)

    assert await states(session, waiting) == ["lapsed", "left"]
    assert await session.scalar(sa.select(sa.func.count()).where(Redemption.state == "held")) == 0
    assert await recount.differences(session) == []
    for name in ("ada", "bo"):
        with pytest.raises(EventCancelled):
            await claims.opened(session, name, now=NOW + HOUR)


async def test_who_waits_in_two_lines_or_holds_a_pass_gets_one_mail(session: AsyncSession) -> None:
    kind = await a_pass_type(session, await an_event(session))
    first = await a_code(session, await an_offer(session, kind, limit=1))
    second = await a_code(session, await an_offer(session, kind, limit=1), "SECOND")
    for code, name in ((first, "x"), (second, "y")):
        await redemptions.redeem(session, [an_ask(code, name)], now=NOW)
    await in_line(session, first, "ada", "bo")
    again = await in_line(session, second, "ada2", "bo2")
    for claim, name in zip(again, ("ada", "bo"), strict=True):  # the same two people
        of = sa.select(Claim.reader_id, Claim.reader_key).where(Claim.token_hash == signing.fingerprint(name))
        reader_id, reader_key = (await session.execute(of)).one()
        claim.reader_id, claim.reader_key = reader_id, reader_key
    await session.flush()
    third = await a_code(session, await an_offer(session, kind, limit=None), "THIRD")
    await redemptions.redeem(session, [an_ask(third, "bo")], now=NOW + HOUR)
    await cancel(session, first)

    assert await told(session) == to("ada")


async def test_a_long_line_is_told_bit_by_bit(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "AT_ONCE", 2)
    code = await a_sold_out_code(session)
    await in_line(session, code, "ada", "bo", "cy")
    await cancel(session, code)

    assert await line.call_off(session, code.event_id, now=NOW + HOUR) == 2
    assert await told(session) == to("ada", "bo", "cy")


async def test_of_many_offered_places_none_ends_without_a_word(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "AT_ONCE", 1)
    code = await a_sold_out_code(session, limit=2)
    waiting = await in_line(session, code, "ada", "bo")
    for _ in waiting:
        await one_goes_back(session, code)
    assert await states(session, waiting) == ["offered", "offered"]
    await cancel(session, code)

    assert await line.call_off(session, code.event_id, now=NOW + HOUR) == 1
    for event_id in await holds.overdue_events(session, now=NOW + HOUR):
        await holds.settle(session, event_id, now=NOW + HOUR)  # what a worker does between

    assert await told(session) == to("ada", "bo")


async def test_who_cancels_hears_first_of_those_in_line(session: AsyncSession) -> None:
    code = await a_sold_out_code(session, limit=2)
    await in_line(session, code, "ada")

    with pytest.raises(ReadersToTell) as refused:
        await events.cancel(session, code.event_id, now=NOW + HOUR, by=ADMIN)

    assert refused.value.readers == 3
    assert await line.call_off(session, code.event_id, now=NOW + HOUR) == 0


async def asked(session: AsyncSession, *names: str) -> PromoCode:
    """Readers whose claims wait for the partner's word."""
    code = await a_code(session, await an_offer(session, limit=9, review=True))
    for name in names:
        taken = await press(session, await a_claim(session, code, name, token_hash=signing.fingerprint(name)))
        assert isinstance(taken, Redeemed)
        assert taken.held_for == "review"
    return code


async def test_who_waits_for_the_partners_word_is_told_once_and_the_use_returns(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "AT_ONCE", 1)
    code = await asked(session, "ada", "bo")
    assert await passes.called_off(session) == []
    with pytest.raises(ReadersToTell) as refused:
        await events.cancel(session, code.event_id, now=NOW + HOUR, by=ADMIN)
    await cancel(session, code)

    assert refused.value.readers == 2
    assert await told(session) == to("ada", "bo")
    assert await passes.called_off(session) == []
    assert await session.scalar(sa.select(sa.func.count()).where(Redemption.state == "cancelled")) == 2
    for name in ("ada", "bo"):
        with pytest.raises(EventCancelled):
            await claims.opened(session, name, now=NOW + HOUR)
    assert await recount.differences(session) == []


async def test_a_no_after_the_cancellation_says_why(session: AsyncSession) -> None:
    code = await asked(session, "ada")
    await cancel(session, code)
    held = (await session.scalars(sa.select(Redemption.id))).one()

    await passes.cancel(session, [held], now=NOW + HOUR, by=ADMIN)

    assert await told(session) == to("ada")
    assert list(await session.scalars(sa.select(Delivery.kind).where(Delivery.state == "pending"))) == ["line_closed"]


async def test_who_stands_in_line_and_waits_for_a_word_gets_one_mail(session: AsyncSession) -> None:
    kind = await a_pass_type(session, await an_event(session))
    full = await a_code(session, await an_offer(session, kind, limit=1))
    await redemptions.redeem(session, [an_ask(full, "x")], now=NOW)
    await in_line(session, full, "ada")
    reviewed = await a_code(session, await an_offer(session, kind, limit=9, review=True), "SECOND")
    taken = await press(session, await a_claim(session, reviewed, "ada"))
    assert isinstance(taken, Redeemed)
    await cancel(session, full)

    assert await told(session) == to("ada")
