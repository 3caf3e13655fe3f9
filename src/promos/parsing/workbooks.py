"""Workbooks (XLSX) that somebody sends: looked at before anything of them is unpacked, then read row by row."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any

from openpyxl.reader.excel import SHARED_STRINGS, ExcelReader

from promos.parsing import Unreadable, unmarked
from promos.rules.language import N_

IS_ZIP = b"PK\x03\x04"
MOST_ROWS = 1_048_576  # of a sheet, as Excel has them
MOST_COLUMNS = 200
MOST_PARTS = 500
MOST_BYTES = 1 << 29  # of the parts, unpacked: a million rows of ten columns
MOST_SHARED = 1 << 25  # of the words that cells share, which are all in memory at once
MOST_WHOLE = 1 << 23  # of any other part that is read at once: all but the sheets
MOST_PACKED = 200  # times smaller than it was: what spreadsheets write is rarely a fifth of that
NO_WORKBOOK = N_("This workbook cannot be read. Save it as XLSX, or as CSV.")
MACROS = N_("This workbook has macros. Save it without them, as XLSX.")
TOO_LARGE = N_("This workbook is too large when it is unpacked. Bring it in parts, or as CSV.")
_SMALL = 4096  # bytes, that may be packed as well as they like


def rows(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet as text, as many columns as `MOST_COLUMNS`; raises `Unreadable`.

    Of a formula, the value that it had when the workbook was saved. Words that the XML declares for itself (entities)
    are refused by defusedxml, with which openpyxl reads where it is installed.
    """
    _look(file)
    try:
        book = _book(file)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what it says of its size may be anything
        found = sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS, values_only=True)
        for number, row in enumerate(found, 1):
            cells = [_text(value) for value in row]
            if any(cells):
                yield number, cells
    except _TooLarge:
        raise Unreadable(TOO_LARGE) from None
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
                if part.file_size > _SMALL and part.file_size > MOST_PACKED * max(part.compress_size, 1):
                    raise Unreadable(TOO_LARGE)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(NO_WORKBOOK) from None
    file.seek(0)


class _TooLarge(Exception):  # noqa: N818 -- a state
    """A part that would be in memory as a whole is longer than any that spreadsheets write."""


class _Packed(zipfile.ZipFile):
    """A part is read at once only if it is short, whatever it is called; a sheet is opened, and read by the row."""

    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        self.fits(name, MOST_WHOLE)
        return super().read(name, pwd)

    def fits(self, name: str | zipfile.ZipInfo, most: int) -> None:
        part = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if part.file_size > most:
            raise _TooLarge


class _Reader(ExcelReader):  # type: ignore[misc]
    def read_strings(self) -> None:
        if shared := self.package.find(SHARED_STRINGS):
            self.archive.fits(shared.PartName[1:], MOST_SHARED)
        super().read_strings()

    def read_chartsheet(self, sheet: Any, rel: Any) -> None:
        """There is no table in it."""


def _book(file: IO[bytes]) -> Any:
    reader = _Reader(file, read_only=True, data_only=True, keep_links=False)
    reader.archive = _Packed(file)
    reader.read()
    return reader.wb


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
