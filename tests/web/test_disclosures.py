"""What a newsletter promoted stands on a page for everybody, as its readers were told it."""

import json
from typing import Any

import httpx
import pytest

from promos.actions import offers, publishing
from promos.database import Database
from promos.models import Publication
from tests.newsroom import a_placeable_code, a_ready_issue, an_issue, publish
from tests.world import ADMIN, DAY, NOW, a_publication

PAGE = "/publications/freea/disclosures"


@pytest.fixture
async def freea(database: Database) -> Publication:
    """One issue with a promo block went out, one without; one with a block is a draft still."""
    async with database.writing() as session:
        publication = await a_publication(session)
        code = await a_placeable_code(session, publication, limit=20)
        sent = await a_ready_issue(session, publication, code)
        await publish(session, sent)
        await publish(session, await an_issue(session, publication, number="43", title="Rien à vendre"))
        await a_ready_issue(session, publication, code, number="44", title="Brouillon")
        await publishing.correct(session, sent.id, "L’offre prend fin le 30 novembre.", now=NOW + DAY, by=ADMIN)
        await offers.update(session, code.offer_id, limit=30, now=NOW + DAY, by=ADMIN)
        return publication


async def test_what_went_out_is_listed_with_its_numbers_of_then(client: httpx.AsyncClient, freea: Publication) -> None:
    answer = await client.get(PAGE)

    assert answer.status_code == 200
    assert "Issue 42" in answer.text
    assert "GenerationAI" in answer.text
    assert "20 accès" in answer.text
    assert "30 accès" not in answer.text
    assert "L’offre prend fin le 30 novembre." in answer.text
    assert "Rien à vendre" not in answer.text
    assert "Brouillon" not in answer.text
    assert "noindex" not in answer.text


async def test_the_same_is_there_as_data(client: httpx.AsyncClient, freea: Publication) -> None:
    page = (await client.get(PAGE)).text
    answer = await client.get(f"{PAGE}.jsonld")

    document: dict[str, Any] = json.loads(answer.content)
    [article] = document["@graph"]
    assert f'href="{PAGE}.jsonld"' in page
    assert answer.headers["Content-Type"].startswith("application/ld+json")
    assert article["@type"] == "AdvertiserContentArticle"
    assert article["sponsor"]["name"] in page
    assert article["isPartOf"]["issueNumber"] == "42"
    assert article["about"]["@type"] == "Event"
    assert [each["text"] for each in article["correction"]] == ["L’offre prend fin le 30 novembre."]
    assert article["@id"].partition("#")[2] in page


async def test_long_lists_go_on(client: httpx.AsyncClient, database: Database) -> None:
    async with database.writing() as session:
        publication = await a_publication(session)
        code = await a_placeable_code(session, publication)
        for number in range(51):
            await publish(session, await a_ready_issue(session, publication, code, number=f"N{number}"))

    first = await client.get(PAGE)
    [following] = [part for part in first.text.split('"') if part.startswith(f"{PAGE}?before=")]
    second = await client.get(following)
    data = (await client.get(f"{PAGE}.jsonld")).json()

    assert ("N50" in first.text, "N0<" in first.text.replace(" ·", "<")) == (True, False)
    assert "Issue N0 " in second.text
    assert len(data["@graph"]) == 50
    assert len((await client.get(data["next"])).json()["@graph"]) == 1


async def test_a_newsletter_that_promoted_nothing_says_so(client: httpx.AsyncClient, database: Database) -> None:
    async with database.writing() as session:
        await a_publication(session)

    answer = await client.get(f"{PAGE}?before=x")

    assert answer.status_code == 200
    assert "Nothing was promoted yet" in answer.text
    assert (await client.get(f"{PAGE}.jsonld")).json()["@graph"] == []
    assert (await client.get("/publications/nobody/disclosures")).status_code == 404
