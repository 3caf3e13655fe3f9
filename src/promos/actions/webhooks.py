"""Messages owed to partners' endpoints: written with what they tell of, claimed under a lease, settled by what came of
each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Attempt, Endpoint, EndpointSecret, Message, PromoCode, new_id, table
from promos.models.webhooks import IS_PENDING
from promos.rules import webhooks as rules
from promos.rules.retries import next_try
from promos.rules.signing import fingerprint
from promos.rules.webhooks import Answer

_NAMES = {  # of what a row of history is about, where that is no redemption
    "claim.waiting": "claim_id",
    "block.published": "block_id",
    "pass.checked_in": "check_in_id",
    **dict.fromkeys(("code.exhausted", "code.almost_exhausted", "code.ending", "code.paused"), "code_id"),
    **dict.fromkeys(("pool.exhausted", "pool.almost_exhausted"), "offer_id"),
}


@dataclass(frozen=True, slots=True)
class Due:
    """One message to send now."""

    id: UUID
    body: str


async def owe(session: AsyncSession, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write what endpoints are to be told of these rows of history."""
    told = [entry for entry in entries if entry["verb"] in rules.OF_VERB and entry["partner_id"]]
    if not told:
        return
    partners = {entry["partner_id"] for entry in told}
    known = await session.execute(
        sa.select(Endpoint.id, Endpoint.partner_id, Endpoint.types).where(
            Endpoint.partner_id.in_(partners), Endpoint.state == "active"
        )
    )
    endpoints = known.all()
    if not endpoints:
        return
    codes = await _codes(session, {entry["code_id"] for entry in told if entry["code_id"]})
    rows = []
    for entry in told:
        type_ = rules.OF_VERB[entry["verb"]]
        body = rules.body(type_, entry["at"], _data(entry, codes))
        rows += [
            message(each.id, each.partner_id, type_, body, entry["at"])
            for each in endpoints
            if each.partner_id == entry["partner_id"] and type_ in each.types
        ]
    if rows:
        await session.execute(sa.insert(table(Message)), rows)


def message(endpoint_id: UUID, partner_id: UUID, type_: str, body: str, now: datetime) -> dict[str, Any]:
    """A new row."""
    return {
        "id": new_id(),
        "endpoint_id": endpoint_id,
        "partner_id": partner_id,
        "type": type_,
        "body": body,
        "state": "pending",
        "attempts": 0,
        "due_at": now,
        "leased_until": None,
        "created_at": now,
        "settled_at": None,
    }


async def _codes(session: AsyncSession, ids: set[UUID]) -> dict[UUID, Any]:
    if not ids:
        return {}
    rows = await session.execute(
        sa.select(PromoCode.id, PromoCode.spelled, PromoCode.version).where(PromoCode.id.in_(ids))
    )
    return {row.id: row for row in rows}


def _data(entry: Mapping[str, Any], codes: Mapping[UUID, Any]) -> dict[str, Any]:
    """Ids and facts; nothing of a reader but that there is one."""
    said = {_NAMES.get(entry["verb"], "redemption_id"): entry["subject_id"], "event_id": entry["event_id"]}
    if code := codes.get(entry["code_id"]):
        said |= {"code_id": code.id, "code": code.spelled, "version": entry["version"] or code.version}
    if entry["publication_id"]:
        said["publication_id"] = entry["publication_id"]
    facts: dict[str, Any] = entry["facts"]
    return said | facts


async def due_endpoints(session: AsyncSession, *, now: datetime, most: int) -> list[UUID]:
    """Endpoints with something to be told now; those that answer well come first, so that sick ones hold up none."""
    found = (
        sa.select(Endpoint.id)
        .where(
            Endpoint.state == "active",
            sa.or_(Endpoint.rests_until.is_(None), Endpoint.rests_until <= now),
            sa.exists().where(Message.endpoint_id == Endpoint.id, _due(now)),
        )
        .order_by(Endpoint.failing_since.is_not(None), Endpoint.failing_since, Endpoint.id)
        .limit(most)
    )
    return list(await session.scalars(found))


async def claim(
    session: AsyncSession, endpoint_id: UUID, *, now: datetime, lease: timedelta, most: int
) -> tuple[Endpoint | None, list[EndpointSecret], list[Due]]:
    """What an endpoint is to be told now, oldest first, for this process alone until `lease` is over, and how.

    An endpoint that fails is asked one thing at a time, until it answers well again.
    """
    endpoint = await session.get(Endpoint, endpoint_id, populate_existing=True)
    if endpoint is None or endpoint.state != "active" or (endpoint.rests_until and endpoint.rests_until > now):
        return None, [], []
    free = (
        sa.select(Message.id, Message.body)
        .where(Message.endpoint_id == endpoint_id, _due(now))
        .order_by(Message.due_at, Message.id)
        .limit(1 if endpoint.failing_since else most)
        .with_for_update(skip_locked=True)
    )
    found = [Due(*row) for row in await session.execute(free)]
    leased = sa.update(table(Message)).where(Message.id.in_([each.id for each in found]))
    if found:
        await session.execute(leased.values(leased_until=now + lease))
    signing = sa.select(EndpointSecret).where(
        EndpointSecret.endpoint_id == endpoint_id,
        sa.or_(EndpointSecret.ends_at.is_(None), EndpointSecret.ends_at > now),
    )
    secrets = await session.scalars(signing.order_by(EndpointSecret.id.desc()))
    return endpoint, list(secrets), found


def secrets_of(rows: Sequence[EndpointSecret], keys: Sequence[bytes]) -> list[str]:
    """The secrets of these rows, newest first; one whose key is no longer listed is gone."""
    made = ((row, rules.secret_of(key, row.id)) for row in rows for key in keys)
    return [secret for row, secret in made if fingerprint(secret) == row.secret_hash]


async def settle(
    session: AsyncSession,
    endpoint_id: UUID,
    answers: Mapping[UUID, Answer],
    *,
    now: datetime,
    pauses: Sequence[int],
    failing: timedelta,
    random: Random,
) -> str | None:
    """Write down what came of one try of each message; why the endpoint is to be disabled by it, if it is.

    `failing`: for how long it may fail at all it is told.
    """
    locked = sa.select(Endpoint).where(Endpoint.id == endpoint_id).with_for_update(key_share=True)
    endpoint = (await session.scalars(locked.execution_options(populate_existing=True))).one()
    found = sa.select(Message).where(Message.id.in_(answers)).order_by(Message.id).with_for_update()
    for row in await session.scalars(found.execution_options(populate_existing=True)):
        answer = answers[row.id]
        row.attempts += 1
        row.leased_until = None
        session.add(Attempt(message_id=row.id, at=now, status=answer.status, said=answer.said, seconds=answer.seconds))
        if row.state != "pending":  # somebody else was told meanwhile that it arrived
            continue
        if answer.is_success:
            row.state, row.settled_at = "delivered", now
        elif again := next_try(row.attempts, pauses, now, random):
            row.due_at = again
        else:
            row.state, row.settled_at = "dead", now
    if any(answer.is_success for answer in answers.values()):
        endpoint.failing_since = endpoint.rests_until = None
        return None
    endpoint.failing_since = endpoint.failing_since or now
    if rest := max((answer.rest for answer in answers.values()), default=timedelta()):
        endpoint.rests_until = now + rest
    await session.flush()
    if any(answer.status == rules.GONE for answer in answers.values()):
        return "gone"
    return "failing" if now - endpoint.failing_since >= failing else None


def _due(now: datetime) -> sa.ColumnElement[bool]:
    is_free = sa.or_(Message.leased_until.is_(None), Message.leased_until <= now)
    return sa.and_(IS_PENDING, Message.due_at <= now, is_free)
