"""The editor sees what becomes of a block's label on its way; a rendering that would lose it is not given out."""

import re
from uuid import UUID

import pytest

from promos.actions import disclosure
from promos.database import Database
from promos.rendering import blocks
from promos.rules.people import Role
from promos.rules.refusals import LabelLost
from tests.newsroom import SHOP, a_block, a_placeable_code, an_issue, declare, rules
from tests.web.pages.conftest import Browser, SignIn
from tests.world import ADMIN, NOW, a_publication


@pytest.fixture
async def at(database: Database, signed_in: SignIn) -> tuple[Browser, UUID, Browser]:
    """An editor, a declared block, and another newsletter's editor."""
    async with database.writing() as session:
        publication, other = await a_publication(session), await a_publication(session, slug="other", name="Other")
        code = await a_placeable_code(session, publication, conditions_url="https://generation.example/conditions")
        block = await a_block(session, await an_issue(session, publication), code)
        await declare(session, block)
    editor = await signed_in("ada@freea.example", Role.EDITOR, publication_id=publication.id)
    return editor, block.id, await signed_in("cy@other.example", Role.EDITOR, publication_id=other.id)


async def test_every_surface_is_tried_and_what_is_left_can_be_read(at: tuple[Browser, UUID, Browser]) -> None:
    editor, block, stranger = at
    here = f"/editor/blocks/{block}/survival"

    page = (await editor.get(here)).text
    pasted = (await editor.get(f"{here}?surface=email_html&after=rich_paste")).text
    odd = await editor.get(f"{here}?surface=fax&after=fire")

    assert "It survives them all." in page
    assert page.count('<th scope="row">') == 12
    assert len(re.findall(r"\?surface=(?:lexical|mjml|markdown|rich_paste)&amp;after=", page)) == 48
    assert "Publicité" in pasted.partition("What a reader then meets:")[2]
    assert (odd.status_code, "What a reader then meets:" in odd.text) == (200, False)
    assert (await stranger.get(here)).status_code == 404


async def test_a_rendering_that_would_lose_its_label_is_not_given_out(
    at: tuple[Browser, UUID, Browser], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, block, _ = at

    async def copied() -> str:
        async with database.reading() as session:
            return await disclosure.rendered_block(
                session, block, "markdown", rules(), **SHOP, for_sending=True, now=NOW, by=ADMIN
            )

    assert "Publicité" in await copied()
    bad = {"markdown": lambda content: blocks.markdown(content).replace("Publicité", "News")}
    monkeypatch.setattr(blocks, "SURFACES", {**blocks.SURFACES, **bad})

    with pytest.raises(LabelLost) as lost:
        await copied()
    assert lost.value.surface == "markdown"
