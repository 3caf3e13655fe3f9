"""The report of an event as a file: one page of A4. The same values at the same time are the same bytes."""

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from promos.rendering import charts
from promos.rendering.charts import Bar, Strip
from promos.rendering.reports import Report, Table

if TYPE_CHECKING:
    from fpdf import FPDF

FONT = "Source Sans"
LEFT, TOP, WIDTH, BOTTOM = 16.0, 14.0, 178.0, 284.0  # mm
GAP = 10.0  # between the two pictures
INK, SOFT, LINE, WASH, ACCENT = (24, 27, 38), (86, 91, 110), (208, 211, 220), (236, 239, 247), (33, 70, 160)
ROW = 6.2  # at most, where there is room


def pdf(report: Report) -> bytes:
    """Takes a while (fonts are cut to what is written): not for the loop that answers."""
    sheet = _sheet(report)
    _head(sheet, report)
    _figures(sheet, report.figures)
    top, half = sheet.get_y(), (WIDTH - GAP) / 2
    ends = [_funnel(sheet, charts.bars(report.steps, report.language), LEFT, top, half)]
    strips, days = charts.strips(report.days, report.language)
    ends.append(_days(sheet, strips, days, LEFT + half + GAP, top, half))
    sheet.set_y(max(ends) + 4)
    tables = [table for table in (report.lines, report.money) if table.rows]
    notes = " ".join(report.notes)
    row = _row_height(sheet, tables, notes)
    for table in tables:
        _table(sheet, table, row)
    _type(sheet, 8, SOFT)
    sheet.multi_cell(WIDTH, 3.8, notes, align="L")
    return bytes(sheet.output())


def _sheet(report: Report) -> "FPDF":
    from fpdf import FPDF  # here, for it is half a second of every start

    sheet = FPDF("P", "mm", "A4")
    sheet.set_auto_page_break(False)
    sheet.set_margins(LEFT, TOP, LEFT)
    sheet.c_margin = 0
    for style, cut in (("", "Regular"), ("B", "Semibold")):
        sheet.add_font(FONT, style, str(files("font_source_sans_pro") / "files" / f"SourceSansPro-{cut}.ttf"))
    sheet.set_title(report.title)
    sheet.set_author(report.organiser)
    sheet.set_lang(report.language.code)
    sheet.set_creation_date(report.made_at)
    sheet.add_page()
    return sheet


def _head(sheet: "FPDF", report: Report) -> None:
    size = 20.0
    _type(sheet, size, INK, "B")
    while sheet.get_string_width(report.title) > WIDTH and size > 11:
        size -= 0.5
        sheet.set_font_size(size)
    _line(sheet, _cut(sheet, report.title, WIDTH), 10)
    _type(sheet, 11, SOFT)
    _line(sheet, _cut(sheet, report.about, WIDTH), 5.5)
    _type(sheet, 9, SOFT)
    _line(sheet, _cut(sheet, f"{report.organiser} · {report.as_of}", WIDTH), 5)
    sheet.set_y(sheet.get_y() + 4)


def _figures(sheet: "FPDF", figures: Sequence[tuple[str, str]]) -> None:
    x, y = LEFT, sheet.get_y()
    for number, words in figures:
        _type(sheet, 27, INK, "B")
        width = sheet.get_string_width(number)
        sheet.text(x, y + 8.5, number)
        _type(sheet, 10, SOFT)
        sheet.text(x, y + 14, words)
        x += max(width, sheet.get_string_width(words)) + 12
    sheet.set_y(y + 20)


def _funnel(sheet: "FPDF", bars: Sequence[Bar], x: float, y: float, width: float) -> float:
    """Where it ends."""
    for bar in bars:
        _labelled(sheet, bar.label, bar.said, x, y, width)
        sheet.set_draw_color(*LINE)
        sheet.set_fill_color(*WASH)
        sheet.rect(x, y + 5, width, 3.6, "DF")
        if bar.width:
            sheet.set_fill_color(*ACCENT)
            sheet.rect(x, y + 5, width * bar.width / 100, 3.6, "F")
        y += 13
    return y


def _days(sheet: "FPDF", strips: Sequence[Strip], days: Sequence[str], x: float, y: float, width: float) -> float:
    for strip in strips:
        _labelled(sheet, strip.label, strip.said, x, y, width)
        _type(sheet, 7.5, SOFT)
        sheet.text(x, y + 7, strip.most)
        step, floor = width / len(strip.heights), y + 18.5
        sheet.set_fill_color(*ACCENT)
        for place, height in enumerate(strip.heights):
            if height:
                sheet.rect(x + place * step, floor - height / 10, step, height / 10, "F")
        sheet.set_draw_color(*LINE)
        sheet.line(x, floor, x + width, floor)
        y += 22.5
    if days:
        _type(sheet, 7.5, SOFT)
        sheet.text(x, y - 0.5, days[0])
        sheet.text(x + width - sheet.get_string_width(days[1]), y - 0.5, days[1])
        y += 3
    return y


def _row_height(sheet: "FPDF", tables: Sequence[Table], notes: str) -> float:
    """So that everything below ends on this page, however many rows there are."""
    _type(sheet, 8, SOFT)
    said: Any = sheet.multi_cell(WIDTH, 3.8, notes, dry_run=True, output="HEIGHT")
    room: float = BOTTOM - sheet.get_y() - said - 9 * len(tables)
    return min(ROW, room / max(1, sum(len(table.rows) + 1 for table in tables)))


def _table(sheet: "FPDF", table: Table, row: float) -> None:
    """The first column is words and takes what the numbers leave."""
    size = min(9.5, row * 1.9)
    _type(sheet, 9, SOFT)
    _line(sheet, table.title, 5)
    widths = _widths(sheet, table, size)
    for place, cells in enumerate((table.heads, *table.rows)):
        y = sheet.get_y()
        x = LEFT
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            _type(sheet, size, INK if place else SOFT, "" if place and column else "B")
            sheet.set_xy(x, y)
            sheet.cell(width, row, _cut(sheet, cell, width - 1), align="R" if column else "L")
            x += width
        sheet.set_draw_color(*LINE)
        sheet.line(LEFT, y + row, LEFT + WIDTH, y + row)
        sheet.set_xy(LEFT, y + row)
    sheet.set_y(sheet.get_y() + 4)


def _widths(sheet: "FPDF", table: Table, size: float) -> list[float]:
    """Each column of numbers as wide as what stands in it, and a share of what is left; the words have the rest."""
    _type(sheet, size, INK, "B")
    columns = list(zip(table.heads, *table.rows, strict=True))[1:]
    needed = [max(map(sheet.get_string_width, column)) + 2 for column in columns]
    spare = max(0.0, (WIDTH * 0.7 - sum(needed)) / len(needed))
    numbers = [width + spare for width in needed]
    return [max(WIDTH - sum(numbers), WIDTH * 0.15), *numbers]


def _labelled(sheet: "FPDF", label: str, said: str, x: float, y: float, width: float) -> None:
    _type(sheet, 9.5, INK)
    sheet.text(x, y + 3.4, label)
    _type(sheet, 9.5, INK, "B")
    sheet.text(x + width - sheet.get_string_width(said), y + 3.4, said)


def _type(sheet: "FPDF", size: float, color: tuple[int, int, int], style: str = "") -> None:
    sheet.set_font(FONT, style, size)
    sheet.set_text_color(*color)


def _line(sheet: "FPDF", text: str, height: float) -> None:
    sheet.cell(WIDTH, height, text, new_x="LMARGIN", new_y="NEXT")


def _cut(sheet: "FPDF", text: str, width: float) -> str:
    """As much of `text` as has room, with a mark where it was cut."""
    text = sheet.normalize_text(text)
    if sheet.get_string_width(text) <= width:
        return text
    while text and sheet.get_string_width(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
