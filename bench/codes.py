"""Codes in bulk: how long a million takes against a plain sorted COPY of the same rows, in how much memory, how
smoothly, and whether the number is exact when the one who makes them is killed half way.

    python -m bench.codes [--count 1000000] [--runs 3] [--on sqlite postgresql]

Each run begins with an empty, migrated database of its own, and every measured part is a process of its own. On SQLite
the plain way is one `executemany` of the sorted rows in one transaction.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from promos import schema
from promos.actions import batches, making
from promos.database import Database, connect
from promos.models import CodeBatch, PromoCode
from promos.rules import patterns
from promos.rules.people import PROGRAM
from promos.settings import Settings
from tests import world
from tests.postgres import Server

TICK = 0.005  # seconds between two looks at the clock of the event loop
PATTERN = "GENAI-****-****-****-*"
KEYS: dict[str, Any] = {"secret_keys": "s" * 40, "reader_key": "r" * 40}


def utc_now() -> datetime:
    return datetime.now(UTC)


async def ordered(database: Database, count: int) -> CodeBatch:
    now = utc_now()
    async with database.writing() as session:
        event = await world.an_event(session, starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=10))
        offer = await world.an_offer(session, await world.a_pass_type(session, event), limit=None)
        return await batches.order(session, offer.id, count, pattern=PATTERN, limit=1, now=now, by=PROGRAM)


async def longest_block(stop: asyncio.Event) -> float:
    """Seconds by which the event loop was late at most."""
    longest = 0.0
    while not stop.is_set():
        before = time.perf_counter()
        await asyncio.sleep(TICK)
        longest = max(longest, time.perf_counter() - before - TICK)
    return longest


async def made(database: Database) -> dict[str, float]:
    """Make the batch that waits; the program has begun and is connected, as a worker is."""
    await exact_made(database)
    async with database.writing() as session:
        await session.execute(sa.select(CodeBatch.id))
    stop = asyncio.Event()
    watching = asyncio.create_task(longest_block(stop))
    await asyncio.sleep(0.1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    while await making.make(database, utc_now) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    seconds = time.perf_counter() - begun
    stop.set()
    return {"seconds": seconds, "block": await watching, "before": before / 1024, **memory()}


async def plain(database: Database, count: int) -> dict[str, float]:
    """The same rows, drawn, sorted and made ready before the clock runs; then in one piece, in one transaction."""
    batch = await ordered(database, count)
    now = utc_now()
    spelled = [each for some in patterns.drawn(patterns.pattern(PATTERN), count, count) for each in some]
    same = (batch.partner_id, batch.event_id, batch.offer_id, "generated", batch.id)
    rows: list[Any] = [
        (word.id, *same, word.text, word.spelled, 1, 0, 0, "active", now) for word in batches.words(spelled, now)
    ]
    columns = ("id", "partner_id", "event_id", "offer_id", "kind", "batch_id", "text", "spelled", "max_passes", "used")
    columns += ("version", "status", "created_at")
    if database.is_sqlite:
        at = now.strftime("%Y-%m-%d %H:%M:%S.%f")
        same = tuple(each.hex if isinstance(each, UUID) else each for each in same)
        rows = [(row[0].hex, *same, *row[6:-1], at) for row in rows]
    async with database.writing() as session:
        connection = await session.connection()
        begun = time.perf_counter()
        if database.is_sqlite:
            marks = ", ".join("?" for _ in columns)
            insert = f"INSERT INTO promo_codes ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
            await connection.exec_driver_sql(insert, rows)
        else:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await session.execute(sa.select(1))
            await driver.copy_records_to_table("promo_codes", records=rows, columns=columns)
    return {"seconds": time.perf_counter() - begun, **memory()}


def memory() -> dict[str, float]:
    return {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}  # MB


async def exact(database: Database) -> tuple[int, int, int]:
    """What the batch says it made, and the codes and different codes that are there."""
    async with database.reading() as session:
        said = await session.scalar(sa.select(CodeBatch.made))
        there = sa.select(sa.func.count(), sa.func.count(sa.distinct(PromoCode.text)))
        codes, different = (await session.execute(there)).one()
    return said or 0, codes, different


def child(settings: Settings, part: str, count: int) -> "subprocess.Popen[str]":
    given = json.dumps({"settings": msgspec.to_builtins(settings), "part": part, "count": count})
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "bench.codes", "--child", given], stdout=subprocess.PIPE, text=True
    )


def measured(settings: Settings, part: str, count: int) -> dict[str, float]:
    said, _ = child(settings, part, count).communicate()
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def run_child(given: str) -> None:
    asked = json.loads(given)
    settings = msgspec.convert(asked["settings"], Settings)
    if settings.database_url:  # a single COPY of a million rows takes longer than any request may
        long = {"plain": 3600.0}.get(asked["part"], settings.database_timeout)
        settings = msgspec.structs.replace(settings, database_timeout=long)

    async def run() -> dict[str, float]:
        database = connect(settings)
        try:
            return await (plain(database, asked["count"]) if asked["part"] == "plain" else made(database))
        finally:
            await database.close()

    print(json.dumps(asyncio.run(run())), flush=True)


def with_database(settings: Settings, work: Any) -> Any:
    async def run() -> Any:
        database = connect(settings)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def killed_half_way(settings: Settings, count: int) -> dict[str, Any]:
    """Make them, kill -9 as soon as half is there, and let another process go on."""
    with_database(settings, lambda database: ordered(database, count))
    process = child(settings, "made", count)
    half = 0
    while half < count // 2:
        time.sleep(0.05)
        half = with_database(settings, exact_made)
        if process.poll() is not None:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    there = with_database(settings, exact)
    measured(settings, "made", count)
    return {"killed at": there, "then": with_database(settings, exact)}


async def exact_made(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(sa.select(CodeBatch.made)) or 0


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Any]:
    """Fresh, migrated databases, one after the other; PostgreSQL keeps what it acknowledges (fsync)."""
    if kind == "sqlite":
        first = folder / "template"
        asyncio.run(schema.upgrade(Settings(data_dir=str(first))))

        def another(number: int) -> Settings:
            place = folder / f"data-{number}"
            place.mkdir()
            shutil.copy(first / "promos.sqlite3", place / "promos.sqlite3")
            return Settings(data_dir=str(place), **KEYS)

        yield another
        return
    with Server.start(durable=True) as server:
        server.create_database("template_promos")
        asyncio.run(schema.upgrade(Settings(database_url=server.url("template_promos"))))

        def another(number: int) -> Settings:
            if number:
                server.drop_database(f"codes_{number - 1}")
            server.create_database(f"codes_{number}", template="template_promos")
            server.execute("CHECKPOINT")
            return Settings(data_dir=str(folder), database_url=server.url(f"codes_{number}"), **KEYS)

        yield another


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.codes", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--on", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        run_child(asked.child)
        return
    for kind in asked.on:
        with tempfile.TemporaryDirectory() as folder, databases(kind, Path(folder)) as another:
            report(kind, asked.count, asked.runs, another)


def report(kind: str, count: int, runs: int, another: Any) -> None:
    print(f"\n{kind}: {count} codes, goal: at most 1.5 × the plain way, 150 MB, 50 ms", flush=True)
    ratios = []
    for run in range(runs):
        base = measured(another(2 * run), "plain", count)
        settings = another(2 * run + 1)
        with_database(settings, lambda database: ordered(database, count))
        ours = measured(settings, "made", count)
        assert with_database(settings, exact) == (count, count, count)
        ratios.append(ours["seconds"] / base["seconds"])
        print(
            f"  run {run + 1}: {ours['seconds']:.1f} s, plain {base['seconds']:.1f} s, ratio {ratios[-1]:.2f}; "
            f"memory {ours['memory']:.0f} MB (before {ours['before']:.0f}, plain {base['memory']:.0f}); "
            f"longest block {ours['block'] * 1000:.0f} ms",
            flush=True,
        )
    print(f"  ratio, median of {runs}: {statistics.median(ratios):.2f}" if ratios else "", flush=True)
    print(f"  killed half way (said, codes, different): {killed_half_way(another(2 * runs), count)}", flush=True)


if __name__ == "__main__":
    main()
