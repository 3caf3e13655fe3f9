"""Somebody or something looked at an issue as it stands outside: is each promo block's label there?

A draft may be looked at too, before it is sent: that is kept as evidence, and nothing follows from it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import evidence, journal, labels
from promos.models import Delivery, Issue, Observation, Person, PromoBlock, PromoCode, Publication, StaffRole
from promos.parsing.lint import Report, lint
from promos.queries import contents
from promos.queries.contents import audience_of
from promos.queries.observations import of_blocks
from promos.rules.codes import normal
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.vocabulary import Severity, Verdict
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotFound, NothingToObserve

Label = Literal["there", "gone", "absent", "cannot_tell"]
Through = Literal["upload", "tool", "mailbox", "address"]
_NEEDED = {"LBL-1", "VIS-1"}


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to be seen in an issue."""

    issue_id: UUID
    audience: tuple[str, ...]
    on: date  # whose rules count
    blocks: tuple[tuple[UUID, UUID, str], ...]  # block, code, and how the code is spelled
    of_own_events: frozenset[UUID] = frozenset()  # blocks whose label names the owner


@dataclass(frozen=True, slots=True)
class Look:
    """`absent`: the block is not in it, so there was nothing to label. `failing`: checks of errors."""

    block_id: UUID
    code_id: UUID
    code: str
    label: Label
    failing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    looks: tuple[Look, ...]
    media_type: str
    input_hash: str  # SHA-256


async def expected(session: AsyncSession, issue_id: UUID, *, now: datetime, by: Actor) -> Expected:
    """Raises `NotFound`, and `NothingToObserve` where the issue has no promo block."""
    issue = await session.scalar(sa.select(Issue).where(Issue.id == issue_id, Issue.visible_to(by)))
    if issue is None:
        raise NotFound("issue")
    publication = await session.get_one(Publication, issue.publication_id)
    rows = (
        sa.select(PromoBlock.id, PromoCode.id, PromoCode.spelled)
        .join(PromoCode, PromoBlock.code_id == PromoCode.id)
        .where(PromoBlock.issue_id == issue.id, PromoBlock.removed_at.is_(None))
    )
    blocks = tuple((block, code, spelled) for block, code, spelled in await session.execute(rows.order_by("id")))
    if not blocks:
        raise NothingToObserve
    day = (issue.published_at or now).astimezone(ZoneInfo(publication.timezone)).date()
    placed = await contents.placed(session, issue_id=issue.id)
    own = frozenset(each.block.id for each in placed if each.is_own_event)
    return Expected(issue.id, tuple(audience_of(publication)), day, blocks, own)


def look(expected: Expected, content: str | bytes, media_type: str, rule_set: RuleSet) -> Seen:
    """Judge what stands outside. Takes as long as lint does: not in a transaction. Raises `Unreadable`."""
    codes = [spelled for _, _, spelled in expected.blocks]
    countries = [country for country in expected.audience if rule_set.country(country)]
    report = lint(content, media_type, rule_set, audience=countries, at=expected.on, codes=codes)
    of_own = report
    if expected.of_own_events:
        of_own = lint(content, media_type, rule_set.with_owners(), audience=countries, at=expected.on, codes=codes)
    text = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    looks = [
        Look(block, code, spelled, *_label(of_own if block in expected.of_own_events else report, spelled))
        for block, code, spelled in expected.blocks
    ]
    return Seen(tuple(looks), media_type, hashlib.sha256(text).hexdigest())


def worst(seen: Sequence[Seen]) -> Seen:
    """Of the parts of one mail, by block: a label that is gone from one of them is gone."""
    order = ("gone", "cannot_tell", "there", "absent")
    looks = [
        min(each, key=lambda look: order.index(look.label)) for each in zip(*(one.looks for one in seen), strict=True)
    ]
    whole = hashlib.sha256("".join(each.input_hash for each in seen).encode()).hexdigest()
    return Seen(tuple(looks), seen[0].media_type, seen[0].input_hash if len(seen) == 1 else whole)


async def record(
    session: AsyncSession,
    issue_id: UUID,
    seen: Seen,
    *,
    through: Through,
    grace: timedelta,
    is_sent: bool = True,
    now: datetime,
    by: Actor,
) -> Sequence[Observation]:
    """Keep what was seen, and let the codes follow that wait for their label; none of a draft, here or where it stands.

    A label that is gone pauses such a code when `grace` is over.
    """
    issue = await session.scalar(sa.select(Issue).where(Issue.id == issue_id, Issue.visible_to(by)))
    if issue is None:
        raise NotFound("issue")
    made: list[Observation] = []
    await evidence.lock(session, issue.publication_id)  # one look after the other: each is compared with the one before
    is_sent = is_sent and issue.state == "published"
    if is_sent:
        before = await of_blocks(session, [each.block_id for each in seen.looks])
        made = [_made(issue, each, seen, through, now) for each in seen.looks]
        session.add_all(made)
        await session.flush()
        for each in made:
            if each.label == "gone" and before.get(each.block_id) != "gone":
                await _tell(session, issue, each, now=now)
        await labels.follow(session, {each.code_id for each in seen.looks}, grace=grace, now=now, by=by)
    facts = {
        "issue": str(issue.id),
        "through": through,
        "media_type": seen.media_type,
        "input": seen.input_hash,
        "blocks": [
            {"block": str(each.block_id), "label": each.label, "failing": list(each.failing)} for each in seen.looks
        ],
    }
    verb = "issue.observed" if is_sent else "draft.observed"
    await journal.record(session, verb, issue.id, at=now, by=by, publication=issue.publication_id, facts=facts)
    await evidence.append(session, issue.publication_id, verb, facts, now=now, issue=issue.id)
    return made


async def _tell(session: AsyncSession, issue: Issue, missed: Observation, *, now: datetime) -> None:
    """A mail to each of the newsletter's editors and of the partner's own people."""
    partner = sa.select(PromoBlock.partner_id).where(PromoBlock.id == missed.block_id).scalar_subquery()
    of_partner = sa.and_(StaffRole.partner_id == partner, StaffRole.role.in_((Role.OWNER, Role.MEMBER)))
    rows = sa.select(Person.id, Person.language).where(
        sa.exists().where(
            StaffRole.person_id == Person.id, sa.or_(StaffRole.publication_id == issue.publication_id, of_partner)
        )
    )
    for person, language in (await session.execute(rows.order_by(Person.id))).all():
        mail = {"kind": "label_gone", "observation_id": missed.id, "person_id": person, "language": language}
        session.add(Delivery(**mail, due_at=now, created_at=now))
    await session.flush()


def _made(issue: Issue, each: Look, seen: Seen, through: str, now: datetime) -> Observation:
    return Observation(
        issue_id=issue.id,
        block_id=each.block_id,
        code_id=each.code_id,
        at=now,
        through=through,
        label=each.label,
        failing=list(each.failing),
        input_hash=seen.input_hash,
    )


def _label(report: Report, code: str) -> tuple[Label, tuple[str, ...]]:
    """Of the block with this code, in whichever part of a mail it fares worst."""
    found = [block.where for block in report.blocks if normal(block.code) == normal(code)]
    if not found:
        return "absent", ()
    findings = [each for each in report.findings if each.where in found]
    grave = {each.check for each in findings if each.verdict is Verdict.FAIL and _is_grave(each.severity)}
    failing = tuple(sorted(grave))
    if _NEEDED & grave:
        return "gone", failing
    is_there = any(each.check == "LBL-1" and each.verdict is Verdict.PASS for each in findings)
    return ("there" if is_there else "cannot_tell"), failing


def _is_grave(severity: Severity) -> bool:
    return severity in {Severity.BLOCK, Severity.ERROR}
