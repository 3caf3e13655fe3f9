"""A partner's endpoints: made, changed, switched off and on, their secrets renewed, their messages sent again."""

from collections.abc import Collection
from datetime import datetime
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import changes, journal, webhooks
from promos.models import Delivery, Endpoint, EndpointSecret, Message, Partner, Person, StaffRole, new_id, table
from promos.rules import texts
from promos.rules import webhooks as rules
from promos.rules.language import N_
from promos.rules.people import PROGRAM, Actor, Role
from promos.rules.refusals import (
    EndpointDisabled,
    InvalidRequest,
    NotAllowed,
    NotFound,
    TooManyEndpoints,
    TooManySecrets,
)
from promos.rules.signing import fingerprint
from promos.settings import Keys

MOST = 10  # of one partner
AT_ONCE = 10_000  # messages sent again in one press


def _types(value: Collection[str], field: str) -> list[str]:
    if not value or not set(value) <= set(rules.TYPES):
        raise InvalidRequest({field: N_("Choose at least one, and only what is listed.")})
    return [each for each in rules.TYPES if each in value]


_READERS: dict[str, texts.Reader] = {
    "url": texts.url,
    "types": _types,
    "description": texts.optional(texts.line),
}


class Changes(TypedDict, total=False):
    url: NotRequired[str]
    types: NotRequired[Collection[str]]
    description: NotRequired[str | None]


async def create(
    session: AsyncSession,
    partner_id: UUID,
    *,
    url: str,
    types: Collection[str] = rules.TYPES,
    description: str | None = None,
    keys: Keys,
    now: datetime,
    by: Actor,
) -> tuple[Endpoint, UUID]:
    """An endpoint, and the row of its secret (`secret`). Its address was checked by who called.

    Raises `NotFound`, `NotAllowed`, `InvalidRequest`, `TooManyEndpoints`.
    """
    await _led(session, partner_id, by)
    given = texts.read(_READERS, {"url": url, "types": types, "description": description})
    there = sa.select(sa.func.count()).where(Endpoint.partner_id == partner_id, Endpoint.state != "removed")
    if (await session.scalar(there) or 0) >= MOST:
        raise TooManyEndpoints(MOST)
    made = Endpoint(
        partner_id=partner_id,
        url=given["url"],
        types=given["types"],
        description=given["description"] or "",
        created_by=by.id,
        created_at=now,
    )
    session.add(made)
    await session.flush()
    secret_id = await _secret(session, made, keys, now)
    await _journal(session, "endpoint.created", made, now, by, types=made.types)
    return made, secret_id


def secret(secret_id: UUID, keys: Keys) -> str:
    """The secret of a new row; made again when the request that created it is repeated."""
    return rules.secret_of(keys.signing[0], secret_id)


async def change(
    session: AsyncSession, endpoint_id: UUID, *, now: datetime, by: Actor, **wanted: Unpack[Changes]
) -> Endpoint:
    """A new address begins without the old one's troubles."""
    endpoint = await locked(session, endpoint_id, by)
    given = texts.read(_READERS, wanted)
    if "description" in given:
        given["description"] = given["description"] or ""
    if changed := changes.apply(endpoint, given):
        if "url" in changed:
            endpoint.failing_since = endpoint.rests_until = None
        await session.flush()
        await _journal(session, "endpoint.changed", endpoint, now, by, changed=changed)
    return endpoint


async def rotate(
    session: AsyncSession, endpoint_id: UUID, *, keys: Keys, now: datetime, by: Actor
) -> tuple[Endpoint, UUID]:
    """A new secret; the one before signs beside it for a day. Raises `TooManySecrets`."""
    endpoint = await locked(session, endpoint_id, by)
    standing = sa.select(EndpointSecret).where(
        EndpointSecret.endpoint_id == endpoint.id,
        sa.or_(EndpointSecret.ends_at.is_(None), EndpointSecret.ends_at > now),
    )
    signing = (await session.scalars(standing)).all()
    if len(signing) >= rules.SECRETS:
        raise TooManySecrets
    for each in signing:
        each.ends_at = each.ends_at or now + rules.OVERLAP
    secret_id = await _secret(session, endpoint, keys, now)
    await _journal(session, "endpoint.secret_renewed", endpoint, now, by)
    return endpoint, secret_id


async def disable(
    session: AsyncSession, endpoint_id: UUID, why: str = "asked", *, now: datetime, by: Actor = PROGRAM
) -> Endpoint:
    """Tell it nothing more; what it was owed can be sent again later. Where the program decides, owners get a mail."""
    endpoint = await locked(session, endpoint_id, by)
    if endpoint.state == "disabled":
        return endpoint
    endpoint.state, endpoint.why, endpoint.rests_until = "disabled", why, None
    await _bury(session, endpoint, now)
    await _journal(session, "endpoint.disabled", endpoint, now, by, why=why)
    if why != "asked":
        owners = (
            sa.select(Person.id, Person.language)
            .join(StaffRole, StaffRole.person_id == Person.id)
            .where(StaffRole.partner_id == endpoint.partner_id, StaffRole.role == Role.OWNER)
        )
        for person_id, language in await session.execute(owners):
            mail = {"kind": "endpoint_disabled", "endpoint_id": endpoint.id, "person_id": person_id}
            session.add(Delivery(**mail, language=language, due_at=now, created_at=now))
        await session.flush()
    return endpoint


async def enable(session: AsyncSession, endpoint_id: UUID, *, now: datetime, by: Actor) -> Endpoint:
    """Tell it of what happens from now on."""
    endpoint = await locked(session, endpoint_id, by)
    if endpoint.state == "disabled":
        endpoint.state, endpoint.why, endpoint.failing_since, endpoint.rests_until = "active", None, None, None
        await session.flush()
        await _journal(session, "endpoint.enabled", endpoint, now, by)
    return endpoint


async def remove(session: AsyncSession, endpoint_id: UUID, *, now: datetime, by: Actor) -> None:
    """Forget it; nothing signs in its name any more."""
    endpoint = await locked(session, endpoint_id, by)
    endpoint.state = "removed"
    await _bury(session, endpoint, now)
    await session.execute(sa.delete(EndpointSecret).where(EndpointSecret.endpoint_id == endpoint.id))
    await _journal(session, "endpoint.removed", endpoint, now, by)


async def test(session: AsyncSession, endpoint_id: UUID, *, now: datetime, by: Actor) -> UUID:
    """Owe it a message that tells of nothing; its id. Raises `EndpointDisabled`."""
    endpoint = await locked(session, endpoint_id, by)
    if endpoint.state != "active":
        raise EndpointDisabled
    body = rules.body(rules.TEST, now, {"endpoint_id": endpoint.id})
    row = webhooks.message(endpoint.id, endpoint.partner_id, rules.TEST, body, now)
    await session.execute(sa.insert(table(Message)), [row])
    await session.flush()
    return UUID(str(row["id"]))


async def again(
    session: AsyncSession,
    endpoint_id: UUID,
    *,
    message_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime,
    by: Actor,
) -> int:
    """Send one message again, or all that never arrived of a time; how many, at most `AT_ONCE`.

    Same ids, same bodies, all tries anew. `since` and `until`: when they were written.
    """
    endpoint = await locked(session, endpoint_id, by)
    if endpoint.state != "active":
        raise EndpointDisabled
    chosen = Message.state == "dead" if message_id is None else Message.id == message_id
    these = sa.select(Message.id).where(Message.endpoint_id == endpoint.id, chosen)
    if since is not None:
        these = these.where(Message.created_at >= since)
    if until is not None:
        these = these.where(Message.created_at < until)
    found = list(await session.scalars(these.order_by(Message.id).limit(AT_ONCE).with_for_update()))
    if message_id is not None and not found:
        raise NotFound("message")
    fresh = {"state": "pending", "attempts": 0, "due_at": now, "settled_at": None, "leased_until": None}
    if found:
        await session.execute(sa.update(table(Message)).where(Message.id.in_(found)).values(**fresh))
        endpoint.rests_until = None
        await session.flush()
        await _journal(session, "endpoint.sent_again", endpoint, now, by, messages=len(found))
    return len(found)


async def locked(session: AsyncSession, endpoint_id: UUID, by: Actor) -> Endpoint:
    """Raises `NotFound` for one that `by` may not see."""
    rows = sa.select(Endpoint).where(Endpoint.id == endpoint_id, Endpoint.visible_to(by))
    rows = rows.with_for_update(key_share=True).execution_options(populate_existing=True)
    endpoint = await session.scalar(rows)
    if endpoint is None:
        raise NotFound("endpoint")
    return endpoint


async def _led(session: AsyncSession, partner_id: UUID, by: Actor) -> None:
    rows = sa.select(Partner).where(Partner.id == partner_id, Partner.visible_to(by))
    if await session.scalar(rows.with_for_update(key_share=True)) is None:  # ten are counted one by one
        raise NotFound("partner")
    if not by.runs(partner_id, Role.OWNER) or by.event_ids is not None:
        raise NotAllowed([Role.ADMIN, Role.OWNER])


async def _secret(session: AsyncSession, endpoint: Endpoint, keys: Keys, now: datetime) -> UUID:
    id_ = new_id()
    session.add(
        EndpointSecret(id=id_, endpoint_id=endpoint.id, secret_hash=fingerprint(secret(id_, keys)), created_at=now)
    )
    await session.flush()
    return id_


async def _bury(session: AsyncSession, endpoint: Endpoint, now: datetime) -> None:
    owed = sa.update(table(Message)).where(Message.endpoint_id == endpoint.id, Message.state == "pending")
    await session.execute(owed.values(state="dead", settled_at=now, leased_until=None))
    await session.flush()


async def _journal(
    session: AsyncSession, verb: str, endpoint: Endpoint, now: datetime, by: Actor, **facts: object
) -> None:
    await journal.record(session, verb, endpoint.id, at=now, by=by, partner=endpoint.partner_id, facts=facts)
