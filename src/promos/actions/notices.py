"""Mails to a partner's own people when a code runs low, is used up or ends soon; each can switch them off."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Delivery, Person, StaffRole, new_id, table
from promos.rules import webhooks
from promos.rules.language import N_
from promos.rules.people import Actor, Role
from promos.rules.refusals import InvalidRequest, NotFound

WORDS: Mapping[str, str] = {
    **{kind: webhooks.WORDS[kind] for kind in ("code.almost_exhausted", "code.exhausted", "code.ending")},
    "pool.almost_exhausted": N_("the codes of your own shop run low"),
    "pool.exhausted": N_("the last code of your own shop is handed out"),
    "wish.asked": N_("somebody asks you for more passes"),
    "wish.settled": N_("what you asked for is decided"),
}
KINDS = tuple(WORDS)
OF_EDITORS = ("wish.settled",)
_WRITTEN_ELSEWHERE = frozenset({"wish.asked", "wish.settled"})  # `actions.wishes` knows to whom


async def owe(session: AsyncSession, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write the mails that are owed for these rows of history."""
    told = [
        entry
        for entry in entries
        if entry["verb"] in KINDS and entry["verb"] not in _WRITTEN_ELSEWHERE and entry["partner_id"]
    ]
    if not told:
        return
    found = await session.execute(
        sa.select(StaffRole.partner_id, Person.id, Person.language, Person.muted)
        .join(Person, StaffRole.person_id == Person.id)
        .where(
            StaffRole.partner_id.in_({entry["partner_id"] for entry in told}),
            StaffRole.role.in_((Role.OWNER, Role.MEMBER)),
        )
        .order_by(Person.id)
    )
    people = {(row.partner_id, row.id): row for row in found}  # who has two roles gets one mail
    mails = [
        {"id": new_id(), "kind": "notice", "entry_id": entry["id"], "person_id": person.id}
        | {"language": person.language, "state": "pending", "attempts": 0}
        | {"due_at": entry["at"], "created_at": entry["at"]}
        for entry in told
        for person in people.values()
        if person.partner_id == entry["partner_id"] and entry["verb"] not in person.muted
    ]
    if mails:
        await session.execute(sa.insert(table(Delivery)), mails)


async def muted(session: AsyncSession, by: Actor) -> list[str]:
    """What this person does not want to be told; raises `NotFound` for who is none."""
    return (await _myself(session, by.id if by.kind == "person" else None)).muted


async def choose(session: AsyncSession, wanted: Collection[str], *, among: Collection[str] = KINDS, by: Actor) -> None:
    """Tell this person of these from now on, and of nothing else `among` those there are.

    Raises `InvalidRequest` and `NotFound`.
    """
    if not set(wanted) <= set(among):
        raise InvalidRequest({"wanted": N_("Choose only what is listed.")})
    person = await _myself(session, by.id if by.kind == "person" else None)
    person.muted = [kind for kind in KINDS if kind not in wanted and (kind in among or kind in person.muted)]
    await session.flush()


async def _myself(session: AsyncSession, person_id: UUID | None) -> Person:
    person = await session.get(Person, person_id, populate_existing=True) if person_id else None
    if person is None:
        raise NotFound("person")
    return person
