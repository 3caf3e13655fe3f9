"""Lists as spreadsheets take them: CSV (RFC 4180) here, XLSX in `workbooks`; a piece at a time, never whole in memory.

Whoever opens one gets text and numbers and no formula, whatever a reader or a partner typed.
"""

import re
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

Cell = str | int | Decimal | datetime | None
Line = Sequence[Cell]

_FORMULA = frozenset("=+-@−")  # as NFKC writes the first sign, so full-width and small ones as well
_HARMLESS = re.compile(r"[0-9A-Za-z]")
_TO_QUOTE = re.compile(r'[",;\t\r\n]|^\s|\s$')  # by every mark that may divide columns: one may guess the wrong one
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 has no way to write them


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list on its way out. `name` is that of its file, `title` stands on the tab, `heads` above the columns.

    Rows come some at a time. Instants are written as the clocks of their own zone show them.
    """

    name: str
    title: str
    heads: Sequence[str]
    rows: AsyncIterable[Sequence[Line]]


async def csv(sheet: Sheet, *, for_excel: bool = False) -> AsyncIterator[bytes]:
    """UTF-8, commas, `\\r\\n`. `for_excel`: a mark of UTF-8 first, semicolons, decimal commas.

    That is what Excel opens with a double click where numbers have a decimal comma, as in France.
    """
    mark = ";" if for_excel else ","
    yield (b"\xef\xbb\xbf" if for_excel else b"") + line(sheet.heads, mark)
    async for some in sheet.rows:
        yield b"".join(line(row, mark) for row in some)


def plain(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula: an apostrophe before what could be one.

    Signs that are not seen do not hide one: blanks, tabs, zero-width marks, a byte order mark.
    """
    if not text or _HARMLESS.match(text):
        return _NO_TEXT.sub("", text)
    text = _NO_TEXT.sub("", text)
    for place, sign in enumerate(text):
        if sign in "\t\r\n":
            return f"'{text}"
        if sign.isspace() or unicodedata.category(sign) in {"Cf", "Cc", "Mn", "Me", "Co", "Cn"}:
            continue
        written = unicodedata.normalize("NFKC", text[place : place + 1])
        return f"'{text}" if written[:1].lstrip()[:1] in _FORMULA else text
    return text


def line(cells: Line, mark: str = ",") -> bytes:
    """One line of CSV."""
    return (mark.join(_written(cell, mark) for cell in cells) + "\r\n").encode()


def _written(cell: Cell, mark: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = plain(cell)
        return '"' + text.replace('"', '""') + '"' if _TO_QUOTE.search(text) else text
    if isinstance(cell, datetime):
        if cell.tzinfo is None:
            raise ValueError(f"an instant without a zone: {cell}")
        return cell.isoformat(sep=" " if mark == ";" else "T", timespec="seconds")
    if isinstance(cell, Decimal):
        return f"{cell:f}".replace(".", "," if mark == ";" else ".")
    return str(cell)
