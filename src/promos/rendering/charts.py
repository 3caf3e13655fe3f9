"""Pictures of numbers as SVG made here: no script, legible from 320 px on, and every number in words beside its bar.

Widths are percentages, so that bars grow with the page and letters do not. Colours come from the page (`.bar`,
`.track`), else from the text's; length and number say it without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from promos.rendering.jinja import render
from promos.rendering.language import Language

_SEEN = 0.5  # percent: the least that shows there is something


@dataclass(frozen=True, slots=True)
class Step:
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    said: str
    width: float  # percent


def funnel_svg(steps: Sequence[Step], language: Language, title: str) -> str:
    """Each step with its number and its share of the step before, if that had any."""
    most = max((step.count for step in steps), default=0)
    before = [None, *(step.count for step in steps)]
    bars = [
        Bar(step.label, _said(step.count, earlier, language), _width(step.count, most))
        for step, earlier in zip(steps, before, strict=False)
    ]
    told = "; ".join(language.gettext("%(name)s: %(value)s") % {"name": bar.label, "value": bar.said} for bar in bars)
    return render("chart.svg.html", language, title=title, told=told, bars=bars)


def tally_svg(used: int, limit: int | None, language: Language) -> str:
    """How many passes are taken, of how many; without a limit there is a number and no bar."""
    taken = language.number(used)
    if limit is None:
        title = language.ngettext("%(taken)s pass taken, no limit", "%(taken)s passes taken, no limit", used)
        title %= {"taken": taken}
        return render("chart.svg.html", language, title=title, told="", bars=[Bar(title, "", 0)])
    label = language.gettext("%(taken)s of %(limit)s taken") % {"taken": taken, "limit": language.number(limit)}
    left = max(limit - used, 0)
    said = language.ngettext("%(left)s left", "%(left)s left", left) % {"left": language.number(left)}
    bar = Bar(label, said, _width(min(used, limit), limit))
    return render("chart.svg.html", language, title=f"{label}, {said}", told="", bars=[bar])


def _said(count: int, before: int | None, language: Language) -> str:
    number = language.number(count)
    if not before or count > before:
        return number
    return f"{number} ({language.percent(round(count / before, 3))})"


def _width(count: int, most: int) -> float:
    return max(round(100 * count / most, 2), _SEEN) if count and most else 0
