"""How often somebody may ask."""

import asyncio
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import rate_limits
from promos.actions.rate_limits import Limit, address_bucket, domain_bucket, network_bucket
from promos.database import Database
from promos.models import RateLimit
from promos.rules.refusals import RateLimited
from tests.world import NOW

KEY = b"k" * 32
SECOND = timedelta(seconds=1)


async def test_as_many_as_allowed_pass_and_the_next_one_is_told_how_long_to_wait(session: AsyncSession) -> None:
    twice_an_hour = [Limit("ada", 2, 3600)]

    first = await rate_limits.take(session, twice_an_hour, now=NOW)
    second = await rate_limits.take(session, twice_an_hour, now=NOW + 600 * SECOND)
    third = await rate_limits.take(session, twice_an_hour, now=NOW + 601 * SECOND)

    assert (first, second) == (None, None)
    assert isinstance(third, RateLimited)
    assert third.retry_after == 3600 - 601


async def test_a_window_begins_with_its_first_request_and_not_on_the_minute(session: AsyncSession) -> None:
    once_a_minute = [Limit("ada", 1, 60)]
    end_of_a_minute = NOW + 59 * SECOND

    await rate_limits.take(session, once_a_minute, now=end_of_a_minute)
    two_seconds_later = await rate_limits.take(session, once_a_minute, now=end_of_a_minute + 2 * SECOND)
    a_minute_later = await rate_limits.take(session, once_a_minute, now=end_of_a_minute + 60 * SECOND)

    assert two_seconds_later is not None
    assert a_minute_later is None


async def test_who_keeps_asking_does_not_wait_longer(session: AsyncSession) -> None:
    once_a_minute = [Limit("ada", 1, 60)]
    for second in range(60):
        await rate_limits.take(session, once_a_minute, now=NOW + second * SECOND)

    assert await rate_limits.take(session, once_a_minute, now=NOW + 60 * SECOND) is None


async def test_the_longest_wait_of_several_limits_counts(session: AsyncSession) -> None:
    limits = [Limit("ada", 1, 60), Limit("ada", 1, 86400), Limit("readers.example", 1000, 3600)]
    await rate_limits.take(session, limits, now=NOW)

    refused = await rate_limits.take(session, limits, now=NOW)

    assert refused is not None
    assert refused.retry_after == 86400


async def test_nothing_to_count_refuses_nobody(session: AsyncSession) -> None:
    assert await rate_limits.take(session, [], now=NOW) is None


async def test_only_counters_whose_window_is_over_are_swept(session: AsyncSession) -> None:
    await rate_limits.take(session, [Limit("ada", 1, 60), Limit("bo", 1, 61)], now=NOW)

    swept = await rate_limits.sweep(session, now=NOW + 60 * SECOND)

    assert swept == 1
    assert list(await session.scalars(sa.select(RateLimit.bucket))) == ["bo"]


async def test_a_crowd_at_once_is_counted_exactly(database: Database) -> None:
    async def ask(number: int) -> RateLimited | None:
        limits = [Limit("ada", 20, 60), Limit("readers.example", 1000, 60)]
        async with database.writing() as session:
            return await rate_limits.take(session, limits if number % 2 else limits[::-1], now=NOW)

    answers = await asyncio.gather(*(ask(number) for number in range(60)))

    assert answers.count(None) == 20


async def test_a_crowd_at_once_after_a_window_is_counted_exactly(database: Database) -> None:
    limits = [Limit("ada", 20, 60)]
    async with database.writing() as session:
        await rate_limits.take(session, limits, now=NOW)

    async def ask() -> RateLimited | None:
        async with database.writing() as session:
            return await rate_limits.take(session, limits, now=NOW + 60 * SECOND)

    answers = await asyncio.gather(*(ask() for _ in range(60)))

    assert answers.count(None) == 20


def test_all_spellings_of_one_mailbox_are_one_person() -> None:
    spelled = {address_bucket(KEY, "claim", one) for one in ("ada.l@gmail.com", "AdaL+x@GoogleMail.com")}

    assert len(spelled) == 1
    assert spelled != {address_bucket(KEY, "sign-in", "adal@gmail.com")}


def test_a_household_of_ipv6_addresses_is_one_network() -> None:
    home = {network_bucket(KEY, "claim", one) for one in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9")}
    others = {network_bucket(KEY, "claim", one) for one in ("2001:db8:1:3::1", "192.0.2.1", "192.0.2.2", "unknown")}

    assert len(home) == 1
    assert len(home | others) == 5
    assert network_bucket(KEY, "claim", "::ffff:192.0.2.1") == network_bucket(KEY, "claim", "192.0.2.1")


def test_a_domain_is_counted_apart_from_its_people_and_holds_no_address() -> None:
    assert domain_bucket(KEY, "claim", "ada@x.example") == domain_bucket(KEY, "claim", "bo@X.example")
    assert "example" not in domain_bucket(KEY, "claim", "ada@x.example")
