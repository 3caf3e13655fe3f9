"""Somebody's issue is pasted and judged: what was found stands beside its place, and nothing is kept."""

from typing import Any

import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Issue
from promos.rules.people import Role
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import all_of
from tests.world import a_partner, a_publication

BAD = """# Jardins du mois

Les semis de mars.

## Salon des jardins*

Avec le code JARDINS26, quelques entrées offertes : https://salon.example/

*Collaboration non rémunérée

À bientôt !
"""
MAIL = """From: lettre@jardins.example
Subject: Jardins
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Salon des jardins

Avec le code JARDINS26, dix entrées offertes.
--b
Content-Type: text/html; charset=utf-8

<p>Publicité – Salon SAS</p><h2>Salon des jardins</h2><p>Avec le code JARDINS26, dix entrées offertes.</p>
--b--
"""


@pytest.fixture
async def editor(database: Database, signed_in: SignIn) -> Browser:
    async with database.writing() as session:
        publication = await a_publication(session)
    return await signed_in("ada@freea.example", Role.EDITOR, publication_id=publication.id)


async def test_findings_stand_beside_the_place_and_nothing_is_kept(editor: Browser, database: Database) -> None:
    empty = await editor.get("/editor/lint")
    page = await editor.post("/editor/lint", {"content": BAD, "audience": "FR"})

    assert "Nothing is kept." in empty.text
    assert page.status_code == 200
    before, _, block = page.text.partition("A promo block stands here, with the code JARDINS26.")
    assert "Les semis de mars." in before
    for check in ("REL-2", "LBL-4", "POS-1"):
        assert f"<code>{check}</code>" in block
    assert "À bientôt !" in block
    assert "A file says nothing of what was declared." in before.partition("In the whole issue")[2]
    assert await all_of(database, sa.select(sa.func.count(Issue.id))) == [0]


async def test_what_fails_in_the_plain_text_alone_is_told_apart(editor: Browser) -> None:
    page = await editor.post("/editor/lint", {"content": MAIL})

    alone = page.text.partition("In the mail’s plain text alone")[2]
    assert "<code>LBL-1</code>" in alone


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"content": " "}, "content"),
        ({"content": BAD, "audience": "FR, XX"}, "audience"),
        ({"content": BAD, "at": "soon"}, "at"),
    ],
)
async def test_what_makes_no_sense_is_told_at_its_field(editor: Browser, typed: dict[str, Any], field: str) -> None:
    page = await editor.post("/editor/lint", typed)

    assert page.status_code == 422
    assert f'href="#field-{field}"' in page.text
    assert typed["content"].strip()[:20] in page.text


async def test_hostile_words_stay_words(editor: Browser) -> None:
    page = await editor.post("/editor/lint", {"content": f"<p><b>x</b><script>alert(1)</script></p>{BAD}"})

    assert page.status_code == 200
    assert "<script>alert" not in page.text


async def test_it_is_for_editors(nobody: Browser, signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        other = await a_partner(session)
    partner = await signed_in("claire@partner.example", Role.OWNER, partner_id=other.id)

    assert (await nobody.get("/editor/lint")).headers["Location"].startswith("/sign-in")
    assert (await partner.get("/editor/lint")).status_code == 403
