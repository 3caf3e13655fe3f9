"""Pictures of numbers as SVG made here: no script, legible from 320 px on, and every number in words beside its bar.

Widths are percentages, so that bars grow with the page and letters do not. Colours come from the page (`.bar`,
`.track`, `.area`, `.line`), else from the text's; length, height and number say it without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from promos.rendering.jinja import render
from promos.rendering.language import Language

_SEEN = 0.5  # percent: the least that shows there is something
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """`count`: `None` where nobody knows. `of`: the number whose share it is, where that is not the step before."""

    label: str
    count: int | None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    said: str
    width: float  # percent


@dataclass(frozen=True, slots=True)
class Series:
    """One number of each day on which there was any."""

    label: str
    days: Sequence[tuple[date, int]]


@dataclass(frozen=True, slots=True)
class Strip:
    """`line` and `area` are paths in a field of 100 × 100, `heights` those of its days in percent; `most` says the
    highest day, where there is one."""

    label: str
    said: str
    most: str
    heights: Sequence[float]
    line: str
    area: str


def funnel_svg(steps: Sequence[Step], language: Language, title: str) -> str:
    """Each step with its number and its share of the step before, if that had any."""
    drawn = bars(steps, language)
    told = "; ".join(language.gettext("%(name)s: %(value)s") % {"name": bar.label, "value": bar.said} for bar in drawn)
    return render("chart.svg.html", language, title=title, told=told, bars=drawn)


def bars(steps: Sequence[Step], language: Language) -> list[Bar]:
    most = max((step.count or 0 for step in steps), default=0)
    before = [None, *(step.count for step in steps)]
    return [
        Bar(step.label, _said(step.count, earlier if step.of is None else step.of, language), _width(step.count, most))
        for step, earlier in zip(steps, before, strict=False)
    ]


def days_svg(series: Sequence[Series], language: Language, title: str) -> str:
    """A strip for each series, one above the other over the same days, each with a height of its own for its most."""
    drawn, ends = strips(series, language)
    if not drawn:
        return ""
    told = "; ".join(
        language.gettext("%(name)s: %(value)s")
        % {"name": strip.label, "value": "; ".join(filter(None, (strip.said, strip.most)))}
        for strip in drawn
    )
    return render("days.svg.html", language, title=title, told=told, strips=drawn, ends=ends)


def strips(series: Sequence[Series], language: Language) -> tuple[list[Strip], list[str]]:
    """And the first and the last day, where these are two; nothing where there is no day."""
    there = [day for each in series for day, _ in each.days]
    if not there:
        return [], []
    first, last = min(there), max(there)
    ends = [] if first == last else [_day(first, language), _day(last, language)]
    return [_strip(each, first, last, language) for each in series], ends


def _said(count: int | None, before: int | None, language: Language) -> str:
    if count is None:
        return language.gettext("number not known")
    number = language.number(count)
    if not before or count > before:
        return number
    return f"{number} ({language.percent(round(count / before, 3))})"


def _width(count: int | None, most: int) -> float:
    return max(round(100 * count / most, 2), _SEEN) if count and most else 0


def _strip(series: Series, first: date, last: date, language: Language) -> Strip:
    """A step for each day: what happened on a day is no slope towards the next."""
    counts = dict(series.days)
    days = (last - first).days + 1
    most = max(counts.values(), default=0)
    total = language.number(sum(counts.values()))
    if not most:
        return Strip(series.label, total, "", [0] * days, "", "")
    heights = [100 * counts.get(first + place * _DAY, 0) / most for place in range(days)]
    points = []
    for place, height in enumerate(heights):
        points += [f"{100 * (place + end) / days:.2f} {100 - height:.2f}" for end in (0, 1)]
    line = "M" + "L".join(points)
    said = language.gettext("most on %(day)s: %(most)s") % {
        "day": _day(min(day for day, count in counts.items() if count == most), language),
        "most": language.number(most),
    }
    return Strip(series.label, total, said, heights, line, f"{line}V100H0Z")


def _day(day: date, language: Language) -> str:
    return language.day(datetime(day.year, day.month, day.day, tzinfo=UTC), "UTC")
