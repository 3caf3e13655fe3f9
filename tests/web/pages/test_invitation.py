"""An invitation as its mail, its page and the team's page show it."""

import re
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from promos.actions import deliveries, invitations, sign_in
from promos.database import Database
from promos.models import Delivery, Invitation, Partner, Person, SignInLink, StaffRole
from promos.rules.people import Role
from promos.settings import Keys, Settings
from promos.writing import written
from tests.web.pages.conftest import Browser, SignIn
from tests.world import ADMIN, NOW, a_partner

PAUL = {"email": "paul@partner.example", "name": "Paul", "role": "owner"}


@pytest.fixture
async def partner(database: Database) -> Partner:
    async with database.writing() as session:
        return await a_partner(session)


@pytest.fixture
async def owner(signed_in: SignIn, partner: Partner) -> Browser:
    return await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)


async def mailed(database: Database, settings: Settings, keys: Keys) -> list[str]:
    """Path of the link in each mail to Paul, in the order in which they are owed."""
    async with database.writing() as session:
        due = await deliveries.claim(session, now=NOW, lease=timedelta())
    texts = [str(written(each, settings, keys).get_body(("plain",))) for each in due if each.to == PAUL["email"]]
    return [found[1] for text in texts if (found := re.search(rf"{settings.base_url}(/\S+)", text))]


async def only(database: Database) -> Invitation:
    async with database.reading() as session:
        return (await session.scalars(sa.select(Invitation))).one()


async def change(database: Database, **values: object) -> None:
    async with database.writing() as session:
        await session.execute(sa.update(Invitation).values(**values))


async def test_the_link_signs_nobody_in_and_its_button_writes_to_the_mailbox(
    owner: Browser, nobody: Browser, partner: Partner, database: Database, settings: Settings, keys: Keys
) -> None:
    await owner.post(f"/partner/team/{partner.id}/people", PAUL)
    [link] = await mailed(database, settings, keys)

    seen = await nobody.get(link)
    async with database.reading() as session:
        asked = await session.scalar(sa.select(sa.func.count()).where(Delivery.kind == "sign_in"))
    pressed = await nobody.post(link)  # whoever it was forwarded to

    assert (seen.status_code, asked, pressed.status_code) == (200, 0, 200)
    assert "p…@partner.example" in seen.text
    assert PAUL["email"] not in seen.text + pressed.text
    assert "set-cookie" not in pressed.headers
    assert (await nobody.get("/partner")).status_code != 200
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(StaffRole)) == 1  # Claire's

    *_, way_in = await mailed(database, settings, keys)
    entered = await nobody.post(way_in)
    assert entered.headers["Location"] == "/partner"
    assert (await nobody.get("/partner")).status_code == 200
    nobody.client.cookies.clear()
    again = await nobody.get(link)
    assert (again.status_code, "was accepted" in again.text) == (410, True)
    assert (await nobody.post(link)).status_code == 410
    assert len(await mailed(database, settings, keys)) == 2


async def test_the_ordinary_page_takes_it_up_too(
    owner: Browser, nobody: Browser, partner: Partner, database: Database, settings: Settings, keys: Keys
) -> None:
    await owner.post(f"/partner/team/{partner.id}/people", PAUL)
    await nobody.post("/sign-in", {"email": PAUL["email"]})
    *_, way_in = await mailed(database, settings, keys)
    await nobody.post(way_in)

    assert (await nobody.get("/partner")).status_code == 200
    assert (await only(database)).state == "taken-up"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "withdrawn"}, "was withdrawn"),
        ({"state": "ended"}, "has ended"),
        ({"expires_at": NOW}, "has ended"),
    ],
)
async def test_a_link_that_is_over_says_why_and_sends_nothing(
    owner: Browser,
    nobody: Browser,
    partner: Partner,
    database: Database,
    settings: Settings,
    keys: Keys,
    values: dict[str, object],
    words: str,
) -> None:
    await owner.post(f"/partner/team/{partner.id}/people", PAUL)
    [link] = await mailed(database, settings, keys)
    await change(database, **values)

    for answer in (await nobody.get(link), await nobody.post(link)):
        assert (answer.status_code, words in answer.text) == (410, True)
    async with database.reading() as session:
        person = (await session.scalars(sa.select(Person.id).where(Person.email == PAUL["email"]))).one()
        links = sa.select(sa.func.count()).where(SignInLink.person_id == person)
        assert await session.scalar(links) == 0
    assert (await nobody.get("/invitation/" + "A" * 32)).status_code == 410


async def test_the_team_s_page_shows_it_sends_it_again_and_withdraws_it(
    owner: Browser, partner: Partner, database: Database
) -> None:
    team = f"/partner/team/{partner.id}"
    said = await owner.post(f"{team}/people", PAUL)
    invitation = await only(database)
    role = f"/partner/team/roles/{invitation.id}"

    assert said.headers["Location"] == f"{team}?said=invited"
    shown = (await owner.get(team)).text
    assert ("invited</span>" in shown, f'action="{role}/send-again"' in shown) == (True, True)
    assert (await owner.post(f"{role}/send-again")).status_code == 429
    await change(database, sent_at=NOW - timedelta(hours=1), state="ended")
    assert "invitation ended" in (await owner.get(team)).text
    assert (await owner.post(f"{role}/send-again")).headers["Location"] == f"{team}?said=invited"
    assert (await only(database)).expires_at == NOW + timedelta(days=7)

    await owner.post(f"{role}/remove")

    assert PAUL["email"] not in (await owner.get(team)).text
    assert (await only(database)).state == "withdrawn"


async def test_the_mail_says_who_invites_where_and_until_when_in_two_languages(
    partner: Partner, database: Database, settings: Settings, keys: Keys
) -> None:
    async with database.writing() as session:
        for email, language in (("paul@partner.example", "fr"), ("ann@partner.example", "en")):
            await invitations.invite(
                session,
                email,
                Role.MEMBER,
                partner_id=partner.id,
                language=language,
                keys=keys,
                lifetime=timedelta(days=7),
                now=NOW,
                by=ADMIN,
            )
    async with database.writing() as session:
        french, english = await deliveries.claim(session, now=NOW, lease=timedelta())
    late = msgspec.structs.replace(settings, base_url="https://promos.example")
    mails = [written(each, late, keys) for each in (french, english)]

    assert [mail["Subject"] for mail in mails] == [f"Bienvenue chez {partner.name}", f"Come to {partner.name}"]
    assert all("https://promos.example/invitation/" in str(mail.get_body(("plain",))) for mail in mails)


async def test_a_session_of_somebody_else_is_no_way_in(
    owner: Browser, partner: Partner, database: Database, settings: Settings, keys: Keys
) -> None:
    await owner.post(f"/partner/team/{partner.id}/people", PAUL)
    [link] = await mailed(database, settings, keys)

    await owner.post(link)

    assert (await only(database)).state == "open"
    async with database.reading() as session:
        [sent] = await session.scalars(sa.select(SignInLink).where(SignInLink.used_at.is_(None)))
        assert sign_in.secret(sent, keys) is not None
        assert (await session.get_one(Person, sent.person_id)).email == PAUL["email"]
