"""Invitations: a role is offered to a mailbox, and given to who signs in by it in time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal, people
from promos.actions.readers import insert_into
from promos.models import Delivery, Invitation, Person, StaffRole, new_id, table
from promos.rules.people import PROGRAM, Actor, Role
from promos.rules.refusals import LinkEnded, NotFound, RateLimited
from promos.rules.signing import fingerprint, secret_of
from promos.settings import Keys

PAUSE = timedelta(minutes=10)  # between two mails of one invitation
A_DAY = 5  # invitations of one place to one mailbox
IS_STANDING = Invitation.state.in_(("open", "ended"))


async def invite(
    session: AsyncSession,
    email: str,
    role: Role,
    *,
    name: str = "",
    partner_id: UUID | None = None,
    publication_id: UUID | None = None,
    language: str = "en",
    keys: Keys,
    now: datetime,
    lifetime: timedelta,
    by: Actor,
) -> Person:
    """Owe whoever reads `email` a mail that offers them `role`, which is theirs once they sign in within `lifetime`.

    The same twice is the same as once, and one that has ended begins anew. Raises what `people.reach` raises, and
    `RateLimited` for a mailbox that was invited here too often.
    """
    await people.reach(session, role, partner_id=partner_id, publication_id=publication_id, by=by)
    person = await people.known(session, email, name=name, language=language, now=now)
    place = {"person_id": person.id, "role": role, "partner_id": partner_id, "publication_id": publication_id}
    if await session.scalar(sa.select(sa.exists().where(*_same(StaffRole, place)))):
        return person
    standing = await session.scalar(sa.select(Invitation).where(*_same(Invitation, place), IS_STANDING))
    if standing is not None:
        if standing.state == "ended" or standing.expires_at <= now:
            await send_again(session, standing.id, now=now, lifetime=lifetime, by=by)
        return person
    await _not_too_often(session, place, now)
    id_ = new_id()
    made = await session.scalar(
        insert_into(session, table(Invitation))
        .values(
            id=id_,
            **place,
            invited_by=by.id if by.kind == "person" else None,
            token_hash=fingerprint(secret_of(keys.signing[0], "invitation", id_)),
            state="open",
            created_at=now,
            sent_at=now,
            expires_at=now + lifetime,
        )
        .on_conflict_do_nothing()
        .returning(Invitation.id)
    )
    if made is not None:  # of two at once, one is mailed
        invitation = await session.get_one(Invitation, id_)
        session.add(_mail(invitation, person, now))
        await _record(session, "role.invited", invitation, now, by)
    return person


def secret(invitation: Invitation, keys: Keys) -> str | None:
    """The secret of an invitation, made again for its mail; `None` once the key that made it is gone."""
    made = (secret_of(key, "invitation", invitation.id) for key in keys.signing)
    return next((again for again in made if fingerprint(again) == invitation.token_hash), None)


async def by_secret(session: AsyncSession, secret: str) -> tuple[Invitation, Person]:
    """The invitation of a link, whatever became of it, and whom it is for; raises `LinkEnded` for none."""
    found = await session.execute(
        sa.select(Invitation, Person)
        .join(Person, Invitation.person_id == Person.id)
        .where(Invitation.token_hash == fingerprint(secret))
    )
    row = found.one_or_none()
    if row is None:
        raise LinkEnded
    return row[0], row[1]


async def send_again(
    session: AsyncSession, invitation_id: UUID, *, now: datetime, lifetime: timedelta, by: Actor
) -> Invitation:
    """Owe the same mail once more and let the time begin anew.

    Raises `NotFound` for one that is over for good or may not be seen, `RateLimited` within minutes of the last mail.
    """
    theirs = (Invitation.id == invitation_id, _seen(by), IS_STANDING)
    invitation = await session.scalar(sa.select(Invitation).where(*theirs).with_for_update())
    if invitation is None:
        raise NotFound("role")
    people.is_whole(by, Role(invitation.role))
    if now < invitation.sent_at + PAUSE:
        raise RateLimited(int((invitation.sent_at + PAUSE - now).total_seconds()) + 1)
    invitation.state, invitation.settled_at = "open", None
    invitation.sent_at, invitation.expires_at = now, now + lifetime
    session.add(_mail(invitation, await session.get_one(Person, invitation.person_id), now))
    await _record(session, "role.invited_again", invitation, now, by)
    return invitation


async def remove(session: AsyncSession, role_id: UUID, *, now: datetime, by: Actor) -> None:
    """Withdraw an invitation; of one that was taken up in the meantime, and of any role, `people.remove_role`."""
    withdrawn = await session.scalar(
        sa.update(Invitation)
        .where(Invitation.id == role_id, _seen(by), IS_STANDING)
        .values(state="withdrawn", settled_at=now)
        .returning(Invitation)
        .execution_options(populate_existing=True)
    )
    if withdrawn is None:
        await people.remove_role(session, role_id, now=now, by=by)
        return
    people.is_whole(by, Role(withdrawn.role))
    await people.close_door(session, withdrawn.person_id, now=now)
    await _record(session, "role.withdrawn", withdrawn, now, by)


async def take_up(session: AsyncSession, person_id: UUID, *, now: datetime) -> None:
    """Give somebody who just proved their mailbox all roles that were offered to it; they are signed out elsewhere."""
    found = await session.scalars(
        sa.update(Invitation)
        .where(Invitation.person_id == person_id, Invitation.state == "open", Invitation.expires_at > now)
        .values(state="taken-up", settled_at=now)
        .returning(Invitation)
        .execution_options(populate_existing=True)
    )
    taken = sorted(found, key=lambda each: each.id)
    for each in taken:
        place = {"person_id": person_id, "partner_id": each.partner_id, "publication_id": each.publication_id}
        given = insert_into(session, table(StaffRole)).values(id=each.id, role=each.role, created_at=now, **place)
        await session.execute(given.on_conflict_do_nothing())
        await _record(session, "role.taken_up", each, now, Actor("person", person_id))
    if taken:
        await people.end_sessions(session, person_id)


async def end(session: AsyncSession, *, now: datetime) -> int:
    """Write down which invitations have ended, and how many they were."""
    found = await session.scalars(
        sa.update(Invitation)
        .where(Invitation.state == "open", Invitation.expires_at <= now)
        .values(state="ended", settled_at=now)
        .returning(Invitation)
        .execution_options(populate_existing=True)
    )
    ended = sorted(found, key=lambda each: each.id)
    for each in ended:
        await _record(session, "role.invitation_ended", each, now, PROGRAM)
    return len(ended)


def _same(model: type[StaffRole] | type[Invitation], place: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [getattr(model, name).is_not_distinct_from(value) for name, value in place.items()]


def _seen(by: Actor) -> sa.ColumnElement[bool]:
    return sa.true() if by.is_admin else Invitation.partner_id.in_(by.partners(Role.OWNER))


async def _not_too_often(session: AsyncSession, place: Mapping[str, Any], now: datetime) -> None:
    """Withdrawn and invited anew is a mail each time."""
    day = timedelta(days=1)
    here = _same(Invitation, {name: value for name, value in place.items() if name != "role"})
    lately = sa.select(sa.func.count(), sa.func.min(Invitation.created_at)).where(*here)
    count, first = (await session.execute(lately.where(Invitation.created_at > now - day))).one()
    if count >= A_DAY:
        raise RateLimited(int((first + day - now).total_seconds()) + 1)


def _mail(invitation: Invitation, person: Person, now: datetime) -> Delivery:
    return Delivery(
        kind="invitation",
        invitation_id=invitation.id,
        person_id=person.id,
        language=person.language,
        due_at=now,
        created_at=now,
    )


async def _record(session: AsyncSession, verb: str, invitation: Invitation, now: datetime, by: Actor) -> None:
    await journal.record(
        session,
        verb,
        invitation.id,
        at=now,
        by=by,
        partner=invitation.partner_id,
        publication=invitation.publication_id,
        facts={"person": str(invitation.person_id), "role": invitation.role},
    )
