"""Lists of codes as spreadsheets write them: UTF-8 with or without a mark, commas or semicolons, any line ends."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from promos.parsing import Unreadable

HEADS = {
    "code": "code", "codes": "code", "promo code": "code", "code promo": "code", "mot": "code", "word": "code",
    "limit": "limit", "limite": "limit", "passes": "limit", "passe": "limit", "laissez-passer": "limit",
}  # fmt: skip
LONGEST = 1000  # characters of a line: no code and no limit is as long


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list, as it was typed. `line` counts from 1."""

    line: int
    code: str
    limit: str


def rows(chunks: Iterable[bytes]) -> Iterator[Row]:
    """The rows of a list that comes in pieces, blank lines and the head left out; raises `Unreadable`.

    Columns are found by their names, in English or French; without a head, the code is the first and its limit the
    second. What divides them is told by the first line.
    """
    places: dict[str, int] | None = None
    mark = ","
    for number, line in _lines(chunks):
        if not line.strip(" \t;,"):
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
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=mark))]
    except (csv.Error, StopIteration):
        raise Unreadable("a line cannot be divided into its columns") from None


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, whether they end in `\\n`, `\\r\\n` or `\\r`."""
    for number, line in enumerate(_split(chunks), 1):
        if len(line) > LONGEST or "\x00" in line:
            raise Unreadable("a line is longer than any code")
        yield number, line


def _split(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    try:
        for chunk in chunks:
            rest = (rest + decoder.decode(chunk)).replace("\r\n", "\n")
            held = "\r" if rest.endswith("\r") else ""  # the other half of a line's end may come with the next piece
            *whole, rest = rest.removesuffix("\r").replace("\r", "\n").split("\n")
            yield from whole
            rest += held
            if len(rest) > LONGEST + 1:
                break
        rest += decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Unreadable("this is not UTF-8") from None
    yield from rest.replace("\r", "\n").split("\n")
