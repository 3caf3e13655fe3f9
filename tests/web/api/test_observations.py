"""Looks at what was sent, and all evidence as one file, over the API."""

import json
import re

import httpx
import pytest

from promos.rules.evidence import verify_file
from promos.rules.people import Role
from tests.web.api.test_issues import BASE, an_issue, bearing, ready
from tests.web.sides import World

HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
async def sent(client: httpx.AsyncClient, world: World) -> str:
    """The address of an issue that went out."""
    client.headers["Authorization"] = f"Bearer {world.editor}"
    issue = await ready(client, world)
    answer = await client.post(f"{BASE}/issues/{issue}/publish")
    assert answer.status_code == 200, answer.text
    return f"{BASE}/issues/{issue}"


async def test_what_was_sent_is_looked_at_and_the_look_is_kept(client: httpx.AsyncClient, sent: str) -> None:
    mail = (await client.get(f"{sent}/render", params={"surface": "email_html"})).text
    bare = re.sub("publicité|collaboration commerciale", "", mail, flags=re.IGNORECASE)

    seen = (await client.post(f"{sent}/observations", content=mail, headers=HTML)).json()
    gone = (await client.post(f"{sent}/observations", content=bare, headers=HTML)).json()

    assert ([each["label"] for each in seen["looks"]], seen["is_kept"]) == (["there"], True)
    assert [each["label"] for each in gone["looks"]] == ["gone"]
    kept = (await client.get(f"{sent}/observations")).json()["items"]
    assert [(each["label"], each["through"]) for each in kept] == [("gone", "upload"), ("there", "upload")]
    assert kept[0]["input_hash"] == gone["input_hash"] != seen["input_hash"]


async def test_a_look_is_kept_once_however_often_it_is_sent(client: httpx.AsyncClient, sent: str) -> None:
    mail = (await client.get(f"{sent}/render", params={"surface": "email_html"})).text

    first, second = [
        await client.post(f"{sent}/observations", content=mail, headers=HTML | {"Idempotency-Key": "look"})
        for _ in range(2)
    ]

    assert first.json() == second.json()
    assert len((await client.get(f"{sent}/observations")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"", "text/html", 422),
        (b"\x00\x01\x02", "text/html", 422),
        (b"<p>x</p>", "application/json", 415),
        (b"<p>x</p>", "text/html; charset=utf-7", 415),
        (b"x" * (2 * 1024 * 1024 + 1), "text/plain", 413),
    ],
)
async def test_what_cannot_be_looked_at_is_refused(
    client: httpx.AsyncClient, sent: str, content: bytes, media_type: str, status: int
) -> None:
    answer = await client.post(f"{sent}/observations", content=content, headers={"Content-Type": media_type})

    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert (await client.get(f"{sent}/observations")).json()["items"] == []


async def test_an_issue_without_a_block_has_no_label_to_look_for(client: httpx.AsyncClient, world: World) -> None:
    client.headers["Authorization"] = f"Bearer {world.editor}"
    issue = await an_issue(client, world, text="Une semaine calme.\n\nSans rien à vendre.")

    answer = await client.post(f"{BASE}/issues/{issue['id']}/observations", content="<p>x</p>", headers=HTML)

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-observe")


async def test_all_evidence_is_one_file_that_anybody_can_verify(
    client: httpx.AsyncClient, world: World, sent: str
) -> None:
    mail = (await client.get(f"{sent}/render", params={"surface": "email_html"})).text
    await client.post(f"{sent}/observations", content=mail, headers=HTML)

    answer = await client.get(f"{BASE}/publications/{world.ours.publication}/evidence")

    lines = answer.content.splitlines(keepends=True)
    broken, whole, _ = verify_file(lines)
    assert (answer.status_code, broken, whole) == (200, None, len(lines) - 2)
    kinds = [json.loads(line)["kind"] for line in lines[1:-1]]
    assert kinds[-2:] == ["issue.published", "issue.observed"]
    assert b"@" not in answer.content


async def test_evidence_is_for_the_editors_of_its_publication(
    client: httpx.AsyncClient, world: World, sent: str
) -> None:
    address = f"{BASE}/publications/{world.theirs.publication}/evidence"

    assert (await client.get(address)).status_code == 404
    owner = await client.get(address, headers=bearing(world.a.secrets[Role.OWNER]))
    assert owner.status_code == 403
