"""An issue goes out: what its readers are told is judged once more, frozen, and kept as evidence."""

import hashlib
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import disclosure, evidence, journal
from promos.actions.disclosure import SURFACES, Checked, Composed
from promos.models import Issue
from promos.queries.contents import Placed
from promos.queries.disclosures import Correction, corrections
from promos.rendering import blocks
from promos.rules import evidence as rules
from promos.rules.blocks import BlockContent
from promos.rules.disclosure import declarations
from promos.rules.disclosure.findings import Finding
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.vocabulary import Verdict
from promos.rules.people import Actor
from promos.rules.refusals import IssueNotPublished
from promos.rules.texts import paragraph, up_to

CORRECTION = 2000  # characters


async def publish(
    session: AsyncSession, issue_id: UUID, rule_set: RuleSet, *, base_url: str, now: datetime, by: Actor
) -> Issue:
    """Publish what passes its checks as it is at this moment; a published issue is the answer to asking again.

    Raises `DisclosureIncomplete` with what stops it. The database refuses by itself what no check has passed.
    """
    issue = await disclosure.locked(session, issue_id, by)
    if issue.state == "published":
        return issue
    whole = await disclosure.composed(session, issue, rule_set, base_url=base_url, now=now)
    checked = await disclosure.store(session, whole, disclosure.passing(whole, rule_set), now=now)
    issue.content_hash = checked.content_hash
    issue.passed_check_id = checked.check_id
    issue.state = "published"
    issue.published_at = now
    issue.look_at = now if issue.draft_id else None
    await session.flush()
    facts = {"check": str(checked.check_id), "content_hash": checked.content_hash}
    await journal.record(
        session, "issue.published", issue.id, at=now, by=by, publication=issue.publication_id, facts=facts
    )
    for each in whole.placed:
        await journal.record(
            session,
            "block.published",
            each.block.id,
            at=now,
            by=by,
            partner=each.block.partner_id,
            publication=issue.publication_id,
            event=each.block.event_id,
            facts={"issue": str(issue.id), "version": each.block.version},
        )
    await evidence.append(
        session, issue.publication_id, "issue.published", _facts(whole, checked, rule_set), now=now, issue=issue.id
    )
    return issue


async def correct(session: AsyncSession, issue_id: UUID, text: str, *, now: datetime, by: Actor) -> Correction:
    """Say publicly, and for good, what was wrong in a published issue; what went out stays as it was.

    The same words again are the same correction. Raises `NotFound`, `InvalidRequest` and `IssueNotPublished`.
    """
    issue = await disclosure.locked(session, issue_id, by)
    if issue.state != "published":
        raise IssueNotPublished
    said = up_to(CORRECTION, paragraph)(text, "text")
    known = await corrections(session, [issue.id])
    if before := next((each for each in known.get(issue.id, ()) if each.text == said), None):
        return before
    facts = {"issue": str(issue.id), "text": said}
    publication = issue.publication_id
    await journal.record(session, "issue.corrected", issue.id, at=now, by=by, publication=publication)
    await evidence.append(session, publication, "issue.corrected", facts, now=now, issue=issue.id)
    return Correction(now, said)


def _facts(whole: Composed, checked: Checked, rule_set: RuleSet) -> dict[str, Any]:
    """All that readers were told, what was exchanged for it as both sides declared, and what the rules said."""
    return {
        "issue": str(whole.issue.id),
        "number": whole.issue.number,
        "title": whole.issue.title,
        "language": whole.issue.language,
        "check": str(checked.check_id),
        "content_hash": checked.content_hash,
        "judged_on": checked.judged_on.isoformat(),
        "rules": rule_set.version,
        "failing": [_failing(each) for each in checked.findings if each.verdict is Verdict.FAIL],
        "renderings": {surface: _hash(disclosure.drawn(whole, surface)) for surface in SURFACES},
        "blocks": [_block(each, whole.block(each.block.id)) for each in whole.placed],
    }


def _block(placed: Placed, content: BlockContent) -> dict[str, Any]:
    told = {field.name: getattr(content, field.name) for field in fields(content) if field.name != "url"}
    return {
        "block": str(placed.block.id),
        "version": placed.block.version,
        "partner": str(placed.partner.id),
        "event": {"id": str(placed.event.id), "name": placed.event.name, "url": placed.event.url},
        "quantity": placed.quantity,
        "until": rules.instant(placed.offer.ends_at),
        "told": {**told, "terms": list(content.terms)},
        "exchanged": declarations.told(placed.agreed) if placed.agreed else None,
        "renderings": {surface: _hash(blocks.SURFACES[surface](content)) for surface in SURFACES},
    }


def _failing(found: Finding) -> dict[str, Any]:
    return {
        "check": found.check,
        "severity": str(found.severity),
        "block": found.where.get("block"),
        "is_overridden": found.override is not None,
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
