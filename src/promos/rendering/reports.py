"""The report of an event in words and numbers of one language: what its page, its file and its mail show alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from promos.rendering import charts
from promos.rendering.charts import Series, Step
from promos.rendering.language import Language
from promos.rules.language import N_

FUNNEL, BY_DAY = N_("From issue to door"), N_("Day by day")


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are shown: the first column is words, the others are numbers."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Report:
    """`figures`: number and what it counts, the most important one first."""

    event: str
    about: str  # when and where
    organiser: str
    timezone: str  # IANA
    made_at: datetime
    figures: Sequence[tuple[str, str]]
    steps: Sequence[Step]
    days: Sequence[Series]
    lines: Table
    money: Table
    notes: Sequence[str]
    language: Language

    @property
    def title(self) -> str:
        return self.language.gettext("Results: %(event)s") % {"event": self.event}

    @property
    def as_of(self) -> str:
        return self.language.gettext("As of %(moment)s") % {
            "moment": self.language.instant(self.made_at, self.timezone)
        }

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The figures and the money, each with its name: all that fits into a mail."""
        heads = self.money.heads
        sums = [(f"{heads[at]}, {row[0]}", row[at]) for row in self.money.rows for at in (1, -1)]
        return [*((words, number) for number, words in self.figures), *sums]

    @property
    def funnel_svg(self) -> str:
        return charts.funnel_svg(self.steps, self.language, self.language.gettext(FUNNEL))

    @property
    def days_svg(self) -> str:
        return charts.days_svg(self.days, self.language, self.language.gettext(BY_DAY))


@dataclass(frozen=True, slots=True)
class Mailed:
    """The mail that brings a report. `until`: the day on which `link` ends; `stop` leads to the button that ends it."""

    what: str
    about: str
    as_of: str
    until: str
    link: str
    stop: str


def mailed(report: Report, link: str, ends_at: datetime, stop: str) -> Mailed:
    until = report.language.day(ends_at, report.timezone)
    return Mailed(report.title, report.about, report.as_of, until, link, stop)
