import re
from datetime import date
from xml.etree import ElementTree

import pytest

from promos.rendering.charts import Series, Step, days_svg, funnel_svg
from promos.rendering.language import language

ENGLISH = language("en")
SVG = "{http://www.w3.org/2000/svg}"
PATH = [Step("Visits", 1204), Step("Claims", 301), Step("Passes", 20), Step("Arrivals", 13)]


def test_a_funnel_tells_every_number_in_words_and_as_a_length() -> None:
    picture = _parsed(funnel_svg(PATH, ENGLISH, "From visit to arrival"))

    assert _texts(picture) == [
        *("Visits", "1,204"),
        *("Claims", "301 (25%)"),
        *("Passes", "20 (6.6%)"),
        *("Arrivals", "13 (65%)"),
    ]
    assert _widths(picture) == [100, 25, 1.66, 1.08]


def test_a_funnel_has_a_title_and_a_description_for_those_who_do_not_see_it() -> None:
    picture = _parsed(funnel_svg(PATH, ENGLISH, "From visit to arrival"))

    assert picture.attrib["role"] == "img"
    assert picture[0].tag == f"{SVG}title"
    assert picture[0].text == "From visit to arrival"
    assert picture.findtext(f"{SVG}desc") == "Visits: 1,204; Claims: 301 (25%); Passes: 20 (6.6%); Arrivals: 13 (65%)"


def test_letters_keep_their_size_however_wide_the_page_is() -> None:
    picture = _parsed(funnel_svg(PATH, ENGLISH, "x"))

    assert "viewBox" not in picture.attrib
    assert picture.attrib["width"] == "100%"
    assert float(picture.attrib["font-size"]) >= 14


def test_nothing_yet_is_a_funnel_of_zeros_without_bars_or_shares() -> None:
    picture = _parsed(funnel_svg([Step(step.label, 0) for step in PATH], ENGLISH, "x"))

    assert _widths(picture) == []
    assert _texts(picture)[1::2] == ["0", "0", "0", "0"]
    assert len(picture.findall(f"{SVG}rect[@class='track']")) == 4


def test_a_step_larger_than_the_one_before_has_no_share_and_the_largest_fills_the_width() -> None:
    picture = _parsed(funnel_svg([Step("Visits", 10), Step("Claims", 40)], ENGLISH, "x"))

    assert _texts(picture) == ["Visits", "10", "Claims", "40"]
    assert _widths(picture) == [25, 100]


def test_one_of_a_million_is_still_to_be_seen() -> None:
    assert _widths(_parsed(funnel_svg([Step("a", 1_000_000), Step("b", 1)], ENGLISH, "x"))) == [100, 0.5]


def test_an_empty_funnel_is_a_picture_too() -> None:
    assert _texts(_parsed(funnel_svg([], ENGLISH, "x"))) == []


def test_a_funnel_is_written_in_the_readers_language() -> None:
    assert "1\u202f204" in funnel_svg(PATH, language("fr"), "x")
    assert "6,6\xa0%" in funnel_svg(PATH, language("fr"), "x")


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"/><image href="x" onerror="alert(1)"/>', "{{7*7}} %(x)s"]
)
def test_labels_stay_words(hostile: str) -> None:
    drawn = funnel_svg([Step(hostile, 1)], ENGLISH, hostile)
    picture = _parsed(drawn)

    assert {node.tag.removeprefix(SVG) for node in picture.iter()} == {"svg", "title", "desc", "text", "rect"}
    assert _texts(picture)[0] == hostile
    assert not re.search(r"style=|<style|<script", drawn)  # a page's policy forbids them


def _parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def _texts(picture: ElementTree.Element) -> list[str]:
    return [node.text or "" for node in picture.iter(f"{SVG}text") if node.text]


def _widths(picture: ElementTree.Element) -> list[float]:
    return [
        float(bar.attrib["width"].rstrip("%")) for bar in picture.iter(f"{SVG}rect") if bar.attrib["class"] == "bar"
    ]


def test_what_nobody_knows_is_said_and_has_no_bar() -> None:
    picture = _parsed(funnel_svg([Step("Sent", None), Step("Visits", 10), Step("Claims", 5)], ENGLISH, "x"))

    assert _texts(picture) == ["Sent", "number not known", "Visits", "10", "Claims", "5 (50%)"]
    assert _widths(picture) == [100, 50]


def test_a_step_may_be_the_share_of_an_earlier_one() -> None:
    steps = [Step("Passes", 20), Step("Arrivals", 13), Step("No-shows", 7, of=20)]

    assert _texts(_parsed(funnel_svg(steps, ENGLISH, "x")))[-2:] == ["No-shows", "7 (35%)"]


DAYS = [date(2026, 11, day) for day in (20, 21, 24)]


def test_each_series_has_a_strip_with_its_total_and_its_highest_day_in_words() -> None:
    visits = Series("Visits", list(zip(DAYS, (1204, 300, 10), strict=True)))
    passes = Series("Passes", [(DAYS[1], 3)])

    picture = _parsed(days_svg([visits, passes, Series("Arrivals", [])], ENGLISH, "Day by day"))

    assert picture.attrib["role"] == "img"
    assert picture.findtext(f"{SVG}title") == "Day by day"
    assert picture.findtext(f"{SVG}desc") == (
        "Visits: 1,514; most on Fri 20 Nov 2026: 1,204; Passes: 3; most on Sat 21 Nov 2026: 3; Arrivals: 0"
    )
    assert [node.text for node in picture.iter(f"{SVG}text")][-2:] == ["Fri 20 Nov 2026", "Tue 24 Nov 2026"]
    lines = [node.attrib["d"] for node in picture.iter(f"{SVG}path") if node.attrib["class"] == "line"]
    assert len(lines) == 2
    assert lines[1] == "M0.00 100.00L20.00 100.00L20.00 0.00L40.00 0.00L40.00 100.00" + (
        "L60.00 100.00L60.00 100.00L80.00 100.00L80.00 100.00L100.00 100.00"
    )


def test_a_single_day_is_a_line_and_none_is_no_picture() -> None:
    assert 'd="M0.00 0.00L100.00 0.00"' in days_svg([Series("Visits", [(DAYS[0], 4)])], ENGLISH, "x")
    assert days_svg([Series("Visits", [])], ENGLISH, "x") == ""


def test_days_are_written_in_the_readers_language() -> None:
    assert "1\u202f204" in days_svg([Series("Visites", [(DAYS[0], 1204)])], language("fr"), "x")
