from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import redemptions
from promos.models import Event, Partner, Redemption
from promos.queries import comparisons
from promos.rules.funnels import Counts
from promos.rules.refusals import NotFound
from tests.world import ADMIN, DAY, NOW, a_code, a_partner, a_pass_type, an_ask, an_event, an_offer, owner_of

TOLD = {"edition": "2025", "slug": "earlier", "created_at": NOW - 500 * DAY}


async def _taken(session: AsyncSession, event: Event, *moments: datetime, **worth: object) -> None:
    """A pass of the event at each of these times."""
    offer = await an_offer(session, await a_pass_type(session, event, **worth), opens_at=NOW - 900 * DAY, limit=None)
    code = await a_code(session, offer, f"CODE{event.slug.upper()}"[:12])
    for number, at in enumerate(moments):
        ask = an_ask(code, f"{event.slug}{number}")
        await redemptions.redeem(session, [ask], now=at)
        moved = sa.update(Redemption).where(Redemption.event_id == event.id, Redemption.version == number + 1)
        await session.execute(moved.values(created_at=at).execution_options(synchronize_session=False))


async def _two(session: AsyncSession) -> tuple[Partner, Event, Event]:
    """One in ten days, and last year's, which is over."""
    partner = await a_partner(session)
    starts = NOW - 355 * DAY
    earlier = await an_event(session, partner, starts_at=starts, ends_at=starts + timedelta(hours=9), **TOLD)
    return partner, await an_event(session, partner, previous_event_id=earlier.id), earlier


async def test_an_event_under_way_is_held_at_the_same_distance(session: AsyncSession) -> None:
    _, event, earlier = await _two(session)
    begins = earlier.starts_at
    await _taken(session, event, NOW - DAY, NOW)
    await _taken(session, earlier, begins - 12 * DAY, begins - 11 * DAY, begins - 10 * DAY, begins - 9 * DAY, begins)

    found = await comparisons.beside(session, event, earlier, now=NOW, by=ADMIN)

    assert found.left == 10
    assert [came.total.passes for came in (found.here, found.there, found.end)] == [2, 3, 5]
    assert [(left, here.passes, there.passes) for left, here, there in found.days if here.passes or there.passes] == [
        (12, 0, 1),
        (11, 1, 1),
        (10, 1, 1),
        (9, 0, 1),
        (0, 0, 1),
    ]


async def test_days_are_those_of_each_event_s_own_clocks(session: AsyncSession) -> None:
    partner = await a_partner(session)
    begins = datetime(2025, 12, 3, 0, 30, tzinfo=UTC)  # the 3rd in Paris, and still the 2nd in New York
    given = {"starts_at": begins, "ends_at": begins + timedelta(hours=9), "created_at": NOW - 500 * DAY}
    paris = await an_event(session, partner, slug="paris", timezone="Europe/Paris", **given)
    york = await an_event(session, partner, slug="york", timezone="America/New_York", **given)
    late = datetime(2025, 12, 1, 23, 30, tzinfo=UTC)  # the 2nd in Paris, the 1st in New York
    early = datetime(2025, 12, 1, 4, 30, tzinfo=UTC)  # the 1st in Paris, the 30th in New York
    for event in (paris, york):
        await _taken(session, event, late, early)

    found = await comparisons.beside(session, paris, york, now=NOW, by=ADMIN)

    passes = [(left, here.passes, there.passes) for left, here, there in found.days if here.passes or there.passes]
    assert passes == [(2, 1, 1), (1, 1, 1)]


async def test_both_are_held_whole_when_both_are_over(session: AsyncSession) -> None:
    _, event, earlier = await _two(session)
    await _taken(session, event, NOW)
    await _taken(session, earlier, earlier.starts_at)

    found = await comparisons.beside(session, event, earlier, now=NOW + 30 * DAY, by=ADMIN)

    assert found.left is None
    assert [came.total for came in (found.here, found.there)] == [Counts(passes=1, no_shows=1)] * 2


async def test_sums_stay_apart_by_currency_and_vat(session: AsyncSession) -> None:
    _, event, earlier = await _two(session)
    await _taken(session, event, NOW)
    await _taken(session, earlier, earlier.starts_at - 20 * DAY, currency="CHF")

    found = await comparisons.beside(session, event, earlier, now=NOW, by=ADMIN)

    assert [each.basis.currency for each in found.here.given] == ["EUR"]
    assert [each.basis.currency for each in found.there.given] == ["CHF"]


async def test_an_event_of_another_partner_cannot_be_chosen(session: AsyncSession) -> None:
    partner, event, earlier = await _two(session)
    foreign = await an_event(session, await a_partner(session, name="Quartz"), slug="foreign")
    for actor in (owner_of(partner), ADMIN):
        among = await comparisons.others(session, event, actor)

        assert comparisons.chosen(event, among, None) is earlier
        for wanted in (foreign.id, event.id):
            with pytest.raises(NotFound):
                comparisons.chosen(event, among, wanted)
