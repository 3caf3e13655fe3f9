"""Placing an offer in an issue."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import blocks
from promos.actions.blocks import Place, Wish
from promos.models import Entry, Issue, Partner, PromoBlock, Publication
from promos.rules.people import Actor
from promos.rules.refusals import (
    CodeMalformed,
    CodeUnknown,
    InvalidRequest,
    IssuePublished,
    LabelNotAllowed,
    NotFound,
    PublicationNotNamed,
    SegmentUnknown,
    TextTaken,
)
from tests.newsroom import a_block, a_placeable_code, an_issue, publish_as_it_is, rules
from tests.world import ADMIN, NOW, a_code, a_partner, a_publication, an_offer, editor_of, owner_of

WORDS: dict[str, Any] = {
    "heading": "GenerationAI à Paris",
    "body": "Une journée entière.",
    "call_to_action": "Demander un accès",
}


async def insert(
    session: AsyncSession, issue: Issue, by: Actor, code: str = "FREEAGENAI", **changed: Any
) -> PromoBlock:
    given: dict[str, Any] = {"code": code, **WORDS, **changed}
    return await blocks.insert(session, issue.id, **given, now=NOW, by=by)


@pytest.fixture
async def publication(session: AsyncSession) -> Publication:
    return await a_publication(session)


async def test_a_block_stands_where_the_editor_puts_it(session: AsyncSession, publication: Publication) -> None:
    code = await a_placeable_code(session, publication)
    issue = await an_issue(session, publication)

    block = await insert(session, issue, editor_of(publication), code="free-agenai", after="s2")

    assert (block.after, block.replaces, block.version) == ("s2", [], 1)
    assert (block.code_id, block.partner_id, block.publication_id) == (code.id, code.partner_id, publication.id)


async def test_inserting_is_in_the_history_of_partner_and_publication(
    session: AsyncSession, publication: Publication
) -> None:
    code = await a_placeable_code(session, publication)
    issue = await an_issue(session, publication)

    block = await insert(session, issue, editor_of(publication))

    entry = await session.scalar(sa.select(Entry).where(Entry.subject_id == block.id))
    assert entry is not None
    assert (entry.verb, entry.partner_id, entry.publication_id) == ("block.inserted", code.partner_id, publication.id)


async def test_a_code_one_may_not_see_is_as_unknown_as_none(session: AsyncSession, publication: Publication) -> None:
    await a_code(session, await an_offer(session), "SECRET")
    issue = await an_issue(session, publication)

    with pytest.raises(CodeUnknown) as unseen:
        await insert(session, issue, editor_of(publication), code="SECRET")
    with pytest.raises(CodeUnknown) as absent:
        await insert(session, issue, editor_of(publication), code="ABSENT")

    assert unseen.value.facts == {"promo_code": "SECRET"}
    assert absent.value.facts == {"promo_code": "ABSENT"}


async def test_an_admin_is_told_that_the_offer_names_other_publications(
    session: AsyncSession, publication: Publication
) -> None:
    await a_code(session, await an_offer(session))
    issue = await an_issue(session, publication)

    with pytest.raises(PublicationNotNamed):
        await insert(session, issue, ADMIN)


async def test_what_is_no_code_is_refused_as_such(session: AsyncSession, publication: Publication) -> None:
    issue = await an_issue(session, publication)

    with pytest.raises(CodeMalformed):
        await insert(session, issue, ADMIN, code="FREE²GEN")


async def test_one_code_stands_in_an_issue_once(session: AsyncSession, publication: Publication) -> None:
    await a_placeable_code(session, publication)
    issue = await an_issue(session, publication)
    await insert(session, issue, ADMIN)

    with pytest.raises(TextTaken) as refused:
        await insert(session, issue, ADMIN, after="s1")

    assert refused.value.facts == {"field": "code"}


async def test_a_removed_block_can_be_inserted_again(session: AsyncSession, publication: Publication) -> None:
    await a_placeable_code(session, publication)
    issue = await an_issue(session, publication)
    first = await insert(session, issue, ADMIN, replaces=["s2"])

    await blocks.remove(session, first.id, now=NOW, by=ADMIN)
    second = await insert(session, issue, ADMIN, replaces=["s2"])

    assert first.removed_at == NOW
    assert second.id != first.id


@pytest.mark.parametrize(
    ("place", "segment"),
    [({"after": "s9"}, "s9"), ({"replaces": ["s2", "s9"]}, "s9"), ({"after": ""}, "")],
)
async def test_a_place_has_to_be_in_the_issue(
    session: AsyncSession, publication: Publication, place: dict[str, Any], segment: str
) -> None:
    await a_placeable_code(session, publication)
    issue = await an_issue(session, publication)

    with pytest.raises(SegmentUnknown) as refused:
        await insert(session, issue, ADMIN, **place)

    assert refused.value.facts == {"segment": segment}


async def test_where_a_block_stands_none_other_can_stand(session: AsyncSession, publication: Publication) -> None:
    offer = await an_offer(session, publications=(publication,))
    await a_code(session, offer, "FIRST"), await a_code(session, offer, "SECOND")
    issue = await an_issue(session, publication)
    await insert(session, issue, ADMIN, code="FIRST", replaces=["s2", "s3"])

    places: tuple[dict[str, Any], ...] = ({"replaces": ["s1", "s2"]}, {"after": "s3"})
    for place in places:
        with pytest.raises(SegmentUnknown):
            await insert(session, issue, ADMIN, code="SECOND", **place)


@pytest.mark.parametrize("replaces", [["s1", "s3"], ["s2", "s1"], ["s1", "s1"]])
async def test_replaced_segments_follow_each_other(
    session: AsyncSession, publication: Publication, replaces: list[str]
) -> None:
    await a_placeable_code(session, publication)
    issue = await an_issue(session, publication)

    with pytest.raises(InvalidRequest):
        await insert(session, issue, ADMIN, replaces=replaces)


async def test_every_text_that_is_wrong_is_named_at_once(session: AsyncSession, publication: Publication) -> None:
    issue = await an_issue(session, publication)

    with pytest.raises(InvalidRequest) as refused:
        await insert(session, issue, ADMIN, heading="\u200b", body="x" * 2001, call_to_action="y" * 61)

    assert {error["field"] for error in refused.value.errors} == {"heading", "body", "call_to_action"}


async def test_unseen_characters_are_not_stored(session: AsyncSession, publication: Publication) -> None:
    await a_placeable_code(session, publication)
    issue = await an_issue(session, publication)

    block = await insert(session, issue, ADMIN, heading="Gratuit\u202e\r\nBcc: x@example.org")

    assert block.heading == "Gratuit Bcc: x@example.org"


async def test_a_change_makes_a_new_version_and_a_repeat_none(session: AsyncSession, publication: Publication) -> None:
    block = await a_block(session, await an_issue(session, publication), await a_placeable_code(session, publication))

    for _ in range(2):
        await blocks.update(session, block.id, heading="Autre titre", place=Place(after="s3"), now=NOW, by=ADMIN)

    assert (block.heading, block.after, block.version) == ("Autre titre", "s3", 2)


async def test_a_block_may_keep_the_place_it_has(session: AsyncSession, publication: Publication) -> None:
    issue = await an_issue(session, publication)
    block = await a_block(session, issue, await a_placeable_code(session, publication), replaces=["s1", "s2"])

    await blocks.update(session, block.id, place=Place(replaces=("s2", "s3")), now=NOW, by=ADMIN)

    assert block.replaces == ["s2", "s3"]


async def test_another_label_that_is_allowed_can_be_chosen(session: AsyncSession, publication: Publication) -> None:
    await a_placeable_code(session, publication)
    block = await insert(session, await an_issue(session, publication), ADMIN, label=Wish("Publicité", rules()))

    for _ in range(2):
        wish = Wish("Collaboration commerciale", rules())
        await blocks.update(session, block.id, label=wish, now=NOW, by=ADMIN)
    await blocks.update(session, block.id, body="Autre texte.", now=NOW, by=ADMIN)
    assert (block.label, block.version) == ("Collaboration commerciale", 3)

    await blocks.update(session, block.id, label=Wish(None, rules()), now=NOW, by=ADMIN)
    assert (block.label, block.version) == (None, 4)


@pytest.mark.parametrize("words", ["", "Partenariat", "publicité", "Anzeige", "Notre propre événement"])
async def test_a_label_that_is_not_allowed_is_refused_with_those_that_are(
    session: AsyncSession, publication: Publication, words: str
) -> None:
    await a_placeable_code(session, publication)
    issue = await an_issue(session, publication)

    with pytest.raises(LabelNotAllowed) as refused:
        await insert(session, issue, ADMIN, label=Wish(words, rules()))
    block = await insert(session, issue, ADMIN)
    with pytest.raises(LabelNotAllowed):
        await blocks.update(session, block.id, label=Wish(words, rules()), now=NOW, by=ADMIN)

    assert refused.value.facts == {"allowed": ["Publicité", "Collaboration commerciale"]}
    assert block.label is None


async def test_a_change_leaves_no_earlier_check_valid(session: AsyncSession, publication: Publication) -> None:
    issue = await an_issue(session, publication, content_hash="judged")
    block = await a_block(session, issue, await a_placeable_code(session, publication))

    await blocks.remove(session, block.id, now=NOW, by=ADMIN)

    assert issue.content_hash == ""


async def test_only_the_publications_editors_touch_its_blocks(session: AsyncSession, publication: Publication) -> None:
    other = await a_publication(session, slug="other")
    partner = await a_partner(session)
    offer = await an_offer(session, publications=(publication, other))
    issue = await an_issue(session, publication)
    block = await a_block(session, issue, await a_code(session, offer))

    for stranger in (editor_of(other), owner_of(partner), Actor("anonymous")):
        with pytest.raises(NotFound):
            await blocks.insert(session, issue.id, code="FREEAGENAI", **WORDS, now=NOW, by=stranger)
        with pytest.raises(NotFound):
            await blocks.update(session, block.id, heading="Mine", now=NOW, by=stranger)
        with pytest.raises(NotFound):
            await blocks.remove(session, block.id, now=NOW, by=stranger)


async def test_the_partner_of_a_block_sees_it_and_does_not_edit_it(
    session: AsyncSession, publication: Publication
) -> None:
    code = await a_placeable_code(session, publication)
    block = await a_block(session, await an_issue(session, publication), code)
    partner = await session.get_one(Partner, code.partner_id)

    with pytest.raises(NotFound):
        await blocks.update(session, block.id, heading="Mine", now=NOW, by=owner_of(partner))


async def test_a_published_issue_keeps_its_blocks(session: AsyncSession, publication: Publication) -> None:
    issue = await an_issue(session, publication)
    block = await a_block(session, issue, await a_placeable_code(session, publication))
    await publish_as_it_is(session, issue)

    with pytest.raises(IssuePublished):
        await blocks.remove(session, block.id, now=NOW, by=ADMIN)
    with pytest.raises(IssuePublished):
        await insert(session, issue, ADMIN)
