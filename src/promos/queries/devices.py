"""The phones at a partner's doors, and how each stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Device, Event, Token
from promos.queries.pages import NEVER, Sorted
from promos.rules.people import Actor
from promos.rules.refusals import NotFound

SORTED = Sorted(
    Device.id,
    {"name": sa.func.lower(Token.name), "seen": sa.func.coalesce(Device.seen_at, NEVER)},
    (Token.name, sa.func.coalesce(Device.browser, "")),
    first="-made",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """`state`: waiting for its phone, or for a new code; paired; revoked."""

    device: Device
    token: Token
    state: str  # waiting | unpaired | paired | revoked

    @property
    def event_ids(self) -> list[UUID]:
        return [UUID(each) for each in self.token.event_ids or ()]


def seen(by: Actor, *, partner_id: UUID | None = None) -> sa.Select[*tuple[Any, ...]]:
    """For `pages.listed`: the devices that `by` may see."""
    mine = sa.select(Device.id, Device, Token).join(Token, Device.token_id == Token.id).where(Device.visible_to(by))
    return mine if partner_id is None else mine.where(Device.partner_id == partner_id)


async def one(session: AsyncSession, device_id: UUID, by: Actor, *, now: datetime) -> Standing:
    """Raises `NotFound`."""
    row = (await session.execute(seen(by).where(Device.id == device_id))).one_or_none()
    if row is None:
        raise NotFound("device")
    return standing(row.Device, row.Token, now)


def standing(device: Device, token: Token, now: datetime) -> Standing:
    if token.revoked_at:
        return Standing(device, token, "revoked")
    if device.paired_at:
        return Standing(device, token, "paired")
    return Standing(device, token, "waiting" if device.code_ends_at > now else "unpaired")


async def doors(session: AsyncSession, standings: Iterable[Standing]) -> dict[UUID, Event]:
    """The events of these devices, by their ids."""
    ids = {event_id for each in standings for event_id in each.event_ids}
    return {event.id: event for event in await session.scalars(sa.select(Event).where(Event.id.in_(ids)))}
