"""Two events side by side: their numbers with the difference, and the lines of their passes."""

from collections.abc import Mapping
from dataclasses import dataclass

from promos.rendering import results
from promos.rendering.jinja import render
from promos.rendering.language import Language
from promos.rules import comparisons
from promos.rules.funnels import Counts, Given, Sent

MARKS = 8  # along the whole width
Row = tuple[str, list[str]]


@dataclass(frozen=True, slots=True)
class Course:
    """`counts` by the days that were left. `until`: up to how many of them it is known."""

    label: str
    counts: Mapping[int, int]
    until: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """`path` in a field of 100 x 100; `marks` in percent of it."""

    label: str
    said: str
    path: str
    marks: list[tuple[float, float]]


def rows(
    here: tuple[Counts, Sent, list[Given]],
    there: tuple[Counts, Sent, list[Given]],
    language: Language,
    *,
    are_over: bool,
) -> list[Row]:
    """A row for each number: here, there, the difference; money in each currency and VAT basis by itself."""
    said = language.gettext
    (mine, sent, given), (others, sent_there, given_there) = here, there
    names = {**results.COLUMNS, **({"no_shows": results.NO_SHOWS} if are_over else {})}
    found = [(said(word), pair(getattr(mine, name), getattr(others, name), language)) for name, word in names.items()]
    if any(each.told or each.untold for each in (sent, sent_there)):
        sent_here, sent_then = (None if each.untold else each.known for each in (sent, sent_there))
        cells = [results.recipients(each, language) for each in (sent, sent_there)]
        found.insert(0, (said(results.SENT), [*cells, difference(sent_here, sent_then, language)]))
    sums, sums_there = ({each.basis: each.amount for each in one} for one in (given, given_there))
    for basis in dict.fromkeys((*sums, *sums_there)):
        amounts = sums.get(basis, 0), sums_there.get(basis, 0)
        label = f"{said(results.GIVEN)}, {basis.currency}, {results.vat(basis, language)}"
        cells = [results.money(amount, basis, language) for amount in amounts]
        found.append((label, [*cells, difference(*amounts, language)]))
    return found


def pair(here: int, there: int, language: Language) -> list[str]:
    return [language.number(here), language.number(there), difference(here, there, language)]


def difference(here: int | None, there: int | None, language: Language) -> str:
    """`+12.5%`; a dash where there is nothing to take a share of."""
    share = comparisons.difference(here, there)
    return "–" if share is None else f"{'+' if share > 0 else ''}{language.percent(share)}"


def distance(left: int, language: Language) -> str:
    """`19 days before`, `the day it begins`."""
    if left == 0:
        return language.gettext("the day it begins")
    count = abs(left)
    if left > 0:
        return language.ngettext("%(count)s day before", "%(count)s days before", count) % {"count": count}
    return language.ngettext("%(count)s day after it began", "%(count)s days after it began", count) % {"count": count}


def courses_svg(courses: list[Course], language: Language, title: str) -> str:
    """How it adds up, day by day: a line for each, told apart by its dashes and its marks, not by a colour alone."""
    there = [left for each in courses for left in each.counts]
    if not there:
        return ""
    first, last = max(there), min(0, *there)
    most = max(sum(each.counts.values()) for each in courses)
    lines = [_drawn(each, first, last, most, language) for each in courses]
    told = "; ".join(
        language.gettext("%(name)s: %(value)s") % {"name": line.label, "value": line.said} for line in lines
    )
    ends = [] if first == last else [distance(first, language), distance(last, language)]
    return render("courses.svg.html", language, title=title, told=told, lines=lines, ends=ends)


def _drawn(course: Course, first: int, last: int, most: int, language: Language) -> Drawn:
    """A step up on each day, to the end of the last one that is known."""
    width = first - last + 1
    known = range(first, max(course.until, last) - 1, -1)
    sums = comparisons.so_far(course.counts, known)
    heights = [100 - 100 * each / most if most else 100 for each in sums]
    points = ["0 100"]
    for place, height in enumerate(heights):
        points += [f"{100 * place / width:.2f} {height:.2f}", f"{100 * (place + 1) / width:.2f} {height:.2f}"]
    every = max(1, -(-width // MARKS))
    marked = sorted({*range(every - 1, len(heights), every), *([len(heights) - 1] if heights else [])})
    marks = [(round(100 * (place + 1) / width, 2), round(heights[place], 2)) for place in marked]
    return Drawn(course.label, language.number(sums[-1] if sums else 0), "M" + "L".join(points), marks)
