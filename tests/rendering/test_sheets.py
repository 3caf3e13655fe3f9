import csv
import io
import unicodedata
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rendering import sheets
from promos.rendering.sheets import Line, Sheet, plain

PARIS = ZoneInfo("Europe/Paris")
OPENING = datetime(2026, 12, 3, 9, tzinfo=PARIS)
FORMULAS = [
    '=HYPERLINK("https://evil.example","x")',
    "+33 1 23",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\rx",
    "\nx",
    "  =1",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
    "\u2060 \u00ad=1",
    "\x00=1",
    "\x1f=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "﹦1",
    "﹣1",
    "−1",
    "⁼1",
    "\u3000＝1",
    "\ue000=1",
]
HARMLESS = ["", "Ada", "a=b", "éléphant", "“=1”", "12 rue de la Paix", "a-b", "（=1）", "#N/A", "日本", "'"]


def a_sheet(*rows: Line, heads: Sequence[str] = ("Nom", "Prix")) -> Sheet:
    async def pieces() -> AsyncIterator[Sequence[Line]]:
        for row in rows:
            yield [row]

    return Sheet("lecteurs", "Lecteurs", heads, pieces())


async def read(pieces: AsyncIterator[bytes]) -> str:
    return b"".join([piece async for piece in pieces]).decode()


@pytest.mark.parametrize("typed", FORMULAS)
def test_what_could_be_a_formula_is_marked_as_text(typed: str) -> None:
    assert plain(typed).startswith("'")


@pytest.mark.parametrize("typed", HARMLESS)
def test_what_cannot_be_one_stays_as_it_was_typed(typed: str) -> None:
    assert plain(typed) == typed


@given(st.text())
def test_no_text_at_all_begins_a_formula(typed: str) -> None:
    shown = plain(typed)
    seen = "".join(sign for sign in shown if not sign.isspace() and unicodedata.category(sign)[0] != "C")

    assert not unicodedata.normalize("NFKC", seen[:1]).lstrip().startswith(("=", "+", "-", "@", "−"))
    assert not any(ord(sign) < 32 and sign not in "\t\r\n" for sign in shown)
    shown.encode()


async def test_a_list_is_what_any_reader_of_csv_makes_of_it() -> None:
    rows = [('Ada, "la" première\r\nseconde ligne', 3), ("a;b", None), (" x ", Decimal("999.00"))]

    text = await read(sheets.csv(a_sheet(*rows)))

    assert text.startswith("Nom,Prix\r\n")
    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == [
        ['Ada, "la" première\r\nseconde ligne', "3"],
        ["a;b", ""],
        [" x ", "999.00"],
    ]


async def test_a_cell_holds_together_whatever_divides_the_columns() -> None:
    text = await read(sheets.csv(a_sheet(("a;=1+1", "b\t=1"))))

    assert '"a;=1+1","b\t=1"' in text


async def test_excel_in_french_gets_a_mark_semicolons_and_decimal_commas() -> None:
    text = await read(sheets.csv(a_sheet(("Été", Decimal("999.50"), OPENING)), for_excel=True))

    assert text == "\ufeffNom;Prix\r\nÉté;999,50;2026-12-03 09:00:00+01:00\r\n"


async def test_a_time_is_written_on_the_clock_of_its_zone() -> None:
    assert "2026-12-03T09:00:00+01:00" in await read(sheets.csv(a_sheet((OPENING,))))
    with pytest.raises(ValueError, match="without a zone"):
        await read(sheets.csv(a_sheet((datetime(2026, 12, 3),))))


async def test_the_heads_are_no_formulas_either() -> None:
    assert (await read(sheets.csv(a_sheet(heads=("=1",))))).startswith("'=1")
