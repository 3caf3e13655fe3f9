from xml.etree import ElementTree

from promos.rendering import comparisons
from promos.rendering.comparisons import Course
from promos.rendering.language import language
from promos.rules.funnels import Basis, Counts, Given, Sent

ENGLISH, FRENCH = language("en"), language("fr")
SVG = "{http://www.w3.org/2000/svg}"
COURSES = [Course("Days 2027", {21: 4, 19: 8}, 19), Course("Days 2026", {25: 10, 20: 20, 3: 50}, 0)]


def test_two_lines_are_told_apart_without_a_colour() -> None:
    picture = ElementTree.fromstring(comparisons.courses_svg(COURSES, ENGLISH, "Passes"))

    assert picture.findtext(f"{SVG}title") == "Passes"
    assert picture.findtext(f"{SVG}desc") == "Days 2027: 12; Days 2026: 80"
    drawn = [path for path in picture.iter(f"{SVG}path") if path.get("vector-effect") and path.get("stroke-width")]
    assert [path.get("stroke-dasharray") for path in drawn] == [None, "7 5"]
    assert len(list(picture.iter(f"{SVG}circle"))) > 1
    assert len(list(picture.iter(f"{SVG}rect"))) > 1
    assert [text.text for text in picture.iter(f"{SVG}text")][-2:] == ["25 days before", "the day it begins"]


def test_a_line_ends_where_nothing_is_known_yet() -> None:
    picture = ElementTree.fromstring(comparisons.courses_svg(COURSES, ENGLISH, "Passes"))

    mine, others = [path.get("d", "") for path in picture.iter(f"{SVG}path") if path.get("stroke-width")][2:]

    assert mine.endswith(f"{100 * 7 / 26:.2f} 85.00")
    assert others.endswith("100.00 0.00")


def test_nothing_is_drawn_of_nothing() -> None:
    assert comparisons.courses_svg([Course("Days", {}, 0)] * 2, ENGLISH, "Passes") == ""


def test_a_difference_from_nothing_and_from_what_is_not_known_is_a_dash() -> None:
    euros, francs = Basis("EUR", "included"), Basis("CHF", "included")
    here = Counts(visits=30, passes=3), Sent(1000, 1, 1), [Given(euros, 20000, 2)]
    there = Counts(visits=40), Sent(500, 1, 0), [Given(francs, 5000, 1)]

    rows = dict(comparisons.rows(here, there, FRENCH, are_over=False))

    assert rows["Visites"] == ["30", "40", "-25\xa0%"]
    assert rows["Laissez-passer"] == ["3", "0", "–"]
    assert [row[2] for name, row in rows.items() if "EUR" in name or name == "Envois"] == ["–"]
    assert [row[2] for name, row in rows.items() if "CHF" in name] == ["-100\xa0%"]
    assert next(iter(rows.values()))[2] == "–"
