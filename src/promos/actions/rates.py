"""Brakes: how often something may be done in a window of time, counted in the shared database by one atomic statement."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

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
    """Count one more for each; the refusal if one of them is full, for the caller to raise.

    Raised in this transaction it takes back the counts of the others, and a full bucket stays full.
    """
    longest: RateLimited | None = None
    for rate in sorted(rates, key=lambda each: each.bucket):
        began = int(now.timestamp()) // rate.window * rate.window
        row = {"bucket": rate.bucket, "window_start": began, "count": 1}
        row["ends_at"] = datetime.fromtimestamp(began + rate.window, UTC)
        one_more = insert_into(session, table(RateLimit)).on_conflict_do_update(
            index_elements=["bucket", "window_start"],
            set_={"count": RateLimit.count + 1},
            where=RateLimit.count < rate.most,
        )
        if await session.scalar(one_more.values(row).returning(RateLimit.count)) is None:
            wait = int(began + rate.window - now.timestamp()) + 1
            if longest is None or wait > longest.retry_after:
                longest = RateLimited(wait)
    return longest


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
