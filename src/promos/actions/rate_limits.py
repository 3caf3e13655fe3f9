"""How often somebody may ask: counters in the database, so all processes count together and a restart forgets none.

A window begins with the first request that it counts, not on the hour: at most so many within it, and the wait that a
refused one is told is exact.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions.readers import insert_into
from promos.models import RateLimit, table
from promos.rules import readers, signing
from promos.rules.refusals import RateLimited

_COUNTERS = table(RateLimit)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` requests in `window` seconds, counted under the name `bucket`."""

    bucket: str
    most: int
    window: int


async def take(session: AsyncSession, limits: Sequence[Limit], *, now: datetime) -> RateLimited | None:
    """Count one request under each of `limits`; the refusal to raise if that is more than one of them allows.

    Whether the refused request stays counted is the caller's choice, who raises before or after the commit: a window's
    end does not move, so it makes no difference to anybody's wait.
    """
    if not limits:
        return None
    most = {(limit.bucket, limit.window): limit.most for limit in limits}
    rows = [  # in one order for all, so that two who lock several never wait in a circle
        {"bucket": bucket, "window_start": window, "count": 1, "ends_at": now + timedelta(seconds=window)}
        for bucket, window in sorted(most)
    ]
    insert = insert_into(session, _COUNTERS).values(rows)
    is_over = _COUNTERS.c.ends_at <= now
    statement = insert.on_conflict_do_update(
        index_elements=["bucket", "window_start"],
        set_={
            "count": sa.case((is_over, 1), else_=_COUNTERS.c.count + 1),
            "ends_at": sa.case((is_over, insert.excluded.ends_at), else_=_COUNTERS.c.ends_at),
        },
    ).returning(_COUNTERS)
    counted = (await session.execute(statement)).all()
    waits = [ends_at - now for bucket, window, count, ends_at in counted if count > most[bucket, window]]
    return RateLimited(math.ceil(max(waits).total_seconds())) if waits else None


async def sweep(session: AsyncSession, *, now: datetime) -> int:
    """Delete the counters whose window is over; how many those were."""
    over = await session.execute(sa.delete(_COUNTERS).where(_COUNTERS.c.ends_at <= now).returning(sa.literal(1)))
    return len(over.all())


def address_bucket(key: bytes, purpose: str, address: str) -> str:
    """One person, however the address is spelled."""
    return signing.bucket(key, purpose, "address", readers.canonical(address))


def domain_bucket(key: bytes, purpose: str, address: str) -> str:
    """Everybody whose mail goes to the domain of `address`."""
    return signing.bucket(key, purpose, "domain", readers.domain_of(address))


def network_bucket(key: bytes, purpose: str, peer: str) -> str:
    """One household: an IPv4 address, or the /64 of an IPv6 one; anything else is a network of its own."""
    return signing.bucket(key, purpose, "network", _network(peer))


def _network(peer: str) -> str:
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
