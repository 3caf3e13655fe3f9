"""Workbooks (XLSX) that somebody sends: looked at before anything of them is unpacked, then read row by row."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any

import openpyxl

from promos.parsing import Unreadable, unmarked
from promos.rules.language import N_

IS_ZIP = b"PK\x03\x04"
MOST_ROWS = 1_048_576  # of a sheet, as Excel has them
MOST_COLUMNS = 200
MOST_PARTS = 500
MOST_BYTES = 1 << 29  # of the parts, unpacked: a million rows of ten columns
MOST_SHARED = 1 << 25  # of the words that cells share, which are all in memory at once
MOST_PACKED = 200  # times smaller than it was: what spreadsheets write is rarely a fifth of that
NO_WORKBOOK = N_("This workbook cannot be read. Save it as XLSX, or as CSV.")
MACROS = N_("This workbook has macros. Save it without them, as XLSX.")
TOO_LARGE = N_("This workbook is too large when it is unpacked. Bring it in parts, or as CSV.")
_HEAD = 4096  # bytes, in which an XML file declares what it means by its own words


def rows(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet as text, as many columns as `MOST_COLUMNS`; raises `Unreadable`.

    Of a formula, the value that it had when the workbook was saved.
    """
    _look(file)
    try:
        book: Any = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what it says of its size may be anything
        found = sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS, values_only=True)
        for number, row in enumerate(found, 1):
            cells = [_text(value) for value in row]
            if any(cells):
                yield number, cells
    except Unreadable:
        raise
    except Exception:  # whatever a broken one makes the library stumble over
        raise Unreadable(NO_WORKBOOK) from None


def _look(file: IO[bytes]) -> None:
    """Raise `Unreadable` for what is no workbook, brings programs along, or would not fit when it is unpacked."""
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
            names = {part.filename.lower() for part in parts}
            if not any(name.endswith("workbook.xml") for name in names):
                raise Unreadable(NO_WORKBOOK)
            if any("vba" in name or (name.endswith(".bin") and "macro" in name) for name in names):
                raise Unreadable(MACROS)
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
                raise Unreadable(TOO_LARGE)
            for part in parts:
                is_bomb = part.file_size > _HEAD and part.file_size > MOST_PACKED * max(part.compress_size, 1)
                is_shared = part.filename.lower().endswith("sharedstrings.xml") and part.file_size > MOST_SHARED
                if is_bomb or is_shared:
                    raise Unreadable(TOO_LARGE)
                if part.filename.lower().endswith((".xml", ".rels")):
                    with packed.open(part) as inside:
                        if b"<!" in inside.read(_HEAD).replace(b"<!--", b""):
                            raise Unreadable(NO_WORKBOOK)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(NO_WORKBOOK) from None
    file.seek(0)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")
    if isinstance(value, date | time):
        return value.isoformat()
    return unmarked(str(value).strip())
