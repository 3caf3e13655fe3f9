"""One page about one event: counts and money, of no reader and of no other partner. And who may open it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Partner, ReportLink, ReportSchedule
from promos.queries import funnel
from promos.queries.funnel import Funnel, Wish
from promos.queries.pages import Sorted
from promos.rendering import results
from promos.rendering.language import Language
from promos.rendering.reports import Report, Table
from promos.rules.funnels import Counts, Split
from promos.rules.language import N_
from promos.rules.people import Actor

SORTED = Sorted(ReportLink.id, {"name": sa.func.lower(ReportLink.name)}, (ReportLink.name,), first="-made")
_EMAIL = sa.func.coalesce(ReportSchedule.email, "")  # forgotten ones come first
BY_MAIL = Sorted(ReportSchedule.id, {"email": _EMAIL}, (ReportSchedule.email,), first="-made")
MOST_LINES = 8  # codes that have a line of their own: the page is one page
SHOWN = ("visits", "claims", "passes", "arrivals")
MONEY = (
    N_("Currency and VAT"),
    results.GIVEN,
    results.COLUMNS["passes"],
    N_("A pass"),
    results.COLUMNS["arrivals"],
    N_("An arrival"),
)


def links(by: Actor, *, event_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    """For `pages.listed`: the links to an event's report that `by` may see."""
    return sa.select(ReportLink.id, ReportLink).where(ReportLink.visible_to(by), ReportLink.event_id == event_id)


def schedules(by: Actor, *, event_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    """The same of who gets it by mail."""
    mine = ReportSchedule.visible_to(by), ReportSchedule.event_id == event_id
    return sa.select(ReportSchedule.id, ReportSchedule).where(*mine)


async def of_event(session: AsyncSession, event_id: UUID, language: Language, *, now: datetime, by: Actor) -> Report:
    """Raises `NotFound`."""
    came = await funnel.of_event(session, event_id, Wish(), now=now, by=by)
    partner = await session.get_one(Partner, came.event.partner_id)
    return report(came, partner, language, now)


def report(came: Funnel, partner: Partner, language: Language, now: datetime) -> Report:
    said, event, total = language.gettext, came.event, came.total
    figures = [(total.passes, N_("passes out")), (total.arrivals, N_("arrived"))]
    figures += [(total.no_shows, N_("did not come"))] if came.is_over else []
    place = ", ".join(part for part in (event.venue, event.city) if part)
    first, last = language.day(event.starts_at, event.timezone), language.day(event.ends_at, event.timezone)
    return Report(
        event=f"{event.name} {event.edition or ''}".strip(),
        about=f"{first if first == last else f'{first} – {last}'} · {place}",
        organiser=partner.advertiser,
        timezone=event.timezone,
        made_at=now,
        figures=[(language.number(count), said(words)) for count, words in figures],
        steps=results.steps(total, came.sent, language, is_over=came.is_over),
        days=results.series(came.days, language),
        lines=_lines(came, language),
        money=_money(came, language),
        notes=_notes(came, language),
        language=language,
    )


def _lines(came: Funnel, language: Language) -> Table:
    """The codes with most passes, what the others brought, and all."""
    said = language.gettext
    columns = [*SHOWN, *(["no_shows"] if came.is_over else [])]
    ranked = sorted(came.lines, key=lambda line: (-line.counts.passes, -line.counts.visits, line.name))
    own = ranked if len(ranked) <= MOST_LINES else ranked[: MOST_LINES - 1]
    rows = [(line.name, line.counts) for line in own]
    if others := ranked[len(own) :]:
        words = language.ngettext("%(count)s other code", "%(count)s other codes", len(others))
        rows.append((words % {"count": language.number(len(others))}, _together(line.counts for line in others)))
    rows.append((said(N_("In all")), came.total))
    heads = [results.SPLITS[Split.CODE], *(results.COLUMNS[name] for name in SHOWN)]
    heads += [results.NO_SHOWS] if came.is_over else []
    cells = [[name, *(language.number(getattr(counts, column)) for column in columns)] for name, counts in rows]
    return Table(said(N_("From issue to door, in numbers")), [said(head) for head in heads], cells)


def _together(counts: Iterable[Counts]) -> Counts:
    found = Counts()
    for each in counts:
        found.add(each)
    return found


def _money(came: Funnel, language: Language) -> Table:
    rows = [
        [
            f"{each.basis.currency}, {results.vat(each.basis, language)}",
            results.money(each.amount, each.basis, language),
            language.number(each.passes),
            results.money(each.per_pass, each.basis, language),
            language.number(each.arrivals),
            results.money(each.per_arrival, each.basis, language),
        ]
        for each in came.given
    ]
    title = language.gettext(N_("What was given away"))
    return Table(title, [language.gettext(head) for head in MONEY], rows)


def _notes(came: Funnel, language: Language) -> Sequence[str]:
    said = language.gettext
    notes = [said(N_("A visit is a look at a code’s page by a person; visits by programs are left out."))]
    if came.sent.untold:
        words = language.ngettext(
            "Of %(count)s issue nobody told yet to how many it went.",
            "Of %(count)s issues nobody told yet to how many they went.",
            came.sent.untold,
        )
        notes.append(words % {"count": language.number(came.sent.untold)})
    if not came.is_over:
        notes.append(said(N_("Who did not come is told when the event is over.")))
    if came.given:
        notes.append(
            said(
                N_("Given away: of a free pass its face value, of a discount the difference. Bases are never added up.")
            )
        )
        notes.append(said(N_("An arrival carries what was given to those who did not come, too.")))
    return notes
