"""Lists of people and tokens end where a partner ends."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import tokens
from promos.models import Token
from promos.queries import pages, people
from promos.rules.people import Role, Scope
from promos.rules.refusals import NotFound
from promos.settings import Keys
from tests.world import (
    ADMIN,
    NOW,
    a_partner,
    a_person,
    a_publication,
    door_of,
    editor_of,
    member_of,
    owner_of,
)

KEYS = Keys((b"s" * 40,), b"r" * 40)


async def test_an_owner_reads_of_the_own_partner_and_nobody_else_of_any(session: AsyncSession) -> None:
    own, foreign, publication = await a_partner(session), await a_partner(session), await a_publication(session)
    await a_person(session, "ada@example.org", Role.MEMBER, partner_id=own.id)
    await a_person(session, "bo@example.org", Role.OWNER, partner_id=foreign.id)
    await a_person(session, "cy@example.org", Role.EDITOR, publication_id=publication.id)
    for partner in (own, foreign):
        await tokens.create(
            session,
            name="shop",
            role=Role.MEMBER,
            partner_id=partner.id,
            scopes=[Scope.READ],
            keys=KEYS,
            now=NOW,
            by=ADMIN,
        )

    seen, _ = await pages.page(session, people.roles(owner_of(own)), people.ROLES.id)
    keys, _ = await pages.page(session, people.tokens(owner_of(own)), Token.id)
    assert [(row.email, row.role) for row in seen] == [("ada@example.org", "member")]
    assert [token.partner_id for token in keys] == [own.id]
    for by in (member_of(own), door_of(own), editor_of(publication)):
        assert await pages.page(session, people.roles(by), people.ROLES.id) == ([], None)
        assert await pages.page(session, people.tokens(by), Token.id) == ([], None)


async def test_a_filter_opens_nothing(session: AsyncSession) -> None:
    own, foreign, publication = await a_partner(session), await a_partner(session), await a_publication(session)
    await a_person(session, "bo@example.org", Role.OWNER, partner_id=foreign.id)
    await a_person(session, "cy@example.org", Role.EDITOR, publication_id=publication.id)
    [theirs], _ = await pages.page(session, people.roles(ADMIN, partner_id=foreign.id), people.ROLES.id)
    [editor], _ = await pages.page(session, people.roles(ADMIN, publication_id=publication.id), people.ROLES.id)

    assert (theirs.email, editor.email) == ("bo@example.org", "cy@example.org")
    for asked in ({"partner_id": foreign.id}, {"publication_id": publication.id}):
        assert await pages.page(session, people.roles(owner_of(own), **asked), people.ROLES.id) == ([], None)
    for hidden in (theirs.id, editor.id, own.id):
        with pytest.raises(NotFound):
            await people.role(session, hidden, owner_of(own))
    with pytest.raises(NotFound):
        await people.token(session, own.id, owner_of(own))
    assert (await people.role(session, editor.id, ADMIN)).name == "cy"
