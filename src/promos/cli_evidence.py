"""`promos evidence …`: a publication's chain as one file, and whether such a file is whole."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import evidence
from promos.database import connect
from promos.models import Publication
from promos.rules.evidence import verify_file
from promos.rules.refusals import NotFound
from promos.settings import Settings


def add_to(commands: Any) -> None:
    """The commands and what they can do."""
    kinds = commands.add_parser("evidence", help="Export what a newsletter's readers were told, and verify it.")
    kinds.set_defaults(run=lambda _settings, _asked: kinds.print_help())
    kinds = kinds.add_subparsers(title="commands", metavar="")
    text = "Write the whole chain of a publication to standard output, one entry a line."
    made = kinds.add_parser("export", help=text, description=text)
    made.set_defaults(run=export)
    made.add_argument("publication", help="its short name or its id")
    text = "Check an exported chain, with no database and no network: 0 if it is whole, 1 if not."
    made = kinds.add_parser("verify", help=text, description=text)
    made.set_defaults(run=verify)
    made.add_argument("file", type=Path, help="- reads it")
    made.add_argument("--hash", help="that was noted of an earlier entry: it has to stand in the chain")


def export(settings: Settings, asked: argparse.Namespace) -> None:
    async def write() -> None:
        database = connect(settings)
        try:
            async with database.reading() as session:
                publication_id = await _meant(session, asked.publication)
            async for line in evidence.exported(database.reading, publication_id):
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        finally:
            await database.close()

    asyncio.run(write())


def verify(_settings: Settings, asked: argparse.Namespace) -> int:
    with sys.stdin.buffer if asked.file == Path("-") else asked.file.open("rb") as file:
        broken, whole, last = verify_file(file, asked.hash)
    if broken:
        print(f"{asked.file}:{broken.line}: {broken.why}")
        print(f"The {whole} entries before it hold.")
        return 1
    print(f"{whole} entries, whole. The last hash: {last}")
    return 0


async def _meant(session: AsyncSession, typed: str) -> UUID:
    try:
        this = Publication.id == UUID(typed)
    except ValueError:
        this = Publication.slug == typed
    found = await session.scalar(sa.select(Publication.id).where(this))
    if found is None:
        raise NotFound("publication")
    return found
