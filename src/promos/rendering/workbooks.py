"""A list as a workbook (XLSX, ISO/IEC 29500): its first bytes leave before its last row is read.

`docs/decisions/0015-sheets-are-written-here-and-read-by-openpyxl.md` says why this is not left to a library.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from html import escape
from typing import IO

from promos.rendering import zips
from promos.rendering.sheets import Cell, Line, Sheet, plain
from promos.rendering.zips import Pipe

MOST_ROWS = 1_048_576  # of a sheet; what is more goes on in the next one
MOST_BYTES = 1 << 30  # of a sheet before it is packed: beyond twice as much, Excel would ask for another kind of ZIP
LONGEST = 32_767  # characters of a cell
_BEGIN = datetime(1899, 12, 30)  # noqa: DTZ001 -- day 0 of a spreadsheet, on no clock of the world
_NOT_IN_TITLES = str.maketrans("", "", "[]:*?/\\'")
_TAKEN_FOR_A_SIGN = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_STYLES = (  # 0: as it is; 1: a head; 2: an instant
    f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm"/>'
    '</numFmts><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/>'
    '<xf xfId="0" numFmtId="164" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_END = "</sheetData></worksheet>"


async def xlsx(sheet: Sheet) -> AsyncIterator[bytes]:
    """Text stays text, numbers are numbers, instants are times on the clocks of their own zone."""
    out = Pipe()
    book = _Book(out, sheet.title, sheet.heads)
    try:
        async for some in sheet.rows:
            await asyncio.to_thread(book.add, some)  # packing takes longer than reading
            if piece := out.taken():
                yield piece
    finally:
        book.close()
    yield out.taken()


class _Book:
    """Sheets of one list, as many as it needs. What tells of them comes last: only then their number is known."""

    def __init__(self, out: Pipe, title: str, heads: Sequence[str]) -> None:
        self._zip = zips.into(out)
        self._title = title.translate(_NOT_IN_TITLES).strip()[:24] or "-"
        self._heads = heads
        self._sheets = 0
        self._open()

    def add(self, rows: Sequence[Line]) -> None:
        while rows:
            if self._rows == MOST_ROWS or self._bytes > MOST_BYTES:
                self._here.write(_END.encode())
                self._here.close()
                self._open()
            some, rows = rows[: MOST_ROWS - self._rows], rows[MOST_ROWS - self._rows :]
            self._write("".join(f"<row>{''.join(map(_cell, row))}</row>" for row in some))
            self._rows += len(some)

    def close(self) -> None:
        self._here.write(_END.encode())
        self._here.close()
        numbers = range(1, self._sheets + 1)
        sheets = "".join(f'<sheet name="{self._named(each)}" sheetId="{each}" r:id="r{each}"/>' for each in numbers)
        its = "".join(_relation(f"r{each}", "worksheet", f"worksheets/sheet{each}.xml") for each in numbers)
        parts = {
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": _relations(its + _relation("styles", "styles", "styles.xml")),
            "_rels/.rels": _relations(_relation("book", "officeDocument", "xl/workbook.xml")),
            "[Content_Types].xml": _types([f"worksheets/sheet{each}" for each in numbers]),
        }
        for name, content in parts.items():
            self._zip.writestr(name, _XML + content)
        self._zip.writestr("xl/styles.xml", _STYLES)
        self._zip.close()

    def _open(self) -> None:
        self._sheets += 1
        self._here: IO[bytes] = self._zip.open(f"xl/worksheets/sheet{self._sheets}.xml", "w")
        self._rows, self._bytes = 1, 0
        widths = "".join(
            f'<col min="{place}" max="{place}" width="{min(40, max(14, len(head) + 4))}" customWidth="1"/>'
            for place, head in enumerate(self._heads, 1)
        )
        heads = "".join(_text(head, style=' s="1"') for head in self._heads)
        self._write(
            f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            f"<cols>{widths}</cols><sheetData><row>{heads}</row>"
        )

    def _write(self, xml: str) -> None:
        data = xml.encode()
        self._bytes += len(data)
        self._here.write(data)

    def _named(self, number: int) -> str:
        return escape(self._title if number == 1 else f"{self._title} {number}")


def _cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, str):
        return _text(cell)
    if isinstance(cell, datetime):
        if cell.tzinfo is None:
            raise ValueError(f"an instant without a zone: {cell}")
        days = (cell.replace(tzinfo=None, microsecond=0) - _BEGIN).total_seconds() / 86400
        return f'<c s="2"><v>{days}</v></c>'
    return f"<c><v>{cell}</v></c>"


def _text(text: str, style: str = "") -> str:
    text = _TAKEN_FOR_A_SIGN.sub("_x005F_", plain(text)[:LONGEST]).replace("\r\n", "\n").replace("\r", "\n")
    return f'<c{style} t="inlineStr"><is><t xml:space="preserve">{escape(text, quote=False)}</t></is></c>'


def _relation(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _relations(inside: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _types(sheets: Sequence[str]) -> str:
    kinds = [("workbook", "sheet.main"), ("styles", "styles"), *((sheet, "worksheet") for sheet in sheets)]
    parts = "".join(f'<Override PartName="/xl/{name}.xml" ContentType="{_KIND}.{kind}+xml"/>' for name, kind in kinds)
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f"{parts}</Types>"
    )
