"""`promos codes …`: made by the thousand, brought as a list, and taken out as one."""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import sqlalchemy as sa

from promos.actions import batches, making
from promos.actions.imports import Report
from promos.clock import utc_now
from promos.database import Database, connect
from promos.models import CodeBatch
from promos.parsing import codes_csv
from promos.queries import exports
from promos.rendering import sheets
from promos.rules import patterns
from promos.rules.people import PROGRAM
from promos.rules.refusals import NotFound
from promos.settings import Settings

Result = TypeVar("Result")
PIECE = 64 * 1024  # bytes
LOOK_EVERY = 0.5  # seconds, where somebody else makes the codes
WIDTH = 30
STOPPED = 130  # as a shell says of who was interrupted


def add_to(commands: Any) -> None:
    """The command and what it can do."""
    codes = commands.add_parser("codes", help="Make, bring and take out codes in bulk.")
    codes.set_defaults(run=lambda _settings, _asked: codes.print_help())
    kinds = codes.add_subparsers(title="commands", metavar="")

    def command(name: str, run: Callable[[Settings, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = kinds.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    made = command("make", make, "Make secret codes for an offer and wait until they are there.")
    what = made.add_mutually_exclusive_group(required=True)
    what.add_argument("--offer", type=UUID)
    what.add_argument("--resume", type=UUID, metavar="BATCH", help="go on with an order that was cut off or stopped")
    made.add_argument("--count", type=int, help="how many; 1 to 1000000, 1 if nothing is said")
    made.add_argument("--pattern", help=f"* any letter or digit, # a digit; {patterns.DEFAULT} if nothing is said")
    made.add_argument(
        "--limit", type=int, help="passes with each code, 1 if nothing is said; 0: as many as the offer has"
    )
    refuse = made.error
    made.set_defaults(run=lambda settings, asked: make(settings, _ordered(asked, refuse)))
    made = command("import", bring, "Take in a list of codes (CSV: code, limit); good rows go in, bad ones are told.")
    made.add_argument("file", type=Path, help="- reads what is piped in")
    made.add_argument("--offer", type=UUID, required=True)
    made.add_argument("--dry-run", action="store_true", help="only say what would come of it")
    made = command("export", export, "Write the codes of a batch as CSV.")
    made.add_argument("batch", type=UUID)


def _ordered(asked: argparse.Namespace, refuse: Callable[[str], NoReturn]) -> argparse.Namespace:
    """With what holds where nothing was said; what goes on was ordered before, and is not ordered anew."""
    told = [name for name in ("count", "pattern", "limit") if getattr(asked, name) is not None]
    if asked.resume and told:
        refuse(f"an order that goes on stays as it was: leave out --{' and --'.join(told)}")
    for name, value in (("count", 1), ("pattern", patterns.DEFAULT), ("limit", 1)):
        if name not in told:
            setattr(asked, name, value)
    return asked


def make(settings: Settings, asked: argparse.Namespace) -> int:
    async def work(database: Database) -> int:
        stop = asyncio.Event()
        for one in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(one, stop.set)
        batch = await _begun(database, asked)
        print(f"batch {batch.id}", flush=True)
        bar = Bar(batch.wanted, batch.made)
        while not stop.is_set():
            await making.make(database, utc_now, batch_id=batch.id, stop=stop, told=bar.show)
            batch = await _standing(database, batch.id)
            bar.show(batch.made)
            if batch.state in {"done", "stopped"}:
                break
            await asyncio.sleep(LOOK_EVERY)  # another worker makes them, or was killed and its lease runs out
        bar.end()
        print(f"{batch.made} of {batch.wanted} codes are there.")
        if batch.state == "done":
            return 0
        print(f"Go on with: promos codes make --resume {batch.id}", file=sys.stderr)
        return STOPPED

    return asyncio.run(_with(settings, work))


async def _begun(database: Database, asked: argparse.Namespace) -> CodeBatch:
    async with database.writing() as session:
        if asked.resume is None:
            return await batches.order(
                session,
                asked.offer,
                asked.count,
                pattern=asked.pattern,
                limit=asked.limit or None,
                now=utc_now(),
                by=PROGRAM,
            )
        batch = await session.get(CodeBatch, asked.resume)
        if batch is None:
            raise NotFound("batch")
        return batch if batch.state == "done" else await batches.go_on(session, batch.id, now=utc_now(), by=PROGRAM)


async def _standing(database: Database, batch_id: UUID) -> CodeBatch:
    async with database.reading() as session:
        return (await session.scalars(sa.select(CodeBatch).where(CodeBatch.id == batch_id))).one()


def bring(settings: Settings, asked: argparse.Namespace) -> int:
    file = sys.stdin.buffer if asked.file == Path("-") else asked.file.open("rb")
    bar = Bar(os.fstat(file.fileno()).st_size)  # nothing, of a pipe

    def pieces() -> Iterator[bytes]:
        done = 0
        with file:
            while piece := file.read(PIECE):
                bar.show(done := done + len(piece))
                yield piece

    async def work(database: Database) -> Report:
        return await making.take(
            database, utc_now, asked.offer, codes_csv.rows(pieces()), by=PROGRAM, dry_run=asked.dry_run
        )

    report = asyncio.run(_with(settings, work))
    bar.end()
    for wrong in report.wrong:
        code = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in wrong.code)
        print(f"line {wrong.line}: {code}: {wrong.why}")  # and no terminal is told what to do
    if report.bad > len(report.wrong):
        print(f"and {report.bad - len(report.wrong)} more bad rows")
    verb = "would be taken in" if asked.dry_run else "taken in"
    print(f"{report.rows} rows: {report.taken} {verb}, {report.known} there already, {report.bad} bad.")
    if report.batch_id:
        print(f"batch {report.batch_id}")
    return 1 if report.bad else 0


def export(settings: Settings, asked: argparse.Namespace) -> int:
    async def work(database: Database) -> None:
        async with database.reading() as session:
            batch = await session.get(CodeBatch, asked.batch)
        if batch is None:
            raise NotFound("batch")
        async for piece in sheets.csv(exports.codes_of(database.reading, batch)):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()

    asyncio.run(_with(settings, work))
    return 0


class Bar:
    """How far a long work is, on a terminal; anywhere else it says nothing."""

    def __init__(self, whole: int, begun: int = 0) -> None:
        self._whole, self._begun, self._since, self._shown = whole, begun, time.monotonic(), False

    def show(self, done: int) -> None:
        if not sys.stderr.isatty() or not self._whole:
            return
        filled = WIDTH * done // self._whole
        print(
            f"\r{'█' * filled}{'░' * (WIDTH - filled)} {100 * done // self._whole:3} %  {self._left(done):12}",
            end="",
            file=sys.stderr,
            flush=True,
        )
        self._shown = True

    def end(self) -> None:
        if self._shown:
            print(file=sys.stderr)

    def _left(self, done: int) -> str:
        if done <= self._begun:
            return ""
        seconds = (time.monotonic() - self._since) * (self._whole - done) / (done - self._begun)
        return f"{seconds:.0f} s left" if done < self._whole else ""


async def _with(settings: Settings, work: Callable[[Database], Awaitable[Result]]) -> Result:
    database = connect(settings)
    try:
        return await work(database)
    finally:
        await database.close()
