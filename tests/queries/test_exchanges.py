"""What was received is added up without VAT, by advertiser, year and event; a contract is due from 1,000 euros on."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import declarations, issues
from promos.models import Issue, PromoBlock, PromoCode, Publication
from promos.queries import exchanges
from promos.queries.exchanges import Exchange, counted
from promos.rules.disclosure.declarations import Benefit, declaration
from promos.rules.people import Actor, Grant, Role
from tests.newsroom import EXCHANGE, PASSES, a_block, a_placeable_code, an_issue
from tests.world import ADMIN, NOW, a_publication

OURS = PASSES | {"received_by": "author", "quantity": 1}
PAY = {"kind": "money", "received_by": "publication", "quantity": 1, "unit_value": "200.00", "vat": "excluded"}


def benefits(*given: dict[str, Any]) -> tuple[Benefit, ...]:
    return declaration(["paid_fixed"], given, "none", "none").benefits


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([OURS], (83_250, 0, 0)),
        ([OURS | {"quantity": 3}], (249_750, 0, 0)),
        ([OURS | {"vat": "excluded"}], (99_900, 0, 0)),
        ([OURS | {"vat": "unknown"}], (99_900, 0, 1)),
        ([OURS | {"vat_rate": ""}], (99_900, 0, 1)),
        ([OURS | {"currency": "USD"}, OURS | {"unit_value": ""}], (0, 2, 0)),
        ([PASSES], (0, 0, 0)),
        ([OURS, PAY], (103_250, 0, 0)),
    ],
)
def test_value_is_counted_without_vat_and_what_readers_get_is_not(
    given: list[dict[str, Any]], expected: tuple[int, int, int]
) -> None:
    assert counted(benefits(*given)) == expected


async def declared(session: AsyncSession, block: PromoBlock, *parties: str, **changed: Any) -> None:
    said = EXCHANGE | {"kinds": ["paid_fixed", "passes_for_readers"], "benefits": [PASSES, OURS, PAY]} | changed
    for party in parties or declarations.PARTIES:
        await declarations.declare(session, block.id, party, **said, now=NOW, by=ADMIN)


async def a_declared_block(
    session: AsyncSession, publication: Publication, code: PromoCode, number: str, *parties: str, **changed: Any
) -> Issue:
    planned = changed.pop("planned_at", NOW)
    issue = await an_issue(session, publication, number=number, planned_at=planned)
    await declared(session, await a_block(session, issue, code), *parties, **changed)
    return issue


async def test_a_contract_is_due_where_nobody_names_one(session: AsyncSession) -> None:
    publication = await a_publication(session)
    code = await a_placeable_code(session, publication)
    issue = await a_declared_block(session, publication, code, "1")

    [due] = await exchanges.listed(session, ADMIN)
    [block] = await issues.standing(session, issue.id)
    await declared(session, block, contract="2026-17")
    [named] = await exchanges.listed(session, ADMIN)

    assert (due.year, due.partner, due.cents, due.needs_contract) == (2026, "Generation Events SAS", 103_250, True)
    assert due.issues == [(issue.id, f"{publication.name} 1")]
    assert (named.has_contract, named.needs_contract) == (True, False)


async def test_issues_of_a_year_add_up_and_the_year_is_the_newsletters_own(session: AsyncSession) -> None:
    publication = await a_publication(session)
    code = await a_placeable_code(session, publication)
    new_year = datetime(2027, 1, 1, 0, 30, tzinfo=ZoneInfo("Europe/Paris"))  # still 2026 in UTC
    for number, planned in (("1", NOW), ("2", NOW), ("3", new_year)):
        await a_declared_block(session, publication, code, number, planned_at=planned, benefits=[OURS])

    found = await exchanges.listed(session, ADMIN)

    assert [(each.year, each.cents, each.needs_contract) for each in found] == [
        (2027, 83_250, False),
        (2026, 166_500, True),
    ]


async def test_before_2026_no_contract_was_due() -> None:
    assert not Exchange(2025, "X SAS", "Y", cents=500_000, has_contract=False).needs_contract


async def test_nobody_learns_what_the_partner_declared_before_declaring(session: AsyncSession) -> None:
    publication = await a_publication(session)
    code = await a_placeable_code(session, publication)
    await a_declared_block(session, publication, code, "1", "partner")

    assert await exchanges.listed(session, ADMIN) == []

    await a_declared_block(session, publication, code, "2", "editor", benefits=[PAY])
    assert [each.cents for each in await exchanges.listed(session, ADMIN)] == [20_000]


async def test_another_newsletters_editor_sees_nothing(session: AsyncSession) -> None:
    publication = await a_publication(session)
    await a_declared_block(session, publication, await a_placeable_code(session, publication), "1")
    other = await a_publication(session, slug="other", name="Other")
    stranger = Actor("person", ADMIN.id, frozenset({Grant(Role.EDITOR, publication_id=other.id)}))

    assert await exchanges.listed(session, stranger) == []
