from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import redemptions
from promos.models import Event, Pass, PromoCode, Reader
from promos.queries import crowds
from promos.rules.refusals import NotFound
from tests.world import (
    ADMIN,
    NOW,
    a_code,
    a_partner,
    a_publication,
    an_ask,
    an_offer,
    door_of,
    editor_of,
    member_of,
)


async def _come(session: AsyncSession, code: PromoCode, domain: str, language: str, count: int) -> None:
    """`count` readers of this domain take passes, one after the other."""
    there = await session.scalar(sa.select(sa.func.count()).select_from(Pass)) or 0
    for number in range(there, there + count):
        await redemptions.redeem(session, [an_ask(code, f"r{number}")], now=NOW + timedelta(minutes=number))
        mine = sa.update(Reader).where(Reader.email == f"r{number}@readers.example")
        await session.execute(mine.values(email=f"r{number}@{domain}", language=language))


async def test_readers_are_told_in_groups_of_five_and_nobody_by_subtraction(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=50))
    await _come(session, code, "gmail.com", "fr", 4)
    await _come(session, code, "googlemail.com", "fr", 3)
    await _come(session, code, "Firm.example", "en", 6)
    await _come(session, code, "alone.example", "fr", 2)

    found = await crowds.of_event(session, code.event_id, by=ADMIN)

    assert (found.counted, found.to_come) == (15, 0)
    assert found.languages.shown == [("fr", 9), ("en", 6)]
    assert (found.domains.shown, found.domains.others) == ([("Gmail", 7)], 8)  # Firm's six hide the two


async def test_one_pass_more_changes_nothing_until_five_have_come(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session, limit=50))
    await _come(session, code, "gmail.com", "fr", 5)
    before = await crowds.of_event(session, code.event_id, by=ADMIN)

    await _come(session, code, "gmail.com", "fr", 4)

    after = await crowds.of_event(session, code.event_id, by=ADMIN)
    assert (after.counted, after.to_come) == (5, 4)
    assert (after.languages, after.domains) == (before.languages, before.domains)


async def test_only_who_runs_the_event_sees_what_its_readers_are(session: AsyncSession) -> None:
    publication = await a_publication(session)
    code = await a_code(session, await an_offer(session, publications=(publication,)))
    event = await session.get_one(Event, code.event_id)
    partner = await a_partner(session, name="Quartz")

    for actor in (member_of(partner), door_of(partner), editor_of(publication)):
        with pytest.raises(NotFound):
            await crowds.of_event(session, event.id, by=actor)
