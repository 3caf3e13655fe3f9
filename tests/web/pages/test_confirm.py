"""Who signed in a while ago confirms that it is still them, and comes back with what they typed."""

import re
from datetime import timedelta
from typing import Any

import httpx
import sqlalchemy as sa

from promos.actions import sign_in
from promos.database import Database
from promos.models import Delivery, Partner, Person, Session, SignInLink, StaffRole
from promos.rules.people import Role
from promos.settings import Keys
from tests.web.pages.conftest import Browser, SignIn
from tests.world import NOW, a_partner, a_person

PAUL = {"email": "paul@partner.example", "name": "Paul", "role": "member"}


async def an_owner(signed_in: SignIn, database: Database) -> tuple[Browser, Partner]:
    async with database.writing() as session:
        partner = await a_partner(session)
    return await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id), partner


async def proved(database: Database, minutes: int) -> None:
    """As if everybody's last sign-in were so long ago."""
    async with database.writing() as session:
        await session.execute(sa.update(Session).values(proved_at=NOW - timedelta(minutes=minutes)))


async def mailed(database: Database, keys: Keys) -> str:
    """The secret of the last link that was asked for."""
    async with database.reading() as session:
        link = (await session.scalars(sa.select(SignInLink).order_by(SignInLink.id.desc()).limit(1))).one()
    secret = sign_in.secret(link, keys)
    assert secret is not None
    return secret


def hidden(answer: httpx.Response) -> dict[str, Any]:
    """The hidden fields of a page's own form."""
    main = answer.text.partition("<main")[2]
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', main))


async def count(database: Database, *where: Any) -> int:
    async with database.reading() as session:
        return await session.scalar(sa.select(sa.func.count()).where(*where)) or 0


async def test_within_ten_minutes_nobody_is_asked(signed_in: SignIn, database: Database) -> None:
    browser, partner = await an_owner(signed_in, database)
    await proved(database, 9)

    answer = await browser.post(f"/partner/team/{partner.id}/people", PAUL)

    assert answer.headers["Location"].startswith(f"/partner/team/{partner.id}")
    assert await count(database, Person.email == "paul@partner.example") == 1


async def test_later_the_mailbox_is_proved_again_and_what_was_typed_is_sent(
    signed_in: SignIn, nobody: Browser, database: Database, keys: Keys
) -> None:
    browser, partner = await an_owner(signed_in, database)
    await proved(database, 10)
    team = f"/partner/team/{partner.id}/people"

    asked = await browser.post(team, PAUL)
    assert asked.status_code == 401
    assert await count(database, Person.email == "paul@partner.example") == 0
    waiting = await browser.post("/confirm/mail", hidden(asked))
    assert waiting.status_code == 200
    assert f'action="{team}"' in waiting.text

    secret, former = await mailed(database, keys), browser.client.cookies["promos"]
    assert (await browser.get(f"/confirm/link/{secret}")).status_code == 200
    assert (await browser.post(team, hidden(waiting))).status_code == 401  # nobody pressed yet
    assert (await browser.post(f"/confirm/link/{secret}")).status_code == 200
    assert browser.client.cookies["promos"] != former
    done = await browser.post(team, hidden(waiting))  # from the tab that waited, with the fields of before

    assert done.status_code == 303
    assert await count(database, Person.email == "paul@partner.example") == 1
    stolen = await nobody.client.get("/partner", headers={"Cookie": f"promos={former}"})
    assert stolen.headers["Location"].startswith("/sign-in")


async def test_a_form_that_has_no_fields_is_sent_again_too(signed_in: SignIn, database: Database, keys: Keys) -> None:
    browser, partner = await an_owner(signed_in, database)
    async with database.writing() as session:
        paul = await a_person(session, "paul@partner.example", Role.MEMBER, partner_id=partner.id)
        role = (await session.scalars(sa.select(StaffRole.id).where(StaffRole.person_id == paul.id))).one()
    await proved(database, 10)
    remove = f"/partner/team/roles/{role}/remove"

    asked = await browser.post(remove)
    waiting = await browser.post("/confirm/mail", hidden(asked))
    await browser.post(f"/confirm/link/{await mailed(database, keys)}")
    form = re.search(f'<form[^>]*action="{remove}".*?</form>', waiting.text, re.DOTALL)
    done = await browser.post(remove, hidden(waiting))

    assert (asked.status_code, waiting.status_code, done.status_code) == (401, 200, 303)
    assert form
    assert 'method="post"' in form[0]
    assert await count(database, StaffRole.id == role) == 0


async def test_a_page_is_come_back_to(signed_in: SignIn, database: Database, keys: Keys) -> None:
    browser, partner = await an_owner(signed_in, database)
    await proved(database, 60)
    page = f"/partner/team/{partner.id}"

    asked = await browser.get(f"/confirm?next={page}")
    await browser.post("/confirm/mail", hidden(asked))
    pressed = await browser.post(f"/confirm/link/{await mailed(database, keys)}")
    again = await browser.get(f"/confirm?next={page}")

    assert (pressed.status_code, pressed.headers["Location"]) == (303, page)
    assert (again.status_code, again.headers["Location"]) == (303, page)  # there is nothing to confirm any more
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert (await browser.get(f"/confirm?next={elsewhere}")).headers["Location"] == "/partner"


async def test_a_confirming_link_confirms_its_own_session_and_opens_none(
    signed_in: SignIn, nobody: Browser, database: Database, keys: Keys
) -> None:
    browser, partner = await an_owner(signed_in, database)
    other = await signed_in("eve@partner.example", Role.MEMBER, partner_id=partner.id)
    await proved(database, 60)
    await browser.post("/confirm/mail", {"_target": "/partner"})
    secret = await mailed(database, keys)

    elsewhere = await other.post(f"/confirm/link/{secret}")
    as_entry = await nobody.post(f"/sign-in/{secret}")
    unknown = await nobody.post(f"/confirm/link/{secret}")
    first = await browser.post(f"/confirm/link/{secret}")
    twice = await browser.post(f"/confirm/link/{secret}")

    assert elsewhere.status_code == 403
    assert as_entry.status_code == 410
    assert unknown.headers["Location"].startswith("/sign-in")
    assert (first.status_code, twice.status_code) == (303, 410)


async def test_a_sign_in_link_confirms_nothing(signed_in: SignIn, database: Database, keys: Keys) -> None:
    browser, _ = await an_owner(signed_in, database)
    await proved(database, 60)
    await browser.post("/sign-in", {"email": "claire@partner.example"})

    assert (await browser.post(f"/confirm/link/{await mailed(database, keys)}")).status_code == 403


async def test_nobody_floods_a_mailbox_with_confirmations(signed_in: SignIn, database: Database) -> None:
    browser, _ = await an_owner(signed_in, database)

    answers = [(await browser.post("/confirm/mail", {"_target": "/partner"})).status_code for _ in range(11)]

    assert answers == [200] * 10 + [429]
    assert await count(database, Delivery.kind == "sign_in") == 10


async def test_where_it_matters_a_fresh_sign_in_is_needed(signed_in: SignIn, database: Database) -> None:
    browser, partner = await an_owner(signed_in, database)
    admin = await signed_in("root@promos.example", Role.ADMIN)
    await proved(database, 60)
    async with database.reading() as session:
        role = (await session.scalars(sa.select(StaffRole.id).limit(1))).one()

    for asking, path in [
        (browser, f"/partner/team/{partner.id}/people"),
        (browser, f"/partner/team/{partner.id}/tokens"),
        (browser, f"/partner/team/roles/{role}/remove"),
        (browser, f"/partner/endpoints/of/{partner.id}"),
        (browser, f"/partner/endpoints/{role}/secret"),
        (admin, "/admin/people"),
        (admin, f"/admin/roles/{role}/remove"),
    ]:
        answer = await asking.post(path, {"name": "x"})
        assert (answer.status_code, 'action="/confirm/mail"' in answer.text) == (401, True), path


async def test_a_sign_in_leads_to_where_one_wanted_to_go(
    nobody: Browser, signed_in: SignIn, database: Database
) -> None:
    await an_owner(signed_in, database)

    asked = await nobody.get("/sign-in?next=/partner/notices")
    await nobody.post("/sign-in", {**hidden(asked), "email": "claire@partner.example"})

    async with database.reading() as session:
        assert (await session.scalars(sa.select(SignInLink.target).order_by(SignInLink.id.desc()).limit(1))).one() == (
            "/partner/notices"
        )
