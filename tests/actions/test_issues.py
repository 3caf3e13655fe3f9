"""Taking in issues, changing drafts, and what the editor's desk lists."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import issues
from promos.models import Entry, Issue, Publication
from promos.queries import issues as desk
from promos.rules.people import Actor
from promos.rules.refusals import (
    BodyTooLarge,
    InvalidRequest,
    IssuePublished,
    IssueUnreadable,
    NotAllowed,
    NotFound,
    TextTaken,
)
from tests.newsroom import a_block, a_placeable_code, an_issue, publish_as_it_is
from tests.world import ADMIN, DAY, NOW, a_code, a_partner, a_publication, an_offer, editor_of, owner_of

CONTENT = "Bonjour,\n\nUne semaine calme.\n\nÀ bientôt !"


@pytest.fixture
async def publication(session: AsyncSession) -> Publication:
    return await a_publication(session)


async def take_in(session: AsyncSession, publication: Publication, by: Actor = ADMIN, **changed: Any) -> Issue:
    given: dict[str, Any] = {"number": "42", "title": "Une semaine calme", "planned_at": NOW + DAY} | changed
    content, media_type = given.pop("content", CONTENT), given.pop("media_type", "text/plain")
    return await issues.create(session, publication.id, content=content, media_type=media_type, now=NOW, by=by, **given)


async def test_an_issue_is_kept_as_its_segments(session: AsyncSession, publication: Publication) -> None:
    issue = await take_in(session, publication, editor_of(publication))

    assert (issue.state, issue.language) == ("draft", "fr")
    assert [segment["text"] for segment in issue.segments] == ["Bonjour,", "Une semaine calme.", "À bientôt !"]
    assert [segment.id for segment in issues.segments_of(issue)] == [segment["id"] for segment in issue.segments]


async def test_taking_in_is_in_the_publications_history(session: AsyncSession, publication: Publication) -> None:
    issue = await take_in(session, publication)

    entry = await session.scalar(sa.select(Entry).where(Entry.subject_id == issue.id))
    assert entry is not None
    assert (entry.verb, entry.publication_id, entry.partner_id) == ("issue.created", publication.id, None)


async def test_a_number_is_used_once_in_a_publication(session: AsyncSession, publication: Publication) -> None:
    await take_in(session, publication)
    await take_in(session, await a_publication(session, slug="other"))

    with pytest.raises(TextTaken) as refused:
        await take_in(session, publication)

    assert refused.value.facts == {"field": "number"}


async def test_a_draft_cannot_take_the_number_of_another_issue(session: AsyncSession, publication: Publication) -> None:
    await take_in(session, publication, number="41")
    issue = await take_in(session, publication, number="42")

    with pytest.raises(TextTaken):
        await issues.update(session, issue.id, number="41", now=NOW, by=ADMIN)


@pytest.mark.parametrize("content", ["", " \n\t\n ", "\u200b"])
async def test_without_any_text_there_is_no_issue(
    session: AsyncSession, publication: Publication, content: str
) -> None:
    with pytest.raises(IssueUnreadable):
        await take_in(session, publication, content=content)


async def test_a_form_that_is_not_read_is_refused(session: AsyncSession, publication: Publication) -> None:
    with pytest.raises(InvalidRequest):
        await take_in(session, publication, media_type="application/pdf")


async def test_more_than_two_megabytes_are_not_read(session: AsyncSession, publication: Publication) -> None:
    with pytest.raises(BodyTooLarge):
        await take_in(session, publication, content="é" * 1_000_001)


async def test_every_field_that_is_wrong_is_named_at_once(session: AsyncSession, publication: Publication) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await take_in(
            session,
            publication,
            number="",
            title="x" * 201,
            language="xx",
            planned_at=datetime(1, 1, 1, tzinfo=UTC),
        )

    assert {error["field"] for error in refused.value.errors} == {"number", "title", "language", "planned_at"}


async def test_only_its_editors_write_in_a_publication(session: AsyncSession, publication: Publication) -> None:
    other = await a_publication(session, slug="other")

    with pytest.raises(NotFound):
        await take_in(session, publication, editor_of(other))
    with pytest.raises(NotAllowed):
        await take_in(session, publication, owner_of(await a_partner(session)))


async def test_only_its_editors_change_an_issue(session: AsyncSession, publication: Publication) -> None:
    issue = await take_in(session, publication)

    for stranger in (editor_of(await a_publication(session, slug="other")), owner_of(await a_partner(session))):
        with pytest.raises(NotFound):
            await issues.update(session, issue.id, title="Mine", now=NOW, by=stranger)


async def test_a_published_issue_stays_as_readers_saw_it(session: AsyncSession, publication: Publication) -> None:
    issue = await take_in(session, publication)
    await publish_as_it_is(session, issue)

    with pytest.raises(IssuePublished):
        await issues.update(session, issue.id, title="Autre", now=NOW, by=ADMIN)


async def test_a_repeated_change_changes_nothing(session: AsyncSession, publication: Publication) -> None:
    issue = await take_in(session, publication)
    for _ in range(2):
        await issues.update(session, issue.id, title="Autre", content="Bonsoir,", now=NOW, by=ADMIN)

    verbs = await session.scalars(sa.select(Entry.verb).where(Entry.subject_id == issue.id).order_by(Entry.id))
    assert list(verbs) == ["issue.created", "issue.changed"]


@pytest.mark.parametrize(
    ("after", "content", "follows"),
    [
        ("Une semaine calme.", "Bonjour,\n\nEt aussi :\n\nUne semaine calme.", "Une semaine calme."),
        ("Une semaine calme.", "Bonjour,\n\nUne semaine folle.\n\nÀ bientôt !", "Bonjour,"),
        ("Bonjour,", "Bonsoir,\n\nUne semaine calme.", None),
        (None, "Bonsoir,", None),
    ],
)
async def test_a_block_follows_the_segment_it_stood_after(
    session: AsyncSession, publication: Publication, after: str | None, content: str, follows: str | None
) -> None:
    issue = await take_in(session, publication)
    ids = {segment["text"]: segment["id"] for segment in issue.segments}
    code = await a_placeable_code(session, publication)
    block = await a_block(session, issue, code, after=ids[after] if after else None)

    await issues.update(session, issue.id, content=content, now=NOW, by=ADMIN)

    texts = {segment["id"]: segment["text"] for segment in issue.segments}
    assert (texts[block.after] if block.after else None) == follows


@pytest.mark.parametrize(
    ("content", "replaced"),
    [
        ("Chers lecteurs,\n\nBonjour,\n\nUne annonce.\n\nEt son code.\n\nMerci.", ["Une annonce.", "Et son code."]),
        ("Bonjour,\n\nUne annonce.\n\nEt un autre code.\n\nMerci.", ["Une annonce."]),
        ("Bonjour,\n\nUne annonce.\n\nEt puis :\n\nEt son code.", ["Une annonce."]),
        ("Bonjour,\n\nMerci.", []),
    ],
)
async def test_what_a_block_replaced_stays_away_where_it_reads_as_it_did(
    session: AsyncSession, publication: Publication, content: str, replaced: list[str]
) -> None:
    issue = await take_in(session, publication, content="Bonjour,\n\nUne annonce.\n\nEt son code.\n\nMerci.")
    ids = [segment["id"] for segment in issue.segments]
    block = await a_block(session, issue, await a_placeable_code(session, publication), replaces=ids[1:3])

    await issues.update(session, issue.id, content=content, now=NOW, by=ADMIN)

    texts = {segment["id"]: segment["text"] for segment in issue.segments}
    assert [texts[segment] for segment in block.replaces] == replaced
    assert block.replaces or texts[block.after or ""] == "Bonjour,"


async def test_the_desk_counts_blocks_and_missing_declarations(session: AsyncSession, publication: Publication) -> None:
    await an_issue(session, publication, number="41")
    issue = await an_issue(session, publication, number="42")
    offer = await an_offer(session, publications=(publication,))
    await a_block(session, issue, await a_code(session, offer, "FIRST"))
    await a_block(session, issue, await a_code(session, offer, "SECOND"))
    await a_block(session, issue, await a_code(session, offer, "THIRD"), removed_at=NOW)

    lines = await desk.listed(session, editor_of(publication))

    assert [(line.number, line.blocks, line.missing) for line in lines] == [("42", 2, 4), ("41", 0, 0)]


async def test_the_desk_is_turned_page_by_page(session: AsyncSession, publication: Publication) -> None:
    for number in range(5):
        await an_issue(session, publication, number=str(number))

    first = await desk.listed(session, ADMIN, limit=2)
    second = await desk.listed(session, ADMIN, limit=2, before=first[-1].id)

    third = await desk.listed(session, ADMIN, limit=2, before=second[-1].id)

    assert [len(first), len(second), len(third)] == [2, 2, 1]
    assert {line.number for line in [*first, *second, *third]} == set("01234")


async def test_the_desk_shows_ones_own_publications(session: AsyncSession, publication: Publication) -> None:
    await an_issue(session, publication)
    other = await a_publication(session, slug="other")

    assert await desk.listed(session, editor_of(other)) == []
    assert await desk.listed(session, owner_of(await a_partner(session))) == []
    assert await desk.listed(session, ADMIN, publication_id=other.id) == []
    assert await desk.listed(session, ADMIN, state="published") == []


async def test_each_party_is_asked_for_its_own_declaration(session: AsyncSession, publication: Publication) -> None:
    issue = await an_issue(session, publication)
    partner = await a_partner(session)
    offer = await an_offer(session, publications=(publication,), partner_id=partner.id)
    block = await a_block(session, issue, await a_code(session, offer))

    asked = {
        name: [(line.block_id, line.parties) for line in await desk.blocks_missing_declaration(session, by)]
        for name, by in {
            "editor": editor_of(publication),
            "partner": owner_of(partner),
            "admin": ADMIN,
            "stranger": owner_of(await a_partner(session)),
        }.items()
    }

    assert asked == {
        "editor": [(block.id, ("editor",))],
        "partner": [(block.id, ("partner",))],
        "admin": [(block.id, ("partner", "editor"))],
        "stranger": [],
    }
