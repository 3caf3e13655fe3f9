"""A device that is ended stays so, whatever is done to it at the same moment."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import devices, tokens
from promos.database import Database
from promos.models import Device, Entry, Token
from promos.rules.refusals import DeviceRevoked, PairingCodeEnded
from tests.actions.test_safeguards_meeting import Work, meeting
from tests.world import ADMIN, KEYS, NOW, an_event


async def a_device(database: Database) -> Device:
    async with database.writing() as session:
        event = await an_event(session)
        how: Any = {"name": "Gate A", "event_ids": [event.id], "keys": KEYS, "now": NOW, "by": ADMIN}
        return await devices.create(session, event.partner_id, **how)


def revoking(device: Device) -> Work:
    async def revoke(session: AsyncSession) -> Device:
        return await devices.revoke(session, device.id, now=NOW, by=ADMIN)

    return revoke


def renewing(device: Device) -> Work:
    async def renew(session: AsyncSession) -> Device | DeviceRevoked:
        try:
            return await devices.renew_code(session, device.id, keys=KEYS, now=NOW, by=ADMIN)
        except DeviceRevoked as refusal:
            return refusal

    return renew


def pairing(device: Device) -> Work:
    async def pair(session: AsyncSession) -> str | PairingCodeEnded:
        try:
            return (await devices.pair(session, devices.code(device, KEYS), browser="", now=NOW))[2]
        except PairingCodeEnded as refusal:
            return refusal

    return pair


async def stands(database: Database) -> tuple[bool, bool, int]:
    """Whether it is revoked, whether a code of it is open, and how often it was said to be revoked."""
    async with database.reading() as session:
        device = (await session.scalars(sa.select(Device))).one()
        token = await session.get_one(Token, device.token_id)
        said = await session.scalar(sa.select(sa.func.count()).where(Entry.verb == "device.revoked"))
    return token.revoked_at is not None, device.code_hash is not None, said or 0


async def test_revoked_while_another_code_is_made_no_code_of_it_is_open(database: Database) -> None:
    device = await a_device(database)
    async with database.writing() as session:
        assert isinstance(await pairing(device)(session), str)

    renewed, _ = await meeting(database, renewing(device), revoking(device))

    assert isinstance(renewed, Device)
    assert await stands(database) == (True, False, 1)


async def test_another_code_is_not_made_while_it_is_revoked(database: Database) -> None:
    device = await a_device(database)

    _, refused = await meeting(database, revoking(device), renewing(device))

    assert isinstance(refused, DeviceRevoked)
    assert await stands(database) == (True, False, 1)


async def test_revoked_and_paired_at_once_the_phone_gets_nothing_that_lasts(database: Database) -> None:
    device = await a_device(database)

    secret, _ = await meeting(database, pairing(device), revoking(device))

    async with database.reading() as session:
        assert await devices.behind(session, secret, now=NOW) is None
    assert await stands(database) == (True, False, 1)


async def test_who_revokes_at_the_same_moment_says_it_once(database: Database) -> None:
    device = await a_device(database)

    await meeting(database, revoking(device), revoking(device))

    assert await stands(database) == (True, False, 1)


async def test_a_device_whose_token_was_revoked_is_paired_no_more(session: AsyncSession) -> None:
    event = await an_event(session)
    how: Any = {"name": "Gate A", "event_ids": [event.id], "keys": KEYS, "now": NOW, "by": ADMIN}
    device = await devices.create(session, event.partner_id, **how)
    await tokens.revoke(session, device.token_id, now=NOW, by=ADMIN)

    with pytest.raises(PairingCodeEnded):
        await devices.pair(session, devices.code(device, KEYS), browser="", now=NOW)
