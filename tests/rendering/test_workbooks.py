import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from promos.rendering import workbooks
from promos.rendering.sheets import Line, Sheet
from tests.rendering.test_sheets import FORMULAS, HARMLESS, OPENING, a_sheet


async def opened(sheet: Sheet, **how: Any) -> Any:
    content = b"".join([piece async for piece in workbooks.xlsx(sheet)])
    return openpyxl.load_workbook(io.BytesIO(content), **how)


@pytest.mark.parametrize("read_only", [False, True])
async def test_text_numbers_and_times_are_what_they_are(read_only: bool) -> None:
    book = await opened(a_sheet(("Ada <b>& Bo", 3, Decimal("999.50"), OPENING, None, "007")), read_only=read_only)

    [_, cells] = book.active.iter_rows()
    assert [cell.value for cell in cells] == ["Ada <b>& Bo", 3, 999.5, datetime(2026, 12, 3, 9), None, "007"]
    assert [cell.data_type for cell in cells] == ["s", "n", "n", "d", "n", "s"]
    assert book.sheetnames == ["Lecteurs"]


async def test_there_is_no_formula_in_it_whatever_was_typed() -> None:
    book = await opened(a_sheet(*((typed,) for typed in [*FORMULAS, *HARMLESS])))

    cells = [row[0] for row in book.active.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert all(cell.value.startswith("'") for cell in cells[: len(FORMULAS)])
    assert [cell.value or "" for cell in cells[len(FORMULAS) :]] == HARMLESS


async def test_a_title_is_one_that_a_tab_may_have() -> None:
    async def none() -> AsyncIterator[Sequence[Line]]:
        return
        yield

    book = await opened(Sheet("x", "Readers: [all] / of 'GenerationAI' & more and more and more", ["Name"], none()))

    assert book.sheetnames == ["Readers all  of Generati"]


async def test_rows_beyond_what_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)

    book = await opened(a_sheet(*((f"reader {number}", number) for number in range(5))))

    assert book.sheetnames == ["Lecteurs", "Lecteurs 2", "Lecteurs 3"]
    assert [[row[0].value for row in sheet.iter_rows()] for sheet in book] == [
        ["Nom", "reader 0", "reader 1"],
        ["Nom", "reader 2", "reader 3"],
        ["Nom", "reader 4"],
    ]


async def test_its_first_bytes_leave_before_its_last_row_is_read() -> None:
    read = []

    async def pieces() -> AsyncIterator[Sequence[Line]]:
        for number in range(200):
            read.append(number)
            yield [(str(number * 7919 % 1000 + each), each) for each in range(100)]

    coming = workbooks.xlsx(Sheet("x", "X", ["A", "B"], pieces()))
    first = await anext(coming)

    assert first.startswith(b"PK")
    assert len(read) < 200
    await coming.aclose()  # type: ignore[attr-defined]


async def test_who_stops_listening_leaves_nothing_behind() -> None:
    coming = workbooks.xlsx(a_sheet(("Ada", 1), ("Bo", 2)))
    await anext(coming)

    await coming.aclose()  # type: ignore[attr-defined]


async def test_it_is_packed_as_excel_reads_it() -> None:
    content = b"".join([piece async for piece in workbooks.xlsx(a_sheet(("Ada", 1)))])

    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        assert "[Content_Types].xml" in packed.namelist()
        assert all(each.extract_version <= 20 for each in packed.infolist())  # no ZIP64
