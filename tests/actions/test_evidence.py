"""What a publication can show later is written with what happened, and holds together."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import disclosure, evidence, offers
from promos.models import Evidence, Issue, Publication
from promos.rules.evidence import verify
from tests.newsroom import EXCHANGE, SHOP, a_block, a_placeable_code, a_ready_issue, an_issue, declare, publish, rules
from tests.world import ADMIN, DAY, NOW, a_publication


@pytest.fixture
async def publication(session: AsyncSession) -> Publication:
    return await a_publication(session)


@pytest.fixture
async def issue(session: AsyncSession, publication: Publication) -> Issue:
    return await a_ready_issue(session, publication, await a_placeable_code(session, publication, limit=20))


async def chain(session: AsyncSession, publication: Publication) -> list[dict[str, Any]]:
    return await evidence.chain(session, publication.id)


async def test_what_one_side_said_is_kept_once_the_other_spoke(session: AsyncSession, publication: Publication) -> None:
    code = await a_placeable_code(session, publication)
    block = await a_block(session, await an_issue(session, publication), code)

    await declare(session, block, "partner")
    assert await chain(session, publication) == []

    await declare(session, block, "editor", obligation="contractual")
    [entry] = await chain(session, publication)
    assert entry["kind"] == "block.declared"
    assert entry["facts"]["said"]["partner"]["kinds"] == EXCHANGE["kinds"]
    assert entry["facts"]["differences"] == ["obligation"]


async def test_an_issue_that_goes_out_leaves_all_that_its_readers_were_told(
    session: AsyncSession, publication: Publication, issue: Issue
) -> None:
    await publish(session, issue)

    *_, entry = await chain(session, publication)
    [block] = entry["facts"]["blocks"]
    assert entry["kind"] == "issue.published"
    assert entry["facts"]["rules"] == rules().version
    assert len(entry["facts"]["rules"]) == 64
    assert (block["told"]["code"], block["quantity"]) == ("FREEAGENAI", 20)
    assert block["told"]["label"].startswith(("Publicité", "Collaboration commerciale"))
    assert block["exchanged"]["benefits"] == [EXCHANGE["benefits"][0] | {"vat_rate": "20.00"}]
    assert set(block["renderings"]) == set(entry["facts"]["renderings"]) == {"email_html", "email_text", "web"}


async def test_a_published_issue_reads_as_it_did_whatever_its_offer_becomes(
    session: AsyncSession, publication: Publication, issue: Issue
) -> None:
    await publish(session, issue)
    read = [await _text(session, issue), await _text(session, issue, "email_html")]

    block = (await disclosure.composed(session, issue, rules(), base_url=SHOP["base_url"])).placed[0]
    changed = {"limit": 30, "conditions_url": "https://elsewhere.example"}
    await offers.update(session, block.offer.id, **changed, now=NOW, by=ADMIN)  # type: ignore[arg-type]

    assert [await _text(session, issue), await _text(session, issue, "email_html")] == read


async def _text(session: AsyncSession, issue: Issue, surface: disclosure.Surface = "email_text") -> str:
    return await disclosure.rendered(
        session, issue.id, surface, rules(), **SHOP, for_sending=False, now=NOW + DAY, by=ADMIN
    )


async def test_entries_follow_each_other_and_hold(
    session: AsyncSession, publication: Publication, issue: Issue
) -> None:
    await publish(session, issue)
    for number in range(3):
        await evidence.append(session, publication.id, "test.made", {"number": number}, now=NOW)

    entries = await chain(session, publication)

    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4, 5]
    broken, whole, last = verify(entries)
    assert (broken, whole) == (None, 5)
    head = await evidence.head(session, publication.id)
    assert head is not None
    assert last == head.hash


async def test_what_stands_there_cannot_be_changed_or_the_change_is_found(
    session: AsyncSession, publication: Publication, kind: str
) -> None:
    """PostgreSQL forbids it to the application; SQLite, which has no roles, shows it."""
    for number in range(3):
        await evidence.append(session, publication.id, "test.made", {"number": number}, now=NOW)
    change = sa.update(Evidence).where(Evidence.seq == 2).values(facts={"number": 7})
    change = change.execution_options(synchronize_session=False)
    if kind == "postgresql":
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with session.begin_nested():
                await session.execute(change)
    else:
        await session.execute(change)

    broken, *_ = verify(await chain(session, publication))

    assert (broken.line if broken else None) == (None if kind == "postgresql" else 2)


async def test_each_publication_has_a_chain_of_its_own(session: AsyncSession, publication: Publication) -> None:
    other = await a_publication(session, slug="other")

    first = await evidence.append(session, publication.id, "test.made", {}, now=NOW)
    second = await evidence.append(session, other.id, "test.made", {}, now=NOW)

    assert (first.seq, second.seq) == (1, 1)
    assert first.hash != second.hash
