"""A funnel as a file for a spreadsheet: the lines that the page shows, and their total."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

from promos.queries.funnel import Funnel, Wish
from promos.rendering import results
from promos.rendering.language import Language
from promos.rendering.sheets import Cell, Line, Sheet
from promos.rules.funnels import Basis, Counts, Given, Sent
from promos.rules.language import N_
from promos.rules.money import major

UNTOLD = N_("Issues of which it is not known")
TOTAL = N_("In all")


def sheet(came: Funnel, wish: Wish, language: Language) -> Sheet:
    """Sums of money have a column for each basis: they are never added up. What is not known stays empty."""
    said = language.gettext
    bases = [each.basis for each in came.given]
    heads = [
        said(results.SPLITS[wish.split]),
        said(results.SENT),
        said(UNTOLD),
        *(said(column) for column in results.COLUMNS.values()),
        said(results.NO_SHOWS),
        *(f"{said(results.GIVEN)}, {basis.currency}, {results.vat(basis, language)}" for basis in bases),
    ]
    direct = said(results.DIRECT)
    rows = [
        _row(line.name if line.key else direct, line.counts, line.sent, line.given, bases, is_over=came.is_over)
        for line in came.lines
    ]
    total = _row(said(TOTAL), came.total, came.sent, came.given, bases, is_over=came.is_over)
    return Sheet("promos-results", said(results.TITLE), heads, _whole([*rows, total]))


def _row(
    name: str, counts: Counts, sent: Sent, given: Sequence[Given], bases: Sequence[Basis], *, is_over: bool
) -> list[Cell]:
    sums = {each.basis: Decimal(major(each.amount, each.basis.currency)) for each in given}
    return [
        name,
        sent.known,
        sent.untold,
        *(getattr(counts, column) for column in results.COLUMNS),
        counts.no_shows if is_over else None,
        *(sums.get(basis) for basis in bases),
    ]


async def _whole(rows: list[Line]) -> AsyncIterator[Sequence[Line]]:
    yield rows
