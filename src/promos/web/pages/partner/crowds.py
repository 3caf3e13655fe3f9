"""What the readers of an event are, as its page of results shows it."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.queries import crowds
from promos.rendering.language import Language
from promos.rules.crowds import Crowds
from promos.rules.language import N_
from promos.rules.people import Actor


async def shown(session: AsyncSession, event_id: UUID, language: Language, by: Actor) -> dict[str, Any]:
    """The values of `partner/_crowds.html`."""
    readers = await crowds.of_event(session, event_id, by=by)
    tongues = {tag: language.tongue(tag).capitalize() for tag, _ in readers.languages.shown}
    rest = language.gettext(N_("All others"))
    return {
        "readers": readers,
        "languages": _rows(readers.languages, tongues, rest),
        "domains": _rows(readers.domains, {}, rest),
    }


def _rows(groups: Crowds, names: dict[str, str], rest: str) -> list[tuple[str, int]]:
    others = [(rest, groups.others)] if groups.others else []
    return [(names.get(name, name), count) for name, count in groups.shown] + others
