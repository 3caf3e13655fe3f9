"""The report as a file: one page of A4, whatever stands in it, and the same bytes for the same values."""

import re
import subprocess
import zlib
from dataclasses import replace
from datetime import date, timedelta
from shutil import which

import pytest

from promos.rendering.charts import Series, Step
from promos.rendering.language import language
from promos.rendering.report_files import pdf
from promos.rendering.reports import Report, Table
from tests.world import NOW

ENGLISH = language("en")
DAYS = [(date(2026, 11, 20) + timedelta(days=number), 3 * number + 1) for number in range(12)]


def a_report(rows: int = 3, bases: int = 1, code: str = "en", event: str = "GenerationAI 2026") -> Report:
    return Report(
        event=event,
        about="Wed 9 Dec 2026 · Palais, Paris",
        organiser="Zephyr Events SAS",
        timezone="Europe/Paris",
        made_at=NOW,
        figures=[("1,204", "passes out"), ("801", "arrived"), ("403", "did not come")],
        steps=[
            Step("Sent", 12000),
            Step("Visits", 4000),
            Step("Claims", 1300),
            Step("Passes", 1204),
            Step("Arrivals", 801),
        ],
        days=[Series(word, DAYS) for word in ("Visits", "Claims", "Passes", "Arrivals")],
        lines=Table("In numbers", ["Code", "Visits", "Passes"], [[f"WORD{n}", "4,000", "1,204"] for n in range(rows)]),
        money=Table(
            "Given away",
            ["Basis", "Given away", "An arrival"],
            [[f"EUR {n}", "€1,202,796", "€1,501.62"] for n in range(bases)],
        ),
        notes=["A visit is a look at a code’s page by a person.", "An arrival carries what was given to others, too."],
        language=language(code),
    )


@pytest.mark.parametrize(
    "report", [a_report(), a_report(rows=9, bases=14), a_report(event="W" * 200, code="fr"), a_report(0, 0)]
)
def test_whatever_stands_in_it_is_one_page_of_a4(report: Report) -> None:
    file = pdf(report)

    assert file.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", file)) == 1
    [box] = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", file)
    assert [round(float(side)) for side in box] == [595, 842]


def test_the_same_values_at_the_same_time_are_the_same_bytes() -> None:
    assert pdf(a_report()) == pdf(a_report())
    assert pdf(a_report()) != pdf(replace(a_report(), made_at=NOW + timedelta(minutes=1)))


@pytest.mark.skipif(which("pdftotext") is None, reason="no pdftotext on this machine")
def test_the_heads_of_numbers_have_the_room_they_need() -> None:
    heads = ["Devise et TVA", "Offert", "Laissez-passer", "Par laissez-passer", "Arrivées", "Par arrivée"]
    row = ["EUR, TTC (20 %)", "1 202 796 €", "1 204", "999 €", "801", "1 501,62 €"]
    report = replace(a_report(code="fr"), money=Table("Offert", heads, [row]))

    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf(report), capture_output=True, check=True).stdout

    assert "…" not in text.decode()
    assert "Par laissez-passer" in text.decode()


@pytest.mark.skipif(which("pdftotext") is None, reason="no pdftotext on this machine")
@pytest.mark.parametrize("code", ["en", "fr"])
def test_its_words_and_numbers_can_be_read_back(code: str) -> None:
    report = a_report(code=code)

    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf(report), capture_output=True, check=True).stdout

    said = re.sub(r"\s+", " ", text.decode())
    for words in ("1,204 801 403", report.title, "Zephyr Events SAS", "WORD0", "WORD2", "€1,501.62", *report.notes):
        assert re.sub(r"\s+", " ", words) in said


def test_what_is_drawn_stays_on_the_page() -> None:
    """Every text stands above the lower edge, however many rows there are."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf(a_report(rows=9, bases=14)), re.DOTALL)
    drawn = next(text for each in streams if b" Td" in (text := _inflated(each)))

    heights = [float(y) for y in re.findall(rb"BT [\d.]+ (-?[\d.]+) Td", drawn)]
    assert len(heights) > 50
    assert min(heights) > 20


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""
