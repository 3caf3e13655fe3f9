"""What the readers of an event are, in groups of five and more."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from promos.queries import crowds
from promos.rules.crowds import Crowds
from promos.rules.people import Actor, Scope
from promos.web.access import allows
from promos.web.api.events import RUN_BY
from promos.web.given import Reads


class Crowd(msgspec.Struct):
    name: str  # the tag of a language; a mail provider or domain
    readers: int


class CrowdsSeen(msgspec.Struct):
    """`others`: all the rest as one. Fewer than five of a kind are never shown, nor to be had by subtraction."""

    shown: list[Crowd]
    others: int


class ReadersSeen(msgspec.Struct):
    """`counted`: everybody who holds or held a pass, in the order in which they came, in full groups of five.
    `to_come`: who is counted once the next group is full.
    """

    event_id: UUID
    counted: int
    to_come: int
    languages: CrowdsSeen
    domains: CrowdsSeen


@get("/events/{id:uuid}/readers", opt=allows(*RUN_BY, scope=Scope.READ), operation_id="countReaders")
async def count_readers(
    id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> ReadersSeen:
    """In which languages and at which mail providers an event's readers are, where they are five and more."""
    async with reads() as session:
        found = await crowds.of_event(session, id, by=actor)
    return ReadersSeen(id, found.counted, found.to_come, _seen(found.languages), _seen(found.domains))


def _seen(groups: Crowds) -> CrowdsSeen:
    return CrowdsSeen([Crowd(name, readers) for name, readers in groups.shown], groups.others)


HANDLERS: list[Any] = [count_readers]
