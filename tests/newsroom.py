"""Issues and promo blocks as rows, for tests that do not ask how they came about."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Issue, IssueCheck, PromoBlock, PromoCode, Publication
from tests.world import DAY, NOW, a_code, a_publication, add, an_offer

LINES = ("Bonjour,", "Une semaine calme.", "À bientôt !")


def segments_of(*lines: str) -> list[dict[str, str]]:
    return [
        {"id": f"s{number}", "kind": "paragraph", "text": line, "html": f"<p>{line}</p>"}
        for number, line in enumerate(lines, 1)
    ]


async def an_issue(session: AsyncSession, publication: Publication | None = None, *lines: str, **facts: Any) -> Issue:
    """A draft of `lines`, each a paragraph: s1, s2, …"""
    publication = publication or await a_publication(session)
    given = {
        "publication_id": publication.id,
        "number": "42",
        "title": "Une semaine calme",
        "language": publication.language,
        "planned_at": NOW + DAY,
        "segments": segments_of(*(lines or LINES)),
        "state": "draft",
        "content_hash": "",
        "created_at": NOW,
    }
    return await add(session, Issue(**given | facts))


async def a_placeable_code(
    session: AsyncSession, publication: Publication, spelled: str = "FREEAGENAI", **offer: Any
) -> PromoCode:
    """A code whose offer names `publication`."""
    return await a_code(session, await an_offer(session, publications=(publication,), **offer), spelled)


async def a_block(session: AsyncSession, issue: Issue, code: PromoCode, **facts: Any) -> PromoBlock:
    given = {
        "partner_id": code.partner_id,
        "issue_id": issue.id,
        "publication_id": issue.publication_id,
        "event_id": code.event_id,
        "offer_id": code.offer_id,
        "code_id": code.id,
        "heading": "GenerationAI, le 3 décembre à Paris",
        "body": "Une journée de **conférences** et d'ateliers.",
        "call_to_action": "Demander un accès",
        "after": None,
        "replaces": [],
        "created_at": NOW,
    }
    return await add(session, PromoBlock(**given | facts))


async def publish_as_it_is(session: AsyncSession, issue: Issue) -> None:
    """Published by rows alone, as if a check had passed."""
    check = IssueCheck(
        id=UUID(int=7),
        issue_id=issue.id,
        content_hash="judged",
        verdict="pass",
        findings=[],
        judged_on="2026-11-24",
        at=NOW,
    )
    session.add(check)
    await session.flush()
    issue.content_hash, issue.passed_check_id, issue.state, issue.published_at = "judged", check.id, "published", NOW
    await session.flush()
