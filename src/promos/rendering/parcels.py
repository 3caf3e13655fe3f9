"""A ZIP of many lists, each as CSV and as JSON, and a manifest that says what is in it; it leaves while it is read."""

import asyncio
import hashlib
import json
import tempfile
import zipfile
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from promos.rendering import sheets, zips
from promos.rendering.sheets import Cell
from promos.rendering.zips import Pipe

IN_MEMORY = 1 << 20  # bytes of a list as JSON before it goes to a file that has no name
_PIECE = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Part:
    """`rows` come some at a time, by column; `cells` are the same for CSV."""

    name: str
    columns: Sequence[str]
    rows: AsyncIterable[Sequence[tuple[Mapping[str, Any], Sequence[Cell]]]]


@dataclass(slots=True)
class _Written:
    """A file of the parcel, and what the manifest says of it."""

    name: str
    rows: int = 0
    size: int = 0  # bytes
    _mark: Any = field(default_factory=hashlib.sha256)

    def add(self, data: bytes) -> bytes:
        self.size += len(data)
        self._mark.update(data)
        return data

    def told(self) -> dict[str, Any]:
        return {"name": self.name, "rows": self.rows, "bytes": self.size, "sha256": self._mark.hexdigest()}


async def packed(parts: Sequence[Part], about: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """The parcel; `about` begins its manifest, which comes last."""
    pipe = Pipe()
    parcel = zips.into(pipe)
    files: list[dict[str, Any]] = []
    try:
        for part in parts:
            with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as aside:
                async for piece in _both(parcel, pipe, part, aside, files):
                    yield piece
        manifest = json.dumps({**about, "files": files}, ensure_ascii=False, indent=2)
        parcel.writestr("manifest.json", manifest + "\n")
    finally:
        parcel.close()
    yield pipe.taken()


async def _both(
    parcel: zipfile.ZipFile, pipe: Pipe, part: Part, aside: IO[bytes], files: list[dict[str, Any]]
) -> AsyncIterator[bytes]:
    """A list as CSV, and what was put aside meanwhile as JSON: a ZIP holds one file after the other."""
    table, document = _Written(f"{part.name}.csv"), _Written(f"{part.name}.json")
    with _part(parcel, table) as inside:
        inside.write(table.add(sheets.line(part.columns)))
        aside.write(document.add(b"["))
        async for some in part.rows:
            await asyncio.to_thread(_write, some, inside, aside, table, document)
            if piece := pipe.taken():
                yield piece
        aside.write(document.add(b"\n]\n"))
    aside.seek(0)
    with _part(parcel, document) as inside:
        while data := await asyncio.to_thread(aside.read, _PIECE):
            await asyncio.to_thread(inside.write, data)
            if piece := pipe.taken():
                yield piece
    files += [table.told(), document.told()]


def _part(parcel: zipfile.ZipFile, file: _Written) -> IO[bytes]:
    """A part whose size nobody knows yet: it may grow beyond what a ZIP of the old kind holds, 2 GiB."""
    return parcel.open(file.name, "w", force_zip64=True)


def _write(
    some: Sequence[tuple[Mapping[str, Any], Sequence[Cell]]],
    inside: IO[bytes],
    aside: IO[bytes],
    table: _Written,
    document: _Written,
) -> None:
    for row, cells in some:
        inside.write(table.add(sheets.line(cells)))
        comma = b",\n" if document.rows else b"\n"
        aside.write(document.add(comma + json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()))
        table.rows += 1
        document.rows += 1
