"""An issue by API: taken in, its promo block replaced, declared, judged and published; or only linted."""

from typing import Any

import httpx
import pytest

from promos.actions.disclosure import BlockSurface
from promos.rules.people import Role
from promos.web.api.issues import MEDIA
from tests.web.asking import BLOCK, DECLARATION
from tests.web.sides import World

BASE = "/api/v1"
TEXT = """Une semaine calme

Rien de neuf sous le soleil des modèles.

Les Zephyr Days

Deux jours à Paris. Nous offrons des places gratuites à nos lecteurs avec le code ZEPHYR3.

*Collaboration commerciale non rémunérée

À bientôt

Merci de nous lire chaque semaine."""


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
async def editor(client: httpx.AsyncClient, world: World) -> httpx.AsyncClient:
    client.headers["Authorization"] = f"Bearer {world.editor}"
    return client


async def an_issue(editor: httpx.AsyncClient, world: World, **content: str) -> dict[str, Any]:
    facts = {"number": "7", "title": "Calme", "planned_at": "2026-11-24T06:00:00Z"}
    body = {"publication_id": str(world.ours.publication), **facts, **(content or {"text": TEXT})}
    answer = await editor.post(f"{BASE}/issues", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_block_that_somebody_wrote_is_recognised(editor: httpx.AsyncClient, world: World) -> None:
    issue = await an_issue(editor, world)

    (found,) = issue["found"]
    texts = {segment["id"]: segment["text"] for segment in issue["segments"]}
    assert (found["code"], found["heading"], found["block_id"]) == ("ZEPHYR3", "Les Zephyr Days", None)
    assert [texts[segment] for segment in found["segments"]][-1].startswith("*Collaboration")
    assert (issue["state"], issue["language"]) == ("draft", "fr")


async def test_the_same_issue_in_any_form_has_the_same_words(editor: httpx.AsyncClient, world: World) -> None:
    mail = f"Subject: Calme\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{TEXT}"
    page = "".join(f"<p>{line}</p>" for line in TEXT.split("\n\n"))
    forms = ({"text": TEXT}, {"html": page}, {"markdown": TEXT.replace("*C", "\\*C")}, {"eml": mail})
    for number, form in enumerate(forms, 10):
        issue = await an_issue(editor, world, **form, number=str(number))

        assert [segment["text"] for segment in issue["segments"]] == TEXT.split("\n\n"), form


async def declared(editor: httpx.AsyncClient, world: World, block: str) -> None:
    """By both sides alike."""
    partner = bearing(world.a.secrets[Role.MEMBER])
    for party, headers in (("editor", {}), ("partner", partner)):
        await editor.put(f"{BASE}/blocks/{block}/declarations/{party}", json=DECLARATION, headers=headers)


async def ready(editor: httpx.AsyncClient, world: World) -> str:
    """The id of an issue that nothing stops any more."""
    issue = await an_issue(editor, world)
    body = {**BLOCK, "code": "ZEPHYR3", "replaces": issue["found"][0]["segments"]}
    block = (await editor.post(f"{BASE}/issues/{issue['id']}/blocks", json=body)).json()
    await declared(editor, world, block["id"])
    made: str = issue["id"]
    return made


async def test_nothing_goes_out_before_its_disclosure_is_complete(editor: httpx.AsyncClient, world: World) -> None:
    issue = await an_issue(editor, world)
    before = await editor.post(f"{BASE}/issues/{issue['id']}/publish")
    body = {**BLOCK, "code": "ZEPHYR3", "replaces": issue["found"][0]["segments"]}
    block = (await editor.post(f"{BASE}/issues/{issue['id']}/blocks", json=body)).json()
    undeclared = await editor.post(f"{BASE}/issues/{issue['id']}/publish")
    await declared(editor, world, block["id"])
    check = await editor.post(f"{BASE}/issues/{issue['id']}/check")
    published = [await editor.post(f"{BASE}/issues/{issue['id']}/publish") for _ in range(2)]

    for refused in (before, undeclared):
        assert (refused.status_code, refused.json()["code"]) == (409, "disclosure-incomplete")
    assert "REL-1" in {finding["check"] for finding in undeclared.json()["findings"]}
    assert set(undeclared.json()["findings"][0]) == {"check", "severity", "verdict", "where", "why", "source", "fix"}
    assert check.json()["verdict"] == "pass", check.text
    assert [answer.json()["state"] for answer in published] == ["published", "published"]
    late = await editor.patch(f"{BASE}/issues/{issue['id']}", json={"title": "Later"})
    assert (late.status_code, late.json()["code"]) == (409, "issue-published")


async def test_the_label_stands_in_every_rendering(editor: httpx.AsyncClient, world: World) -> None:
    for address in (f"/issues/{world.ours.draft}", f"/blocks/{world.a.block}"):
        for surface, media_type in (("email_html", "text/html"), ("web", "text/html"), ("email_text", "text/plain")):
            answer = await editor.get(f"{BASE}{address}/render?surface={surface}")

            assert answer.headers["Content-Type"].startswith(media_type)
            assert "Publicité" in answer.text
            assert "Zephyr Events SAS" in answer.text
        sent = await editor.get(f"{BASE}{address}/render?surface=web&for_sending=true")
        assert (sent.status_code, sent.json()["code"]) == (409, "disclosure-incomplete")


@pytest.mark.parametrize("surface", MEDIA)
async def test_a_block_is_drawn_for_each_tool_with_its_label_before_its_code(
    editor: httpx.AsyncClient, world: World, surface: BlockSurface
) -> None:
    address = f"{BASE}/blocks/{world.a.block}/render?surface={surface}"
    answer = await editor.get(address)
    sent = await editor.get(f"{address}&for_sending=true")

    assert answer.headers["Content-Type"].startswith(MEDIA[surface])
    assert 0 <= answer.text.index("Publicité") < answer.text.index(world.a.codes[0])
    assert (sent.status_code, sent.json()["code"]) == (409, "disclosure-incomplete")


async def test_a_label_is_chosen_among_those_that_are_allowed(editor: httpx.AsyncClient, world: World) -> None:
    issue = await an_issue(editor, world)
    blocks = f"{BASE}/issues/{issue['id']}/blocks"
    body = {**BLOCK, "code": "ZEPHYR3", "replaces": issue["found"][0]["segments"]}

    refused = await editor.post(blocks, json=body | {"label": "Partenariat"})
    allowed = refused.json()["allowed"]
    made = (await editor.post(blocks, json=body | {"label": allowed[-1]})).json()
    address = f"{BASE}/blocks/{made['id']}"
    shown = (await editor.get(f"{address}/render?surface=email_text")).text
    none = await editor.patch(address, json={"label": ""})
    promos = (await editor.patch(address, json={"label": None})).json()

    assert (refused.status_code, refused.json()["code"], allowed[0]) == (422, "label-not-allowed", "Publicité")
    assert (made["label"], made["version"]) == (allowed[-1], 1)
    assert shown.startswith(f"{allowed[-1]} – ")
    assert (none.status_code, none.json()["allowed"]) == (422, allowed)
    assert (promos["label"], promos["version"]) == (None, 2)


async def test_who_declares_second_cannot_copy(editor: httpx.AsyncClient, world: World) -> None:
    address = f"{BASE}/blocks/{world.a.block}/declarations"
    before = (await editor.get(address)).json()
    waiting = (await editor.get(f"{BASE}/blocks?declaration=missing")).json()["items"]
    await editor.put(f"{address}/editor", json=DECLARATION | {"obligation": "contractual"})
    after = (await editor.get(address)).json()

    assert (before["declared"], before["shown"], before["differences"]) == (
        {"partner": True, "editor": False},
        {},
        None,
    )
    assert str(world.a.block) in {block["id"] for block in waiting}
    assert (sorted(after["shown"]), after["differences"], after["agree"]) == (
        ["editor", "partner"],
        ["obligation"],
        False,
    )


async def test_a_block_gives_its_place_back(editor: httpx.AsyncClient, world: World) -> None:
    issue = await an_issue(editor, world)
    segments = issue["found"][0]["segments"]
    body = {**BLOCK, "code": "ZEPHYR3", "replaces": segments}
    block = (await editor.post(f"{BASE}/issues/{issue['id']}/blocks", json=body)).json()
    with_it = (await editor.get(f"{BASE}/issues/{issue['id']}")).json()
    moved = await editor.patch(f"{BASE}/blocks/{block['id']}", json={"after": segments[0]})
    removed = await editor.delete(f"{BASE}/blocks/{block['id']}")

    assert with_it["found"][0]["block_id"] == block["id"]
    assert (moved.json()["after"], moved.json()["replaces"], moved.json()["version"]) == (segments[0], [], 2)
    assert removed.json()["removed_at"] is not None
    assert (await editor.get(f"{BASE}/blocks/{block['id']}")).status_code == 404


async def lint(editor: httpx.AsyncClient, content: str | bytes, media_type: str, query: str = "") -> httpx.Response:
    return await editor.post(f"{BASE}/lint{query}", content=content, headers={"Content-Type": media_type})


async def test_a_file_is_judged_by_the_rules_of_an_issue(editor: httpx.AsyncClient, world: World) -> None:
    answer = await lint(editor, TEXT, "text/plain", "?audience=fr,de&date=2026-11-21&language=fr")

    said = answer.json()
    assert (said["verdict"], said["audience"], said["date"]) == ("fail", ["FR", "DE"], "2026-11-21")
    assert [(block["code"], block["heading"]) for block in said["blocks"]] == [("ZEPHYR3", "Les Zephyr Days")]
    assert {"check", "severity", "verdict", "where", "why", "source", "fix"} == set(said["findings"][0])


async def test_a_file_says_how_its_letters_are_written(editor: httpx.AsyncClient, world: World) -> None:
    answers = [
        await lint(editor, TEXT.encode("windows-1252"), "text/plain; charset=windows-1252"),
        await lint(editor, TEXT, "text/plain"),
    ]

    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("content", "media_type", "query", "status"),
    [
        (TEXT, "application/json", "", 415),
        (TEXT, "text/plain; charset=rot13", "", 415),
        ("", "text/plain", "", 422),
        ("\x00", "text/plain", "", 422),
        (TEXT, "text/plain", "?audience=XX", 422),
        (TEXT, "text/plain", "?date=2026-02-30", 400),
        ("<div>" * 20_000 + "x", "text/html", "", 200),
    ],
)
async def test_what_cannot_be_judged_is_refused(
    editor: httpx.AsyncClient, content: str | bytes, media_type: str, query: str, status: int
) -> None:
    answer = await lint(editor, content, media_type, query)

    assert answer.status_code == status, answer.text


async def test_to_how_many_a_published_issue_went_can_be_told_and_corrected(
    editor: httpx.AsyncClient, world: World
) -> None:
    address = f"{BASE}/issues/{world.ours.ready}"

    async def funnel() -> Any:
        headers = bearing(world.a.secrets[Role.MEMBER])
        return (await editor.get(f"{BASE}/events/{world.a.event}/funnel?by=issue", headers=headers)).json()["total"]

    before = await funnel()
    for recipients in (128_000, 129_000):
        answer = await editor.patch(address, json={"recipients": recipients})
        assert (answer.status_code, answer.json()["recipients"]) == (200, recipients)
    told = await funnel()
    wrong = [(await editor.patch(address, json={"recipients": each})).status_code for each in (-1, 10**10, "many")]
    both = await editor.patch(address, json={"recipients": 1, "title": "Another"})
    forgotten = await editor.patch(address, json={"recipients": None})

    assert (before["sent"], before["sent_untold"]) == (None, 1)
    assert (told["sent"], told["sent_untold"]) == (129_000, 0)
    assert wrong == [422, 422, 400]
    assert (both.status_code, both.json()["code"]) == (409, "issue-published")
    assert forgotten.json()["recipients"] is None
    assert (await funnel())["sent"] is None
