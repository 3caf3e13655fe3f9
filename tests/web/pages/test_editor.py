"""The editor's desk, page by page: from a pasted issue to a published one, and what stands in the way."""

import html
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Declaration, Issue, Offer, PromoBlock, Publication, table
from promos.rules.people import Role
from promos.web.pages.editor.pasted import kind_of
from tests.newsroom import a_placeable_code, an_issue
from tests.web.pages.conftest import Browser, SignIn
from tests.world import a_code, a_publication

TEXT = """Bonjour,

Une semaine <b>calme</b> & douce.

On se voit à GenerationAI ?*

Nous avons quelques accès gratuits pour vous, d'une valeur de 999 € chacun.
Réservez avec le code FREEAGENAI.

*Collaboration commerciale non rémunérée

Et maintenant, les nouvelles

Rien de neuf, et c'est très bien ainsi.
"""
ISSUE = {"number": "128", "title": "Une semaine calme", "language": "fr", "planned_at": "2026-12-03T07:00"}
DECLARED = {
    "kinds": "passes_for_readers",
    "kind_0": "pass",
    "received_by_0": "readers",
    "quantity_0": "20",
    "unit_value_0": "999.00",
    "currency_0": "EUR",
    "vat_0": "included",
    "vat_rate_0": "20",
    "editorial_control": "none",
    "obligation": "none",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """An editor of FreeA, which may place FREEAGENAI, and the owner of the partner whose code that is."""

    editor: Browser
    partner: Browser
    publication: UUID


@pytest.fixture
async def desk(database: Database, signed_in: SignIn) -> Desk:
    async with database.writing() as session:
        publication = await a_publication(session)
        code = await a_placeable_code(session, publication, conditions_url="https://generation.example/conditions")
        partner_id = code.partner_id
    return Desk(
        await signed_in("camille@freea.example", Role.EDITOR, publication_id=publication.id),
        await signed_in("claire@generation.example", Role.OWNER, partner_id=partner_id),
        publication.id,
    )


async def taken_in(desk: Desk, **fields: Any) -> str:
    """The address of an issue that the editor pasted."""
    answer = await desk.editor.post("/editor/issues/new", {**ISSUE, "content": TEXT} | fields)
    assert answer.status_code == 303, answer.text
    return address_of(answer.headers["Location"])


async def replaced(desk: Desk) -> tuple[str, str]:
    """An issue whose own block ours took the place of: its address and that of the block."""
    issue = await taken_in(desk)
    form = f"{issue}/blocks/new?{_replacing((await desk.editor.get(issue)).text)}"
    fields = fields_of((await desk.editor.get(form)).text)
    answer = await desk.editor.post(f"{issue}/blocks/new", fields)
    assert answer.status_code == 303, answer.text
    found = re.search(r"/editor/blocks/[0-9a-f-]{36}", (await desk.editor.get(issue)).text)
    assert found
    return issue, found[0]


def address_of(location: str) -> str:
    return location.partition("?")[0]


def shown(page: str) -> str:
    """The words of a page, as one reads them."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def fields_of(page: str) -> dict[str, str]:
    """What stands in the fields of a page's forms."""
    fields = {
        name: html.unescape(value)
        for tag in re.findall(r"<input [^>]*>", page)
        if 'type="radio"' not in tag or " checked" in tag
        for name, value in re.findall(r'name="(\w+)".* value="([^"]*)"', tag)
        if name != "_csrf_token"
    }
    areas = re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    return fields | {name: html.unescape(value) for name, value in areas}


def _replacing(page: str) -> str:
    found = re.search(r'/blocks/new\?(replaces=[^"]+)"', page)
    assert found, shown(page)
    return html.unescape(found[1])


async def test_an_empty_desk_says_what_to_do(desk: Desk) -> None:
    page = await desk.editor.get("/editor")

    assert page.status_code == 200
    assert "No issue yet" in page.text
    assert "/editor/issues/new" in page.text


async def test_an_issue_is_listed_with_what_it_lacks_in_its_own_time_zone(desk: Desk) -> None:
    await taken_in(desk, number="127")
    await replaced(desk)

    page = shown((await desk.editor.get("/editor?lang=en")).text)

    assert page.index("FreeA 128") < page.index("FreeA 127")
    assert "Thursday 3 December 2026, 07:00 (Paris)" in page
    assert "2 declarations" in page
    assert "One declaration of yours is missing" in page
    assert "no block of ours yet" in page


async def test_long_lists_go_on_on_the_next_page(desk: Desk, database: Database) -> None:
    async with database.writing() as session:
        publication = await session.get_one(Publication, desk.publication)
        for number in range(51):
            await an_issue(session, publication, number=f"N{number:02}")

    first = (await desk.editor.get("/editor")).text
    following = re.search(r'href="(/editor\?before=[^"]+)"', first)
    assert following
    second = (await desk.editor.get(following[1])).text

    assert "N50" in first
    assert "N00" not in first
    assert "N00" in second


async def test_a_pasted_issue_is_shown_as_words_with_its_block_framed(desk: Desk) -> None:
    page = await desk.editor.get(await taken_in(desk))

    assert 'id="segment-s2"' in page.text
    assert "Une semaine &lt;b&gt;calme&lt;/b&gt; &amp; douce." in page.text
    words = shown(page.text)
    assert "A promo block stands here, with the code FREEAGENAI." in words
    assert "Only a footnote says it" in words
    assert "Source: ARPP" in words
    assert "Put “Publicité" in words
    assert "Replace it by ours" in words
    assert "blocks/new?after=s2" in page.text


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("issue.txt", TEXT.encode(), "<p>Bonjour,</p>"),
        ("issue.md", b"# Bonjour\n\nUn mot.", "<h3>Bonjour</h3>"),
        ("issue.HTML", b"<h2>Bonjour</h2><ul><li>un<li>deux</ul>", "<li>un</li><li>deux</li>"),
        ("issue.eml", b"From: a@b.example\nContent-Type: text/html\n\n<h2>Bonjour</h2>", "<h3>Bonjour</h3>"),
        ("issue", "Été à la mer".encode("cp1252"), "<p>Été à la mer</p>"),
        ("issue.txt", "Été à la mer".encode("utf-16"), "<p>Été à la mer</p>"),
    ],
)
async def test_a_file_is_taken_in_as_what_it_is(desk: Desk, name: str, content: bytes, expected: str) -> None:
    data = {"_csrf_token": desk.editor.csrf, **ISSUE, "content": "", "media_type": "guess"}
    answer = await desk.editor.client.post("/editor/issues/new", data=data, files={"file": (name, content)})

    assert answer.status_code == 303, answer.text
    assert expected in (await desk.editor.get(address_of(answer.headers["Location"]))).text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Bonjour,\n\nun mot.", "text/plain"),
        ("a < b, c > d * e", "text/plain"),
        ("# Bonjour", "text/markdown"),
        ("Un [lien](https://a.example)", "text/markdown"),
        ("<p>Bonjour</p>", "text/html"),
        ("\n<!DOCTYPE html>\n<title>x</title>", "text/html"),
        ("From: a@b.example\nSubject: x\n\nBonjour", "message/rfc822"),
        ("Subject: x\n\nBonjour", "text/plain"),
    ],
)
def test_the_kind_of_a_text_is_told_by_its_looks(text: str, kind: str) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("wrong", "field", "why"),
    [
        ({"number": ""}, "number", "Write something here."),
        ({"planned_at": "soon"}, "planned_at", "Choose a day and a time."),
        ({"language": "xx"}, "language", "Choose one of the languages"),
        ({"content": "  \n "}, "content", "Paste the text of the issue"),
        ({"content": "---"}, "content", "We cannot read any text in this."),
    ],
)
async def test_a_form_that_is_not_right_keeps_what_was_typed(
    desk: Desk, wrong: dict[str, str], field: str, why: str
) -> None:
    answer = await desk.editor.post("/editor/issues/new", {**ISSUE, "content": TEXT} | wrong)

    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
    assert why in answer.text
    assert fields_of(answer.text)["title"] == "Une semaine calme"
    assert "content" in wrong or "Une semaine &lt;b&gt;calme" in answer.text


async def test_a_number_is_used_once(desk: Desk) -> None:
    await taken_in(desk)

    answer = await desk.editor.post("/editor/issues/new", {**ISSUE, "content": TEXT})

    assert answer.status_code == 422
    assert "has had an issue of this number" in answer.text


@pytest.mark.parametrize("size", [2_100_000, 5_000_000])
async def test_too_much_text_is_turned_away(desk: Desk, size: int) -> None:
    data = {"_csrf_token": desk.editor.csrf, **ISSUE}
    answer = await desk.editor.client.post("/editor/issues/new", data=data, files={"file": ("a.txt", b"a" * size)})

    assert answer.status_code == 413
    assert "larger than we read in one piece" in answer.text


async def test_the_newsletter_is_chosen_where_there_are_several(signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        await a_publication(session)
        other = await a_publication(session, name="FreeB", slug="freeb", timezone="America/New_York")
    admin = await signed_in("ada@demo.example", Role.ADMIN)

    unsaid = await admin.post("/editor/issues/new", {**ISSUE, "content": TEXT})
    made = await admin.post("/editor/issues/new", {**ISSUE, "content": TEXT, "publication_id": str(other.id)})

    assert unsaid.status_code == 422
    assert "Choose the newsletter" in unsaid.text
    assert "07:00 (New York)" in (await admin.get(address_of(made.headers["Location"]))).text


async def test_an_issue_is_changed_while_it_is_a_draft(desk: Desk, database: Database) -> None:
    issue, _ = await replaced(desk)
    again = fields_of((await desk.editor.get(f"{issue}/edit")).text) | {"title": "Autre chose", "language": "fr"}

    answer = await desk.editor.post(f"{issue}/edit", again)

    assert answer.status_code == 303, answer.text
    page = shown((await desk.editor.get(issue)).text)
    assert "Autre chose" in page
    assert "Our block: FREEAGENAI" in page
    assert "Rien de neuf" in page


async def test_another_text_takes_the_place_of_the_whole_text(desk: Desk) -> None:
    issue = await taken_in(desk)

    await desk.editor.post(f"{issue}/edit", {**ISSUE, "content": "Tout autre chose."})

    page = shown((await desk.editor.get(issue)).text)
    assert "Tout autre chose." in page
    assert "Rien de neuf" not in page


async def test_an_incomplete_issue_is_not_published_and_says_why(desk: Desk, database: Database) -> None:
    issue = await taken_in(desk)

    answer = await desk.editor.post(f"{issue}/publish")

    assert answer.headers["Location"] == f"{issue}?said=not-published"
    page = shown((await desk.editor.get(answer.headers["Location"])).text)
    assert "Not published" in page
    assert "This cannot be published yet" in page
    async with database.reading() as session:
        assert await session.scalar(sa.select(Issue.state)) == "draft"


async def test_a_block_begins_with_what_is_known(desk: Desk) -> None:
    issue = await taken_in(desk)

    page = (await desk.editor.get(f"{issue}/blocks/new?{_replacing((await desk.editor.get(issue)).text)}")).text

    fields = fields_of(page)
    assert fields["code"] == "FREEAGENAI"
    assert fields["heading"] == "On se voit à GenerationAI ?"
    assert "- 1 200 participants" in fields["body"]
    assert "Publicité – collaboration commerciale avec Generation Events SAS" in shown(page)
    assert "20 accès à offrir à nos lecteurs" in shown(page)


async def test_why_these_words_is_told_country_by_country(desk: Desk, database: Database) -> None:
    async with database.writing() as session:
        await session.execute(
            sa.update(table(Publication)).values(
                audience=[
                    {"country": "FR", "share": 0.7},
                    {"country": "DE", "share": 0.2},
                    {"country": "PL", "share": 0.1},
                ]
            )
        )
    issue = await taken_in(desk)

    words = shown((await desk.editor.get(f"{issue}/blocks/new?{_replacing((await desk.editor.get(issue)).text)}")).text)

    assert "France : “Publicité” – Loi 2023-451" in words
    assert "(read at the source)" in words
    assert "Germany : Nobody has verified these words there. “Werbung” would do, in an issue in German." in words
    assert "Poland : Nobody has verified these words there." in words


async def test_another_label_is_chosen_and_none_at_all_is_not(desk: Desk) -> None:
    issue, block = await replaced(desk)
    fields = fields_of((await desk.editor.get(block)).text)
    assert fields["label"] == ""

    refused = await desk.editor.post(block, fields | {"label": "Nouveauté"})
    saved = await desk.editor.post(block, fields | {"label": "Collaboration commerciale"})
    page = (await desk.editor.get(block)).text

    assert refused.status_code == 422
    assert "Choose one that their countries accept." in shown(refused.text)
    assert saved.status_code == 303
    assert fields_of(page)["label"] == "Collaboration commerciale"
    assert "Promos chooses: Publicité" in shown(page)
    assert "France : “Collaboration commerciale” – Loi 2023-451" in shown(page)
    frame = (await desk.editor.get(f"{issue}/rendered/web")).text
    assert "Collaboration commerciale – Generation Events SAS" in frame


async def test_a_label_that_does_no_longer_is_said_on_the_page_of_the_block(desk: Desk, database: Database) -> None:
    _, block = await replaced(desk)
    fields = fields_of((await desk.editor.get(block)).text)
    await desk.editor.post(block, fields | {"label": "Collaboration commerciale"})
    async with database.writing() as session:
        read = [{"country": "FR", "share": 0.5}, {"country": "BE", "share": 0.5}]
        await session.execute(sa.update(table(Publication)).values(audience=read))

    page = (await desk.editor.get(block)).text
    again = await desk.editor.post(block, fields_of(page) | {"heading": "Un autre titre"})

    assert "“Collaboration commerciale” was chosen and is not allowed here any more." in shown(page)
    assert again.status_code == 303
    assert "was chosen" not in (await desk.editor.get(block)).text


async def test_a_block_can_be_put_behind_any_paragraph(desk: Desk, database: Database) -> None:
    issue = await taken_in(desk)
    fields = fields_of((await desk.editor.get(f"{issue}/blocks/new?after=s2")).text)

    await desk.editor.post(f"{issue}/blocks/new", fields)

    assert fields["heading"].startswith("GenerationAI 2026")
    async with database.reading() as session:
        assert (await session.scalars(sa.select(PromoBlock.after))).all() == ["s2"]


async def test_a_block_that_is_not_right_keeps_what_was_typed(desk: Desk) -> None:
    issue = await taken_in(desk)

    answer = await desk.editor.post(
        f"{issue}/blocks/new",
        {"code": "FREEAGENAI", "after": "s2", "heading": "", "body": "Mon <texte>", "call_to_action": "x" * 61},
    )

    assert answer.status_code == 422
    assert 'href="#field-heading"' in answer.text
    assert "at most 60 characters" in answer.text
    assert fields_of(answer.text)["body"] == "Mon <texte>"
    assert fields_of(answer.text)["after"] == "s2"


async def test_with_several_codes_one_is_chosen_first(desk: Desk, database: Database) -> None:
    async with database.writing() as session:
        publication = await session.get_one(Publication, desk.publication)
        offer = await session.scalar(sa.select(Offer))
        code = await a_code(session, offer, "NUIT")
        draft = await an_issue(session, publication)
    issue = f"/editor/issues/{draft.id}"

    choice = await desk.editor.get(f"{issue}/blocks/new?after=s1")
    chosen = await desk.editor.get(f"{issue}/blocks/new?after=s1&code=NUIT")

    assert "FREEAGENAI" in choice.text
    assert f"{issue}/blocks/new?code=NUIT&amp;after=s1" in choice.text
    assert fields_of(chosen.text)["code"] == code.spelled
    assert "Another code" in chosen.text


async def test_a_code_stands_in_an_issue_once(desk: Desk) -> None:
    issue, _ = await replaced(desk)

    page = await desk.editor.get(f"{issue}/blocks/new?after=s1")

    assert "No other code can be placed here" in page.text


@pytest.mark.parametrize("place", ["after=s99", "replaces=s1,s99", "after=%3Cb%3E"])
async def test_a_place_that_is_not_there_is_not_found(desk: Desk, place: str) -> None:
    issue = await taken_in(desk)

    assert (await desk.editor.get(f"{issue}/blocks/new?{place}")).status_code == 404


async def test_a_block_is_edited_and_says_its_version(desk: Desk) -> None:
    issue, block = await replaced(desk)
    fields = fields_of((await desk.editor.get(block)).text) | {"heading": "Venez !"}

    wrong = await desk.editor.post(block, fields | {"call_to_action": ""})
    saved = await desk.editor.post(block, fields)

    assert wrong.status_code == 422
    assert fields_of(wrong.text)["heading"] == "Venez !"
    assert saved.headers["Location"] == f"{issue}?said=saved"
    assert "version 2" in shown((await desk.editor.get(issue)).text)


async def test_a_block_taken_out_can_be_put_back(desk: Desk) -> None:
    issue, block = await replaced(desk)

    out = await desk.editor.post(f"{block}/remove")
    without = await desk.editor.get(out.headers["Location"])
    back = await desk.editor.post(f"{block}/restore")
    again = await desk.editor.post(f"{block}/restore")

    assert "A promo block stands here" in without.text
    assert f"{block}/restore" in without.text
    assert address_of(back.headers["Location"]) == issue
    assert again.status_code == 409
    assert "Our block: FREEAGENAI" in shown((await desk.editor.get(issue)).text)


async def test_the_editor_declares_without_seeing_the_partner(desk: Desk, database: Database) -> None:
    _, block = await replaced(desk)
    theirs = block.replace("/editor/", "/partner/")
    await desk.partner.post(f"{theirs}/declaration", DECLARED | {"quantity_0": "77"})

    before = await desk.editor.get(f"{block}/declaration")
    await desk.editor.post(f"{block}/declaration", DECLARED)
    after = await desk.editor.get(f"{block}/declaration")

    assert "77" not in shown(before.text)
    assert fields_of(before.text)["quantity_0"] == "20"
    assert "77 × passes for the readers" in shown(after.text)
    assert "The two declarations differ" in after.text


async def test_a_declaration_that_is_not_right_keeps_what_was_typed(desk: Desk, database: Database) -> None:
    _, block = await replaced(desk)

    answer = await desk.editor.post(f"{block}/declaration", DECLARED | {"quantity_0": "many", "obligation": ""})

    assert answer.status_code == 422
    assert 'href="#field-quantity_0"' in answer.text
    assert fields_of(answer.text)["quantity_0"] == "many"
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Declaration)) == 0


async def test_the_way_from_an_old_block_to_a_published_issue(desk: Desk, database: Database) -> None:
    issue, block = await replaced(desk)
    told = [shown((await desk.editor.get(issue)).text)]

    await desk.editor.post(f"{block}/declaration", DECLARED)
    told.append(shown((await desk.editor.get(issue)).text))
    refused = await desk.editor.post(f"{issue}/publish")
    await desk.partner.post(f"{block.replace('/editor/', '/partner/')}/declaration", DECLARED)
    told.append(shown((await desk.editor.get(issue)).text))
    published = await desk.editor.post(f"{issue}/publish")
    told.append(shown((await desk.editor.get(published.headers["Location"])).text))

    assert "Your declaration for FREEAGENAI is missing" in told[0]
    assert "Generation has not declared yet" in told[1]
    assert refused.headers["Location"].endswith("said=not-published")
    assert "Nothing stops this issue" in told[2]
    assert published.headers["Location"] == f"{issue}?said=published"
    assert "Published: Monday 23 November 2026, 13:00 (Paris)" in told[3]
    assert "Insert a promo block here" not in told[3]
    assert "Rien de neuf, et c'est très bien ainsi." in told[3]
    async with database.reading() as session:
        assert await session.scalar(sa.select(Issue.state)) == "published"


async def test_what_is_published_stays_as_it_is(desk: Desk) -> None:
    issue, block = await replaced(desk)
    await desk.editor.post(f"{block}/declaration", DECLARED)
    await desk.partner.post(f"{block.replace('/editor/', '/partner/')}/declaration", DECLARED)
    await desk.editor.post(f"{issue}/publish")

    answers = [
        await desk.editor.get(block),
        await desk.editor.post(f"{block}/remove"),
        await desk.editor.get(f"{issue}/blocks/new?after=s1"),
        await desk.editor.post(f"{issue}/edit", {**ISSUE, "title": "Anders"}),
        await desk.editor.post(f"{block}/declaration", DECLARED | {"quantity_0": "3"}),
    ]

    assert {answer.status_code for answer in answers} == {409}
    assert all("published" in answer.text for answer in answers)


async def test_sources_are_copied_through_the_gate_of_publishing(desk: Desk) -> None:
    issue, block = await replaced(desk)

    closed = await desk.editor.get(f"{issue}/preview")
    await desk.editor.post(f"{block}/declaration", DECLARED)
    await desk.partner.post(f"{block.replace('/editor/', '/partner/')}/declaration", DECLARED)
    opened = await desk.editor.get(f"{issue}/preview")
    one = await desk.editor.get(f"{issue}/preview?surface=email_text")

    assert "data-copy" not in closed.text
    assert "cannot be copied yet" in closed.text
    assert "Publicité – collaboration commerciale" in shown(closed.text)
    assert opened.text.count("data-copy=") == 10
    assert f"/b/{block[-36:]}.png&#34; width=&#34;400&#34;" in opened.text
    for tool in ("Markdown, such as for Buttondown", "MJML, such as for Keila", "Lexical, for Ghost"):
        assert f"<summary>{tool}</summary>" in opened.text
    assert f'src="{block}/rendered/rich_paste"' in opened.text
    assert "&lt;table role=" in opened.text
    assert "<iframe" in opened.text
    assert "<iframe" not in one.text.partition("One block alone")[0]


@pytest.mark.parametrize("surface", ["email_html", "web"])
async def test_a_rendering_is_shown_where_nothing_in_it_runs(desk: Desk, surface: str) -> None:
    issue, block = await replaced(desk)

    for path in (f"{issue}/rendered/{surface}", f"{block}/rendered/{surface}"):
        frame = await desk.editor.get(path)

        policy = frame.headers["Content-Security-Policy"]
        assert frame.status_code == 200
        assert policy.startswith("sandbox; default-src 'none';")
        assert "frame-ancestors 'self'" in policy
        assert "script" not in policy
        assert frame.text.lstrip().lower().startswith("<!doctype html>")
        assert "Publicité – collaboration commerciale avec Generation Events SAS" in frame.text


async def test_hostile_words_stay_words(desk: Desk) -> None:
    issue = await taken_in(desk, content="<p>Bonjour<script>alert(1)</script></p><p onclick=x>&lt;script&gt;</p>")
    fields = fields_of((await desk.editor.get(f"{issue}/blocks/new?after=s1")).text)
    hostile = {"heading": "<script>alert(1)</script>", "body": "[x](javascript:alert(1)) <img src=x onerror=y>"}
    await desk.editor.post(f"{issue}/blocks/new", fields | hostile)

    pages = [
        (await desk.editor.get(f"{issue}{path}")).text
        for path in ("", "/preview", "/rendered/email_html", "/rendered/web")
    ]

    for page in pages:
        assert "<script>" not in page
        assert not re.search(r"<[^>]+ onerror|<[^>]+ onclick|href=\"javascript", page)


async def test_what_a_surface_is_not_is_not_found(desk: Desk) -> None:
    issue, block = await replaced(desk)

    assert (await desk.editor.get(f"{issue}/rendered/email_text")).status_code == 404
    assert (await desk.editor.get(f"{block}/rendered/pdf")).status_code == 404


async def test_another_newsletters_editor_finds_nothing(desk: Desk, signed_in: SignIn, database: Database) -> None:
    issue, block = await replaced(desk)
    async with database.writing() as session:
        other = await a_publication(session, name="FreeB", slug="freeb")
    stranger = await signed_in("ben@freeb.example", Role.EDITOR, publication_id=other.id)

    looked = [f"{issue}{path}" for path in ("", "/edit", "/preview", "/blocks/new", "/rendered/web")]
    looked += [f"{block}{path}" for path in ("", "/declaration", "/rendered/web")]
    pressed = [f"{issue}/edit", f"{issue}/publish", f"{issue}/blocks/new", block]
    pressed += [f"{block}{path}" for path in ("/remove", "/restore", "/declaration")]

    assert {path: (await stranger.get(path)).status_code for path in looked} == dict.fromkeys(looked, 404)
    sent = ISSUE | DECLARED | {"code": "FREEAGENAI", "heading": "x", "body": "x", "call_to_action": "x"}
    assert {path: (await stranger.post(path, sent)).status_code for path in pressed} == dict.fromkeys(pressed, 404)
    assert "FreeA" not in (await stranger.get("/editor")).text


async def test_partners_cannot_touch_issues(desk: Desk, nobody: Browser) -> None:
    issue, block = await replaced(desk)

    assert (await desk.partner.get("/editor")).status_code == 403
    assert (await desk.partner.post(f"{issue}/publish")).status_code == 403
    assert (await desk.partner.post(f"{block}/declaration", DECLARED)).status_code == 403
    assert (await nobody.get(issue)).headers["Location"].startswith("/sign-in?next=/editor/issues/")
