"""Brakes on what strangers can make us do."""

import asyncio
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import rates
from promos.actions.rates import Rate
from promos.database import Database
from promos.models import RateLimit
from tests.world import NOW


async def test_the_window_lets_through_its_number_and_opens_again(session: AsyncSession) -> None:
    rate = Rate("b", most=2, window=60)

    answers = [await rates.take(session, [rate], now=NOW) for _ in range(3)]

    assert answers[:2] == [None, None]
    assert answers[2] is not None
    assert answers[2].retry_after == 60
    assert await rates.take(session, [rate], now=NOW + timedelta(seconds=60)) is None


async def test_sixty_at_once_are_counted_one_by_one(database: Database) -> None:
    async def one() -> bool:
        async with database.writing() as session:
            return await rates.take(session, [Rate("crowd", most=7, window=60)], now=NOW) is None

    passed = await asyncio.gather(*(one() for _ in range(60)))

    assert sum(passed) == 7


async def test_a_neighbour_in_the_same_ipv6_network_shares_the_bucket() -> None:
    def bucket(peer: str) -> str:
        return rates.network_bucket(b"k" * 32, "claim", peer)

    assert bucket("2001:db8:1:2:aaaa::1") == bucket("2001:db8:1:2:bbbb::2")
    assert bucket("2001:db8:1:3::1") != bucket("2001:db8:1:2::1")
    assert bucket("::ffff:192.0.2.1") == bucket("192.0.2.1") != bucket("192.0.2.2")


async def test_windows_that_are_over_are_forgotten(session: AsyncSession) -> None:
    await rates.take(session, [Rate("b", most=2, window=60)], now=NOW)

    await rates.sweep(session, now=NOW + timedelta(minutes=2))

    assert await session.scalar(sa.select(sa.func.count()).select_from(RateLimit)) == 0
