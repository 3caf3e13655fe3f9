"""The installation as its admins see it, and nobody else."""

from email.message import EmailMessage
from email.utils import format_datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Delivery, Invitation, Partner, Person, Publication, SignInLink, StaffRole
from promos.outside.mailbox import mailbox_post
from promos.rules.people import Role
from promos.settings import Settings
from tests.web.pages.conftest import Browser, SignIn
from tests.world import NOW, a_partner, a_publication

PUBLICATION = {
    "name": "FreeA",
    "slug": "",
    "language": "fr",
    "timezone": "Europe/Paris",
    "audience": "FR 80\nbe 12,5 %\n\n",
}
LOOKS = ("/admin", "/admin/mailbox", "/admin/mailbox/x", "/admin/mailbox/x/html", "/admin/partners/new")


async def an_admin(signed_in: SignIn) -> Browser:
    return await signed_in("ada@house.example", Role.ADMIN)


async def kept(settings: Settings, subject: str, text: str, html: str) -> str:
    """A mail in the mailbox, by its id."""
    mail, number = EmailMessage(), uuid4()
    mail["To"], mail["Subject"], mail["Date"] = "lou@readers.example", subject, format_datetime(NOW)
    mail["Message-ID"] = f"<{number}@promos.example>"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    await mailbox_post(settings.data / "mailbox")(mail)
    return f"{NOW:%Y%m%dT%H%M%SZ}-{number}"


async def test_nobody_else_sees_the_installation(signed_in: SignIn, nobody: Browser, database: Database) -> None:
    async with database.writing() as session:
        partner = await a_partner(session)
    owner = await signed_in("claire@partner.example", Role.OWNER, partner_id=partner.id)

    assert {path: (await owner.get(path)).status_code for path in LOOKS} == dict.fromkeys(LOOKS, 403)
    for path in LOOKS:
        assert (await nobody.get(path)).headers["Location"] == f"/sign-in?next={path}"
    assert (await owner.post("/admin/people", {"email": "spy@x.example", "role": "admin"})).status_code == 403
    assert (await owner.post("/admin/partners/new", {"name": "x"})).status_code == 403


async def test_an_empty_house_says_what_to_add(signed_in: SignIn) -> None:
    page = (await (await an_admin(signed_in)).get("/admin")).text

    assert "No publication yet" in page
    assert "No partner yet" in page
    assert "ada@house.example" in page


async def test_a_publication_is_added_with_its_readers_by_country(signed_in: SignIn, database: Database) -> None:
    browser = await an_admin(signed_in)

    await browser.post("/admin/publications/new", PUBLICATION)
    again = await browser.post("/admin/publications/new", PUBLICATION)

    async with database.reading() as session:
        made = (await session.scalars(sa.select(Publication))).one()
    assert made.slug == "freea"
    assert made.audience == [{"country": "FR", "share": 0.8}, {"country": "BE", "share": 0.125}]
    assert (again.status_code, 'id="field-slug-error"' in again.text) == (409, True)
    form = (await browser.get(f"/admin/publications/{made.id}")).text
    assert "FR 80\nBE 12.5</textarea>" in form

    await browser.post(f"/admin/publications/{made.id}", PUBLICATION | {"slug": "free-a", "audience": "FR 100"})

    async with database.reading() as session:
        changed = (await session.scalars(sa.select(Publication))).one()
    assert (changed.slug, changed.audience) == ("free-a", [{"country": "FR", "share": 1.0}])


@pytest.mark.parametrize("audience", ["", "FR", "80 FR", "FR many", "FR 80\nFR 10", "FR 80\nBE 30", "XX 10", "FR -1"])
async def test_readers_that_do_not_add_up_are_refused(audience: str, signed_in: SignIn, database: Database) -> None:
    browser = await an_admin(signed_in)

    answer = await browser.post("/admin/publications/new", PUBLICATION | {"audience": audience})

    assert answer.status_code == 422
    assert 'id="field-audience-error"' in answer.text


async def test_a_partner_is_added_and_its_people_come_next(signed_in: SignIn, database: Database) -> None:
    browser = await an_admin(signed_in)
    given = {"name": "Generation", "legal_name": "Generation Events", "legal_form": "SAS", "country": "FR"}

    wrong = await browser.post("/admin/partners/new", given | {"country": "Gaul"})
    answer = await browser.post("/admin/partners/new", given)

    assert wrong.status_code == 422
    async with database.reading() as session:
        partner = (await session.scalars(sa.select(Partner))).one()
    assert answer.headers["Location"] == f"/partner/team/{partner.id}?said=created"
    assert "Generation Events SAS" in (await browser.get("/admin")).text
    assert (await browser.get(f"/partner/team/{partner.id}")).status_code == 200


async def test_an_editor_is_invited_for_a_publication_and_removed(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        publication = await a_publication(session)
    browser = await an_admin(signed_in)
    given = {"email": "camille@house.example", "person_name": "Camille", "role": "editor"}

    nowhere = await browser.post("/admin/people", given | {"publication_id": ""})
    owner = await browser.post("/admin/people", given | {"role": "owner"})
    await browser.post("/admin/people", given | {"publication_id": str(publication.id)})

    assert 'id="field-publication_id-error"' in nowhere.text
    assert 'value="camille@house.example"' in nowhere.text
    assert 'id="field-role-error"' in owner.text
    async with database.reading() as session:
        role = (await session.scalars(sa.select(Invitation).where(Invitation.role == "editor"))).one()
    assert role.publication_id == publication.id

    await browser.post(f"/admin/roles/{role.id}/remove")

    assert "camille@house.example" not in (await browser.get("/admin")).text


async def test_the_mails_that_are_owed_have_their_numbers(signed_in: SignIn, database: Database) -> None:
    browser = await an_admin(signed_in)
    async with database.writing() as session:
        link = (await session.scalars(sa.select(SignInLink))).one()
        for state in ("pending", "sent", "sent", "dead"):
            session.add(
                Delivery(
                    kind="sign_in", sign_in_link_id=link.id, language="en", state=state, due_at=NOW, created_at=NOW
                )
            )

    page = (await browser.get("/admin")).text

    numbers = [f'<data value="{count}">' for count in (1, 2, 1)]
    assert [each for each in numbers if each in page] == numbers
    assert "could not be delivered were tried" in page


async def test_the_mailbox_is_empty_at_first(signed_in: SignIn) -> None:
    page = (await (await an_admin(signed_in)).get("/admin/mailbox")).text

    assert "No mail yet" in page


async def test_a_kept_mail_is_read_as_text_and_seen_without_any_power(signed_in: SignIn, settings: Settings) -> None:
    hostile = "<script>alert(1)</script><a href='https://promos.example/claim/x'>Confirm</a>"
    letter = await kept(settings, "Your <pass>", "Open https://promos.example/claim/x now.", hostile)
    browser = await an_admin(signed_in)

    listed = (await browser.get("/admin/mailbox")).text
    page = (await browser.get(f"/admin/mailbox/{letter}")).text
    framed = await browser.get(f"/admin/mailbox/{letter}/html")

    assert f'href="/admin/mailbox/{letter}"' in listed
    assert "Your &lt;pass&gt;" in listed
    assert 'href="https://promos.example/claim/x"' in page
    assert "alert(1)" not in page
    assert f'<iframe class="preview" src="/admin/mailbox/{letter}/html" sandbox' in page
    assert hostile in framed.text
    assert framed.headers["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
    )


@pytest.mark.parametrize("letter", ["nothing", "..", "%2e%2e%2fpromos.sqlite3", "20261123T120000Z-x"])
async def test_what_is_no_letter_is_not_found(letter: str, signed_in: SignIn) -> None:
    browser = await an_admin(signed_in)

    assert (await browser.get(f"/admin/mailbox/{letter}/html")).status_code in {404, 405}


async def test_a_person_with_two_roles_stands_there_twice(signed_in: SignIn, database: Database) -> None:
    browser = await an_admin(signed_in)
    async with database.writing() as session:
        publication = await a_publication(session)
        ada = (await session.scalars(sa.select(Person))).one()
        session.add(StaffRole(person_id=ada.id, role="editor", publication_id=publication.id, created_at=NOW))

    page = (await browser.get("/admin")).text

    assert page.count('<th scope="row">ada@house.example</th>') == 2
