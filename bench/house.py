"""An installation to measure: a database of its own, a partner who redeems by token, codes by the thousand."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from bench.load import Seen
from promos import schema
from promos import settings as configuration
from promos.actions import tokens
from promos.database import connect
from promos.models import Offer, Pass, PromoCode, Reader, Redemption, new_id
from promos.queries import recount
from promos.rules.people import PROGRAM, SCOPES, Role
from promos.settings import Settings
from tests import newsroom, world
from tests.postgres import Server

T = TypeVar("T")
KINDS = ("postgresql", "sqlite")
ROLE = "promos_bench"  # owns nothing, as the application of an installation
ENOUGH = 1_000_000_000


@dataclass(frozen=True, slots=True)
class House:
    """`token` vouches for readers; codes are made for `pass_type_id`."""

    kind: str
    settings: Settings
    token: str
    partner_id: UUID
    event_id: UUID
    pass_type_id: UUID

    def do(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """`work` in a transaction, as the installation's owner."""
        return asyncio.run(_transaction(_owned(self.settings), work))

    def rest(self) -> None:
        """Let the database end what a lot of writing began, as it would have within the hour."""
        asyncio.run(_rest(_owned(self.settings)))

    def codes(self, name: str, number: int = 1, *, limit: int = ENOUGH, is_one_offer: bool = False) -> list[str]:
        """New codes, each of an offer of its own unless they share one; the offer and each code are limited."""
        now = datetime.now(UTC)
        shared = {"partner_id": self.partner_id, "event_id": self.event_id, "created_at": now}
        terms = {
            "name": name,
            "benefit": "free_pass",
            "limit": limit,
            "used": 0,
            "proof": "none",
            "on_cancel": "return",
        }
        window = {"opens_at": now - timedelta(days=1), "ends_at": now + timedelta(days=5)}
        offers = [
            shared | terms | window | {"id": new_id(), "pass_type_id": self.pass_type_id}
            for _ in range(1 if is_one_offer else number)
        ]
        spelled = [f"{name}{at:05}" for at in range(number)]
        codes = [
            shared
            | {"id": new_id(), "offer_id": offers[at % len(offers)]["id"], "limit": limit, "used": 0, "version": 0}
            | {"text": text, "spelled": text, "status": "active"}
            for at, text in enumerate(spelled)
        ]

        async def make(session: AsyncSession) -> None:
            await session.execute(sa.insert(Offer), offers)
            await session.execute(sa.insert(PromoCode), codes)

        self.do(make)
        return spelled

    def block(self, code: str) -> UUID:
        """A promo block of an issue that shows `code`."""

        async def make(session: AsyncSession) -> UUID:
            found = (await session.scalars(sa.select(PromoCode).where(PromoCode.text == code))).one()
            return (await newsroom.a_block(session, await newsroom.an_issue(session), found)).id

        return self.do(make)

    def faults(self, readers: str, seen: Seen) -> list[str]:
        """What the readers whose addresses begin so were told, against what is stored."""

        kept = self.do(lambda session: _passes(session, readers))
        ids = {str(pass_id) for pass_id, _ in kept}
        extra = 0 if seen.lost or 503 in seen.statuses else len(ids - seen.passes.keys())
        return [
            *(f"an answer nobody expected: {wrong}" for wrong in seen.wrong),
            *_some("acknowledged and not stored", len(seen.passes.keys() - ids)),
            *_some("stored and never told", extra),
            *_some("readers with two passes", len(kept) - len({key for _, key in kept})),
            *_some("tokens given twice", len(seen.passes) - len(set(seen.passes.values()))),
        ]

    def sold(self, readers: str) -> int:
        """How many passes the readers have whose addresses begin so."""
        return len(self.do(lambda session: _passes(session, readers)))

    def differences(self) -> list[str]:
        """Where counters and ledger disagree, all in all."""
        return [str(one) for one in self.do(recount.differences)]


async def _passes(session: AsyncSession, readers: str) -> list[tuple[UUID, str]]:
    """Passes of the readers whose addresses begin so, and who holds them."""
    rows = await session.execute(
        sa.select(Pass.id, Redemption.reader_key)
        .join(Redemption, Pass.redemption_id == Redemption.id)
        .join(Reader, Redemption.reader_id == Reader.id)
        .where(Reader.email >= f"{readers}-", Reader.email < f"{readers}.")
    )
    return [(row.id, row.reader_key) for row in rows]


def _some(what: str, number: int) -> list[str]:
    return [f"{what}: {number}"] if number else []


class Street:
    """The houses of one run, on one PostgreSQL cluster (fsync on) and in one folder; nothing of them stays."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="promos-bench-"))
        self.server = Server.start(durable=True)
        self._built = 0

    def __enter__(self) -> "Street":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def house(self, kind: str) -> House:
        """A new, empty installation."""
        self._built += 1
        name = f"house_{self._built}"
        settings = Settings(data_dir=str(self.folder / name), secret_keys="s" * 40, reader_key="r" * 40)
        if kind == "postgresql":
            self.server.create_database(name)
            settings = msgspec.structs.replace(
                settings,
                database_url=self.server.url(name, user=ROLE),
                owner_database_url=self.server.url(name),
            )
        asyncio.run(schema.upgrade(settings))
        if kind == "postgresql":
            self.server.execute(
                f"DO $$ BEGIN CREATE ROLE {ROLE} LOGIN IN ROLE promos_app; "
                "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            )
        return asyncio.run(_transaction(_owned(settings), lambda session: _furnish(session, kind, settings)))


async def _furnish(session: AsyncSession, kind: str, settings: Settings) -> House:
    now = datetime.now(UTC)
    event = await world.an_event(session, starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=10))
    pass_type = await world.a_pass_type(session, event)
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
    return House(kind, settings, secret, event.partner_id, event.id, pass_type.id)


def _owned(settings: Settings) -> Settings:
    """As who may do everything, and takes the time it takes."""
    url = settings.owner_database_url or settings.database_url
    return msgspec.structs.replace(settings, database_url=url, database_timeout=3600)


async def _rest(settings: Settings) -> None:
    if settings.url.startswith("sqlite"):
        with closing(sqlite3.connect(str(make_url(settings.url).database))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    engine = create_async_engine(settings.url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.exec_driver_sql("VACUUM ANALYZE")
        await connection.exec_driver_sql("CHECKPOINT")
    await engine.dispose()


async def _transaction(settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    database = connect(settings)
    try:
        async with database.writing() as session:
            return await work(session)
    finally:
        await database.close()
