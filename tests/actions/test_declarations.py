"""What partner and editor each say was exchanged, without seeing what the other says."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import blocks, declarations
from promos.models import Declaration, Entry, Issue, Partner, PromoBlock, Publication
from promos.queries import issues as desk
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, IssuePublished, NotFound
from tests.newsroom import EXCHANGE, PASSES, a_block, a_placeable_code, an_issue, publish_as_it_is
from tests.world import ADMIN, NOW, a_partner, a_publication, door_of, editor_of, member_of, owner_of


@pytest.fixture
async def publication(session: AsyncSession) -> Publication:
    return await a_publication(session)


@pytest.fixture
async def issue(session: AsyncSession, publication: Publication) -> Issue:
    return await an_issue(session, publication, content_hash="judged")


@pytest.fixture
async def block(session: AsyncSession, issue: Issue, publication: Publication) -> PromoBlock:
    return await a_block(session, issue, await a_placeable_code(session, publication))


@pytest.fixture
async def partner(session: AsyncSession, block: PromoBlock) -> Partner:
    return await session.get_one(Partner, block.partner_id)


async def declare(session: AsyncSession, block: PromoBlock, party: str, by: Actor, **changed: Any) -> Declaration:
    return await declarations.declare(session, block.id, party, **EXCHANGE | changed, now=NOW, by=by)


async def test_each_party_says_what_was_exchanged(
    session: AsyncSession, block: PromoBlock, publication: Publication, partner: Partner
) -> None:
    await declare(session, block, "editor", editor_of(publication))
    await declare(session, block, "partner", member_of(partner))

    seen = await declarations.seen_by(session, block, editor_of(publication))

    assert seen.agree
    assert set(seen.shown) == {"partner", "editor"}
    assert seen.shown["partner"].benefits == [PASSES | {"vat_rate": "20.00"}]


async def test_nobody_sees_the_other_declaration_before_making_its_own(
    session: AsyncSession, block: PromoBlock, publication: Publication, partner: Partner
) -> None:
    await declare(session, block, "partner", owner_of(partner))

    editor = await declarations.seen_by(session, block, editor_of(publication))
    admin = await declarations.seen_by(session, block, ADMIN)
    own = await declarations.seen_by(session, block, owner_of(partner))

    assert editor.declared == admin.declared == {"partner": True, "editor": False}
    assert (editor.shown, editor.differences, admin.shown) == ({}, None, {})
    assert set(own.shown) == {"partner"}


async def test_the_history_gives_nothing_away_to_the_other_party(
    session: AsyncSession, block: PromoBlock, publication: Publication, partner: Partner
) -> None:
    await declare(session, block, "partner", owner_of(partner))
    await declare(session, block, "partner", owner_of(partner), obligation="contractual")

    entries = sa.select(Entry.facts).where(Entry.verb == "block.declared").order_by(Entry.id)
    of_editor = (await session.scalars(entries.where(Entry.visible_to(editor_of(publication))))).all()
    of_partner = (await session.scalars(entries.where(Entry.visible_to(owner_of(partner))))).all()

    assert of_editor == []
    assert {"changed": ["obligation"], "obligation": "informal"} in [
        {"changed": facts["changed"], "obligation": (facts["former"] or {}).get("obligation")} for facts in of_partner
    ]


async def test_differences_are_named_when_both_are_made(
    session: AsyncSession, block: PromoBlock, publication: Publication, partner: Partner
) -> None:
    await declare(session, block, "partner", owner_of(partner), benefits=[PASSES | {"quantity": 5}])
    await declare(session, block, "editor", editor_of(publication), obligation="none")

    seen = await declarations.seen_by(session, block, owner_of(partner))

    assert not seen.agree
    assert seen.differences == ["benefits", "obligation"]


async def test_the_order_of_benefits_makes_no_difference(
    session: AsyncSession, block: PromoBlock, publication: Publication, partner: Partner
) -> None:
    author = PASSES | {"received_by": "author", "quantity": 1}
    await declare(session, block, "partner", owner_of(partner), benefits=[PASSES, author])
    await declare(session, block, "editor", editor_of(publication), benefits=[author, PASSES])

    assert (await declarations.seen_by(session, block, ADMIN)).agree


@pytest.mark.parametrize(("party", "who"), [("partner", "editor"), ("editor", "owner"), ("reader", "admin")])
async def test_nobody_speaks_for_another_party(
    session: AsyncSession, block: PromoBlock, publication: Publication, partner: Partner, party: str, who: str
) -> None:
    actors = {"editor": editor_of(publication), "owner": owner_of(partner), "admin": ADMIN}

    with pytest.raises(NotFound):
        await declare(session, block, party, actors[who])


async def test_strangers_and_doors_find_no_block(
    session: AsyncSession, block: PromoBlock, publication: Publication, partner: Partner
) -> None:
    other = await a_publication(session, slug="other")

    for stranger in (door_of(partner), owner_of(await a_partner(session)), editor_of(other), Actor("anonymous")):
        for party in ("partner", "editor"):
            with pytest.raises(NotFound):
                await declare(session, block, party, stranger)


async def test_a_repeat_stores_nothing_and_the_latest_counts(
    session: AsyncSession, block: PromoBlock, publication: Publication
) -> None:
    for obligation in ("none", "none", "contractual"):
        await declare(session, block, "editor", editor_of(publication), obligation=obligation)

    stored = (await session.scalars(sa.select(Declaration))).all()
    entries = (await session.scalars(sa.select(Entry).where(Entry.verb == "block.declared"))).all()
    assert [row.obligation for row in stored] == ["contractual"]
    assert len(entries) == 2


async def test_a_declaration_leaves_no_earlier_check_valid(
    session: AsyncSession, issue: Issue, block: PromoBlock
) -> None:
    await declare(session, block, "editor", ADMIN)

    assert issue.content_hash == ""


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kinds": []}, "kinds"),
        ({"kinds": ["friendship"]}, "kinds"),
        ({"editorial_control": "some"}, "editorial_control"),
        ({"obligation": ""}, "obligation"),
        ({"benefits": [PASSES | {"quantity": 0}]}, "benefits.quantity"),
        ({"benefits": [PASSES | {"unit_value": "-1"}]}, "benefits.unit_value"),
        ({"benefits": [PASSES | {"gift": True}]}, "benefits.gift"),
    ],
)
async def test_what_makes_no_sense_is_named(
    session: AsyncSession, block: PromoBlock, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await declare(session, block, "editor", ADMIN, **changed)

    assert [error["field"] for error in refused.value.errors] == [field]


async def test_a_published_issue_keeps_its_declarations(session: AsyncSession, issue: Issue, block: PromoBlock) -> None:
    await publish_as_it_is(session, issue)

    with pytest.raises(IssuePublished):
        await declare(session, block, "editor", ADMIN)


async def test_a_removed_block_asks_for_nothing(
    session: AsyncSession, block: PromoBlock, publication: Publication
) -> None:
    await blocks.remove(session, block.id, now=NOW, by=ADMIN)

    with pytest.raises(NotFound):
        await declare(session, block, "editor", ADMIN)
    assert await desk.blocks_missing_declaration(session, editor_of(publication)) == []


async def test_a_declared_block_waits_for_the_other_party_only(
    session: AsyncSession, block: PromoBlock, publication: Publication, partner: Partner
) -> None:
    await declare(session, block, "editor", editor_of(publication))

    assert await desk.blocks_missing_declaration(session, editor_of(publication)) == []
    assert [line.block_id for line in await desk.blocks_missing_declaration(session, owner_of(partner))] == [block.id]
