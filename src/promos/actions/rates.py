"""How often something may be done in a window of time, counted in the shared database by one atomic statement."""

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions.readers import insert_into
from promos.models import RateLimit, table
from promos.rules import signing
from promos.rules.refusals import RateLimited


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` times in each `window` seconds; `bucket` is a keyed hash of what is counted."""

    bucket: str
    most: int
    window: int


async def take(session: AsyncSession, rates: Sequence[Rate], *, now: datetime) -> RateLimited | None:
    """Count one more for each; the refusal if that is more than one of them allows, for the caller to raise.

    A window begins with the first request that it counts, so the wait that a refused one is told is exact.
    """
    most = {(rate.bucket, rate.window): rate.most for rate in rates}
    rows = [  # in one order for all, so that two who lock several never wait in a circle
        {"bucket": bucket, "window_seconds": window, "count": 1, "ends_at": now + timedelta(seconds=window)}
        for bucket, window in sorted(most)
    ]
    insert = insert_into(session, table(RateLimit)).values(rows)
    is_over = RateLimit.ends_at <= now
    counted = await session.execute(
        insert.on_conflict_do_update(
            index_elements=["bucket", "window_seconds"],
            set_={
                "count": sa.case((is_over, 1), else_=RateLimit.count + 1),
                "ends_at": sa.case((is_over, insert.excluded.ends_at), else_=RateLimit.ends_at),
            },
        ).returning(RateLimit.bucket, RateLimit.window, RateLimit.count.label("number"), RateLimit.ends_at)
    )
    waits = [row.ends_at - now for row in counted if row.number > most[row.bucket, row.window_seconds]]
    return RateLimited(math.ceil(max(waits).total_seconds())) if waits else None


def network_bucket(key: bytes, purpose: str, peer: str) -> str:
    """The bucket of an address that asks: an IPv4 address, or a whole IPv6 /64, which is one household."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return signing.bucket(key, purpose, "network", peer)
    mapped = address.ipv4_mapped if address.version == 6 else None
    if address.version == 6 and mapped is None:
        network = str(ipaddress.ip_network((address, 64), strict=False))
    else:
        network = str(mapped or address)
    return signing.bucket(key, purpose, "network", network)


async def sweep(session: AsyncSession, *, now: datetime) -> None:
    """Forget windows that are over."""
    await session.execute(sa.delete(RateLimit).where(RateLimit.ends_at < now))
