"""On the editor's desk: an error goes out on the word of two people, by two browsers."""

import re
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Override
from promos.rules.people import Role
from tests.newsroom import a_block, a_placeable_code, an_issue, declare
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import all_of
from tests.world import a_publication

REASON = "The conditions stand in the mail that follows the press."


@pytest.fixture
async def places(database: Database) -> dict[str, UUID]:
    """For readers in Spain, a block whose offer names no conditions: OFF-1."""
    async with database.writing() as session:
        publication = await a_publication(session, audience=[{"country": "ES", "share": 1}], language="es")
        code = await a_placeable_code(session, publication, conditions_url=None)
        issue = await an_issue(session, publication)
        block = await a_block(session, issue, code)
        await declare(session, block)
        return {"publication": publication.id, "issue": issue.id, "block": block.id}


@pytest.fixture
async def editors(signed_in: SignIn, places: dict[str, UUID]) -> list[Browser]:
    addresses = ("ada@freea.example", "bo@freea.example")
    return [await signed_in(each, Role.EDITOR, publication_id=places["publication"]) for each in addresses]


async def test_one_asks_another_agrees_and_the_issue_goes_out(
    database: Database, places: dict[str, UUID], editors: list[Browser]
) -> None:
    ada, bo = editors
    issue = f"/editor/issues/{places['issue']}"
    [here] = set(re.findall(r'href="(/editor/blocks/[^"]+/override/[^"]+)"', (await ada.get(issue)).text))

    stopped = await ada.post(f"{issue}/publish")
    asked = await ada.post(here, {"reason": REASON, "ends_at": "2026-11-29T12:00"})
    [override_id] = await all_of(database, sa.select(Override.id))
    own = await ada.get(here)
    alone = await ada.post(f"/editor/overrides/{override_id}/approve")
    others = await bo.get(here)
    agreed = await bo.post(f"/editor/overrides/{override_id}/approve")
    page = await bo.get(issue)
    published = await ada.post(f"{issue}/publish")

    assert here.endswith("/override/OFF-1")
    assert stopped.headers["Location"].endswith("said=not-published")
    assert (asked.status_code, agreed.status_code, alone.status_code) == (303, 303, 409)
    assert "I agree" not in own.text
    assert "Somebody else of this newsletter opens this page" in own.text
    assert "I agree" in others.text
    assert "Goes out nevertheless:" in page.text
    assert REASON in page.text
    assert published.headers["Location"].endswith("said=published")


@pytest.mark.parametrize(
    ("typed", "field"), [({"reason": "so"}, "reason"), ({"ends_at": "2030-01-01T00:00"}, "ends_at"), ({}, "ends_at")]
)
async def test_what_was_typed_comes_back_with_what_to_mend(
    places: dict[str, UUID], editors: list[Browser], typed: dict[str, Any], field: str
) -> None:
    here = f"/editor/blocks/{places['block']}/override/OFF-1"
    fields = {"reason": REASON, "ends_at": "2026-11-29T12:00"} | typed if typed else {"reason": REASON, "ends_at": ""}

    answer = await editors[0].post(here, fields)

    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
    assert fields["reason"] in answer.text


async def test_nothing_is_let_out_that_does_not_stop_or_is_not_yours(
    places: dict[str, UUID], editors: list[Browser], signed_in: SignIn, database: Database
) -> None:
    async with database.writing() as session:
        other = await a_publication(session, slug="other", name="Other")
    stranger = await signed_in("cy@other.example", Role.EDITOR, publication_id=other.id)
    here = f"/editor/blocks/{places['block']}/override"

    answers = [await editors[0].get(f"{here}/{check}") for check in ("REL-2", "NO", "%00")]

    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert (await stranger.get(f"{here}/OFF-1")).status_code == 404
