"""Readers who hold passes hear once of another time or place, and at once that their event is cancelled."""

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import icalendar
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import archives, claims, deliveries, events, line, moves, offers, passes, redemptions, wishes
from promos.models import Delivery, Event, Move, Pass, PromoCode
from promos.rules.disclosure.vocabulary import Verdict
from promos.rules.redemption import Redeemed
from promos.rules.refusals import DisclosureIncomplete, EventCancelled, EventOver, ReadersToTell
from promos.settings import Keys, Settings
from promos.writing import written
from tests.newsroom import a_placeable_code, a_ready_issue, check, publish, stopped_by
from tests.world import ADMIN, DAY, NOW, a_claim, a_code, a_publication, an_ask, an_offer, proof_of

AS_ADMIN: Any = {"now": NOW, "by": ADMIN}
MINUTE = timedelta(minutes=1)
KEYS = Keys(signing=(b"s" * 40,), reader=b"r" * 40)


async def held(session: AsyncSession, *names: str, **facts: Any) -> PromoCode:
    """FREEAGENAI, and a pass for each of these; their mails went out."""
    code = await a_code(session, **facts)
    for name in names:
        assert await one(session, an_ask(code, name)) is Redeemed
    await session.execute(sa.update(Delivery).values(state="sent"))
    return code


async def one(session: AsyncSession, ask: Any) -> object:
    return type((await redemptions.redeem(session, [ask], now=NOW))[ask.id])


async def told(session: AsyncSession, at: Any) -> list[EmailMessage]:
    """What a worker does at that time, as it would be sent."""
    for move_id in await moves.due(session, now=at):
        await moves.tell(session, move_id, now=at)
    due = await deliveries.claim(session, now=at, lease=DAY)
    return [written(each, Settings(), KEYS) for each in due if each.kind in ("moved", "called_off")]


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def entry(mail: EmailMessage) -> tuple[Any, Any]:
    """The calendar and its one event."""
    [attached] = mail.iter_attachments()
    calendar = icalendar.Calendar.from_ical(attached.get_content())
    [event] = calendar.walk("VEVENT")
    assert attached.get_param("method") == str(calendar["METHOD"])
    return calendar, event


async def test_nobody_moves_an_event_under_its_readers_without_saying_so(session: AsyncSession) -> None:
    code = await held(session, "ada", "bo")

    changes: list[Any] = [{"venue": "Elsewhere"}, {"starts_at": NOW + 9 * DAY}, {"timezone": "Europe/Brussels"}]
    for change in changes:
        with pytest.raises(ReadersToTell) as refused:
            await events.update(session, code.event_id, **change, **AS_ADMIN)
    await events.update(session, code.event_id, highlights=["More talks"], venue="Palais", **AS_ADMIN)

    assert refused.value.readers == 2
    assert await session.scalar(sa.select(sa.func.count()).select_from(Move)) == 0


async def test_every_holder_gets_one_mail_with_old_and_new_and_a_newer_entry(session: AsyncSession) -> None:
    code = await held(session, "ada", "bo")
    event = await session.get_one(Event, code.event_id)
    later: Any = {"tell_readers": True, "by": ADMIN}

    await events.update(session, event.id, venue="Grand Palais", now=NOW, **later)
    await events.update(session, event.id, venue="Petit Palais", now=NOW + MINUTE, **later)
    await events.update(
        session, event.id, starts_at=event.starts_at + DAY, ends_at=event.ends_at + DAY, now=NOW + 3 * MINUTE, **later
    )
    early = await told(session, NOW + 7 * MINUTE)
    mails = await told(session, NOW + 8 * MINUTE)
    again = await told(session, NOW + DAY)

    assert (early, again) == ([], [])
    assert sorted(str(mail["To"]) for mail in mails) == ["ada@readers.example", "bo@readers.example"]
    assert str(mails[0]["Subject"]) == "GenerationAI has moved"
    said = text(mails[0])
    assert "Place: Palais, Paris → Petit Palais, Paris" in said
    assert "Begins: Thursday 3 December 2026, 13:00 (Paris) → Friday 4 December 2026, 13:00 (Paris)" in said
    assert "Grand Palais" not in said
    calendar, made = entry(mails[0])
    pass_id = await session.scalar(sa.select(Pass.id).order_by(Pass.id).limit(1))
    assert str(calendar["METHOD"]) == "PUBLISH"
    assert (str(made["UID"]) == f"{pass_id}@promos", made["SEQUENCE"], str(made["STATUS"])) == (True, 3, "CONFIRMED")
    assert (str(made["LOCATION"]), made.decoded("DTSTART")) == ("Petit Palais, Paris", event.starts_at)


async def test_another_clock_is_told_with_both_times(session: AsyncSession) -> None:
    code = await held(session, "ada")

    await events.update(session, code.event_id, timezone="Europe/London", tell_readers=True, **AS_ADMIN)
    [mail] = await told(session, NOW + 5 * MINUTE)

    assert "Begins: Thursday 3 December 2026, 13:00 (Paris) → Thursday 3 December 2026, 12:00 (London)" in text(mail)


async def test_what_is_changed_back_is_told_to_nobody(session: AsyncSession) -> None:
    code = await held(session, "ada")
    await events.update(session, code.event_id, venue="Elsewhere", tell_readers=True, **AS_ADMIN)
    await events.update(session, code.event_id, venue="Palais", tell_readers=True, now=NOW + MINUTE, by=ADMIN)

    assert await told(session, NOW + 10 * MINUTE) == []
    assert await session.scalar(sa.select(Move.told_at)) is not None


async def test_changes_without_end_are_told_after_half_an_hour(session: AsyncSession) -> None:
    code = await held(session, "ada")
    for minute in range(0, 29, 4):
        place: Any = {"venue": f"Hall {minute}", "tell_readers": True}
        await events.update(session, code.event_id, **place, now=NOW + minute * MINUTE, by=ADMIN)

    assert len(await told(session, NOW + 30 * MINUTE)) == 1
    await events.update(session, code.event_id, venue="Hall 99", tell_readers=True, now=NOW + 31 * MINUTE, by=ADMIN)
    [mail] = await told(session, NOW + 36 * MINUTE)
    assert "Place: Hall 28, Paris → Hall 99, Paris" in text(mail)


async def test_who_comes_later_or_holds_no_pass_any_more_is_not_told(session: AsyncSession) -> None:
    code = await held(session, "ada", "bo")
    gone = await session.scalar(sa.select(Pass.redemption_id).order_by(Pass.id).limit(1))
    assert gone is not None
    await events.update(session, code.event_id, venue="Elsewhere", tell_readers=True, **AS_ADMIN)
    await passes.cancel(session, [gone], **AS_ADMIN)
    late = an_ask(code, "cy")
    await redemptions.redeem(session, [late], now=NOW + MINUTE)

    assert [str(mail["To"]) for mail in await told(session, NOW + 5 * MINUTE)] == ["bo@readers.example"]


async def test_a_cancelled_event_gives_nothing_more_and_says_so(session: AsyncSession) -> None:
    code = await held(session, "ada")
    ask = an_ask(code, "holder", held_for="shop", held_until=NOW + DAY)
    hold = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
    assert isinstance(hold, Redeemed)
    with pytest.raises(ReadersToTell):
        await events.cancel(session, code.event_id, **AS_ADMIN)

    cancelled = await events.cancel(session, code.event_id, tell_readers=True, **AS_ADMIN)
    again = await events.cancel(session, code.event_id, now=NOW + DAY, by=ADMIN)

    assert (cancelled.cancelled_at, again.cancelled_at, again.sequence) == (NOW, NOW, 1)
    assert await one(session, an_ask(code, "bo")) is EventCancelled
    want = claims.wanted("FREEAGENAI", "cy@readers.example", name=None, shares=(), block_id=None, language="fr")
    with pytest.raises(EventCancelled):
        await claims.submit(session, want, signing_key=b"s" * 40, reader_key=b"r" * 40, lifetime=3600, now=NOW)
    with pytest.raises(EventCancelled):
        await passes.confirm(session, [hold.redemption_id], **AS_ADMIN)
    with pytest.raises(EventCancelled):
        await wishes.ask(session, "FREEAGENAI", **AS_ADMIN)
    assert await session.scalar(sa.select(Pass.state)) == "live"


async def test_readers_of_a_cancelled_event_are_told_at_once_and_their_entry_goes(session: AsyncSession) -> None:
    code = await held(session, "ada")
    await events.update(session, code.event_id, venue="Elsewhere", tell_readers=True, **AS_ADMIN)
    await events.cancel(session, code.event_id, tell_readers=True, now=NOW + MINUTE, by=ADMIN)

    [mail] = await told(session, NOW + MINUTE)

    assert str(mail["Subject"]) == "GenerationAI is cancelled"
    calendar, made = entry(mail)
    assert (str(calendar["METHOD"]), str(made["STATUS"]), made["SEQUENCE"]) == ("CANCEL", "CANCELLED", 2)
    assert str(made["ORGANIZER"]).startswith("mailto:")
    assert await told(session, NOW + DAY) == []


async def test_nobody_in_line_is_offered_a_place_of_a_cancelled_event(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=1)
    code = await a_code(session, offer)
    await one(session, an_ask(code, "ada"))
    await one(session, proof_of(await a_claim(session, code, "bo", waits=True), waits=True))
    await events.cancel(session, code.event_id, tell_readers=True, **AS_ADMIN)

    await offers.update(session, offer.id, limit=5, **AS_ADMIN)

    assert await line.due_offers(session, now=NOW) == []


async def test_what_is_over_is_not_cancelled_and_what_is_cancelled_is_archived(session: AsyncSession) -> None:
    code = await held(session, "ada")
    with pytest.raises(EventOver):
        await events.cancel(session, code.event_id, tell_readers=True, now=NOW + 20 * DAY, by=ADMIN)

    await events.cancel(session, code.event_id, tell_readers=True, **AS_ADMIN)

    assert (await archives.archive(session, Event, code.event_id, **AS_ADMIN)).archived_at == NOW


async def test_an_issue_with_a_block_of_a_cancelled_event_is_not_published(session: AsyncSession) -> None:
    publication = await a_publication(session)
    code = await a_placeable_code(session, publication)
    issue = await a_ready_issue(session, publication, code)
    await events.cancel(session, code.event_id, **AS_ADMIN)

    with pytest.raises(DisclosureIncomplete) as refused:
        await publish(session, issue)
    [finding] = [found for found in (await check(session, issue)).findings if found.check == "OFF-5"]

    assert stopped_by(refused.value) == {"OFF-5"}
    assert (finding.verdict, "cancelled" in finding.why) == (Verdict.FAIL, True)
