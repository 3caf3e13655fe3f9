"""What came of an event, in full: the number, its picture, its table; narrowed and split as one likes."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Event, Issue, Offer, PromoBlock, Publication
from promos.queries import funnel
from promos.queries.funnel import Funnel, Line, Wish
from promos.rendering import charts, results
from promos.rendering.language import Language
from promos.rules.funnels import Counts, Sent, Split
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest
from promos.web.api.funnel import taken
from promos.web.downloads import Kind
from promos.web.given import Reads, Writes
from promos.web.pages.partner import comparisons
from promos.web.pages.partner.desk import READ, event_of
from promos.web.pages.show import language_of, page

NARROWED = ("offer", "code", "publication", "issue", "since", "until")


@get("/partner/events/{event_id:uuid}/results", opt=READ)
async def results_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    language = language_of(request)
    typed = {name: request.query_params.get(name, "").strip() for name in NARROWED}
    wish = asked(request)
    async with reads() as session:
        event = await event_of(session, event_id, actor)
        choices = await _choices(session, event)
        came = await funnel.of_event(session, event.id, wish, has_days=False, now=now, by=actor)
        wanted = _id(request.query_params.get("with"))
        beside = (
            {} if any(typed.values()) else await comparisons.shown(session, event, wanted, language, now=now, by=actor)
        )
    title = language.gettext(N_("From issue to door"))
    return page(
        request,
        "partner/results.html",
        event=event,
        came=came,
        split=str(wish.split),
        splits=[(str(each), language.gettext(word)) for each, word in results.SPLITS.items()],
        is_narrowed=any(typed.values()),
        typed=typed,
        choices=choices,
        query=urlencode({name: value for name, value in typed.items() if value}),
        picture=charts.funnel_svg(
            results.steps(came.total, came.sent, language, is_over=came.is_over), language, title
        ),
        strips=_strips(came, language) if wish.split is Split.DAY else "",
        columns=[*results.COLUMNS.values(), *([results.NO_SHOWS] if came.is_over else [])],
        lines=[_row(named(line, wish.split, language), line.counts, came, language, line.sent) for line in came.lines],
        results=results,
        **beside,
    )


@get("/partner/events/{event_id:uuid}/results/export", opt=READ)
async def take(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Any:
    """What the page shows, as a file in its language."""
    kind: Any = request.query_params.get("format", "xlsx")
    if kind not in get_args(Kind):
        raise InvalidRequest({"format": N_("This is not one of the possible choices.")})
    async with reads() as session:
        await event_of(session, event_id, actor)
    return await taken(event_id, asked(request), kind, language_of(request), reads, writes, actor, now)


def asked(request: Request[Any, Any, Any]) -> Wish:
    """What the address asks for; raises `InvalidRequest` for what cannot be read."""
    given = request.query_params
    split = given.get("by")
    return replace(
        Wish(Split(split) if split in list(Split) else Split.CODE),
        offer_id=_id(given.get("offer")),
        code=given.get("code", "").strip() or None,
        publication_id=_id(given.get("publication")),
        issue_id=_id(given.get("issue")),
        since=_date("since", given.get("since")),
        until=_date("until", given.get("until")),
    )


def _strips(came: Funnel, language: Language) -> str:
    return charts.days_svg(results.series(came.days, language), language, language.gettext(N_("Day by day")))


def named(line: Line, split: Split, language: Language) -> str:
    if line.key is None:
        return language.gettext(results.DIRECT)
    return said_day(date.fromisoformat(line.key), language) if split is Split.DAY else line.name


def said_day(day: date, language: Language) -> str:
    return language.day(datetime(day.year, day.month, day.day, tzinfo=UTC), "UTC")


def _row(name: str, counts: Counts, came: Funnel, language: Language, sent: Sent) -> tuple[str, list[str]]:
    """The cells of one line, as they are shown."""
    columns = [*results.COLUMNS, *(["no_shows"] if came.is_over else [])]
    cells = [language.number(getattr(counts, column)) for column in columns]
    return name, [results.recipients(sent, language), *cells]


async def _choices(session: AsyncSession, event: Event) -> dict[str, list[tuple[UUID, str]]]:
    """What the page can be narrowed to."""
    offers = await session.execute(sa.select(Offer.id, Offer.name).where(Offer.event_id == event.id).order_by(Offer.id))
    issues = await session.execute(
        sa.select(Issue.id, Issue.number, Publication.id, Publication.name)
        .join(Publication, Issue.publication_id == Publication.id)
        .where(Issue.id.in_(sa.select(PromoBlock.issue_id).where(PromoBlock.event_id == event.id)))
        .order_by(Publication.name, Issue.planned_at)
    )
    placed = issues.all()
    return {
        "offer": [(row.id, row.name) for row in offers],
        "issue": [(row[0], f"{row[3]} {row[1]}") for row in placed],
        "publication": list({row[2]: (row[2], row[3]) for row in placed}.values()),
    }


def _id(typed: str | None) -> UUID | None:
    try:
        return UUID(typed) if typed else None
    except ValueError:
        return UUID(int=0)  # which nothing has


def _date(name: str, typed: str | None) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise InvalidRequest({name: N_("Write a day such as 2026-12-03.")}) from None


HANDLERS: list[Any] = [results_page, take]
