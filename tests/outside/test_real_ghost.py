"""Drafts in a real Ghost on SQLite, where one is installed: docs/explanation/tools.md says how."""

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from promos import settings as configuration
from promos.actions import codes, connections, labels
from promos.database import Database
from promos.looking import Looking
from promos.models import PromoCode
from promos.outside.tools.ghost import Ghost
from promos.outside.web import Web
from promos.rules.refusals import DraftSent, NotFound, ToolChanged, ToolRefused
from promos.settings import Settings
from tests.newsroom import a_placeable_code, a_ready_issue, publish, rules
from tests.outside.test_tools import BLOCK, LABEL, MARKER, RENDERED
from tests.world import ADMIN, NOW, a_publication

FOLDER = Path(os.environ.get("PROMOS_TEST_GHOST", "build/ghost")).resolve()
NODE = os.environ.get("PROMOS_TEST_NODE", "node")
STARTING = 180  # seconds, on a slow machine

pytestmark = [
    pytest.mark.skipif(
        not (FOLDER / "index.js").exists() or not shutil.which(NODE),
        reason="no Ghost in build/ghost or PROMOS_TEST_GHOST, or no node",
    ),
    pytest.mark.timeout(STARTING + 60),
]


@dataclass
class Running:
    url: str
    key: str
    owner: httpx.Client

    def tool(self, key: str | None = None, late: timedelta = timedelta()) -> Ghost:
        web = Web(trusted={self.url.removeprefix("http://")})
        return Ghost(web, self.url, key or self.key, lambda: datetime.now(UTC) - late)

    def post(self, method: str, path: str, **fields: Any) -> dict[str, Any]:
        """As its owner does in the browser."""
        answer = self.owner.request(method, f"/posts/{path}", json={"posts": [fields]})
        [post] = answer.raise_for_status().json()["posts"]
        return dict(post)

    def saved_at(self, post_id: str) -> str:
        return str(self.owner.get(f"/posts/{post_id}/").raise_for_status().json()["posts"][0]["updated_at"])

    def lexical(self, post_id: str) -> dict[str, Any]:
        answer = self.owner.get(f"/posts/{post_id}/?formats=lexical").raise_for_status()
        return dict(json.loads(answer.json()["posts"][0]["lexical"])["root"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    here = tmp_path_factory.mktemp("ghost")
    shutil.copytree(FOLDER / "content", here / "content")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = {
        **{"NODE_ENV": "production", "url": url, "server__host": "127.0.0.1", "server__port": str(port)},
        **{"database__client": "sqlite3", "database__connection__filename": str(here / "ghost.db")},
        **{
            "database__useNullAsDefault": "true",
            "paths__contentPath": str(here / "content"),
            "mail__transport": "stub",
        },
        **{"privacy__useUpdateCheck": "false", "security__staffDeviceVerification": "false"},
    }
    with (here / "log").open("wb") as log:
        process = subprocess.Popen(
            [NODE, "index.js"], cwd=FOLDER, env={**os.environ, **settings}, stdout=log, stderr=log
        )
    try:
        with httpx.Client(base_url=f"{url}/ghost/api/admin", headers={"Origin": url}, timeout=30) as owner:
            yield Running(url, _set_up(owner, process), owner)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _set_up(owner: httpx.Client, process: "subprocess.Popen[bytes]") -> str:
    """A first owner, who signs in and makes a key for us."""
    until = time.monotonic() + STARTING
    while process.poll() is None and time.monotonic() < until:
        with suppress(httpx.TransportError):
            if owner.get("/site/").status_code == 200:
                break
        time.sleep(0.5)
    ada = {"email": "ada@freea.example", "password": "a-long-one-for-tests"}
    owner.post(
        "/authentication/setup/", json={"setup": [{"name": "Ada", "blogTitle": "FreeA", **ada}]}
    ).raise_for_status()
    signed_in = {"username": ada["email"], "password": ada["password"]}
    owner.post("/session/", json=signed_in).raise_for_status()
    made = owner.post("/integrations/?include=api_keys", json={"integrations": [{"name": "Promos"}]}).raise_for_status()
    [key] = [key["secret"] for key in made.json()["integrations"][0]["api_keys"] if key["type"] == "admin"]
    return str(key)


TABLE = "<!--[if mso]><p>Outlook</p><![endif]-->\n<table><tr><td style='color:#111'>a &amp; b</td></tr></table>"


@pytest.fixture
def draft(running: Running) -> str:
    text = {
        "type": "text",
        "text": "Bonjour à tous",
        "version": 1,
        "detail": 0,
        "format": 0,
        "mode": "normal",
        "style": "",
    }
    paragraph = {"type": "paragraph", "version": 1, "children": [text], "direction": "ltr", "format": "", "indent": 0}
    card = {"type": "html", "version": 1, "html": TABLE}
    root = {"children": [paragraph, card], "direction": "ltr", "format": "", "indent": 0, "type": "root", "version": 1}
    return str(running.post("POST", "", title="Numéro 8", lexical=json.dumps({"root": root}))["id"])


async def test_a_block_goes_in_and_ghost_shows_its_label_with_all_else_as_it_was(running: Running, draft: str) -> None:
    tool = running.tool()
    before, cards = await tool.read(draft), running.lexical(draft)["children"]

    after = await tool.put(draft, RENDERED, MARKER, version=before.version)

    order = [after.html.index(words) for words in ("Bonjour à tous", TABLE, LABEL, BLOCK.heading, BLOCK.url)]
    assert order == sorted(order)
    assert running.lexical(draft)["children"][:2] == cards
    assert len(running.lexical(draft)["children"]) == 3
    assert after.version != before.version
    assert draft in {one.id for one in await tool.drafts()}


async def test_a_block_is_replaced_and_the_post_stays_a_draft(running: Running, draft: str) -> None:
    tool = running.tool()
    once = await tool.put(draft, RENDERED, MARKER, version=(await tool.read(draft)).version)
    changed = {**RENDERED, "email_html": RENDERED["email_html"].replace("Deux jours", "Trois jours")}

    twice = await tool.put(draft, changed, MARKER, version=once.version)

    assert twice.html == once.html.replace("Deux jours", "Trois jours")
    assert "Trois jours" in twice.html
    assert running.owner.get(f"/posts/{draft}/").json()["posts"][0]["status"] == "draft"


async def test_what_somebody_saved_meanwhile_is_not_overwritten(running: Running, draft: str) -> None:
    tool = running.tool()
    version, saved_at = (await tool.read(draft)).version, running.saved_at(draft)
    await asyncio.sleep(1.1)  # Ghost's own check knows whole seconds only
    running.post("PUT", f"{draft}/", title="Numéro 8 bis", updated_at=saved_at)

    with pytest.raises(ToolChanged):
        await tool.put(draft, RENDERED, MARKER, version=version)
    with pytest.raises(ToolChanged):  # Ghost's own check, that nobody can come between
        await tool._api.write(
            "PUT", f"/ghost/api/admin/posts/{draft}/", {"posts": [{"title": "ours", "updated_at": saved_at}]}
        )
    assert (await tool.read(draft)).title == "Numéro 8 bis"


async def test_what_was_saved_in_the_same_second_is_seen_too(running: Running, draft: str) -> None:
    tool = running.tool()
    version = (await tool.read(draft)).version
    running.post("PUT", f"{draft}/", title="Numéro 8 ter", updated_at=running.saved_at(draft))

    with pytest.raises(ToolChanged):
        await tool.put(draft, RENDERED, MARKER, version=version)


async def test_a_published_post_is_not_touched(running: Running, draft: str) -> None:
    tool = running.tool()
    version = (await tool.read(draft)).version
    running.post("PUT", f"{draft}/", status="published", updated_at=running.saved_at(draft))

    with pytest.raises(DraftSent):
        await tool.put(draft, RENDERED, MARKER, version=version)
    assert draft not in [one.id for one in await tool.drafts()]
    assert LABEL not in json.dumps(running.lexical(draft), ensure_ascii=False)


async def test_a_wrong_key_an_old_token_and_an_unknown_post_are_told_apart(running: Running, draft: str) -> None:
    key_id, _, secret = running.key.partition(":")
    for tool in (
        running.tool(f"{key_id}:{secret[::-1]}"),
        running.tool(f"{'0' * 24}:{secret}"),
        running.tool(late=timedelta(minutes=10)),
    ):
        with pytest.raises(ToolRefused):
            await tool.read(draft)
    with pytest.raises(NotFound):
        await running.tool().read("64f0c0ffee64f0c0ffee64f0")


async def test_the_label_is_missed_in_ghost_and_the_code_paused(
    running: Running, draft: str, database: Database, settings: Settings
) -> None:
    """The whole way: put there, published by its owner, seen; the label taken out, noticed; the grace over, paused."""
    keys = configuration.keys(settings)
    async with database.writing() as session:
        publication = await a_publication(session)
        code = await a_placeable_code(session, publication, limit=20)
        issue = await a_ready_issue(session, publication, code)
        await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
        tool = {"base_url": running.url, "key": running.key, "secrets": keys.signing}
        await connections.connect(session, publication.id, "ghost", **tool, now=NOW, by=ADMIN)  # type: ignore[arg-type]
    web = Web(trusted={running.url.removeprefix("http://")})
    looking = Looking(database, web, rules(), settings, keys, lambda: datetime.now(UTC))

    async def state() -> tuple[str, str | None]:
        async with database.reading() as session:
            found = await session.get_one(PromoCode, code.id)
            return found.status, found.label

    placed = await looking.place(issue.id, draft, ADMIN)
    async with database.writing() as session:
        await publish(session, issue)
    early = await looking.look(issue.id, ADMIN)
    assert [each.label for each in (*placed.seen.looks, *early.seen.looks)] == ["there", "there"]
    assert await state() == ("paused", "awaited")

    running.post("PUT", f"{draft}/", status="published", updated_at=running.saved_at(draft))
    assert await looking.round() == 1
    assert await state() == ("active", "seen")

    root = running.lexical(draft)
    for card in root["children"]:
        if card["type"] == "html":
            card["html"] = re.sub("publicité|collaboration commerciale", "", card["html"], flags=re.IGNORECASE)
    running.post("PUT", f"{draft}/", lexical=json.dumps({"root": root}), updated_at=running.saved_at(draft))
    gone = await looking.look(issue.id, ADMIN)
    assert ([each.label for each in gone.seen.looks], gone.draft.is_draft) == (["gone"], False)
    assert await state() == ("active", "missed")

    async with database.writing() as session:
        late = datetime.now(UTC) + timedelta(seconds=settings.label_grace)
        [due] = await labels.due(session, now=late)
        await labels.pause(session, due, now=late)
    assert await state() == ("paused", "missed")
