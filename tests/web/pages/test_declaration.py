"""The declaration asked of a partner: filled in, blind, and compared once both are in."""

import re
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from promos.actions import declarations
from promos.database import Database
from promos.models import Declaration, Issue, Partner, PromoBlock, Publication
from promos.rules.people import Role
from tests.newsroom import a_block, a_placeable_code, an_issue, publish_as_it_is
from tests.web.pages.conftest import Browser, SignIn
from tests.world import NOW, a_partner, a_publication, editor_of

FILLED = {
    "kinds": "passes_for_readers",
    "quantity_0": "20",
    "kind_0": "pass",
    "received_by_0": "readers",
    "unit_value_0": "999,00",
    "currency_0": "EUR",
    "vat_0": "included",
    "vat_rate_0": "20",
    "editorial_control": "none",
    "obligation": "informal",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A partner in front of the page of one block, and the editor's side of it."""

    browser: Browser
    path: str
    block: PromoBlock
    database: Database

    async def editor_declares(self, control: str) -> None:
        async with self.database.writing() as session:
            publication = await session.get_one(Publication, self.block.publication_id)
            await declarations.declare(
                session,
                self.block.id,
                "editor",
                kinds=["passes_for_readers"],
                benefits=[
                    {
                        "kind": "pass",
                        "received_by": "readers",
                        "quantity": 20,
                        "unit_value": "999.00",
                        "currency": "EUR",
                        "vat": "included",
                        "vat_rate": "20",
                    }
                ],
                editorial_control=control,
                obligation="informal",
                now=NOW,
                by=editor_of(publication),
            )


@pytest.fixture
async def asked(signed_in: SignIn, database: Database) -> Asked:
    async with database.writing() as session:
        publication = await a_publication(session)
        code = await a_placeable_code(session, publication)
        issue = await an_issue(session, publication)
        block = await a_block(session, issue, code)
        partner = await session.get_one(Partner, code.partner_id)
    browser = await signed_in("claire@partner.example", Role.MEMBER, partner_id=partner.id)
    return Asked(browser, f"/partner/blocks/{block.id}/declaration", block, database)


async def test_the_form_is_filled_in_from_the_offer_and_declares_nothing_by_itself(asked: Asked) -> None:
    page = (await asked.browser.get(asked.path)).text

    assert 'value="passes_for_readers" checked' in page
    assert 'name="quantity_0" value="20"' in page
    assert 'name="unit_value_0" value="999.00"' in page
    assert "Nothing is declared until you have looked at every line" in page
    assert await _stored(asked) is None


async def test_a_declaration_is_stored_as_it_was_typed(asked: Asked) -> None:
    second = {"quantity_3": "1", "kind_3": "pass", "received_by_3": "author", "currency_3": "EUR", "vat_3": "unknown"}

    answer = await asked.browser.post(asked.path, FILLED | second)

    assert answer.headers["Location"] == f"{asked.path}?said=declared"
    stored = await _stored(asked)
    assert stored is not None
    assert stored.kinds == ["passes_for_readers"]
    assert [(each["quantity"], each["received_by"], each["unit_value"]) for each in stored.benefits] == [
        (1, "author", None),
        (20, "readers", "999.00"),
    ]
    assert "Your declaration is in." in (await asked.browser.get(asked.path)).text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"quantity_0": "-1"}, "quantity_0"),
        ({"quantity_0": "²"}, "quantity_0"),
        ({"unit_value_0": "a lot"}, "unit_value_0"),
        ({"vat_rate_0": "200"}, "vat_rate_0"),
        ({"currency_0": "Euro"}, "currency_0"),
        ({"kind_0": "love"}, "kind_0"),
        ({"kinds": "none_declared"}, "kinds"),
        ({"kinds": ""}, "kinds"),
        ({"editorial_control": ""}, "editorial_control"),
        ({"obligation": "moral"}, "obligation"),
    ],
)
async def test_a_declaration_without_sense_says_where(asked: Asked, wrong: dict[str, str], field: str) -> None:
    answer = await asked.browser.post(asked.path, FILLED | wrong)

    assert answer.status_code == 422
    assert f'id="field-{field}-error"' in answer.text
    assert await _stored(asked) is None


async def test_who_declares_second_cannot_copy(asked: Asked) -> None:
    await asked.editor_declares("veto")

    before = (await asked.browser.get(asked.path)).text
    await asked.browser.post(asked.path, FILLED)
    after = (await asked.browser.get(asked.path)).text

    assert "Both declarations" not in before
    assert before.count("The partner can stop it") == 1  # as a choice of the form, no more
    assert "The two declarations differ." in after
    assert after.count("The partner can stop it") == 2
    assert after.count("differs") == 1


async def test_two_that_say_the_same_agree(asked: Asked) -> None:
    await asked.editor_declares("none")

    await asked.browser.post(asked.path, FILLED)

    assert "The two declarations agree." in (await asked.browser.get(asked.path)).text


async def test_a_published_issue_takes_no_more_declarations(asked: Asked) -> None:
    async with asked.database.writing() as session:
        await publish_as_it_is(session, await session.get_one(Issue, asked.block.issue_id))

    page = await asked.browser.get(asked.path)
    late = await asked.browser.post(asked.path, FILLED)

    assert "The issue is published" in page.text
    assert "<button" not in page.text.partition("<h1>")[2].partition("</main>")[0]
    assert late.status_code == 409
    assert await _stored(asked) is None


async def _stored(asked: Asked) -> Declaration | None:
    async with asked.database.reading() as session:
        return await session.scalar(sa.select(Declaration).where(Declaration.party == "partner"))


async def test_the_partner_reads_the_block_and_approves_it_as_it_stands(asked: Asked) -> None:
    at = f"/partner/blocks/{asked.block.id}"
    page = (await asked.browser.get(asked.path)).text
    [read] = re.findall(r'name="read" value="(\w+)"', page)
    drawn = await asked.browser.get(f"{at}/rendered")

    old = await asked.browser.post(f"{at}/approve", {"read": "0" * 64})
    approved = await asked.browser.post(f"{at}/approve", {"read": read})
    after = (await asked.browser.get(asked.path)).text

    assert asked.block.heading in drawn.text
    assert "Publicité" in drawn.text
    assert old.headers["Location"].endswith("said=block-changed")
    assert approved.headers["Location"].endswith("said=approved")
    assert "approved" in after
    assert "Approve these words" not in after


async def test_another_partner_reads_and_approves_nothing(asked: Asked, signed_in: SignIn, database: Database) -> None:
    async with database.writing() as session:
        other = await a_partner(session, name="Other")
    stranger = await signed_in("hugo@other.example", Role.OWNER, partner_id=other.id)

    for answer in (
        await stranger.get(f"/partner/blocks/{asked.block.id}/rendered"),
        await stranger.post(f"/partner/blocks/{asked.block.id}/approve", {"read": "0" * 64}),
    ):
        assert answer.status_code == 404
        assert asked.block.heading not in answer.text
