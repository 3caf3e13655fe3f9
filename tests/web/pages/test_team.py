"""A partner's people and tokens, as its owner decides about them."""

import re

import sqlalchemy as sa

from promos.actions import notices
from promos.database import Database
from promos.models import Invitation, Partner, StaffRole, Token
from promos.rules.people import Role
from promos.rules.signing import fingerprint
from tests.web.pages.conftest import SignIn
from tests.world import a_partner, a_person, an_event


async def a_team(database: Database) -> Partner:
    async with database.writing() as session:
        return await a_partner(session)


async def test_an_owner_invites_and_removes(signed_in: SignIn, database: Database) -> None:
    partner = await a_team(database)
    browser = await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)
    team = f"/partner/team/{partner.id}"

    wrong = await browser.post(f"{team}/people", {"email": "nobody", "name": "", "role": "member"})
    without = await browser.post(f"{team}/people", {"email": "paul@partner.example", "role": "admin"})
    await browser.post(f"{team}/people", {"email": "Paul@partner.example", "name": "Paul", "role": "member"})

    assert (wrong.status_code, without.status_code) == (422, 422)
    assert 'id="field-email-error"' in wrong.text
    assert 'id="field-role-error"' in without.text
    async with database.reading() as session:
        role = (await session.scalars(sa.select(Invitation))).one()
    assert (role.role, role.partner_id) == ("member", partner.id)

    assert "paul@partner.example" in (await browser.get(team)).text
    await browser.post(f"/partner/team/roles/{role.id}/remove")
    assert "paul@partner.example" not in (await browser.get(team)).text


async def test_the_last_owner_stays(signed_in: SignIn, database: Database) -> None:
    partner = await a_team(database)
    browser = await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)
    async with database.reading() as session:
        role = (await session.scalars(sa.select(StaffRole))).one()

    answer = await browser.post(f"/partner/team/roles/{role.id}/remove")

    assert answer.status_code == 403
    assert "only an admin can remove the last" in answer.text
    assert (await browser.get("/partner")).status_code == 200


async def test_a_token_s_secret_is_shown_once(signed_in: SignIn, database: Database) -> None:
    partner = await a_team(database)
    async with database.writing() as session:
        event = await an_event(session, partner)
    browser = await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)
    team = f"/partner/team/{partner.id}"
    given = {"token_name": "North door", "token_role": "door", "scopes": "scan", "expires_at": "2026-12-31T10:00"}

    without_event = await browser.post(f"{team}/tokens", given)
    over = await browser.post(f"{team}/tokens", given | {"event_ids": str(event.id), "expires_at": "2020-01-01T10:00"})
    made = await browser.post(f"{team}/tokens", given | {"event_ids": str(event.id)})

    assert 'id="field-event_ids-error"' in without_event.text
    assert 'id="field-expires_at-error"' in over.text
    found = re.search(r">(pk_[A-Z2-7]{20,})<", made.text)
    assert found is not None
    async with database.reading() as session:
        token = (await session.scalars(sa.select(Token))).one()
    assert token.token_hash == fingerprint(found[1])
    assert token.event_ids == [str(event.id)]
    page = (await browser.get(team)).text
    assert "North door" in page
    assert found[1] not in page

    await browser.post(f"/partner/team/tokens/{token.id}/revoke")
    async with database.reading() as session:
        assert (await session.scalars(sa.select(Token.revoked_at))).one() is not None


async def test_an_owner_keeps_the_legal_identity_right(signed_in: SignIn, database: Database) -> None:
    partner = await a_team(database)
    browser = await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)
    path = f"/partner/organisation/{partner.id}"
    given = {"name": "Generation", "legal_name": "Generation Media", "legal_form": "SARL", "country": "fr"}

    wrong = await browser.post(path, given | {"legal_name": ""})
    await browser.post(path, given)

    assert (wrong.status_code, 'id="field-legal_name-error"' in wrong.text) == (422, True)
    async with database.reading() as session:
        assert (await session.scalars(sa.select(Partner))).one().advertiser == "Generation Media SARL"


async def test_other_people_s_roles_and_tokens_do_not_exist(signed_in: SignIn, database: Database) -> None:
    partner, other = await a_team(database), await a_team(database)
    async with database.writing() as session:
        await a_person(session, "hugo@other.example", Role.MEMBER, partner_id=other.id)
        role = (await session.scalars(sa.select(StaffRole))).one()
    browser = await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)

    assert (await browser.post(f"/partner/team/roles/{role.id}/remove")).status_code == 404
    assert (await browser.post(f"/partner/team/tokens/{role.id}/revoke")).status_code == 404
    assert "hugo@other.example" not in (await browser.get(f"/partner/team/{partner.id}")).text
    assert (await browser.get("/partner/team")).headers["Location"] == f"/partner/team/{partner.id}"


async def test_mails_about_codes_are_switched_off_and_on(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session)
    member = await signed_in("bo@partner.example", Role.MEMBER, partner_id=partner.id)

    assert (await member.get("/partner/notices")).text.count(" checked>") - 1 == len(notices.KINDS)
    await member.post("/partner/notices", {"wanted": ["code.ending"]})
    assert (await member.get("/partner/notices")).text.count(" checked>") - 1 == 1  # but for the keyboard's
    assert (await member.post("/partner/notices", {"wanted": ["everything"]})).status_code == 422
