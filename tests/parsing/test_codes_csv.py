"""Lists of codes, as spreadsheets and people write them."""

import io
from collections.abc import Iterator

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.parsing import Unreadable
from promos.parsing.codes_csv import LONGEST, of_workbook, rows


def read(content: bytes, size: int = 5) -> list[tuple[int, str, str]]:
    return [(row.line, row.code, row.limit) for row in rows(pieces(content, size))]


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


@pytest.mark.parametrize(
    "content",
    [
        "code,limit\nALPHA,5\nBETA,\n",
        "Code;Limite\r\nALPHA;5\r\nBETA;\r\n",
        "\ufefflimite;code promo\r\n5;ALPHA\r\n;BETA",
        "ALPHA\t5\rBETA\t\r",
        "\n"[1:] + '"CODE","Limit","Note"\n"ALPHA","5","for the ""VIPs"""\n"BETA","","x"\n',
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_same_list_is_read_however_it_was_written(content: str, size: int) -> None:
    assert [(code, limit) for _, code, limit in read(content.encode(), size)] == [("ALPHA", "5"), ("BETA", "")]


def test_lines_keep_their_numbers_with_a_head_and_blanks_between_them() -> None:
    assert read(b"code;limit\r\n\r\nALPHA;1\r\n;;\r\nBETA;2\r\n") == [(3, "ALPHA", "1"), (5, "BETA", "2")]


def test_a_list_without_a_head_has_the_code_first_and_perhaps_its_limit() -> None:
    assert read(b"ALPHA\nBETA\n") == [(1, "ALPHA", ""), (2, "BETA", "")]
    assert read(b"ALPHA;3\nBETA\n") == [(1, "ALPHA", "3"), (2, "BETA", "")]


@pytest.mark.parametrize("content", ["ÉTÉ".encode("utf-16-le"), b"A\x00B\n"])
@pytest.mark.parametrize("size", [1, 1000])
def test_what_is_no_list_is_unreadable(content: bytes, size: int) -> None:
    with pytest.raises(Unreadable):
        read(content, size)


@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_a_line_that_is_none_is_a_row_like_others(size: int) -> None:
    long = b"B" * (LONGEST + 500)
    lines = [b"ALPHA;1", long, b"\xc9T\xc9;1", *[b"GAMMA;2"] * 150, b"DEL\x00TA;1", long + b";1", b"LAST;3"]

    found = read(b"\r\n".join(lines), size)

    assert len(found) == len(lines)
    assert found[1] == (2, "B" * (LONGEST + 1), "")
    assert found[2] == (3, "\ufffdT\ufffd", "1")
    assert found[-3:] == [(154, "DEL\0TA;1", ""), (155, "B" * (LONGEST + 1), ""), (156, "LAST", "3")]


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_read_or_unreadable_whatever_the_pieces(content: bytes, size: int) -> None:
    def outcome(of: int) -> object:
        try:
            return read(content, of)
        except Unreadable:
            return Unreadable

    assert outcome(size) == outcome(1000)


def test_a_list_may_be_a_workbook_or_wide_text() -> None:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for cells in (("Limite", "Code promo"), (None, None), (3, "ADA-1"), (None, "BO-2")):
        book.active.append(cells)
    book.save(file)

    assert [(row.line, row.code, row.limit) for row in of_workbook(file)] == [(3, "ADA-1", "3"), (4, "BO-2", "")]
    assert read("code;limite\nADA-1;3\n".encode("utf-16")) == [(2, "ADA-1", "3")]
