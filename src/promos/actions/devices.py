"""Phones at the door, which are nobody's: for some events, paired by a code that works once, ended at any moment."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal, tokens
from promos.models import Device, Event, Token, new_id
from promos.rules import texts
from promos.rules.language import N_
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import DeviceRevoked, InvalidRequest, NotFound, PairingCodeEnded
from promos.rules.signing import fingerprint, secret_of
from promos.settings import Keys

CODE_LETTERS = 10  # of 32: 50 bit, for a quarter of an hour, and few tries from one network
CODE_LIVES = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)
_READERS: dict[str, texts.Reader] = {"name": texts.up_to(60, texts.line)}


async def create(
    session: AsyncSession,
    partner_id: UUID,
    *,
    name: str,
    event_ids: Collection[UUID],
    keys: Keys,
    now: datetime,
    by: Actor,
) -> Device:
    """A device that scans at the doors of these events; `code` pairs it with a phone.

    Raises `InvalidRequest`, and `NotFound` for a partner or an event that `by` does not run.
    """
    if not by.runs(partner_id) or by.event_ids is not None:
        raise NotFound("partner")
    given = texts.read(_READERS, {"name": name})
    wanted = sorted(set(event_ids))
    if not wanted:
        raise InvalidRequest({"event_ids": N_("Choose at least one event.")})
    await _are_run(session, partner_id, wanted, by)
    token = Token(
        id=new_id(),
        name=given["name"],
        token_hash=fingerprint(secrets.token_bytes(32)),  # nobody has it; pairing draws another one
        role=Role.DOOR,
        partner_id=partner_id,
        scopes=[Scope.SCAN],
        event_ids=[str(event) for event in wanted],
        created_at=now,
    )
    device = Device(id=new_id(), partner_id=partner_id, token_id=token.id, created_by=by.id, created_at=now)
    _give_code(device, keys, now)
    session.add(token)
    await session.flush()
    session.add(device)
    await session.flush()
    facts = {"events": token.event_ids}
    await journal.record(session, "device.created", device.id, at=now, by=by, partner=partner_id, facts=facts)
    return device


async def renew_code(session: AsyncSession, device_id: UUID, *, keys: Keys, now: datetime, by: Actor) -> Device:
    """Another code; the one before it ends. The phone that has the device keeps it until another one is paired.

    Raises `NotFound`, `DeviceRevoked`.
    """
    device, token = await _found(session, device_id, by)
    if token.revoked_at:
        raise DeviceRevoked
    _give_code(device, keys, now)
    await session.flush()
    await journal.record(session, "device.code_renewed", device.id, at=now, by=by, partner=device.partner_id)
    return device


async def pair(session: AsyncSession, typed: str, *, browser: str, now: datetime) -> tuple[Device, Token, str]:
    """Use up a code: the device, its token and the secret that is the phone's alone from now on.

    Of two phones that come at once one gets it. Raises `PairingCodeEnded` for a code that is used, over or none, and of
    a device whose token was revoked.
    """
    paired = (
        sa.update(Device)
        .where(Device.code_hash == fingerprint(normal(typed)), Device.code_ends_at > now)
        .values(code_hash=None, paired_at=now, seen_at=now, browser=browser)
        .returning(Device)
    )
    device = await session.scalar(paired)
    if device is None:
        raise PairingCodeEnded
    secret = tokens.PREFIX + secrets.token_urlsafe(32)
    token = await session.get_one(Token, device.token_id, with_for_update=True)
    if token.revoked_at:
        raise PairingCodeEnded
    token.token_hash = fingerprint(secret)
    await session.flush()
    by = tokens.actor(token)
    await journal.record(session, "device.paired", device.id, at=now, by=by, partner=device.partner_id)
    return device, token, secret


async def revoke(session: AsyncSession, device_id: UUID, *, now: datetime, by: Actor) -> Device:
    """End a device at once, in every process; again is no error. Raises `NotFound`."""
    device, token = await _found(session, device_id, by)
    if token.revoked_at is None:
        token.revoked_at, device.code_hash = now, None
        await session.flush()
        await journal.record(session, "device.revoked", device.id, at=now, by=by, partner=device.partner_id)
    return device


async def behind(session: AsyncSession, cookie: str, *, now: datetime) -> Actor | None:
    """The device whose phone brings `cookie`; `None` for one that is revoked, over, or paired with another phone."""
    if not cookie.startswith(tokens.PREFIX):
        return None
    its = sa.select(Token).join(Device, Device.token_id == Token.id).where(Token.token_hash == fingerprint(cookie))
    token = await session.scalar(its.where(Token.revoked_at.is_(None)))
    if token is None or (token.expires_at is not None and token.expires_at <= now):
        return None
    return tokens.actor(token)


async def saw(session: AsyncSession, by: Actor, *, now: datetime) -> None:
    """Note that the device `by` is there, at most once a minute."""
    its = (Device.token_id == by.id, sa.or_(Device.seen_at.is_(None), Device.seen_at <= now - SEEN_EVERY))
    await session.execute(sa.update(Device).where(*its).values(seen_at=now))


def code(device: Device, keys: Keys) -> str:
    """The newest pairing code, `ABCDE-FGHIJ`; made again when the request that asked for it is repeated."""
    return code_of(device.pairing_id, keys)


def code_of(pairing_id: UUID, keys: Keys) -> str:
    letters = secret_of(keys.signing[0], "pairing", pairing_id)[:CODE_LETTERS]
    return f"{letters[:5]}-{letters[5:]}"


def normal(typed: str) -> str:
    """A code as it is compared: no digit of it looks like a letter, so 0 and 1 are O and I."""
    return "".join(each for each in typed[:40].upper() if each.isalnum()).replace("0", "O").replace("1", "I")


def _give_code(device: Device, keys: Keys, now: datetime) -> None:
    device.pairing_id, device.code_ends_at = new_id(), now + CODE_LIVES
    device.code_hash = fingerprint(normal(code(device, keys)))


async def _found(session: AsyncSession, device_id: UUID, by: Actor) -> tuple[Device, Token]:
    """Both locked, in the order in which a phone that is being paired locks them."""
    mine = sa.select(Device).where(Device.id == device_id, Device.visible_to(by))
    device = await session.scalar(mine.with_for_update().execution_options(populate_existing=True))
    if device is None:
        raise NotFound("device")
    return device, await session.get_one(Token, device.token_id, with_for_update=True)


async def _are_run(session: AsyncSession, partner_id: UUID, event_ids: Collection[UUID], by: Actor) -> None:
    """Other partners' events are as unknown as those that never were."""
    run = sa.select(sa.func.count()).select_from(Event)
    run = run.where(Event.id.in_(event_ids), Event.partner_id == partner_id, Event.run_by(by))
    if await session.scalar(run) != len(event_ids):
        raise NotFound("event")
