"""Devices: the phones at the doors of a partner's events."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import devices, rates
from promos.actions.rates import Rate
from promos.models import Device, Token
from promos.queries import devices as queries
from promos.queries import pages
from promos.rules.finding import asked
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import PairingCodeEnded, Refusal
from promos.settings import Keys, Settings
from promos.web.access import ANYONE, allows
from promos.web.given import Reads, Writes, network

RUN_BY = (Role.ADMIN, Role.OWNER, Role.MEMBER)
READ, WRITE = allows(*RUN_BY, scope=Scope.READ), allows(*RUN_BY, scope=Scope.WRITE)
TRIES, WINDOW = 20, 600  # of codes, from one network in that many seconds


class NewDevice(msgspec.Struct, forbid_unknown_fields=True):
    """`name`: such as North door. It scans at these events and does nothing else."""

    partner_id: UUID
    name: str
    event_ids: list[UUID]


class DeviceSeen(msgspec.Struct):
    """`state`: waiting for its phone, unpaired (the code ended unused), paired or revoked."""

    id: UUID
    partner_id: UUID
    name: str
    event_ids: list[UUID]
    state: str
    browser: str | None
    paired_at: datetime | None
    seen_at: datetime | None
    created_at: datetime


class DeviceMade(DeviceSeen):
    """`code` works once, until `code_ends_at`; `link` is what the phone opens, best drawn as a QR code."""

    code: str
    link: str
    code_ends_at: datetime


class Pairing(msgspec.Struct, forbid_unknown_fields=True):
    code: str


class Paired(DeviceSeen):
    """`secret` is the device's own token, shown here and nowhere else: `Authorization: Bearer pk_…`."""

    secret: str


class DevicesSeen(msgspec.Struct):
    items: list[DeviceSeen]
    next: str | None


@post("/devices", status_code=201, opt=WRITE, operation_id="createDevice")
async def create(
    data: JSONBody[NewDevice],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    settings: NamedDependency[Settings],
) -> Response[DeviceMade]:
    """Make a device for the doors of some events, and a code that pairs it with a phone, once, within 15 minutes."""

    async def effect(session: AsyncSession, now: datetime) -> dict[str, Any]:
        made = await devices.create(
            session, data.partner_id, name=data.name, event_ids=data.event_ids, keys=keys, now=now, by=actor
        )
        return await _made(session, made, actor, now)

    return await writes.answer(effect, status=201, show=lambda document: _with_code(document, keys, settings))


@get("/devices", opt=READ, operation_id="listDevices")
async def list_devices(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
    partner: FromQuery[UUID | None] = None,
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> DevicesSeen:
    """Revoked ones too, those made last first. `q`: of name and browser. `sort`: name, seen, made."""
    async with reads() as session:
        rows, following = await pages.listed(
            session, queries.seen(actor, partner_id=partner), queries.SORTED, asked(q, sort, cursor, size)
        )
    return DevicesSeen([seen(row.Device, row.Token, now) for row in rows], following)


@get("/devices/{id:uuid}", opt=READ, operation_id="getDevice")
async def get_device(
    id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> DeviceSeen:
    async with reads() as session:
        found = await queries.one(session, id, actor, now=now)
    return seen(found.device, found.token, now)


@post("/devices/{id:uuid}/code", status_code=200, opt=WRITE, operation_id="renewDeviceCode")
async def renew_code(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    settings: NamedDependency[Settings],
) -> Response[DeviceMade]:
    """Another code, for another phone or the same; whichever phone had the device loses it when that one is paired."""

    async def effect(session: AsyncSession, now: datetime) -> dict[str, Any]:
        return await _made(session, await devices.renew_code(session, id, keys=keys, now=now, by=actor), actor, now)

    return await writes.answer(effect, show=lambda document: _with_code(document, keys, settings))


@post("/devices/{id:uuid}/revoke", status_code=200, opt=WRITE, operation_id="revokeDevice")
async def revoke(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[DeviceSeen]:
    """End a device at once, for good. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> DeviceSeen:
        await devices.revoke(session, id, now=now, by=actor)
        found = await queries.one(session, id, actor, now=now)
        return seen(found.device, found.token, now)

    return await writes.answer(effect)


@post("/devices/pair", status_code=200, opt=ANYONE, operation_id="pairDevice")
async def pair(
    request: Request[Any, Any, Any],
    data: JSONBody[Pairing],
    writes: NamedDependency[Writes],
    keys: NamedDependency[Keys],
) -> Response[Paired]:
    """Become a device: its code is used up, and the answer has its secret, this one time."""
    brake = rate(request, keys)

    async def effect(session: AsyncSession, now: datetime) -> Refusal | Paired:
        if too_many := await rates.take(session, [brake], now=now):
            return too_many
        try:
            device, token, secret = await devices.pair(session, data.code, browser="", now=now)
        except PairingCodeEnded as refusal:
            return refusal  # the try counts
        return Paired(**msgspec.structs.asdict(seen(device, token, now)), secret=secret)

    answer = await writes.run(effect)
    if isinstance(answer, Refusal):
        raise answer
    return Response(answer)


def rate(request: Request[Any, Any, Any], keys: Keys) -> Rate:
    """How often one network may try codes, by the API and by pages together."""
    return Rate(rates.network_bucket(keys.reader, "pair", network(request)), TRIES, WINDOW)


def seen(device: Device, token: Token, now: datetime) -> DeviceSeen:
    found = queries.standing(device, token, now)
    return DeviceSeen(
        id=device.id,
        partner_id=device.partner_id,
        name=token.name,
        event_ids=found.event_ids,
        state=found.state,
        browser=device.browser,
        paired_at=device.paired_at,
        seen_at=device.seen_at,
        created_at=device.created_at,
    )


def link(code: str, settings: Settings) -> str:
    """What a phone opens to be paired."""
    return f"{settings.base_url}/door/pair?code={code}"


async def _made(session: AsyncSession, device: Device, by: Actor, now: datetime) -> dict[str, Any]:
    """What is stored of the answer: from which the code is made, not the code."""
    found = await queries.one(session, device.id, by, now=now)
    document: dict[str, Any] = msgspec.to_builtins(seen(device, found.token, now))
    return document | {"code": str(device.pairing_id), "code_ends_at": device.code_ends_at}


def _with_code(document: dict[str, Any], keys: Keys, settings: Settings) -> dict[str, Any]:
    code = devices.code_of(UUID(document["code"]), keys)
    return document | {"code": code, "link": link(code, settings)}


HANDLERS: list[Any] = [create, list_devices, get_device, renew_code, revoke, pair]
