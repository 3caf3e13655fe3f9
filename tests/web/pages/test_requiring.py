"""An organisation requires a passkey of its people; whoever has none is led to add one, and sees nothing until then."""

import msgspec
import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Entry, Partner, Publication
from promos.rules.people import Role
from promos.settings import Settings
from tests.web.pages.conftest import SignIn
from tests.web.pages.test_account import a_passkey
from tests.web.pages.test_confirm import count, proved
from tests.world import a_partner, a_publication


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An installation with a name."""
    return msgspec.structs.replace(settings, base_url="http://localhost:8000")


async def test_an_owner_with_a_passkey_requires_one_of_all(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session)
    claire = await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)
    bo = await signed_in("bo@partner.example", Role.MEMBER, partner_id=partner.id)
    path = f"/partner/organisation/{partner.id}/passkeys"

    without = await claire.post(path, {"required": "yes"})
    assert without.headers["Location"] == "/account?said=passkey-needed"
    assert (await bo.post(path, {"required": "yes"})).status_code == 403
    assert (await bo.get("/partner")).status_code == 200
    await a_passkey(claire)
    assert (await claire.post(path, {"required": "yes"})).headers["Location"].endswith("said=saved")

    assert (await bo.get("/partner")).headers["Location"] == "/account?said=passkey-needed"
    assert (await claire.get(f"/partner/organisation/{partner.id}")).status_code == 200
    await a_passkey(bo)
    assert (await bo.get("/partner")).status_code == 200
    await claire.post(path)
    assert await count(database, Partner.requires_passkey) == 0
    async with database.reading() as session:
        verbs = sa.select(Entry.verb).where(Entry.verb.like("partner.passkey%"))
        told = await session.scalars(verbs.order_by(Entry.id))
        assert told.all() == ["partner.passkey_required", "partner.passkey_optional"]


async def test_the_rule_is_changed_after_a_fresh_sign_in_only(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session)
    claire = await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)
    await proved(database, 11)

    assert (await claire.post(f"/partner/organisation/{partner.id}/passkeys")).status_code == 401


async def test_an_admin_requires_one_of_editors(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        publication = await a_publication(session)
    ada = await signed_in("ada@promos.example", Role.ADMIN)
    ed = await signed_in("ed@freea.example", Role.EDITOR, publication_id=publication.id)
    await a_passkey(ada)

    await ada.post(f"/admin/publications/{publication.id}/passkeys", {"required": "yes"})

    assert await count(database, Publication.requires_passkey) == 1
    assert (await ed.get("/editor")).headers["Location"] == "/account?said=passkey-needed"
    assert "Let a link by mail be enough again" in (await ada.get(f"/admin/publications/{publication.id}")).text


async def test_another_partner_s_rule_does_not_exist(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        mine, other = await a_partner(session), await a_partner(session)
    claire = await signed_in("claire@partner.example", Role.OWNER, partner_id=mine.id)
    await a_passkey(claire)

    assert (await claire.post(f"/partner/organisation/{other.id}/passkeys", {"required": "yes"})).status_code == 404
