"""A role that is offered to a mailbox: taken up once, by its reader, in time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import deliveries, invitations, notices, people, sign_in
from promos.database import Database
from promos.models import Delivery, Entry, Invitation, Partner, Person, StaffRole
from promos.retrying import written, written_of
from promos.rules.people import Role
from promos.rules.refusals import LinkEnded, NotFound, RateLimited
from promos.settings import Keys
from tests.world import ADMIN, DAY, NOW, a_partner, a_person, member_of, owner_of

KEYS = Keys((b"s" * 40,), b"r" * 40)
WEEK, QUARTER, MINUTE = timedelta(days=7), timedelta(minutes=15), timedelta(minutes=1)


async def an_invitation(session: AsyncSession, partner: Partner, **given: Any) -> Invitation:
    terms: dict[str, Any] = {"role": Role.MEMBER, "now": NOW, "by": owner_of(partner)} | given
    await invitations.invite(session, "bo@example.org", partner_id=partner.id, keys=KEYS, lifetime=WEEK, **terms)
    return (await session.scalars(sa.select(Invitation).order_by(Invitation.id.desc()).limit(1))).one()


async def a_link(session: AsyncSession, now: Any = NOW) -> str | None:
    asked = await sign_in.ask(session, "bo@example.org", keys=KEYS, now=now, lifetime=QUARTER)
    return sign_in.secret(asked, KEYS) if asked else None


async def enter(session: AsyncSession, secret: str | None, now: Any = NOW) -> str:
    assert secret is not None
    _, cookie = await sign_in.enter(session, secret, now=now, lifetime=DAY)
    return cookie


async def verbs(session: AsyncSession) -> list[str]:
    seen = sa.select(Entry.verb).where(Entry.verb.startswith("role.")).order_by(Entry.id)
    return list(await session.scalars(seen))


async def count(session: AsyncSession, model: Any) -> int:
    return await session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


async def test_who_is_invited_has_nothing_before_they_sign_in(session: AsyncSession) -> None:
    partner = await a_partner(session)

    made = await an_invitation(session, partner)
    before = await count(session, StaffRole)
    cookie = await enter(session, await a_link(session))

    actor = await sign_in.actor_of_session(session, cookie, now=NOW)
    assert before == 0
    assert actor is not None
    assert actor.partners(Role.MEMBER) == {partner.id}
    assert (await session.scalars(sa.select(StaffRole.id))).one() == made.id  # the API's role stays the same
    assert await verbs(session) == ["role.invited", "role.taken_up"]


async def test_one_sign_in_takes_up_all_that_is_open(session: AsyncSession) -> None:
    partner, other = await a_partner(session), await a_partner(session)
    await an_invitation(session, partner)
    await an_invitation(session, other, role=Role.DOOR, by=ADMIN)

    await enter(session, await a_link(session))

    given = await session.execute(sa.select(StaffRole.partner_id, StaffRole.role).order_by(StaffRole.created_at))
    assert {tuple(row) for row in given} == {(partner.id, "member"), (other.id, "door")}


async def test_who_takes_a_role_up_is_signed_out_elsewhere(session: AsyncSession) -> None:
    partner = await a_partner(session)
    await a_person(session, "bo@example.org", Role.ADMIN)
    old = await enter(session, await a_link(session))
    await an_invitation(session, partner)

    assert await sign_in.signed_in(session, old, now=NOW) is not None
    await enter(session, await a_link(session))
    assert await sign_in.signed_in(session, old, now=NOW) is None


async def test_an_invitation_that_ended_lets_nobody_in(session: AsyncSession) -> None:
    partner = await a_partner(session)
    await an_invitation(session, partner)
    late = await a_link(session, NOW + WEEK - MINUTE)

    with pytest.raises(LinkEnded):
        await enter(session, late, NOW + WEEK)
    assert await a_link(session, NOW + WEEK) is None
    assert await invitations.end(session, now=NOW + WEEK) == 1
    assert await count(session, StaffRole) == 0
    assert await verbs(session) == ["role.invited", "role.invitation_ended"]


async def test_one_that_ended_can_be_sent_again(session: AsyncSession) -> None:
    partner = await a_partner(session)
    made = await an_invitation(session, partner)
    secret = invitations.secret(made, KEYS)
    await invitations.end(session, now=NOW + WEEK)

    again = await an_invitation(session, partner, now=NOW + WEEK)

    assert (again.id, again.state, again.expires_at) == (made.id, "open", NOW + 2 * WEEK)
    assert invitations.secret(again, KEYS) == secret
    await enter(session, await a_link(session, NOW + WEEK), NOW + WEEK)


async def test_what_is_withdrawn_opens_nothing_nor_does_a_link_asked_for_before(session: AsyncSession) -> None:
    partner = await a_partner(session)
    made = await an_invitation(session, partner)
    link = await a_link(session)

    await invitations.remove(session, made.id, now=NOW, by=owner_of(partner))

    with pytest.raises(LinkEnded):
        await enter(session, link)
    with pytest.raises(NotFound):
        await invitations.send_again(session, made.id, now=NOW + DAY, lifetime=WEEK, by=owner_of(partner))
    assert await a_link(session) is None
    assert not [due for due in await deliveries.claim(session, now=NOW, lease=QUARTER) if due.is_needed(NOW)]
    assert await verbs(session) == ["role.invited", "role.withdrawn"]


async def test_an_open_invitation_outlives_a_role_that_is_removed(session: AsyncSession) -> None:
    partner, other = await a_partner(session), await a_partner(session)
    await people.give(session, "bo@example.org", Role.OWNER, partner_id=other.id, now=NOW, by=ADMIN)
    role = (await session.scalars(sa.select(StaffRole.id))).one()
    await an_invitation(session, partner)
    link = await a_link(session)

    await people.remove_role(session, role, now=NOW, by=ADMIN)
    await enter(session, link)

    assert (await session.scalars(sa.select(StaffRole.partner_id))).one() == partner.id


async def test_a_role_that_is_removed_does_not_come_back_by_its_invitation(session: AsyncSession) -> None:
    partner = await a_partner(session)
    made = await an_invitation(session, partner)
    await enter(session, await a_link(session))

    await invitations.remove(session, made.id, now=NOW, by=owner_of(partner))

    assert await a_link(session) is None
    assert await count(session, StaffRole) == 0


async def test_an_invitation_is_mailed_again_after_a_while_only(session: AsyncSession) -> None:
    partner = await a_partner(session)
    made = await an_invitation(session, partner)
    await an_invitation(session, partner)  # twice is the same as once

    with pytest.raises(RateLimited):
        await invitations.send_again(session, made.id, now=NOW + MINUTE, lifetime=WEEK, by=owner_of(partner))
    await invitations.send_again(session, made.id, now=NOW + QUARTER, lifetime=WEEK, by=owner_of(partner))

    assert await count(session, Delivery) == 2


async def test_withdrawing_and_inviting_does_not_flood_a_mailbox(session: AsyncSession) -> None:
    partner = await a_partner(session)
    for _ in range(invitations.A_DAY):
        made = await an_invitation(session, partner)
        await invitations.remove(session, made.id, now=NOW, by=owner_of(partner))

    with pytest.raises(RateLimited):
        await an_invitation(session, partner)
    await an_invitation(session, partner, now=NOW + DAY)


async def test_others_neither_withdraw_nor_send_again(session: AsyncSession) -> None:
    partner, other = await a_partner(session), await a_partner(session)
    made = await an_invitation(session, partner)

    for by in (owner_of(other), member_of(partner)):
        with pytest.raises(NotFound):
            await invitations.remove(session, made.id, now=NOW, by=by)
        with pytest.raises(NotFound):
            await invitations.send_again(session, made.id, now=NOW + DAY, lifetime=WEEK, by=by)


async def test_who_is_only_invited_gets_no_mail_but_the_invitation(session: AsyncSession) -> None:
    partner = await a_partner(session)
    await an_invitation(session, partner)

    told = {"id": partner.id, "verb": "code.exhausted", "partner_id": partner.id, "at": NOW, "facts": {}}
    await notices.owe(session, [told])

    assert list(await session.scalars(sa.select(Delivery.kind))) == ["invitation"]


async def test_of_two_sign_ins_at_once_each_enters_and_the_role_is_one(database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session)
        await an_invitation(session, partner)
        links = [await a_link(session) for _ in range(2)]

    async def come(secret: str | None) -> None:
        async with database.writing() as session:
            await enter(session, secret)

    await asyncio.gather(*(come(link) for link in links))

    async with database.reading() as session:
        assert await count(session, StaffRole) == 1
        assert await verbs(session) == ["role.invited", "role.taken_up"]


async def test_two_who_invite_one_at_once_send_one_mail(database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session)

    async def ask() -> None:
        async with database.writing() as session:
            await an_invitation(session, partner)

    await asyncio.gather(*(ask() for _ in range(3)))

    async with database.reading() as session:
        assert [await count(session, each) for each in (Person, Invitation, Delivery)] == [1, 1, 1]


async def test_taken_up_or_withdrawn_but_never_both(database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session)
        made = await an_invitation(session, partner)
        link = await a_link(session)

    async def withdraw() -> None:  # as pages and API do: who meets the other's locks begins anew
        await written(database, lambda: NOW, invitations.remove, made.id, by=owner_of(partner))

    async def come() -> None:
        await written_of(database, lambda: NOW, None, lambda session, _: enter(session, link))

    outcomes = await asyncio.gather(withdraw(), come(), return_exceptions=True)

    async with database.reading() as session:
        assert outcomes[0] is None
        assert await count(session, StaffRole) == 0  # withdrawn, or removed right after
        assert await a_link_is_none(session)


async def a_link_is_none(session: AsyncSession) -> bool:
    person = (await session.scalars(sa.select(Person.id))).one()
    return not await people.may_enter(session, person, now=NOW)


async def test_who_has_another_role_gets_nothing_by_what_ended_or_was_withdrawn(session: AsyncSession) -> None:
    ended, withdrawn, other = await a_partner(session), await a_partner(session), await a_partner(session)
    await an_invitation(session, ended, now=NOW - WEEK)
    made = await an_invitation(session, withdrawn)
    await invitations.remove(session, made.id, now=NOW, by=owner_of(withdrawn))
    await people.give(session, "bo@example.org", Role.DOOR, partner_id=other.id, now=NOW, by=ADMIN)

    await enter(session, await a_link(session))

    assert list(await session.scalars(sa.select(StaffRole.partner_id))) == [other.id]
