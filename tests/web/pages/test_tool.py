"""On the editor's desk: the newsletter's tool is connected, blocks go into a draft there, and what is seen is told."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import sqlalchemy as sa

from promos.actions import codes, connections
from promos.database import Database
from promos.looking import Looking
from promos.models import Connection, Issue, PromoCode
from promos.outside.web import Unreachable, Web
from promos.rules.people import Role
from promos.settings import Keys, Settings
from promos.web.headers import Headers
from tests.newsroom import a_placeable_code, a_ready_issue, rendered, rules
from tests.outside.fakes import InProcess
from tests.outside.fakes.ghost import FakeGhost
from tests.web.conftest import running
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import all_of
from tests.world import ADMIN, DAY, NOW, a_publication

PAGES: dict[str, str] = {}  # the web, as far as a test has put something there
DRAFT = f"{1:024x}"
OURS = "<p>Une semaine calme.</p>"


@pytest.fixture
def ghost() -> FakeGhost:
    fake = FakeGhost(NOW)
    fake.add(OURS)
    return fake


@pytest.fixture
async def app(settings: Settings, ghost: FakeGhost) -> AsyncIterator[Headers]:
    """As the other pages have it, with one newsletter tool out there."""
    async with running(settings, web=InProcess(ghost, PAGES)) as whole:
        yield whole


@pytest.fixture
async def places(database: Database) -> dict[str, str]:
    async with database.writing() as session:
        publication = await a_publication(session)
        code = await a_placeable_code(session, publication, limit=20)
        issue = await a_ready_issue(session, publication, code)
        await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
        return {
            "publication": str(publication.id),
            "tool": f"/editor/publications/{publication.id}/tool",
            "issue": f"/editor/issues/{issue.id}",
        }


@pytest.fixture(autouse=True)
def nothing_published() -> None:
    PAGES.clear()


@pytest.fixture
async def editor(signed_in: SignIn, places: dict[str, str]) -> Browser:
    return await signed_in("ada@freea.example", Role.EDITOR, publication_id=UUID(places["publication"]))


@pytest.fixture
async def connected(editor: Browser, places: dict[str, str]) -> Browser:
    fields = {"kind": "ghost", "base_url": "https://ghost.example", "key": FakeGhost.key}
    answer = await editor.post(places["tool"], fields)
    assert answer.status_code == 303, answer.text
    return editor


async def state(database: Database) -> list[str]:
    return await all_of(database, sa.select(PromoCode.status), sa.select(PromoCode.label))


async def test_a_tool_is_connected_with_a_key_that_nobody_sees_again(
    database: Database, places: dict[str, str], connected: Browser
) -> None:
    page = await connected.get(places["tool"])

    assert "Connected: it answers." in page.text
    assert "Issue 1" in page.text
    [kept] = await all_of(database, sa.select(Connection.sealed_key))
    for text in (page.text, kept):
        assert FakeGhost.secret not in text


async def test_from_the_draft_to_the_code_that_is_paused_again(
    database: Database, places: dict[str, str], connected: Browser, ghost: FakeGhost
) -> None:
    """Put, read back, published by the person, seen; then the label is taken out there, and noticed."""
    tool = f"{places['issue']}/tool"
    placed = await connected.post(tool, {"draft_id": DRAFT})
    assert "the label is there" in placed.text
    assert "It is a draft there" in placed.text
    assert OURS in ghost.posts[DRAFT]["html"]
    await connected.post(f"{places['issue']}/publish")
    assert await state(database) == ["paused", "awaited"]

    ghost.posts[DRAFT]["status"] = "published"
    seen = await connected.post(f"{tool}/look")
    assert "It is sent or published there; this look is kept." in seen.text
    assert await state(database) == ["active", "seen"]

    for word in ("Publicité", "publicité", "collaboration commerciale"):
        ghost.posts[DRAFT]["html"] = ghost.posts[DRAFT]["html"].replace(word, "")
    gone = await connected.post(f"{tool}/look")
    assert "the label is gone" in gone.text
    assert await state(database) == ["active", "missed"]


async def test_putting_the_blocks_again_leaves_one_of_each(
    places: dict[str, str], connected: Browser, ghost: FakeGhost
) -> None:
    for _ in range(2):
        await connected.post(f"{places['issue']}/tool", {"draft_id": DRAFT})

    assert ghost.posts[DRAFT]["html"].count("data-promos-block") == 1


async def test_what_cannot_go_out_does_not_go_into_a_tool(
    database: Database, places: dict[str, str], connected: Browser, ghost: FakeGhost
) -> None:
    async with database.writing() as session:
        await session.execute(sa.text("DELETE FROM declarations"))

    answer = await connected.post(f"{places['issue']}/tool", {"draft_id": DRAFT})

    assert answer.status_code == 409
    assert "its disclosure is not complete" in answer.text
    assert "data-promos-block" not in ghost.posts[DRAFT]["html"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "ghost", "base_url": "", "key": "a:b"}, "base_url"),
        ({"kind": "listmonk", "base_url": "https://l.example", "key": "a"}, "user"),
        ({"kind": "kit", "key": ""}, "key"),
        ({"kind": "kit", "key": "clé"}, "key"),
        ({"kind": "other", "key": "a"}, "kind"),
    ],
)
async def test_what_is_missing_is_told_beside_its_field(
    database: Database, places: dict[str, str], editor: Browser, fields: dict[str, str], wrong: str
) -> None:
    answer = await editor.post(places["tool"], fields)

    assert answer.status_code == 422
    assert f'id="field-{wrong.replace("_", "-")}-error"' in answer.text or f'id="field-{wrong}-error"' in answer.text
    assert await all_of(database, sa.select(Connection.kind)) == [None]


async def test_a_wrong_key_and_a_sent_draft_are_told_in_words(
    places: dict[str, str], connected: Browser, ghost: FakeGhost
) -> None:
    ghost.posts[DRAFT]["status"] = "published"
    sent = await connected.post(f"{places['issue']}/tool", {"draft_id": DRAFT})
    none = await connected.post(f"{places['issue']}/tool", {})
    early = await connected.post(f"{places['issue']}/tool/look")
    await connected.post(places["tool"], {"kind": "ghost", "base_url": "https://ghost.example", "key": "ab:cd"})
    page = await connected.get(places["tool"])

    assert (sent.status_code, none.status_code, early.status_code) == (409, 422, 409)
    assert "This is no draft any more" in sent.text
    assert "stands in no draft" in early.text
    assert "does not accept our key" in page.text


async def test_without_a_tool_the_page_says_where_to_connect_one(places: dict[str, str], editor: Browser) -> None:
    page = await editor.get(f"{places['issue']}/tool")

    assert "No newsletter tool is connected yet" in page.text
    assert places["tool"] in page.text


async def test_a_tool_is_left_and_its_key_forgotten(
    database: Database, places: dict[str, str], connected: Browser
) -> None:
    await connected.post(f"{places['tool']}/leave")
    again = await connected.post(f"{places['tool']}/leave")

    assert again.status_code == 303
    assert await all_of(database, sa.select(Connection.kind)) == [None]


async def test_strangers_have_no_such_tool(
    database: Database, places: dict[str, str], connected: Browser, signed_in: SignIn
) -> None:
    async with database.writing() as session:
        other = await a_publication(session, slug="other")
    stranger = await signed_in("eve@other.example", Role.EDITOR, publication_id=other.id)

    for address in (places["tool"], f"{places['issue']}/tool"):
        assert (await stranger.get(address)).status_code == 404
        assert (await stranger.post(address, {"kind": "kit", "key": "k", "draft_id": DRAFT})).status_code == 404
    evidence = f"/editor/publications/{places['publication']}/evidence.jsonl"
    assert (await stranger.get(evidence)).status_code == 404
    assert (await connected.get(evidence)).status_code == 200


class Silent(Web):
    async def ask(self, *_given: object, **_named: object) -> None:  # type: ignore[override]
        raise Unreachable


async def test_the_worker_looks_by_itself_and_remembers_what_went_wrong(
    database: Database,
    places: dict[str, str],
    connected: Browser,
    ghost: FakeGhost,
    settings: Settings,
    keys: Keys,
) -> None:
    await connected.post(f"{places['issue']}/tool", {"draft_id": DRAFT})
    await connected.post(f"{places['issue']}/publish")
    ghost.posts[DRAFT]["status"] = "sent"

    def looking(web: Web) -> Looking:
        return Looking(database, web, rules(), settings, keys, lambda: NOW)

    assert await looking(InProcess(ghost)).round() == 1
    assert await state(database) == ["active", "seen"]
    assert await looking(InProcess(ghost)).round() == 0
    async with database.writing() as session:
        await session.execute(sa.update(Issue).values(look_at=NOW))
    assert await looking(Silent()).round() == 1
    assert await all_of(database, sa.select(Connection.trouble)) == ["tool-unreachable"]
    assert "cannot be reached" in (await connected.get(f"{places['issue']}/tool")).text


async def test_looks_come_every_hour_then_every_day_for_a_month(database: Database, places: dict[str, str]) -> None:
    async with database.writing() as session:
        when = {"published_at": NOW, "look_at": NOW, "draft_id": DRAFT}
        await session.execute(sa.update(Issue).values(**when))
    ends = []
    for age in (0 * DAY, DAY / 2, 2 * DAY, 31 * DAY):
        async with database.writing() as session:
            await session.execute(sa.update(Issue).values(look_at=NOW))
            [_] = await connections.due(session, now=NOW + age)
            at = await session.scalar(sa.select(Issue.look_at))
            ends.append(at and at - NOW - age)
    assert ends == [DAY / 24, DAY / 24, DAY, None]


async def test_an_issue_is_found_on_the_web_and_looked_at_there_again(
    database: Database, places: dict[str, str], editor: Browser, settings: Settings, keys: Keys, ghost: FakeGhost
) -> None:
    address = "https://freea.example/p/42"
    early = await editor.post(f"{places['issue']}/address", {"address": address})
    await editor.post(f"{places['issue']}/publish")
    silent = await editor.post(f"{places['issue']}/address", {"address": address})
    async with database.reading() as session:
        issue = (await session.scalars(sa.select(Issue))).one()
        PAGES[address] = await rendered(session, issue, "web")
    found = await editor.post(f"{places['issue']}/address", {"address": address})
    live = await state(database)
    PAGES[address] = re.sub("publicité|collaboration commerciale", "", PAGES[address], flags=re.IGNORECASE)
    async with database.writing() as session:
        await session.execute(sa.update(Issue).values(look_at=NOW))
    looking = Looking(database, InProcess(ghost, PAGES), rules(), settings, keys, lambda: NOW)

    assert await looking.round() == 1
    assert (early.status_code, silent.status_code, found.status_code) == (422, 422, 200)
    assert 'id="field-address-error"' in silent.text
    assert "the label is there" in found.text
    assert (live, await state(database)) == (["active", "seen"], ["active", "missed"])


async def test_any_published_page_can_be_checked(places: dict[str, str], editor: Browser) -> None:
    PAGES["https://elsewhere.example/p"] = "<h2>Salon</h2><p>Dix accès gratuits avec le code SALONIA</p>"

    checked = await editor.post("/editor/lint", {"address": "https://elsewhere.example/p"})
    closed = await editor.post("/editor/lint", {"address": "https://127.0.0.1/"})

    assert "SALONIA" in checked.text
    assert closed.status_code == 422
    assert 'id="field-address-error"' in closed.text
