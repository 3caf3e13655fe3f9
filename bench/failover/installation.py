"""Promos on the cluster: one limited code, a partner's token, and what is stored in the end."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from bench.failover.cluster import Cluster
from promos import schema
from promos import settings as configuration
from promos.actions import codes, tokens
from promos.database import connect
from promos.models import Offer, Pass, PromoCode, Redemption
from promos.queries import recount
from promos.rules.people import PROGRAM, SCOPES, Role
from promos.settings import Settings
from tests import world

T = TypeVar("T")
CODE = "FAILOVER"
DATABASE, ROLE = "promos", "promos_web"
SECRETS = {"secret_keys": "s" * 40, "reader_key": "r" * 40}


@dataclass(frozen=True, slots=True)
class Stored:
    """What the new leader knows. `used` as code and offer count; `differences` between counters and ledger."""

    passes: set[str]
    used: tuple[int, int]
    readers_with_two: int
    differences: list[str]


@dataclass(frozen=True, slots=True)
class Installation:
    """`token` vouches for readers."""

    settings: Settings
    token: str

    async def stored(self) -> Stored:
        return await _transaction(self.settings, _stored)


def install(cluster: Cluster, folder: Path, *, limit: int, workers: int) -> Installation:
    """A new database on whichever node leads, migrated, with one code for `limit` passes."""
    settings = Settings(
        data_dir=str(folder),
        database_url=cluster.url(ROLE, DATABASE),
        owner_database_url=cluster.leader_url(DATABASE),
        workers=workers,
        embedded_worker=False,
        **SECRETS,  # type: ignore[arg-type]
    )
    asyncio.run(_execute(cluster.leader_url("postgres"), f"CREATE DATABASE {DATABASE}"))
    asyncio.run(schema.upgrade(settings))
    asyncio.run(_execute(cluster.leader_url("postgres"), f"CREATE ROLE {ROLE} LOGIN IN ROLE promos_app"))
    owner = msgspec.structs.replace(settings, database_url=settings.owner_database_url)
    return Installation(settings, asyncio.run(_transaction(owner, _furnish(settings, limit))))


def _furnish(settings: Settings, limit: int) -> Callable[[AsyncSession], Awaitable[str]]:
    async def furnish(session: AsyncSession) -> str:
        now = datetime.now(UTC)
        event = await world.an_event(session, starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=10))
        pass_type = await world.a_pass_type(session, event)
        window: dict[str, Any] = {"opens_at": now - timedelta(days=1), "ends_at": now + timedelta(days=5)}
        offer = await world.an_offer(session, pass_type, limit=limit, **window)
        await codes.create(session, offer.id, CODE, limit=None, now=now, by=PROGRAM)
        _, secret = await tokens.create(
            session,
            name="shop",
            role=Role.OWNER,
            partner_id=event.partner_id,
            scopes=SCOPES[Role.OWNER],
            keys=configuration.keys(settings),
            now=now,
            by=PROGRAM,
        )
        return secret

    return furnish


async def _stored(session: AsyncSession) -> Stored:
    rows = await session.execute(
        sa.select(Pass.id, Redemption.reader_key).join(Redemption, Pass.redemption_id == Redemption.id)
    )
    kept = [(str(row.id), row.reader_key) for row in rows]
    code, offer = (await session.execute(sa.select(PromoCode.used, Offer.used).join(Offer))).one()
    return Stored(
        passes={pass_id for pass_id, _ in kept},
        used=(code, offer),
        readers_with_two=sum(number > 1 for number in Counter(key for _, key in kept).values()),
        differences=[str(one) for one in await recount.differences(session)],
    )


async def _transaction(settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    database = connect(settings)
    try:
        async with database.writing() as session:
            return await work(session)
    finally:
        await database.close()


async def _execute(url: str, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.text(statement))
    finally:
        await engine.dispose()
