"""An event beside another one, as its page of results shows it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Event
from promos.queries import comparisons as queries
from promos.queries.comparisons import Beside
from promos.rendering import comparisons
from promos.rendering.comparisons import Course
from promos.rendering.language import Language
from promos.rules.comparisons import so_far
from promos.rules.language import N_
from promos.rules.people import Actor


async def shown(
    session: AsyncSession, event: Event, wanted: UUID | None, language: Language, *, now: datetime, by: Actor
) -> dict[str, Any]:
    """The values of `partner/_compared.html`; raises `NotFound` for what is `wanted`."""
    among = await queries.others(session, event, by)
    other = queries.chosen(event, among, wanted)
    values: dict[str, Any] = {"others": [(each.id, _name(each)) for each in among], "other": other}
    if other is None:
        return values
    beside = await queries.beside(session, event, other, now=now, by=by)
    here, there = beside.here, beside.there
    heads = [_name(event), _name(other), language.gettext(N_("Difference"))]
    return values | {
        "beside": beside,
        "held_at": None if beside.left is None else comparisons.distance(beside.left, language),
        "both": [(head, "right") for head in heads],
        "compared": comparisons.rows(
            (here.total, here.sent, here.given),
            (there.total, there.sent, there.given),
            language,
            are_over=beside.left is None,
        ),
        "courses": _courses(beside, now, language),
        "passes_before": _passes(beside, now, language),
    }


def _courses(beside: Beside, now: datetime, language: Language) -> str:
    passes = [{left: each[which].passes for left, *each in beside.days if each[which].passes} for which in (0, 1)]
    drawn = [
        Course(_name(came.event), counts, _until(beside, came.event, now))
        for came, counts in zip((beside.here, beside.end), passes, strict=True)
    ]
    return comparisons.courses_svg(drawn, language, language.gettext(N_("Passes, by days before the event")))


def _passes(beside: Beside, now: datetime, language: Language) -> list[tuple[str, list[str]]]:
    """Passes so far, by the days that were left; what is yet to come here has a dash."""
    at = [left for left, *both in beside.days if any(each.passes for each in both)]
    sums = [so_far({left: each[which].passes for left, *each in beside.days}, at) for which in (0, 1)]
    until = _until(beside, beside.here.event, now)
    return [
        (
            comparisons.distance(left, language),
            comparisons.pair(here, there, language) if left >= until else ["–", language.number(there), "–"],
        )
        for left, here, there in zip(at, *sums, strict=True)
    ]


def _until(beside: Beside, event: Event, now: datetime) -> int:
    """Up to how many days to go an event is known: of one that is over, to its last."""
    left = queries.left_of(event, now)
    return min((each for each, *_ in beside.days), default=0) if left is None else left


def _name(event: Event) -> str:
    return f"{event.name} {event.edition or ''}".strip()
