"""Lists of codes as spreadsheets write them: text in UTF-8 or UTF-16, commas or semicolons, any line ends; or XLSX."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO

from promos.parsing import Unreadable, workbooks

HEADS = {
    "code": "code", "codes": "code", "promo code": "code", "code promo": "code", "mot": "code", "word": "code",
    "limit": "limit", "limite": "limit", "passes": "limit", "passe": "limit", "laissez-passer": "limit",
}  # fmt: skip
LONGEST = 1000  # characters of a line: no code and no limit is as long
HEAD = 1024  # bytes; a file that is no text shows it there


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list, as it was typed. `line` counts from 1."""

    line: int
    code: str
    limit: str


def rows(chunks: Iterable[bytes]) -> Iterator[Row]:
    """The rows of a list that comes in pieces, blank lines and the head left out; raises `Unreadable` before the first.

    What divides the columns is told by the first line. A line that has no columns, for its length or its letters, is a
    row whose code is all of it.
    """
    columns = _Columns()
    mark = ""
    for number, line in enumerate(_lines(_text(chunks)), 1):
        if not line.strip(" \t;,"):
            continue
        if len(line) > LONGEST or "\x00" in line:
            yield Row(number, line, "")
            continue
        mark = mark or (max(",;\t", key=line.count) if any(each in line for each in ",;\t") else ",")
        if row := columns.row(number, _cells(line, mark)):
            yield row


def of_workbook(file: IO[bytes]) -> Iterator[Row]:
    """The same of a workbook; raises `Unreadable`."""
    columns = _Columns()
    for number, cells in workbooks.rows(file):
        if row := columns.row(number, cells):
            yield row


class _Columns:
    """Where code and limit stand: by their names, in English or French; without a head, they are the first two."""

    def __init__(self) -> None:
        self._places: tuple[int, int] | None = None

    def row(self, number: int, cells: Sequence[str]) -> Row | None:
        """The row, or `None` for the head."""
        if self._places is None:
            heads = [HEADS.get(cell.casefold()) for cell in cells]
            self._places = (0, 1)
            if "code" in heads:
                self._places = (heads.index("code"), heads.index("limit") if "limit" in heads else -1)
                return None
        code, limit = (cells[place] if 0 <= place < len(cells) else "" for place in self._places)
        return Row(number, code, limit)


def _cells(line: str, mark: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=mark))]


def _text(chunks: Iterable[bytes]) -> Iterator[str]:
    """The list as text. A letter in another encoding stays a sign that no code has."""
    pieces = iter(chunks)
    head = b""
    while len(head) < HEAD and (piece := next(pieces, b"")):
        head += piece
    is_wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\x00" in head[:HEAD] and not is_wide:
        raise Unreadable("this is no text in UTF-8")
    decoder = codecs.getincrementaldecoder("utf-16" if is_wide else "utf-8-sig")(errors="replace")
    for piece in chain([head], pieces):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines, whether they end in `\\n`, `\\r\\n` or `\\r`; of one that is too long, only as much as shows it."""
    rest = ""
    for text in texts:
        rest = (rest + text).replace("\r\n", "\n")
        held = "\r" if rest.endswith("\r") else ""  # the other half of a line's end may come with the next piece
        *whole, rest = rest.removesuffix("\r").replace("\r", "\n").split("\n")
        yield from (line[: LONGEST + 1] for line in whole)
        rest = rest[: LONGEST + 1] + held
    yield from (line[: LONGEST + 1] for line in rest.replace("\r", "\n").split("\n"))
