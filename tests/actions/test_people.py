"""Who is asked in, by whom, and how roles end."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import people, sign_in
from promos.database import Database
from promos.models import Entry, Partner, Person, Session, SignInLink, StaffRole
from promos.rules.people import Actor, Grant, Role, Scope
from promos.rules.refusals import AddressInvalid, InvalidRequest, NotAllowed, NotFound, Refusal
from promos.rules.signing import fingerprint
from tests.world import (
    ADMIN,
    DAY,
    NOW,
    a_partner,
    a_person,
    a_publication,
    add,
    door_of,
    editor_of,
    member_of,
    owner_of,
)


async def roles(session: AsyncSession, person: Person) -> list[StaffRole]:
    return list(await session.scalars(sa.select(StaffRole).where(StaffRole.person_id == person.id)))


async def a_session(session: AsyncSession, person: Person, cookie: str) -> Session:
    row = Session(
        person_id=person.id, token_hash=fingerprint(cookie), created_at=NOW, expires_at=NOW + DAY, proved_at=NOW
    )
    return await add(session, row)


async def test_an_invited_person_has_the_role_and_an_address_in_small_letters(session: AsyncSession) -> None:
    partner = await a_partner(session)

    person = await people.give(
        session, " Ada@Example.ORG ", Role.OWNER, name="Ada", partner_id=partner.id, language="fr", now=NOW, by=ADMIN
    )

    assert (person.email, person.name, person.language) == ("ada@example.org", "Ada", "fr")
    assert [(role.role, role.partner_id) for role in await roles(session, person)] == [("owner", partner.id)]
    assert await people.person_by_email(session, "ADA@example.org") is person


@pytest.mark.parametrize("role", [Role.ADMIN, Role.EDITOR, Role.MEMBER])
async def test_the_same_role_twice_is_the_same_as_once(session: AsyncSession, role: Role) -> None:
    partner, publication = await a_partner(session), await a_publication(session)
    place: dict[str, Any] = {
        Role.ADMIN: {},
        Role.EDITOR: {"publication_id": publication.id},
        Role.MEMBER: {"partner_id": partner.id},
    }[role]

    first = await people.give(session, "ada@example.org", role, name="Ada", now=NOW, by=ADMIN, **place)
    again = await people.give(session, "ada@example.org", role, name="Eve", now=NOW, by=ADMIN, **place)

    assert (again.id, again.name) == (first.id, "Ada")
    assert len(await roles(session, first)) == 1


async def test_history_tells_of_roles_without_an_address(session: AsyncSession) -> None:
    person = await people.give(session, "ada@example.org", Role.ADMIN, name="Ada", now=NOW, by=ADMIN)
    [role] = await roles(session, person)
    await people.remove_role(session, role.id, now=NOW, by=ADMIN)

    entries = (await session.scalars(sa.select(Entry).order_by(Entry.id))).all()
    assert [entry.verb for entry in entries] == ["role.given", "role.removed"]
    assert entries[0].facts == {"person": str(person.id), "role": "admin"}


@pytest.mark.parametrize("role", [Role.OWNER, Role.MEMBER, Role.DOOR])
async def test_an_owner_invites_for_the_own_partner(session: AsyncSession, role: Role) -> None:
    partner = await a_partner(session)

    person = await people.give(session, "bo@example.org", role, partner_id=partner.id, now=NOW, by=owner_of(partner))

    assert [given.role for given in await roles(session, person)] == [role]


async def test_an_owner_finds_no_other_partner_and_gives_no_role_of_the_house(session: AsyncSession) -> None:
    own, foreign = await a_partner(session), await a_partner(session)
    publication = await a_publication(session)

    refused: list[tuple[Role, dict[str, Any], type[Refusal]]] = [
        (Role.MEMBER, {"partner_id": foreign.id}, NotFound),
        (Role.MEMBER, {"partner_id": publication.id}, NotFound),
        (Role.MEMBER, {}, InvalidRequest),
        (Role.ADMIN, {}, NotAllowed),
        (Role.EDITOR, {"publication_id": publication.id}, NotAllowed),
    ]
    for asked, place, refusal in refused:
        with pytest.raises(refusal):
            await people.give(session, "bo@example.org", asked, now=NOW, by=owner_of(own), **place)
    assert await session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0


async def test_members_doors_and_editors_invite_nobody(session: AsyncSession) -> None:
    partner, publication = await a_partner(session), await a_publication(session)

    for by in (member_of(partner), door_of(partner), editor_of(publication)):
        with pytest.raises(NotAllowed):
            await people.give(session, "bo@example.org", Role.MEMBER, partner_id=partner.id, now=NOW, by=by)


async def test_a_limited_token_cannot_make_somebody_who_may_do_more(session: AsyncSession) -> None:
    partner = await a_partner(session)
    grants = frozenset({Grant(Role.OWNER, partner_id=partner.id)})

    for limited in (
        Actor("token", partner.id, grants, event_ids=frozenset()),
        Actor("token", partner.id, grants, frozenset({Scope.READ, Scope.WRITE})),
    ):
        with pytest.raises(NotAllowed):
            await people.give(session, "bo@example.org", Role.OWNER, partner_id=partner.id, now=NOW, by=limited)


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.ADMIN, {"partner_id"}),
        (Role.EDITOR, {"partner_id"}),
        (Role.EDITOR, set()),
        (Role.OWNER, {"publication_id"}),
        (Role.DOOR, {"partner_id", "publication_id"}),
    ],
)
async def test_a_role_goes_with_its_own_place_only(session: AsyncSession, role: Role, place: set[str]) -> None:
    places: dict[str, Any] = {
        "partner_id": (await a_partner(session)).id,
        "publication_id": (await a_publication(session)).id,
    }

    with pytest.raises(InvalidRequest):
        await people.give(
            session, "bo@example.org", role, now=NOW, by=ADMIN, **{field: places[field] for field in place}
        )


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"email": "nobody"}, AddressInvalid),
        ({"name": "a\nb"}, InvalidRequest),
        ({"name": "a" * 201}, InvalidRequest),
        ({"language": "xx"}, InvalidRequest),
    ],
)
async def test_senseless_people_are_not_kept(
    session: AsyncSession, given: dict[str, Any], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await people.give(session, **({"email": "bo@example.org"} | given), role=Role.ADMIN, now=NOW, by=ADMIN)


async def test_a_removed_role_is_gone_at_the_next_look(session: AsyncSession) -> None:
    partner = await a_partner(session)
    person = await a_person(session, "ada@example.org", Role.OWNER, partner_id=partner.id)
    kept = (await roles(session, person))[0]
    taken = await add(session, StaffRole(person_id=person.id, role=Role.ADMIN, created_at=NOW))

    await people.remove_role(session, taken.id, now=NOW, by=ADMIN)

    await a_session(session, person, "cookie")
    actor = await sign_in.actor_of_session(session, "cookie", now=NOW)
    assert actor is not None
    assert actor.grants == {Grant(Role.OWNER, partner_id=partner.id)}
    assert [role.id for role in await roles(session, person)] == [kept.id]


async def test_whose_roles_change_signs_in_anew(session: AsyncSession) -> None:
    partner = await a_partner(session)
    person = await a_person(session, "ada@example.org", Role.MEMBER, partner_id=partner.id)

    await a_session(session, person, "before the raise")
    await people.give(session, person.email, Role.OWNER, partner_id=partner.id, now=NOW, by=ADMIN)
    assert await sign_in.actor_of_session(session, "before the raise", now=NOW) is None

    await a_session(session, person, "before the fall")
    owner = next(role for role in await roles(session, person) if role.role == "owner")
    await people.remove_role(session, owner.id, now=NOW, by=ADMIN)
    assert await sign_in.actor_of_session(session, "before the fall", now=NOW) is None


async def test_without_a_role_no_open_link_leads_in(session: AsyncSession) -> None:
    person = await a_person(session, "ada@example.org", Role.ADMIN)
    link = await add(
        session,
        SignInLink(person_id=person.id, token_hash="h", created_at=NOW, expires_at=NOW + DAY, used_at=None),
    )

    await people.remove_role(session, (await roles(session, person))[0].id, now=NOW, by=ADMIN)

    await session.refresh(link)
    assert link.used_at == NOW


async def test_an_owner_removes_people_of_the_own_partner_only(session: AsyncSession) -> None:
    own, foreign = await a_partner(session), await a_partner(session)
    colleague = await a_person(session, "ada@example.org", Role.MEMBER, partner_id=own.id)
    stranger = await a_person(session, "bo@example.org", Role.MEMBER, partner_id=foreign.id)
    admin = await a_person(session, "cy@example.org", Role.ADMIN)

    for person in (stranger, admin):
        with pytest.raises(NotFound):
            await people.remove_role(session, (await roles(session, person))[0].id, now=NOW, by=owner_of(own))
    with pytest.raises(NotFound):
        await people.remove_role(session, own.id, now=NOW, by=owner_of(own))
    await people.remove_role(session, (await roles(session, colleague))[0].id, now=NOW, by=owner_of(own))

    assert await roles(session, colleague) == []


async def test_the_last_owner_is_removed_by_an_admin_only(session: AsyncSession) -> None:
    partner = await a_partner(session)
    person = await a_person(session, "ada@example.org", Role.OWNER, partner_id=partner.id)
    [role] = await roles(session, person)

    with pytest.raises(NotAllowed):
        await people.remove_role(session, role.id, now=NOW, by=owner_of(partner))
    await people.remove_role(session, role.id, now=NOW, by=ADMIN)

    assert await roles(session, person) == []


async def test_two_owners_who_remove_each_other_leave_one(database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session)
        owners = [
            await a_person(session, email, Role.OWNER, partner_id=partner.id)
            for email in ("ada@example.org", "bo@example.org")
        ]
        ids = [(await roles(session, owner))[0].id for owner in owners]

    async def remove(role_id: UUID) -> str:
        try:
            async with database.writing() as session:
                await people.remove_role(session, role_id, now=NOW, by=owner_of(partner))
        except NotAllowed:
            return "refused"
        return "removed"

    outcomes = await asyncio.gather(*(remove(role_id) for role_id in ids))

    assert sorted(outcomes) == ["refused", "removed"]


async def test_one_address_invited_twice_at_once_is_one_person(database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session)

    async def invite() -> None:
        async with database.writing() as session:
            await people.give(session, "ada@example.org", Role.OWNER, partner_id=partner.id, now=NOW, by=ADMIN)

    await asyncio.gather(*(invite() for _ in range(4)))

    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Person)) == 1
        assert await session.scalar(sa.select(sa.func.count()).select_from(StaffRole)) == 1
        assert await session.scalar(sa.select(sa.func.count()).select_from(Partner)) == 1
