import io
import random
import tempfile
import zipfile

import openpyxl
import pytest
from openpyxl.xml import functions

from promos.parsing import Unreadable, tables, workbooks

NAMES = {"nom": "name", "name": "name", "début": "starts_at"}
PARTS = {
    "sheet": "xl/worksheets/sheet1.xml",
    "second": "xl/worksheets/sheet2.xml",
    "macros": "xl/vbaProject.bin",
    "shared": "xl/sharedStrings.xml",
    "styles": "xl/styles.xml",
    "book": "xl/workbook.xml",
    "types": "[Content_Types].xml",
}


def read(content: bytes) -> list[tuple[int, dict[str, str]]]:
    return [(row.line, dict(row.cells)) for row in tables.rows(io.BytesIO(content), NAMES)]


def a_workbook(*rows: tuple[object, ...]) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def repacked(content: bytes, **parts: bytes) -> bytes:
    """A workbook with other parts in it, by their names in `PARTS`."""
    told, file = {PARTS[name]: part for name, part in parts.items()}, io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in told:
                new.writestr(name, old.read(name))
        for name, part in told.items():
            new.writestr(name, part)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_is_read_whatever_wrote_it(encoding: str, mark: str) -> None:
    text = f'\r\nNom{mark}x{mark}Début\r\n"Fête\r\nd\'été"{mark}{mark}9 h\r\n\r\nb{mark}c\r\n'

    assert read(text.encode(encoding)) == [
        (3, {"name": "Fête\r\nd'été", "starts_at": "9 h"}),
        (6, {"name": "b", "starts_at": ""}),
    ]


def test_a_file_may_say_what_divides_its_columns() -> None:
    assert read(b"sep=;\nname;x,y\na,b;c\n") == [(3, {"name": "a,b"})]


def test_what_our_own_lists_mark_as_text_is_read_as_it_was() -> None:
    assert read(b"name\n'=1\n'tis\n") == [(2, {"name": "=1"}), (3, {"name": "'tis"})]


def test_a_file_that_is_partly_in_memory_is_read_too() -> None:
    with tempfile.SpooledTemporaryFile(max_size=4) as file:
        file.write(b"name\nAda\n")
        file.seek(0)
        assert [row.cells for row in tables.rows(file, NAMES)] == [{"name": "Ada"}]


def test_a_workbook_is_read_as_a_table_is() -> None:
    assert read(a_workbook(("Nom", "Début"), ("Fête", 3.0), (None, None), ("=1+1", True))) == [
        (2, {"name": "Fête", "starts_at": "3"}),
        (4, {"name": "", "starts_at": "yes"}),  # a formula that nobody ever worked out
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"foo,bar\n1,2\n", tables.NO_HEADS),
        (b"\x00\x01\x02\x03", tables.NO_TEXT),
        (b"name\nAda\nGr\x00ce\n", tables.NO_TEXT),
        (b'name\n"' + b"x" * 300_000, tables.NO_END),
        (b"PK\x03\x04 and nothing else", workbooks.NO_WORKBOOK),
        (repacked(a_workbook(("name",)), macros=b"Sub Auto_Open()"), workbooks.MACROS),
        (repacked(a_workbook(("name",)), sheet=b"<x>" + b"0" * 5_000_000), workbooks.TOO_LARGE),
        (repacked(a_workbook(("name",)), sheet=b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'), workbooks.NO_WORKBOOK),
        (repacked(a_workbook(("name",)), sheet=b"<worksheet><sheetData><row>"), workbooks.NO_WORKBOOK),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(content)

    assert str(refused.value) == why


def sharing_words() -> bytes:
    """A workbook as Excel writes it, in which cells share their words: *name*, *&j;* and *Ada*."""
    kinds = b"application/vnd.openxmlformats-officedocument.spreadsheetml"
    shared = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s.sharedStrings+xml"/></Types>' % kinds
    main = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    row = b'<row r="%d"><c t="s"><v>%d</v></c></row>'
    whole = a_workbook()
    return repacked(
        whole,
        types=part_of(whole, "types").replace(b"</Types>", shared),
        sheet=b"<worksheet %s><sheetData>%s%s</sheetData></worksheet>" % (main, row % (1, 0), row % (2, 2)),
        shared=b"<sst %s><si><t>name</t></si><si><t>&amp;j;</t></si><si><t>Ada</t></si></sst>" % main,
    )


def part_of(whole: bytes, part: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(whole)) as packed:
        return packed.read(PARTS[part])


LAUGHS = b"".join(
    b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 10 if name > ord("a") else b"name" * 10)
    for name in range(ord("a"), ord("j") + 1)
)
DECLARED = {
    "an entity": b'<!DOCTYPE x [<!ENTITY j "name">]>',
    "a file": b'<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/hostname">]>',
    "far down": b"<!-- " + bytes(range(33, 44)) * 1000 + b' --><!DOCTYPE x [<!ENTITY j "name">]>',
    "a billion laughs": b"<!DOCTYPE x [%s]>" % LAUGHS,
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED)
@pytest.mark.parametrize("part", ["sheet", "shared", "styles", "book", "types"])
@pytest.mark.timeout(5)
def test_a_workbook_has_no_words_of_its_own(part: str, declared: bytes, encoding: str) -> None:
    whole = sharing_words()
    rest = part_of(whole, part).decode().rpartition("?>")[2]
    text = f'<?xml version="1.0" encoding="{encoding}"?>{declared.decode()}{rest}'.replace("&amp;j;", "&j;")
    assert read(repacked(whole, **{part: text.replace(declared.decode(), "").replace("&j;", "j").encode(encoding)}))

    with pytest.raises(Unreadable) as refused:
        read(repacked(whole, **{part: text.encode(encoding)}))

    assert str(refused.value) == workbooks.NO_WORKBOOK


@pytest.mark.parametrize("part", ["shared", "styles", "book", "types", "elsewhere"])
@pytest.mark.timeout(5)
def test_a_part_that_is_in_memory_as_a_whole_is_not_too_long(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is called, and though it is packed as spreadsheets do."""
    whole = sharing_words()
    monkeypatch.setattr(workbooks, "MOST_SHARED", 25_000)
    monkeypatch.setattr(workbooks, "MOST_WHOLE", 20_000)
    assert read(whole) == [(2, {"name": "Ada"})]
    noise = b"<!-- %s -->" % random.Random(1).randbytes(15_000).hex().encode()
    if part == "elsewhere":
        elsewhere = part_of(whole, "types").replace(b"/xl/sharedStrings.xml", b"/xl/worksheets/sheet2.xml")
        long = repacked(whole, types=elsewhere, second=part_of(whole, "shared") + noise)
    else:
        long = repacked(whole, **{part: part_of(whole, part) + noise})

    with pytest.raises(Unreadable) as refused:
        read(long)

    assert str(refused.value) == workbooks.TOO_LARGE


def test_openpyxl_reads_with_what_refuses_entities() -> None:
    assert {each.__module__ for each in (functions.fromstring, functions.iterparse)} == {"defusedxml.common"}


def test_a_sheet_that_says_it_has_a_billion_rows_has_those_that_are_there() -> None:
    main = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rows = b'<row r="1"><c t="inlineStr"><is><t>name</t></is></c></row><row r="2"><c><v>7</v></c></row>'
    far = b'<row r="2000000000"><c><v>8</v></c></row>'
    sheet = b'<worksheet %s><dimension ref="A1:XFD1048576"/><sheetData>%s%s</sheetData></worksheet>' % (main, rows, far)

    assert read(repacked(a_workbook(("name",)), sheet=sheet)) == [(2, {"name": "7"})]
