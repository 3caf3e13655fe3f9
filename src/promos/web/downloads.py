"""A list as a file for who asked for it. It is written while it is read, so nothing of it ever lies at an address."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

from litestar.response import Stream

from promos.rendering import sheets, workbooks
from promos.rendering.sheets import Sheet

Kind = Literal["csv", "csv-excel", "xlsx"]  # csv-excel: as Excel opens it where numbers have a decimal comma

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(sheet: Sheet, kind: Kind) -> Any:
    """The whole list, from its first row on as it is read."""
    pieces = WRITTEN[kind](sheet)
    is_csv = kind != "xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{sheet.name}.{"csv" if is_csv else "xlsx"}"'}
    return Stream(pieces, media_type=CSV if is_csv else XLSX, headers=headers)


WRITTEN: dict[Kind, Callable[[Sheet], AsyncIterator[bytes]]] = {
    "csv": sheets.csv,
    "csv-excel": lambda sheet: sheets.csv(sheet, for_excel=True),
    "xlsx": workbooks.xlsx,
}
