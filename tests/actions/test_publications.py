from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import publications
from promos.rules.refusals import InvalidRequest, NotAllowed, NotFound, TextTaken
from tests.world import ADMIN, NOW, a_partner, a_publication, editor_of, owner_of

FREEA: Any = {
    "name": "FreeA – l’IA",
    "language": "fr",
    "timezone": "Europe/Paris",
    "audience": [{"country": "be", "share": 0.2}, {"country": "FR", "share": 0.8}],
}


async def test_a_publication_without_a_slug_is_named_after_itself(session: AsyncSession) -> None:
    publication = await publications.create(session, **FREEA, now=NOW, by=ADMIN)

    assert publication.slug == "freea-lia"
    assert publication.audience == [{"country": "FR", "share": 0.8}, {"country": "BE", "share": 0.2}]


async def test_two_publications_do_not_share_a_slug(session: AsyncSession) -> None:
    await a_publication(session, slug="freea")
    other = await a_publication(session, slug="freeb")

    with pytest.raises(TextTaken):
        await publications.create(session, **FREEA, slug="freea", now=NOW, by=ADMIN)
    with pytest.raises(TextTaken):
        await publications.update(session, other.id, slug="freea", now=NOW, by=ADMIN)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("audience", []),
        ("audience", [{"country": "FR", "share": 0.7}, {"country": "BE", "share": 0.4}]),
        ("audience", [{"country": "FR", "share": 0.4}, {"country": "fr", "share": 0.4}]),
        ("audience", [{"country": "FR", "share": float("nan")}]),
        ("audience", [{"country": "FR", "share": 0}]),
        ("audience", [{"country": "XX", "share": 1}]),
        ("language", "tlh"),
        ("timezone", "Europe/Atlantis"),
        ("timezone", "../../etc/passwd"),
        ("slug", "Free A"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_field(session: AsyncSession, field: str, value: object) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await publications.create(session, **FREEA | {field: value}, now=NOW, by=ADMIN)

    assert [error["field"] for error in refused.value.errors] == [field]


async def test_its_editor_changes_a_publication_and_others_do_not(session: AsyncSession) -> None:
    publication, other = await a_publication(session), await a_publication(session, slug="other")

    changed = await publications.update(session, publication.id, name="FreeB", now=NOW, by=editor_of(publication))

    assert (changed.name, changed.slug) == ("FreeB", "freea")
    with pytest.raises(NotFound):
        await publications.update(session, publication.id, name="X", now=NOW, by=editor_of(other))
    with pytest.raises(NotAllowed):
        await publications.update(session, publication.id, name="X", now=NOW, by=owner_of(await a_partner(session)))
    with pytest.raises(NotAllowed):
        await publications.create(session, **FREEA, now=NOW, by=editor_of(publication))
