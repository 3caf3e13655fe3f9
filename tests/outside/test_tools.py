"""Drafts in newsletter tools: what goes in, what stays as it was, and what never goes out."""

import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from promos.outside.tools import Tool, with_block
from promos.outside.tools.brevo import Brevo
from promos.outside.tools.buttondown import Buttondown
from promos.outside.tools.ghost import Ghost
from promos.outside.tools.keila import Keila
from promos.outside.tools.kit import Kit, content_block
from promos.outside.tools.listmonk import Listmonk
from promos.outside.web import Web
from promos.rendering.blocks import SURFACES
from promos.rules.blocks import BlockContent
from promos.rules.refusals import (
    BlockUnframed,
    DraftSent,
    DraftUnsuited,
    NotFound,
    ToolAddressRefused,
    ToolChanged,
    ToolMisunderstood,
    ToolRefused,
    ToolUnreachable,
)
from tests.outside.fakes import Asked, Said, serving
from tests.outside.fakes.brevo import FakeBrevo
from tests.outside.fakes.buttondown import FakeButtondown
from tests.outside.fakes.ghost import NOW, FakeGhost
from tests.outside.fakes.keila import FakeKeila
from tests.outside.fakes.kit import FakeKit
from tests.outside.fakes.listmonk import FakeListmonk

MARKER = "0192f5c4-7b1e-7000-8000-0123456789ab"
BLOCK = BlockContent(
    language="fr",
    label="Publicité – collaboration commerciale",
    advertiser="Harmonie Congrès SAS",
    given="Pas de paiement ; l’organisateur nous fournit 20 accès à offrir à nos lecteurs.",
    heading="Deux jours d’orgue et d’ordinateurs à Lyon",
    body="Le **12 mars**, quarante facteurs d’orgue ouvrent [leurs ateliers](https://orgue.example/ateliers).",
    call_to_action="Réserver ma place",
    code="ORGUE-12",
    url=f"https://promos.example/go/{MARKER}",
    terms=("20 accès, un par personne",),
    conditions_url=None,
    block_id=MARKER,
)
BEFORE = "<h1>Issue 8</h1>\n<!-- ours --><p>Hello, a &lt; b &amp; {{ x }}</p>\n\n<div>  a table of ours  </div>"
RENDERED = {name: draw(BLOCK) for name, draw in SURFACES.items()}
LABEL = "Publicité – collaboration commerciale"


@dataclass
class Desk:
    """A tool, the fake that it speaks to, and a way to speak to it with another key or at another place."""

    name: str
    fake: Any
    place: str
    make: Callable[[Web, str, str], Tool]

    @property
    def tool(self) -> Tool:
        return self.at(self.place)

    def at(self, place: str, key: str | None = None) -> Tool:
        web = Web(trusted={place}, silence=0.5)
        return self.make(web, f"http://{place}", key or self.fake.key)


FAKES: dict[str, tuple[type[Any], Callable[[Web, str, str], Tool]]] = {
    "ghost": (FakeGhost, lambda web, url, key: Ghost(web, url, key, lambda: NOW)),
    "listmonk": (FakeListmonk, lambda web, url, key: Listmonk(web, url, FakeListmonk.user, key)),
    "buttondown": (FakeButtondown, lambda web, url, key: Buttondown(web, key, url)),
    "kit": (FakeKit, lambda web, url, key: Kit(web, key, url)),
    "keila": (FakeKeila, Keila),
    "brevo": (FakeBrevo, lambda web, url, key: Brevo(web, key, url)),
}
Open = Callable[[str], Any]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Starts the fake of a tool: `await opened("kit")`."""
    async with AsyncExitStack() as running:

        async def start(name: str) -> Desk:
            kind, make = FAKES[name]
            fake = kind()
            return Desk(name, fake, await running.enter_async_context(serving(fake)), make)

        yield start


@pytest.fixture(params=FAKES)
async def desk(request: pytest.FixtureRequest, opened: Open) -> Desk:
    found: Desk = await opened(request.param)
    return found


def stored(desk: Desk) -> str:
    """All that the fake holds, as one text."""
    everything = {name: value for name, value in vars(desk.fake).items() if isinstance(value, dict)}
    return json.dumps(everything, ensure_ascii=False).replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")


def writes(desk: Desk) -> list[Asked]:
    return [asked for asked in desk.fake.asked if asked.method != "GET"]


async def test_a_block_goes_into_a_draft_and_its_label_stands_there(desk: Desk) -> None:
    draft_id = desk.fake.add(BEFORE)
    before = await desk.tool.read(draft_id)

    after = await desk.tool.put(draft_id, RENDERED, MARKER, version=before.version)

    assert LABEL in after.html
    assert after.html.index("Issue 8") < after.html.index(LABEL) < after.html.index(BLOCK.url)
    assert after.version != before.version
    assert after == await desk.tool.read(draft_id)


async def test_nothing_else_in_the_draft_changes(desk: Desk) -> None:
    draft_id = desk.fake.add(BEFORE)
    version = (await desk.tool.read(draft_id)).version

    after = await desk.tool.put(draft_id, RENDERED, MARKER, version=version)
    without = after.html.partition("<div data-promos-block")[0]

    kept = BEFORE.replace("<!-- ours -->", "") if desk.name == "listmonk" else BEFORE
    assert kept in without
    assert BEFORE in stored(desk)


async def test_the_block_is_replaced_where_an_editor_moved_it(desk: Desk) -> None:
    draft_id = desk.fake.add("<p>first</p>")
    version = (await desk.tool.read(draft_id)).version
    put = await desk.tool.put(draft_id, RENDERED, MARKER, version=version)
    begin = put.html.index("<div data-promos-block")
    frame = put.html[begin : put.html.index("</div>", begin) + 6]
    moved = desk.fake.add(f"<div><p>above</p>\n{frame}</div>\n<p>below</p>")
    other = replace(BLOCK, heading="Trois jours d’orgue", call_to_action="Venir")

    version = (await desk.tool.read(moved)).version
    after = await desk.tool.put(moved, {name: draw(other) for name, draw in SURFACES.items()}, MARKER, version=version)

    order = [after.html.index(words) for words in ("above", LABEL, "Trois jours d’orgue", "below")]
    assert order == sorted(order)
    assert BLOCK.heading not in after.html
    assert after.html.count("data-promos-block") == 1


def test_what_an_editor_wrote_into_the_frame_goes_with_the_block() -> None:
    frame = f'<div class="x" data-promos-block="{MARKER}">'
    html = (
        f"a<div>b</div>{frame}<div>c<div>d</div></div>e</div>f{frame.upper().replace(MARKER.upper(), MARKER)}</DIV >g"
    )

    put = with_block(html, "new", MARKER)

    new = f'<div data-promos-block="{MARKER}">\nnew\n</div>'
    assert put == f"a<div>b</div>{new}f{new}g"
    for lost in (html.replace("</", "<!-- </"), f"<!-- {frame}</div> -->", f"{frame}never closed"):
        with pytest.raises(BlockUnframed):
            with_block(lost, "new", MARKER)
    for marker in ("short", '0192f5c4"><b>', "0192 f5c4", ""):
        with pytest.raises(ValueError, match="marker"):
            with_block(html, "new", marker)


async def test_putting_the_same_block_twice_changes_nothing(desk: Desk) -> None:
    draft_id = desk.fake.add(BEFORE)
    version = (await desk.tool.read(draft_id)).version
    once = await desk.tool.put(draft_id, RENDERED, MARKER, version=version)
    twice = await desk.tool.put(draft_id, RENDERED, MARKER, version=once.version)

    assert twice.html == once.html


async def test_a_block_whose_frame_is_lost_is_not_put_in_a_second_time(desk: Desk) -> None:
    draft_id = desk.fake.add(RENDERED["email_html"])
    version = (await desk.tool.read(draft_id)).version

    with pytest.raises(BlockUnframed):
        await desk.tool.put(draft_id, RENDERED, MARKER, version=version)
    assert writes(desk) == []


@pytest.mark.parametrize("status", ["sent", "scheduled"])
async def test_what_is_sent_or_scheduled_is_not_touched(desk: Desk, status: str) -> None:
    draft_id = desk.fake.add(BEFORE, status=status)

    with pytest.raises(DraftSent):
        await desk.tool.read(draft_id)
    with pytest.raises(DraftSent):
        await desk.tool.put(draft_id, RENDERED, MARKER, version="any")
    assert writes(desk) == []


async def test_a_draft_that_was_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    draft_id, theirs = desk.fake.add("<p>as I read it</p>"), desk.fake.add("<p>as it is now</p>")
    version = (await desk.tool.read(draft_id)).version
    now = (await desk.tool.read(theirs)).version

    with pytest.raises(ToolChanged):
        await desk.tool.put(theirs, RENDERED, MARKER, version=version)
    with pytest.raises(ToolChanged):
        await desk.tool.put(theirs, RENDERED, MARKER, version="")
    assert writes(desk) == []
    assert now != version


async def test_only_drafts_are_listed_newest_first_and_no_more_than_twenty(desk: Desk) -> None:
    for number in range(23):
        desk.fake.add(f"<p>{number}</p>", status="sent" if number == 21 else "draft")

    listed = await desk.tool.drafts()

    assert [draft.title for draft in listed] == [f"Issue {number}" for number in range(23, 1, -1) if number != 22][:20]
    assert len(listed) == 20
    assert (await desk.tool.read(listed[0].id)).title == "Issue 23"


async def test_nothing_that_is_written_can_send(desk: Desk) -> None:
    """Not one request names a status, a date or a path that any of these tools sends or publishes by."""
    draft_id = desk.fake.add(BEFORE)
    version = (await desk.tool.read(draft_id)).version
    await desk.tool.put(draft_id, RENDERED, MARKER, version=version)

    [written] = writes(desk)
    named = json.dumps(written.data).lower()
    for word in ('"status"', '"publish_date"', '"scheduled_for"', '"scheduledat"', '"sendnow"', '"public": true'):
        assert word not in named
    assert written.data.get("send_at") is None
    assert not {"send", "schedule", "deliver", "publish"} & set(written.path.lower().replace("/", " ").split())
    await desk.tool.read(draft_id)  # a draft still


def test_no_tool_has_a_way_to_send() -> None:
    for _, make in FAKES.values():
        tool = make(Web(), "https://news.example", f"{'a' * 24}:{'b' * 64}")
        assert {name for name in dir(tool) if not name.startswith("_")} == {
            *("capabilities", "merge_tags", "drafts", "look", "read", "put"),
        }


async def test_a_wrong_key_is_told_as_one_and_never_shown(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    draft_id = desk.fake.add(BEFORE)
    for secret in ("deadbeef" * 8, "clé-secrète-deadbeef", "deadbeef\r\nX-Evil: 1"):
        key = f"{'a' * 24}:{secret}" if desk.name == "ghost" else secret
        with pytest.raises(ToolRefused) as caught:
            await desk.at(desk.place, key).read(draft_id)
        assert "deadbeef" not in f"{caught.value!r} {caught.value.facts} {caught.value.__cause__!r}"

    await desk.tool.read(draft_id)
    assert "deadbeef" not in caplog.text
    assert desk.fake.key not in caplog.text
    assert desk.fake.key.partition(":")[2] not in caplog.text or ":" not in desk.fake.key


@pytest.mark.parametrize("draft_id", ["999", "64f0c0ffee64f0c0ffee64ff", "../users", "1/status", "1?x=y", ""])
async def test_a_draft_that_is_not_there_is_not_found(desk: Desk, draft_id: str) -> None:
    with pytest.raises((NotFound, ToolMisunderstood)) as caught:
        await desk.tool.read(draft_id)
    assert caught.type is NotFound or (desk.name == "listmonk" and draft_id.isalnum())


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (Said(200, b"<html>a page</html>"), ToolMisunderstood),
        (Said(200, b"\xff\xfe"), ToolMisunderstood),
        (Said(200, b'{"data": 7}'), ToolMisunderstood),
        (Said(200, b"[" * 100_000), ToolMisunderstood),
        (Said(204), ToolMisunderstood),
        (Said(302, headers={"Location": "http://127.0.0.1/"}), ToolMisunderstood),
        (Said(400, b"{}"), ToolMisunderstood),
        (Said(429, b"{}", {"Retry-After": "9"}), ToolUnreachable),
        (Said(500, b"trace"), ToolUnreachable),
        (Said(503), ToolUnreachable),
        (Said(200, b"x" * 5_000_000), ToolUnreachable),
    ],
)
async def test_an_answer_that_cannot_be_read_is_told_as_one(desk: Desk, answer: Said, refusal: type[Exception]) -> None:
    async def odd(asked: Asked) -> Said:
        return answer

    async with serving(odd) as place:
        with pytest.raises(refusal) as caught:
            await desk.at(place).read("64f0c0ffee64f0c0ffee64f0")
        with pytest.raises(refusal):
            await desk.at(place).drafts()
    assert place not in f"{caught.value!r} {caught.value.args} {vars(caught.value)}"


async def test_a_place_that_is_not_the_tool_is_told_as_one(desk: Desk) -> None:
    async def elsewhere(asked: Asked) -> Said:
        return Said(404, b"no such page")

    async with serving(elsewhere) as place:
        with pytest.raises(ToolMisunderstood):
            await desk.at(place).drafts()


async def test_a_tool_inside_our_own_network_is_refused(desk: Desk) -> None:
    for url in ("http://news.example", "https://127.0.0.1", f"http://{desk.place}"):
        with pytest.raises(ToolAddressRefused):
            await desk.make(Web(), url, desk.fake.key).drafts()


# What is each tool's own.


async def test_ghost_refuses_a_post_that_was_saved_in_between(opened: Open) -> None:
    """The draft is as it was read when we look, and another when Ghost writes: Ghost's own check holds."""
    desk = await opened("ghost")
    draft_id = desk.fake.add(BEFORE)
    version = (await desk.tool.read(draft_id)).version
    post = desk.fake.posts[draft_id]
    inner = desk.fake.__call__

    async def racing(asked: Asked) -> Said:
        if asked.method == "PUT":
            post["updated_at"] = "2026-11-24T10:00:00.000+00:00"
        answered: Said = await inner(asked)
        return answered

    async with serving(racing) as place:
        with pytest.raises(ToolChanged):
            await desk.at(place).put(draft_id, RENDERED, MARKER, version=version)
    assert LABEL not in stored(desk)
    assert [asked.method for asked in desk.fake.asked[1:]] == [
        "GET",
        "PUT",
    ]  # what was compared is what was written over


async def test_ghost_keeps_every_other_card_and_takes_no_post_of_the_old_editor(opened: Open) -> None:
    desk = await opened("ghost")
    draft_id = desk.fake.add(BEFORE)
    post = desk.fake.posts[draft_id]
    document = json.loads(post["lexical"])
    document["root"]["children"].insert(0, {"type": "paragraph", "version": 1, "children": [{"text": "été"}]})
    post["lexical"] = json.dumps(document)

    await desk.tool.put(draft_id, RENDERED, MARKER, version=(await desk.tool.read(draft_id)).version)

    changed = json.loads(post["lexical"])["root"]
    assert changed["children"][:2] == document["root"]["children"]
    assert changed["children"][2].keys() == {"type", "version", "html"}
    post["lexical"] = None
    with pytest.raises(DraftUnsuited):
        await desk.tool.put(draft_id, RENDERED, MARKER, version=(await desk.tool.read(draft_id)).version)


async def test_listmonk_keeps_lists_and_puts_the_words_into_the_text_part(opened: Open) -> None:
    desk = await opened("listmonk")
    draft_id = desk.fake.add(BEFORE, text="Hello.\n\n--\nBye.\n")
    desk.fake.campaigns[1]["lists"] = [{"id": 3, "name": "Readers"}, {"id": 5, "name": "More"}]
    desk.fake.campaigns[1]["media"] = [{"id": 9, "filename": "a.pdf"}]
    version = (await desk.tool.read(draft_id)).version

    after = await desk.tool.put(draft_id, RENDERED, MARKER, version=version)
    again = await desk.tool.put(draft_id, RENDERED, MARKER, version=after.version)

    assert [one["id"] for one in desk.fake.campaigns[1]["lists"]] == [3, 5]
    assert [one["id"] for one in desk.fake.campaigns[1]["media"]] == [9]
    assert after.text.startswith("Hello.\n\n--\nBye.\n")
    assert after.text.count(LABEL) == 1
    assert again.text == after.text


async def test_only_the_block_is_replaced_in_plain_words(opened: Open) -> None:
    desk = await opened("listmonk")
    rule = "-" * 40
    other = RENDERED["email_text"].replace(MARKER, MARKER[::-1])
    text = f"Hello.\n{rule}\nours\n\n{other}\n\n{RENDERED['email_text']}\n{rule}\nBye.\n"
    draft_id = desk.fake.add(text, form="plain")
    words = RENDERED["email_text"].replace("Deux jours", "Trois jours")

    version = (await desk.tool.read(draft_id)).version
    after = await desk.tool.put(draft_id, {"email_text": words}, MARKER, version=version)

    before, _, behind = text.rpartition("Deux jours")
    assert after.text == f"{before}Trois jours{behind}"

    unlabelled = f"Hello.\nours\n{words.partition(chr(10))[2]}"  # an editor took the label away, and the line before it
    again = desk.fake.add(unlabelled, form="plain")
    after = await desk.tool.put(again, {"email_text": words}, MARKER, version=(await desk.tool.read(again)).version)
    assert after.text == f"Hello.\nours\n{words.strip()}\n"


async def test_listmonk_takes_words_into_a_plain_draft_and_nothing_into_a_visual_one(opened: Open) -> None:
    desk = await opened("listmonk")
    plain, visual = desk.fake.add("Hello.", form="plain"), desk.fake.add(BEFORE, form="visual")
    version = (await desk.tool.read(plain)).version

    after = await desk.tool.put(plain, RENDERED, MARKER, version=version)

    assert after.html == ""
    assert after.text.startswith("Hello.\n\nPublicité")
    assert LABEL in after.text
    with pytest.raises(DraftUnsuited):
        await desk.tool.put(visual, RENDERED, MARKER, version=(await desk.tool.read(visual)).version)


async def test_listmonk_shows_what_it_would_send_without_comments(opened: Open) -> None:
    desk = await opened("listmonk")
    draft_id = desk.fake.add("<!--[if mso]><p>Publicité</p><![endif]--><p>Hello</p>")

    draft = await desk.tool.read(draft_id)

    assert "Publicité" not in draft.html
    assert "Hello" in draft.html
    assert not desk.tool.capabilities.comments_kept


async def test_buttondown_says_how_a_body_of_words_is_to_be_read_and_leaves_fancy_alone(opened: Open) -> None:
    desk = await opened("buttondown")
    words, fancy = desk.fake.add("Hello *there*"), desk.fake.add("<!-- buttondown-editor-mode: fancy --><p>Hi</p>")
    version = (await desk.tool.read(words)).version

    after = await desk.tool.put(words, RENDERED, MARKER, version=version)

    assert after.html.startswith("<!-- buttondown-editor-mode: plaintext -->\nHello *there*\n\n<div data-promos-block")
    assert "\n\n" not in after.html.partition("<div data-promos-block")[2].rstrip()
    with pytest.raises(DraftUnsuited):
        await desk.tool.put(fancy, RENDERED, MARKER, version=(await desk.tool.read(fancy)).version)


async def test_kit_sends_everything_back_that_it_would_forget(opened: Open) -> None:
    desk = await opened("kit")
    readers = [{"all": [{"type": "segment", "ids": [46]}], "any": None, "none": None}]
    for draft_id in (desk.fake.add(BEFORE, readers=readers), desk.fake.add(BEFORE)):
        before = dict(desk.fake.broadcasts[int(draft_id)])
        await desk.tool.put(draft_id, RENDERED, MARKER, version=(await desk.tool.read(draft_id)).version)
        after = desk.fake.broadcasts[int(draft_id)]
        assert {name for name in before if after[name] != before[name]} == {"content"}
    assert "subscriber_filter" not in writes(desk)[1].data


async def test_kit_takes_no_broadcast_that_stands_on_the_web(opened: Open) -> None:
    desk = await opened("kit")
    draft_id = desk.fake.add(BEFORE)
    desk.fake.broadcasts[1]["public"] = True

    with pytest.raises(DraftSent):
        await desk.tool.read(draft_id)
    assert await desk.tool.drafts() == []


def test_kit_is_answered_the_html_of_a_content_block() -> None:
    assert content_block(RENDERED["email_html"]) == {"html": RENDERED["email_html"]}
    assert not any(
        word in RENDERED["email_html"] for word in ("<script", "<iframe", "<form", "<input", "<link", "url(")
    )


async def test_keila_puts_the_block_into_the_slot_that_is_kept_for_it(opened: Open) -> None:
    desk = await opened("keila")
    slots = [{"name": "main", "default_content": "<p>Main</p>"}, {"name": "promos", "default_content": "<p>Ours:</p>"}]
    texts = [{"name": "promos", "default_content": "Ours:"}]
    template = desk.fake.add_template(html_content_slots=slots, text_content_slots=texts)
    draft_id = desk.fake.add("", template_id=template, html_content={"main": "<p>Words</p>"})

    await desk.tool.put(draft_id, RENDERED, MARKER, version=(await desk.tool.read(draft_id)).version)

    campaign = desk.fake.campaigns[draft_id]
    assert campaign["html_content"]["main"] == "<p>Words</p>"
    assert campaign["html_content"]["promos"].startswith(f'<p>Ours:</p>\n\n<div data-promos-block="{MARKER}">')
    assert campaign["text_content"]["promos"].startswith("Ours:\n\nPublicité")
    assert campaign["html_body"] == ""


async def test_keila_takes_mjml_into_mjml_and_words_into_words(opened: Open) -> None:
    desk = await opened("keila")
    body = "<mjml><mj-body><mj-section/></mj-body></mjml>"
    mjml, words = desk.fake.add(body, form="mjml"), desk.fake.add("Hello.", form="text")
    blocks, many = desk.fake.add("", form="block"), desk.fake.add("", form="html")
    desk.fake.campaigns[many]["template_id"] = desk.fake.add_template(html_content_slots=[{"name": "a"}, {"name": "b"}])

    for draft_id in (mjml, words):
        for _ in range(2):
            version = (await desk.tool.read(draft_id)).version
            after = await desk.tool.put(draft_id, RENDERED, MARKER, version=version)
        assert (after.html + after.text).count("quarante facteurs") == 1

    framed = desk.fake.campaigns[mjml]["mjml_body"]
    assert framed.startswith("<mjml><mj-body><mj-section/>\n\n<mj-wrapper padding=")
    assert framed.endswith("</mj-wrapper>\n</mj-body></mjml>")
    for draft_id in (blocks, many):
        with pytest.raises(DraftUnsuited):
            await desk.tool.put(draft_id, RENDERED, MARKER, version=(await desk.tool.read(draft_id)).version)


async def test_brevo_gets_the_block_inside_the_body_of_the_page(opened: Open) -> None:
    desk = await opened("brevo")
    draft_id = desk.fake.add("<html><body><p>Hello</p></body></html>")

    after = await desk.tool.put(draft_id, RENDERED, MARKER, version=(await desk.tool.read(draft_id)).version)

    assert after.html.startswith("<html><body><p>Hello</p>\n\n<div data-promos-block")
    assert after.html.endswith("</div>\n</body></html>")


def test_the_documents_say_of_each_tool_what_its_code_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "tools.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(\w+)` \| (.+?) \| (?:`(.+?)` )?\|$", page, re.MULTILINE)

    for name, row, tag in table:
        tool = FAKES[name][1](Web(), "https://news.example", f"{'a' * 24}:{'b' * 64}")
        flags = asdict(tool.capabilities)
        assert row.split(" | ") == ["yes" if flag else "no" for flag in flags.values()]
        assert tool.merge_tags == ({"subscriber": tag} if tag else {})
    assert [name for name, _, _ in table] == list(FAKES)
