"""Lists of codes as spreadsheets write them: UTF-8 with or without a mark, commas or semicolons, any line ends."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from promos.parsing import Unreadable

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

    Columns are found by their names, in English or French; without a head, the code is the first and its limit the
    second. What divides them is told by the first line. A line that has no columns, for its length or its letters, is
    a row whose code is all of it.
    """
    places: dict[str, int] | None = None
    mark = ","
    for number, line in enumerate(_lines(_text(chunks)), 1):
        if not line.strip(" \t;,"):
            continue
        if len(line) > LONGEST or "\x00" in line:
            yield Row(number, line, "")
            continue
        if places is None:
            mark = max(",;\t", key=line.count) if any(each in line for each in ",;\t") else ","
            cells = _cells(line, mark)
            heads = [HEADS.get(cell.casefold()) for cell in cells]
            places = {"code": 0, "limit": 1}
            if "code" in heads:
                places = {"code": heads.index("code"), "limit": heads.index("limit") if "limit" in heads else -1}
                continue
        cells = _cells(line, mark)
        code, limit = (cells[place] if 0 <= place < len(cells) else "" for place in (places["code"], places["limit"]))
        yield Row(number, code, limit)


def _cells(line: str, mark: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=mark))]


def _text(chunks: Iterable[bytes]) -> Iterator[str]:
    """The list as text. A letter in another encoding than UTF-8 stays a sign that no code has."""
    pieces = iter(chunks)
    head = b""
    while len(head) < HEAD and (piece := next(pieces, b"")):
        head += piece
    if b"\x00" in head[:HEAD]:
        raise Unreadable("this is no text in UTF-8")
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
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
