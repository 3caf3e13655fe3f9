"""Tables as spreadsheets save them: CSV in the encodings and with the marks that programs choose, and workbooks.

A row at a time: however long the table, one row of it is in memory.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from promos.parsing import Unreadable, unmarked, workbooks
from promos.parsing.workbooks import IS_ZIP
from promos.rules.language import N_

MARKS = ",;\t"
LONGEST = 100_000  # characters of a row: no row of ours is nearly as long
NO_HEADS = N_("None of the columns has a name that we know. The first row has to say what stands in each.")
NO_TEXT = N_("This is no table: neither CSV nor a workbook (XLSX).")
NO_END = N_("A row of this table does not end: a quotation mark is opened and never closed.")
_NO_TABLES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")  # the last: XLS
_PIECE = 64 * 1024  # bytes
_MARKED = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

Cells = tuple[int, list[str]]  # the line or row of the file, from 1, and what stands in it


@dataclass(frozen=True, slots=True)
class Row:
    """`cells` by the names of the columns as we call them; `heads` says how the file does."""

    line: int
    cells: Mapping[str, str]
    heads: Mapping[str, str]


def rows(file: IO[bytes], names: Mapping[str, str]) -> Iterator[Row]:
    """The rows below the heads, blank ones left out; `names` are the heads that count, in small letters.

    Raises `Unreadable`, for what is no table and for a table without any of these heads.
    """
    places: dict[str, int] | None = None
    heads: dict[str, str] = {}
    for line, cells in listed(file):
        if not any(cells):
            continue
        if places is None:
            found = [(names.get(" ".join(cell.casefold().split())), cell) for cell in cells]
            places = {name: place for place, (name, _) in reversed(list(enumerate(found))) if name}
            heads = {name: head for name, head in reversed(found) if name}
            if not places:
                raise Unreadable(NO_HEADS)
            continue
        its = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
        yield Row(line, its, heads)


def listed(file: IO[bytes]) -> Iterator[Cells]:
    """All rows, heads and blank ones among them; raises `Unreadable`."""
    begin = file.read(4)
    file.seek(0)
    if begin.startswith(_NO_TABLES):
        raise Unreadable(NO_TEXT)
    return workbooks.rows(file) if begin == IS_ZIP else _csv(file)


def _csv(file: IO[bytes]) -> Iterator[Cells]:
    text = io.TextIOWrapper(_Open(file), encoding=_encoding(file), errors="replace", newline="")  # type: ignore[type-var]
    lines = iter(lambda: text.readline(LONGEST), "")
    first = next((line for line in lines if line.strip(f" \r\n{MARKS}")), "")
    skipped = 0
    if first.casefold().startswith("sep=") and len(first.strip()) == 5:  # how Excel is told
        mark, skipped = first.strip()[-1], 1
    else:
        mark = max(MARKS, key=first.count)
        text.seek(0)
    reader = csv.reader(iter(lambda: text.readline(LONGEST), ""), delimiter=mark)
    before = 0
    try:
        for cells in reader:
            if any("\x00" in cell for cell in cells):  # no text has one, and no database takes it
                raise Unreadable(NO_TEXT)
            yield before + 1 + skipped, [unmarked(cell.strip()) for cell in cells]
            before = reader.line_num
    except csv.Error:
        raise Unreadable(NO_END) from None


def _encoding(file: IO[bytes]) -> str:
    """What it says of itself, else UTF-8 if all of it is, else what Windows writes in Western Europe."""
    begin = file.read(4)
    file.seek(0)
    for mark, name in _MARKED:
        if begin.startswith(mark):
            return name
    if len(begin) == 4 and begin[1] == begin[3] == 0 and begin[0] and begin[2]:
        return "utf-16-le"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8"


def written(file: IO[bytes]) -> str:
    """How the file was saved, for people."""
    begin = file.read(4)
    file.seek(0)
    if begin == IS_ZIP:
        return "XLSX"
    name = _encoding(file)
    return "Windows-1252" if name == "cp1252" else name.removesuffix("-sig").removesuffix("-le").upper()


class _Open(io.BufferedIOBase):
    """The file for a reader of text, which would close it, and asks what a spooled file has no answer for."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        return self._file.read(-1 if size is None else size)

    def read1(self, size: int = -1, /) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._file.seek(offset, whence)
        return self._file.tell()

    def tell(self) -> int:
        return self._file.tell()
