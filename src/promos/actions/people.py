"""Staff: who is asked in, and who no longer is."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.actions.readers import insert_into
from promos.models import Invitation, Partner, Person, Publication, Session, SignInLink, StaffRole, new_id, table
from promos.rules import readers, texts
from promos.rules.language import N_
from promos.rules.people import OF_PARTNERS, SCOPES, Actor, Role
from promos.rules.refusals import InvalidRequest, NotAllowed, NotFound

_READERS: dict[str, texts.Reader] = {"name": texts.optional(texts.line), "language": texts.language}


def login(email: str) -> str:
    """The spelling under which somebody of the staff is known; raises `AddressInvalid`."""
    return readers.address(email).lower()


async def person_by_email(session: AsyncSession, email: str) -> Person | None:
    return await session.scalar(sa.select(Person).where(Person.email == login(email)))


async def give(
    session: AsyncSession,
    email: str,
    role: Role,
    *,
    name: str = "",
    partner_id: UUID | None = None,
    publication_id: UUID | None = None,
    language: str = "en",
    now: datetime,
    by: Actor,
) -> Person:
    """Give `role` to whoever reads `email` at once, for who holds the machine itself; others `invitations.invite`.

    The same role twice is the same as once. Whoever gains a role has to sign in anew.
    """
    await reach(session, role, partner_id=partner_id, publication_id=publication_id, by=by)
    person = await known(session, email, name=name, language=language, now=now)
    role_id = await session.scalar(
        insert_into(session, table(StaffRole))
        .values(
            id=new_id(),
            person_id=person.id,
            role=role,
            partner_id=partner_id,
            publication_id=publication_id,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(StaffRole.id)
    )
    if role_id is not None:
        await end_sessions(session, person.id)
        await journal.record(
            session,
            "role.given",
            role_id,
            at=now,
            by=by,
            partner=partner_id,
            publication=publication_id,
            facts={"person": str(person.id), "role": role},
        )
    return person


async def known(session: AsyncSession, email: str, *, name: str, language: str, now: datetime) -> Person:
    """Whoever reads `email`, taken in if need be; a person that we know already keeps name and language."""
    address = login(email)
    given = texts.read(_READERS, {"name": name, "language": language})
    await session.execute(
        insert_into(session, table(Person))
        .values(id=new_id(), email=address, name=given["name"] or "", language=given["language"], created_at=now)
        .on_conflict_do_nothing()
    )
    return (await session.scalars(sa.select(Person).where(Person.email == address))).one()


async def remove_role(session: AsyncSession, role_id: UUID, *, now: datetime, by: Actor) -> None:
    """Take a role away at once: the person's sessions end, and with the last role every way in.

    A partner's last owner can be removed by an admin only. Raises `NotFound` for a role that `by` may not see.
    """
    seen = sa.true() if by.is_admin else StaffRole.partner_id.in_(by.partners(Role.OWNER))
    role = await session.scalar(sa.select(StaffRole).where(StaffRole.id == role_id, seen))
    if role is None:
        raise NotFound("role")
    is_whole(by, Role(role.role))
    if role.role == Role.OWNER and not by.is_admin:
        owners = sa.select(StaffRole.id).where(StaffRole.partner_id == role.partner_id, StaffRole.role == Role.OWNER)
        left = (await session.scalars(owners.order_by(StaffRole.id).with_for_update())).all()
        if role_id not in left:
            raise NotFound("role")
        if len(left) == 1:
            raise NotAllowed([Role.ADMIN])
    taken = await session.scalar(sa.delete(StaffRole).where(StaffRole.id == role_id).returning(StaffRole.id))
    if taken is None:
        raise NotFound("role")
    await end_sessions(session, role.person_id)
    await close_door(session, role.person_id, now=now)
    await journal.record(
        session,
        "role.removed",
        role_id,
        at=now,
        by=by,
        partner=role.partner_id,
        publication=role.publication_id,
        facts={"person": str(role.person_id), "role": role.role},
    )


async def reach(
    session: AsyncSession, role: Role, *, partner_id: UUID | None, publication_id: UUID | None, by: Actor
) -> None:
    """Raise unless `by` may hand out `role` there: an admin all of them, an owner those of the own partner.

    `NotFound` for a partner or publication that does not exist or is somebody else's, `InvalidRequest` for a role
    without its place or with a wrong one.
    """
    for_partner, for_publication = role in OF_PARTNERS, role is Role.EDITOR
    errors = {
        "partner_id": _misplaced(for_partner, partner_id),
        "publication_id": _misplaced(for_publication, publication_id),
    }
    if not by.is_admin:
        if not by.partners(Role.OWNER):
            raise NotAllowed([Role.ADMIN, Role.OWNER])
        if not for_partner:
            raise NotAllowed([Role.ADMIN])
        if partner_id is not None and partner_id not in by.partners(Role.OWNER):
            raise NotFound("partner")
    if wrong := {field: message for field, message in errors.items() if message}:
        raise InvalidRequest(wrong)
    is_whole(by, role)
    if for_partner and not await session.scalar(sa.select(sa.exists().where(Partner.id == partner_id))):
        raise NotFound("partner")
    if for_publication and not await session.scalar(sa.select(sa.exists().where(Publication.id == publication_id))):
        raise NotFound("publication")


def is_whole(by: Actor, role: Role) -> None:
    """Raise `NotAllowed` where a token that is limited in events or scopes deals with a role that is not."""
    if by.event_ids is not None or not SCOPES[role] <= by.scopes:
        raise NotAllowed([Role.ADMIN, Role.OWNER])


def _misplaced(needed: bool, given: UUID | None) -> str:
    if needed and given is None:
        return N_("This role needs to know for which one.")
    return "" if needed or given is None else N_("This role has nothing to do with it.")


async def may_enter(session: AsyncSession, person_id: UUID, *, now: datetime) -> bool:
    """Whether somebody has a role, or an open invitation to one."""
    is_invited = sa.exists().where(
        Invitation.person_id == person_id, Invitation.state == "open", Invitation.expires_at > now
    )
    has_role = sa.exists().where(StaffRole.person_id == person_id)
    return bool(await session.scalar(sa.select(sa.or_(has_role, is_invited))))


async def close_door(session: AsyncSession, person_id: UUID, *, now: datetime) -> None:
    """Let no link sign somebody in to whom neither a role is left nor an invitation."""
    if not await may_enter(session, person_id, now=now):
        unused = sa.update(SignInLink).where(SignInLink.person_id == person_id, SignInLink.used_at.is_(None))
        await session.execute(unused.values(used_at=now))


async def end_sessions(session: AsyncSession, person_id: UUID) -> None:
    await session.execute(sa.delete(Session).where(Session.person_id == person_id))
