"""A partner's endpoints, and what became of what they were told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Attempt, Endpoint, EndpointSecret, Message, Partner
from promos.queries.pages import Sorted
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotFound

ENDPOINTS = Sorted(
    Endpoint.id,
    {"url": sa.func.lower(Endpoint.url), "state": Endpoint.state},
    (Endpoint.url, Endpoint.description),
)
MESSAGES = Sorted(Message.id, {"type": Message.type}, (Message.type,), first="-made")


@dataclass(frozen=True, slots=True)
class Standing:
    """Messages of one endpoint, by their state; each is one of these."""

    pending: int = 0
    delivered: int = 0
    dead: int = 0


def of_partner(partner_id: UUID, by: Actor) -> sa.Select[Endpoint]:
    return sa.select(Endpoint).where(Endpoint.partner_id == partner_id, Endpoint.visible_to(by))


async def led(session: AsyncSession, partner_id: UUID, by: Actor) -> Partner:
    """A partner whose endpoints `by` may see; raises `NotFound`."""
    found = await session.scalar(sa.select(Partner).where(Partner.id == partner_id, Partner.visible_to(by)))
    if found is None or not by.runs(partner_id, Role.OWNER) or by.event_ids is not None:
        raise NotFound("partner")
    return found


async def endpoint(session: AsyncSession, endpoint_id: UUID, by: Actor) -> Endpoint:
    """Raises `NotFound`."""
    found = await session.scalar(sa.select(Endpoint).where(Endpoint.id == endpoint_id, Endpoint.visible_to(by)))
    if found is None:
        raise NotFound("endpoint")
    return found


async def standing(session: AsyncSession, endpoint_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    counted = await session.execute(
        sa.select(Message.endpoint_id, Message.state, sa.func.count())
        .where(Message.endpoint_id.in_(endpoint_ids))
        .group_by(Message.endpoint_id, Message.state)
    )
    found: dict[UUID, dict[str, int]] = {}
    for id_, state, number in counted:
        found.setdefault(id_, {})[state] = number
    return {id_: Standing(**found.get(id_, {})) for id_ in endpoint_ids}


def messages(endpoint_id: UUID, by: Actor, *, state: str | None = None) -> sa.Select[Message]:
    """Of an endpoint that `by` may see."""
    wanted: list[Any] = [Message.endpoint_id == endpoint_id, Endpoint.visible_to(by)]
    if state:
        wanted.append(Message.state == state)
    return sa.select(Message).join(Endpoint, Message.endpoint_id == Endpoint.id).where(*wanted)


async def attempts(session: AsyncSession, message_ids: Sequence[UUID]) -> dict[UUID, list[Attempt]]:
    """The tries of each message, the newest first."""
    found: dict[UUID, list[Attempt]] = {id_: [] for id_ in message_ids}
    rows = sa.select(Attempt).where(Attempt.message_id.in_(message_ids)).order_by(Attempt.at.desc(), Attempt.id.desc())
    for each in await session.scalars(rows):
        found[each.message_id].append(each)
    return found


async def secrets(session: AsyncSession, endpoint_id: UUID) -> list[EndpointSecret]:
    """Those that sign, or did; the newest first."""
    rows = sa.select(EndpointSecret).where(EndpointSecret.endpoint_id == endpoint_id)
    return list(await session.scalars(rows.order_by(EndpointSecret.id.desc())))
