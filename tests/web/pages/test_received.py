"""The editor's page of what advertisers gave, with the contract that is due."""

from promos.database import Database
from promos.rules.people import Role
from tests.newsroom import a_placeable_code
from tests.queries.test_exchanges import a_declared_block
from tests.web.pages.conftest import SignIn
from tests.world import a_publication


async def test_what_was_received_is_told_with_the_contract_that_is_due(database: Database, signed_in: SignIn) -> None:
    async with database.writing() as session:
        publication = await a_publication(session)
        other = await a_publication(session, slug="other", name="Other")
        code = await a_placeable_code(session, publication)
    editor = await signed_in("ada@freea.example", Role.EDITOR, publication_id=publication.id)
    stranger = await signed_in("cy@other.example", Role.EDITOR, publication_id=other.id)
    empty = await editor.get("/editor/received")
    async with database.writing() as session:
        issue = await a_declared_block(session, publication, code, "7")

    page = await editor.get("/editor/received")

    assert "Nothing was received" in empty.text
    assert "Generation Events SAS, " in page.text
    assert "€1,032.50" in page.text
    assert "French law (décret 2025-1137) asks for a written contract" in page.text
    assert f'<a href="/editor/issues/{issue.id}">' in page.text
    assert "Generation Events" not in (await stranger.get("/editor/received")).text
