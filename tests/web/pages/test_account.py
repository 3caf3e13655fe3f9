"""Passkeys as a browser's forms and script use them; half a session reaches nothing but its second half."""

import re
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from promos.actions import account
from promos.database import Database
from promos.models import Passkey, Person, RecoveryCode, Session
from promos.rules.people import PROGRAM, Role
from promos.settings import Settings
from tests.authenticator import Authenticator
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.test_confirm import count, hidden, proved
from tests.world import NOW, a_partner


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An installation with a name."""
    return msgspec.structs.replace(settings, base_url="http://localhost:8000")


@pytest.fixture
async def ada(signed_in: SignIn) -> Browser:
    return await signed_in("ada@promos.example", Role.ADMIN)


async def a_passkey(browser: Browser) -> tuple[Authenticator, list[str]]:
    """A new one, and the recovery codes that came with it."""
    key = Authenticator()
    options = (await browser.post("/account/passkeys/challenge")).json()
    shown = await browser.post("/account/passkeys/new", {"name": "Blue key", "_answer": key.create(options)})
    return key, re.findall(r"\b(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}\b", shown.text)


async def halved(database: Database) -> None:
    """As if everybody had just come by their link."""
    async with database.writing() as session:
        await session.execute(sa.update(Session).values(second_factor_at=None))


async def test_a_passkey_brings_ten_codes_and_a_new_session_secret(ada: Browser, database: Database) -> None:
    former = ada.client.cookies["promos"]

    _, codes = await a_passkey(ada)

    assert len(set(codes)) == 10
    assert ada.client.cookies["promos"] != former
    page = await ada.get("/account")
    assert "Blue key" in page.text
    assert not any(code in page.text for code in codes)


async def test_half_a_session_reaches_its_passkey_and_the_way_out_only(ada: Browser, database: Database) -> None:
    key, _ = await a_passkey(ada)
    await halved(database)

    for path in ("/admin", "/account", "/partner", "/editor", "/account/passkeys/new", "/admin/mailbox"):
        answer = await ada.get(path)
        assert answer.status_code in {303, 404}, path
        assert answer.status_code == 404 or answer.headers["Location"].startswith("/confirm"), path
    for path in ("/account/recovery-codes", "/account/passkeys/challenge", "/confirm/mail", "/admin/people"):
        assert (await ada.post(path)).headers["Location"] == "/confirm", path

    asked = await ada.get("/confirm?next=/admin")
    assert not any(f'href="{path}"' in asked.text for path in ("/account", "/admin", "/partner"))
    options = (await ada.post("/confirm/challenge")).json()
    done = await ada.post("/confirm/passkey", {**hidden(asked), "_answer": key.get(options)})
    assert (done.status_code, done.headers["Location"]) == (303, "/admin")
    assert (await ada.get("/admin")).status_code == 200


async def test_half_a_session_can_leave(ada: Browser, database: Database) -> None:
    await a_passkey(ada)
    await halved(database)

    await ada.post("/sign-out")

    assert await count(database, Session.id.is_not(None)) == 0


async def test_a_recovery_code_does_instead_and_once(ada: Browser, database: Database) -> None:
    _, codes = await a_passkey(ada)
    await halved(database)

    wrong = await ada.post("/confirm/recovery", {"_code": "AAAA-AAAA-AAAA-AAAA", "_target": "/admin"})
    right = await ada.post("/confirm/recovery", {"_code": codes[3], "_target": "/admin"})

    assert (wrong.status_code, 'id="field-_code-error"' in wrong.text) == (422, True)
    assert right.headers["Location"] == "/admin"
    assert await count(database, RecoveryCode.used_at.is_(None)) == 9


async def test_a_passkey_confirms_and_the_form_is_sent_on(ada: Browser, database: Database) -> None:
    key, _ = await a_passkey(ada)
    await proved(database, 11)
    given = {"email": "bo@promos.example", "name": "Bo", "role": "admin"}

    asked = await ada.post("/admin/people", given)
    options = (await ada.post("/confirm/challenge")).json()
    sent_on = await ada.post("/confirm/passkey", {**hidden(asked), "_answer": key.get(options)})

    assert asked.status_code == 401
    assert (sent_on.status_code, sent_on.headers["Location"]) == (307, "/admin/people")
    assert (await ada.post("/admin/people", hidden(asked))).status_code == 303
    assert await count(database, Person.email == "bo@promos.example") == 1


async def test_a_form_that_has_no_fields_is_sent_on_as_well(ada: Browser, database: Database) -> None:
    key, _ = await a_passkey(ada)
    await proved(database, 11)

    asked = await ada.post("/account/recovery-codes")
    options = (await ada.post("/confirm/challenge")).json()
    sent_on = await ada.post("/confirm/passkey", {**hidden(asked), "_answer": key.get(options)})

    assert (asked.status_code, sent_on.status_code) == (401, 307)
    assert sent_on.headers["Location"] == "/account/recovery-codes"


async def test_the_account_changes_only_after_a_fresh_sign_in(ada: Browser, database: Database) -> None:
    await a_passkey(ada)
    async with database.reading() as session:
        passkey = (await session.scalars(sa.select(Passkey))).one()
    await proved(database, 11)

    for path in ("recovery-codes", f"passkeys/{passkey.id}/remove", f"passkeys/{passkey.id}/name", "passkeys/new"):
        assert (await ada.post(f"/account/{path}", {"name": "Red"})).status_code == 401, path
    assert (await ada.get("/account/passkeys/new")).headers["Location"].startswith("/confirm")


async def test_passkeys_are_renamed_and_removed_by_their_person_only(
    ada: Browser, signed_in: SignIn, database: Database
) -> None:
    await a_passkey(ada)
    eve = await signed_in("eve@promos.example", Role.ADMIN)
    async with database.reading() as session:
        path = f"/account/passkeys/{(await session.scalars(sa.select(Passkey.id))).one()}"

    assert (await eve.post(f"{path}/remove")).status_code == 404
    assert (await eve.post(f"{path}/name", {"name": "Mine"})).status_code == 404
    assert (await ada.post(f"{path}/name", {"name": ""})).status_code == 422
    await ada.post(f"{path}/name", {"name": "Red key"})
    assert "Red key" in (await ada.get("/account")).text
    await ada.post(f"{path}/remove")
    assert await count(database, Passkey.id.is_not(None)) == 0


async def test_sessions_are_seen_and_ended(ada: Browser, signed_in: SignIn, database: Database) -> None:
    eve = await signed_in("eve@promos.example", Role.ADMIN)
    async with database.writing() as session:
        person = (await session.scalars(sa.select(Person).where(Person.email == "ada@promos.example"))).one()
        for number in range(3):
            session.add(
                Session(
                    person_id=person.id,
                    token_hash=str(number),
                    created_at=NOW,
                    proved_at=NOW,
                    expires_at=NOW + timedelta(days=1),
                    browser="Firefox, Linux",
                )
            )
    page = await ada.get("/account")
    assert page.text.count("Firefox, Linux") == 3
    one = re.findall(r'name="session" value="([^"]+)"', page.text)[0]

    await eve.post("/account/sessions/end", {"session": one})
    assert await count(database, Session.person_id == person.id) == 4
    await ada.post("/account/sessions/end", {"session": one})
    assert await count(database, Session.person_id == person.id) == 3
    await ada.post("/account/sessions/end")
    assert await count(database, Session.person_id == person.id) == 1
    assert (await ada.get("/account")).status_code == 200


async def test_who_has_no_passkey_where_one_is_required_is_led_to_add_one(
    signed_in: SignIn, database: Database
) -> None:
    async with database.writing() as session:
        partner = await a_partner(session, requires_passkey=True)
    claire = await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)
    desk = f"/partner/team/{partner.id}"

    assert (await claire.get(desk)).headers["Location"] == "/account?said=passkey-needed"
    await a_passkey(claire)
    assert (await claire.get(desk)).status_code == 200


async def test_whoever_lost_all_passkeys_is_helped_from_the_machine(ada: Browser, database: Database) -> None:
    await a_passkey(ada)
    async with database.writing() as session:
        person_id = (await session.scalars(sa.select(Person.id))).one()
        assert await account.forget_passkeys(session, person_id, now=NOW, by=PROGRAM) == 1

    assert (await ada.get("/account")).headers["Location"].startswith("/sign-in")
    assert await count(database, RecoveryCode.id.is_not(None)) == 0
