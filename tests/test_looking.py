"""What arrives in a mailbox of our own is looked at as readers get it."""

import re
from urllib.parse import quote

import msgspec
import pytest
import sqlalchemy as sa

from promos import settings as configuration
from promos.database import Database
from promos.looking import MAILBOX_EVERY, Looking
from promos.models import Issue, Observation
from promos.outside import seeds
from promos.outside.web import Web
from promos.settings import Settings
from tests.newsroom import a_placeable_code, a_ready_issue, publish, rendered, rules
from tests.outside.fakes import listening
from tests.outside.fakes.imap import FakeImap
from tests.world import NOW, a_publication

HEAD = "Subject: FreeA 42\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"


@pytest.fixture
async def mail(database: Database) -> str:
    """An issue as it arrives at a reader's."""
    async with database.writing() as session:
        publication = await a_publication(session)
        issue = await a_ready_issue(session, publication, await a_placeable_code(session, publication))
        await publish(session, issue)
        return HEAD + await rendered(session, issue, "email_html")


def looking(database: Database, settings: Settings, place: str, password: str = FakeImap.password) -> Looking:
    url = f"imap://{FakeImap.user}:{quote(password)}@{place}/INBOX"
    settings = msgspec.structs.replace(settings, seed_mailbox=url)
    return Looking(database, Web(), rules(), settings, configuration.keys(settings), lambda: NOW)


async def seen(database: Database) -> list[tuple[str, str]]:
    async with database.reading() as session:
        rows = await session.execute(sa.select(Observation.label, Observation.through).order_by(Observation.id))
        return [(row[0], row[1]) for row in rows]


async def test_each_mail_is_looked_at_once_and_others_are_left_alone(
    database: Database, settings: Settings, mail: str
) -> None:
    """Whole; with the addresses of a tool in place of ours; without its label; somebody else's; too large."""
    tracked = re.sub(r"https://promos\.example/go/[0-9a-f-]+", "https://click.example/1", mail)
    bare = re.sub("publicité|collaboration commerciale", "", mail, flags=re.IGNORECASE)
    fake = FakeImap(
        *(text.encode() for text in (mail, tracked, bare, HEAD + "<p>Hello</p>")), b"x" * (seeds.LARGEST + 1)
    )
    async with listening(fake.talk) as place:
        promos = looking(database, settings, place)
        assert await promos.read_mailbox() == 3
        assert await promos.read_mailbox() == 0

    assert await seen(database) == [("there", "mailbox"), ("there", "mailbox"), ("gone", "mailbox")]
    assert fake.seen == set(fake.mails)


async def test_a_mailbox_that_does_not_answer_is_asked_again_later(
    database: Database, settings: Settings, mail: str, caplog: pytest.LogCaptureFixture
) -> None:
    fake = FakeImap(mail.encode())
    async with listening(fake.talk) as place:
        assert await looking(database, settings, place, "wrong").read_mailbox() == 0
    assert "the seed mailbox does not answer" in caplog.text
    assert "wrong" not in caplog.text
    assert fake.seen == set()
    async with listening(fake.talk) as place:
        assert await looking(database, settings, place).read_mailbox() == 1
    assert MAILBOX_EVERY.total_seconds() == 300


async def test_an_old_issue_is_not_taken_for_a_new_one(database: Database, settings: Settings, mail: str) -> None:
    async with database.writing() as session:
        await session.execute(sa.update(Issue).values(published_at=NOW - 2 * MAILBOX_EVERY * 24 * 365))
    fake = FakeImap(re.sub(r"/go/[0-9a-f-]+", "/1", mail).encode())
    async with listening(fake.talk) as place:
        assert await looking(database, settings, place).read_mailbox() == 0
