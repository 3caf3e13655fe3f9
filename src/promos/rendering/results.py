"""What came of an event, in words: the steps of its funnel, its columns, and the basis of its money."""

from collections.abc import Sequence
from datetime import date

from promos.rendering.charts import Series, Step
from promos.rendering.language import Language
from promos.rules.funnels import Basis, Counts, Given, Sent, Split
from promos.rules.language import N_

SPLITS = {
    Split.OFFER: N_("Offer"),
    Split.CODE: N_("Code"),
    Split.ISSUE: N_("Issue"),
    Split.PUBLICATION: N_("Newsletter"),
    Split.DAY: N_("Day"),
}
COLUMNS = {
    "visits": N_("Visits"),
    "machines": N_("By programs"),
    "unserved": N_("Not served"),
    "claims": N_("Claims"),
    "passes": N_("Passes"),
    "given_back": N_("Given back"),
    "arrivals": N_("Arrivals"),
}
SENT, NO_SHOWS, GIVEN, DIRECT = N_("Sent"), N_("No-shows"), N_("Given away"), N_("Not from an issue")
TITLE = N_("Results")
BY_DAY = ("visits", "claims", "passes", "arrivals")


def steps(counts: Counts, sent: Sent, language: Language, *, is_over: bool) -> list[Step]:
    """From the issue sent to the person at the door; who did not come is told when the event is over."""
    said = language.gettext
    found = [Step(said(SENT), sent.known)] if sent.told or sent.untold else []
    found += [Step(said(COLUMNS[name]), getattr(counts, name)) for name in ("visits", "claims", "passes", "arrivals")]
    return [*found, Step(said(NO_SHOWS), counts.no_shows, of=counts.passes)] if is_over else found


def series(days: Sequence[tuple[date, Counts]], language: Language) -> list[Series]:
    """What happened day by day, a strip for each."""
    return [
        Series(language.gettext(COLUMNS[name]), [(day, getattr(c, name)) for day, c in days if getattr(c, name)])
        for name in BY_DAY
    ]


def recipients(sent: Sent, language: Language) -> str:
    """The number, and of how many issues nobody knows it; a dash where no issue went out."""
    if not sent.untold:
        return "–" if sent.known is None else language.number(sent.known)
    if sent.known is None:
        return language.gettext("number not known")
    more = language.ngettext(
        "%(known)s, and %(count)s issue not known", "%(known)s, and %(count)s issues not known", sent.untold
    )
    return more % {"known": language.number(sent.known), "count": language.number(sent.untold)}


def vat(basis: Basis, language: Language) -> str:
    """`VAT included (20%)`; that it is not known is said."""
    words = {
        "included": language.gettext("VAT included"),
        "excluded": language.gettext("VAT excluded"),
        "unknown": language.gettext("VAT not stated"),
    }[basis.vat]
    return words if basis.vat_rate is None else f"{words} ({language.percent(basis.vat_rate / 100)})"


def money(units: int | None, basis: Basis, language: Language) -> str:
    return "–" if units is None else language.money(units, basis.currency)


def worth(given: list[Given], language: Language) -> str:
    """Every sum with its basis: they are never added up."""
    return " · ".join(
        f"{language.money(each.amount, each.basis.currency)}, {vat(each.basis, language)}" for each in given
    )
