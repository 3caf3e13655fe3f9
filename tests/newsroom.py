"""Issues and promo blocks as rows, for tests that do not ask how they came about."""

from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

import promos
from promos.actions import declarations, disclosure, publishing
from promos.actions.disclosure import Checked, Surface
from promos.models import Issue, IssueCheck, PromoBlock, PromoCode, Publication
from promos.parsing.rules import read_rules
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.people import Actor
from promos.rules.refusals import DisclosureIncomplete
from tests.world import ADMIN, DAY, NOW, a_code, a_publication, add, an_offer

SHOP = {"base_url": "https://promos.example"}
PASSES: dict[str, Any] = {
    "kind": "pass",
    "received_by": "readers",
    "quantity": 20,
    "unit_value": "999.00",
    "currency": "EUR",
    "vat": "included",
    "vat_rate": "20",
}
EXCHANGE: dict[str, Any] = {
    "kinds": ["passes_for_readers"],
    "benefits": [PASSES],
    "editorial_control": "none",
    "obligation": "informal",
}
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


@cache
def rules() -> RuleSet:
    return read_rules(Path(promos.__file__).parent / "rules" / "disclosure" / "data")


async def check(session: AsyncSession, issue: Issue, by: Actor = ADMIN) -> Checked:
    return await disclosure.check(session, issue.id, rules(), **SHOP, now=NOW, by=by)


async def publish(session: AsyncSession, issue: Issue, by: Actor = ADMIN) -> Issue:
    return await publishing.publish(session, issue.id, rules(), **SHOP, now=NOW, by=by)


async def rendered(
    session: AsyncSession, issue: Issue, surface: Surface, *, for_sending: bool = False, by: Actor = ADMIN
) -> str:
    return await disclosure.rendered(
        session, issue.id, surface, rules(), **SHOP, for_sending=for_sending, now=NOW, by=by
    )


async def declare(session: AsyncSession, block: PromoBlock, *parties: str, **changed: Any) -> None:
    for party in parties or declarations.PARTIES:
        await declarations.declare(session, block.id, party, **EXCHANGE | changed, now=NOW, by=ADMIN)


async def a_ready_issue(session: AsyncSession, publication: Publication, code: PromoCode, **facts: Any) -> Issue:
    """With a block of ours, declared alike by both."""
    issue = await an_issue(session, publication, **facts)
    await declare(session, await a_block(session, issue, code, after="s2"))
    return issue


def stopped_by(refusal: DisclosureIncomplete) -> set[str]:
    return {found["check"] for found in refusal.findings}
