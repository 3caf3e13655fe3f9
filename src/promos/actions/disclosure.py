"""What readers are told: an issue's content put together, judged and rendered."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import connections, evidence, issues, journal, overrides
from promos.models import Issue, IssueCheck, Observation, PromoBlock, Publication, new_id
from promos.parsing import survival
from promos.parsing.html import read_html
from promos.parsing.issues import TEXT, read_issue
from promos.queries import contents, exchanges, observations
from promos.queries.contents import Placed
from promos.rendering import blocks as drawn_block
from promos.rendering import issues as drawn_issue
from promos.rules.blocks import BlockContent, fingerprint
from promos.rules.disclosure import checks, declarations, subject
from promos.rules.disclosure.declarations import Benefit, Declaration
from promos.rules.disclosure.findings import Finding
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.subject import BlockSubject, Facts, Redeemable, Sending, Subject
from promos.rules.disclosure.vocabulary import EditorialControl, Obligation, Verdict
from promos.rules.issues import Segment
from promos.rules.people import Actor
from promos.rules.refusals import DisclosureIncomplete, LabelLost, NotFound

Surface = Literal["email_html", "email_text", "web"]
SURFACES: tuple[Surface, ...] = get_args(Surface)
BlockSurface = Literal["email_html", "email_text", "web", "markdown", "rich_paste", "mjml", "lexical"]

# A declaration that was made and is not to be looked into before the other one is there.
_SEALED = Declaration(frozenset(), (), EditorialControl.NONE, Obligation.NONE)


@dataclass(frozen=True, slots=True)
class Composed:
    """An issue from top to bottom, as its readers meet it."""

    issue: Issue
    publication: Publication
    parts: tuple[Segment | BlockContent, ...]
    placed: tuple[Placed, ...]
    now: datetime | None = None  # a draft goes out today or later, whatever was planned
    given: Mapping[exchanges.Goal, tuple[Benefit, ...]] = field(default_factory=dict)  # this year, by partner and event
    overridden: Mapping[overrides.Key, str] = field(default_factory=dict)  # the reasons for which errors may go out
    observed: Sequence[Observation] = ()
    told: Mapping[UUID, evidence.Told] = field(default_factory=dict)  # of a published issue, by block
    unused: Mapping[UUID, str] = field(default_factory=dict)  # labels that were chosen and are allowed no longer
    tool: subject.Tool | None = None  # in which the newsletter is written, where one is connected

    @property
    def content_hash(self) -> str:
        """SHA-256 over canonical JSON of all that checks judge; not of what is left, nor of where Promos is served."""
        judged = {
            "language": self.issue.language,
            "audience": self.publication.audience,
            "parts": [_judged(part) for part in self.parts],
            "blocks": {
                str(each.block.id): {
                    "version": each.block.version,
                    "quantity": each.quantity,
                    "declared": {party: declarations.told(said) for party, said in each.declared.items()},
                }
                for each in self.placed
            },
            "overridden": {" ".join(key): reason for key, reason in self.overridden.items()},
        }
        return hashlib.sha256(
            json.dumps(judged, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        ).hexdigest()

    @property
    def judged_on(self) -> date:
        """The day whose rules count, for its words too."""
        return contents.judged_on(self.issue, self.publication, self.now)

    def block(self, block_id: UUID) -> BlockContent:
        return next(part for part in self.parts if isinstance(part, BlockContent) and part.block_id == str(block_id))


@dataclass(frozen=True, slots=True)
class Checked:
    """`verdict` is pass where nothing stops the issue; the findings that pass are among `findings`."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    check_id: UUID
    content_hash: str
    judged_on: date


async def check(
    session: AsyncSession, issue_id: UUID, rule_set: RuleSet, *, base_url: str, now: datetime, by: Actor
) -> Checked:
    """Judge an issue by the rules of its own day, and keep what was found as evidence."""
    issue = await locked(session, issue_id, by)
    whole = await composed(session, issue, rule_set, base_url=base_url, now=now)
    checked = await store(session, whole, judged(whole, rule_set), now=now)
    if issue.state == "draft":
        issue.content_hash = checked.content_hash
    await journal.record(
        session,
        "issue.checked",
        issue.id,
        at=now,
        by=by,
        publication=issue.publication_id,
        facts={"check": str(checked.check_id), "verdict": str(checked.verdict)},
    )
    return checked


async def rendered(
    session: AsyncSession,
    issue_id: UUID,
    surface: Surface,
    rule_set: RuleSet,
    *,
    base_url: str,
    for_sending: bool,
    now: datetime,
    by: Actor,
) -> str:
    """The issue on one surface, labels inside; for sending only if it could be published (`DisclosureIncomplete`)."""
    issue = await _seen(session, issue_id, by)
    whole = await composed(session, issue, rule_set, base_url=base_url, now=now)
    if for_sending:
        passing(whole, rule_set)
    return drawn(whole, surface)


def drawn(whole: Composed, surface: Surface) -> str:
    if surface == "email_html":
        return drawn_issue.email_html(whole.parts, title=whole.issue.title, tag=whole.issue.language)
    if surface == "web":
        return drawn_issue.web(whole.parts, tag=whole.issue.language)
    return drawn_issue.email_text(whole.parts)


async def rendered_block(
    session: AsyncSession,
    block_id: UUID,
    surface: BlockSurface,
    rule_set: RuleSet,
    *,
    base_url: str,
    for_sending: bool,
    now: datetime,
    by: Actor,
) -> str:
    """One block, for its editors and its partner; for sending (its editors) only if its issue could be published."""
    this = sa.and_(PromoBlock.id == block_id, PromoBlock.removed_at.is_(None), PromoBlock.visible_to(by))
    block = await session.scalar(sa.select(PromoBlock).where(this))
    if block is None:
        raise NotFound("block")
    if for_sending:
        issue = await _seen(session, block.issue_id, by)
        whole = await composed(session, issue, rule_set, base_url=base_url, now=now)
        passing(whole, rule_set)
        return _kept(whole.block(block_id), surface, rule_set)
    return _drawn(await content_of(session, block, rule_set, base_url=base_url, now=now), surface)


async def content_of(
    session: AsyncSession, block: PromoBlock, rule_set: RuleSet, *, base_url: str, now: datetime | None = None
) -> BlockContent:
    """A block that stands in an issue, as words before any surface."""
    issue = await session.get_one(Issue, block.issue_id)
    if told := (await evidence.told(session, issue.id, base_url=base_url)).get(block.id):
        return told.content
    publication = await session.get_one(Publication, block.publication_id)
    (placed,) = await contents.placed(session, block_id=block.id)
    return contents.content(placed, publication, issue, rule_set, now=now, base_url=base_url)


async def composed(
    session: AsyncSession, issue: Issue, rule_set: RuleSet, *, base_url: str, now: datetime | None = None
) -> Composed:
    """The issue as it stands; once published, in the words that went out."""
    publication = await session.get_one(Publication, issue.publication_id)
    placed = await contents.placed(session, issue_id=issue.id)
    told = await evidence.told(session, issue.id, base_url=base_url)
    written = {
        each.block.id: told[each.block.id].content
        if each.block.id in told
        else contents.content(each, publication, issue, rule_set, now=now, base_url=base_url)
        for each in placed
    }
    order = contents.in_order(issues.segments_of(issue), [each.block for each in placed])
    parts = tuple(written[part.id] if isinstance(part, PromoBlock) else part for part in order)
    at = issue.published_at or now
    overridden = overrides.holding(await overrides.of_issue(session, issue.id), at) if at else {}
    when = at or issue.planned_at
    goals = [(each.block.partner_id, each.block.event_id) for each in placed]
    given = await exchanges.of_year(session, publication, when, goals) if goals else {}
    observed = await observations.of_issue(session, issue.id) if issue.published_at else ()
    unused = {
        each.block.id: said
        for each in placed
        if each.block.id not in told and (said := contents.unused_label(each, publication, issue, rule_set, now))
    }
    tool = await connections.tool_of(session, publication.id)
    return Composed(issue, publication, parts, tuple(placed), now, given, overridden, observed, told, unused, tool)


def judged(whole: Composed, rule_set: RuleSet) -> tuple[Finding, ...]:
    """Every check of every promo block, ours as its mail renders it, and those that the issue's own text holds.

    Plain text and web say the same from the same words; what fails there alone is told with its surface.
    """
    blocks: list[BlockSubject] = []
    others: list[BlockSubject] = []
    own: list[Segment] = []
    codes = [each.code.spelled for each in whole.placed]
    placed = {str(each.block.id): each for each in whole.placed}
    for part in (*whole.parts, None):
        if isinstance(part, Segment):
            own.append(part)
            continue
        blocks.extend(subject.found_in(rule_set, own, codes))
        own = []
        if part is not None:
            first, *rest = _as_rendered(part, placed[part.block_id], whole)
            blocks.append(first)
            others.extend(rest)
    asked = (rule_set, contents.audience_of(whole.publication), whole.judged_on)
    mail = drawn(whole, "email_html")
    blocks = [_in_its_place(each, mail) for each in blocks]
    whole_mail = Subject(tuple(blocks), whole.issue.language, is_styled=True, size=len(mail.encode()))
    findings = checks.check(whole_mail, *asked)
    known = {(found.check, found.where.get("block")) for found in findings if found.verdict is Verdict.FAIL}
    elsewhere = checks.check(Subject(tuple(others), whole.issue.language, is_styled=False), *asked)
    alone = [
        found
        for found in elsewhere
        if found.verdict is Verdict.FAIL and (found.check, found.where["block"]) not in known
    ]
    return overrides.applied([*findings, *alone], whole.overridden)


def _in_its_place(block: BlockSubject, mail: str) -> BlockSubject:
    """With how much of the mail's HTML stands before it: mail programs cut long mails off."""
    before, mark, _ = mail.partition(f'data-promo-block="{block.where.get("block", "")}"')
    return replace(block, offsets=(len(before.encode()),) * len(block.segments)) if mark else block


def without_overrides(whole: Composed) -> Composed:
    """The same issue, judged as if nobody had let anything pass."""
    return replace(whole, overridden={})


def stored_findings(row: IssueCheck) -> tuple[Finding, ...]:
    """The findings of a check that was made before; `told` says them in any language."""
    return msgspec.convert(row.findings, tuple[Finding, ...])


def told(findings: Iterable[Finding], gettext: Callable[[str], str] = str) -> list[dict[str, Any]]:
    """As the API writes them."""
    return [found.told(gettext) for found in findings]


def _as_rendered(content: BlockContent, placed: Placed, whole: Composed) -> Sequence[BlockSubject]:
    """A block of ours, read back from each of its surfaces as a mail program would read it; the styled mail first."""
    partner, editor = placed.declared.get("partner"), placed.declared.get("editor")
    both = partner is not None and editor is not None
    facts = Facts(
        partner=partner if both or partner is None else _SEALED,
        editor=editor if both or editor is None else _SEALED,
        differences=tuple(declarations.differences(partner, editor)) if partner and editor else (),
        advertiser=content.advertiser,
        quantity=placed.quantity,
        given_this_year=whole.given.get((placed.block.partner_id, placed.block.event_id)) if both else None,
        redeemable=_redeemable(placed, whole.told.get(placed.block.id)),
        halted=_halted(placed),
        content_hash=fingerprint(content),
        approved_hash=placed.block.approved_hash,
        tool=whole.tool,
        sending=_sending(placed.block.id, whole),
        unused_label=whole.unused.get(placed.block.id),
    )
    subjects = []
    for surface in SURFACES:
        text = _drawn(content, surface)
        segments = read_issue(text, TEXT).segments if surface == "email_text" else read_html(text)[0]
        where = (
            {"block": content.block_id} if surface == SURFACES[0] else {"block": content.block_id, "surface": surface}
        )
        subjects.append(subject.of_rendering(segments, content.code, content.heading, facts, where))
    return subjects


def _halted(placed: Placed) -> str:
    if placed.event.cancelled_at:
        return "cancelled"
    return "suspended" if placed.partner.suspended_at else ""


def _redeemable(placed: Placed, told: evidence.Told | None) -> Redeemable | None:
    """What a published code does today beside what readers were told; a draft tells what its code does."""
    if told is None:
        return None
    return Redeemable(told.until, placed.offer.ends_at, told.quantity, placed.quantity, placed.code.used)


def _sending(block_id: UUID, whole: Composed) -> Sending | None:
    if whole.issue.published_at is None or whole.now is None:
        return None
    looks = [each for each in whole.observed if each.block_id == block_id and each.label in {"there", "gone"}]
    seen = tuple(subject.Observation(each.at, is_labelled=each.label == "there") for each in looks)
    return Sending(whole.issue.published_at, whole.now, seen)


def _drawn(content: BlockContent, surface: BlockSurface) -> str:
    return drawn_block.SURFACES[surface](content)


def _kept(content: BlockContent, surface: BlockSurface, rule_set: RuleSet) -> str:
    """A rendering that keeps its label whatever is done to it; raises `LabelLost`."""
    drawn = _drawn(content, surface)
    cells = survival.matrix(content, {surface: drawn}, rule_set)
    if lost := next((each for each in cells if each.verdict == "lost"), None):
        raise LabelLost(surface, lost.transformation)
    return drawn


def passing(whole: Composed, rule_set: RuleSet) -> tuple[Finding, ...]:
    findings = judged(whole, rule_set)
    if stopping := [found for found in findings if found.stops]:
        raise DisclosureIncomplete(told(stopping))
    return findings


async def store(session: AsyncSession, whole: Composed, findings: tuple[Finding, ...], *, now: datetime) -> Checked:
    stopping = {found.verdict for found in findings if found.stops}
    verdict = Verdict.FAIL if Verdict.FAIL in stopping else Verdict.CANNOT_TELL if stopping else Verdict.PASS
    made = Checked(verdict, findings, new_id(), whole.content_hash, whole.judged_on)
    session.add(
        IssueCheck(
            id=made.check_id,
            issue_id=whole.issue.id,
            content_hash=made.content_hash,
            verdict=str(verdict),
            findings=msgspec.json.decode(msgspec.json.encode(findings)),
            judged_on=made.judged_on.isoformat(),
            at=now,
        )
    )
    await session.flush()
    return made


async def locked(session: AsyncSession, issue_id: UUID, by: Actor) -> Issue:
    rows = sa.select(Issue).where(Issue.id == issue_id, Issue.visible_to(by)).with_for_update(key_share=True)
    issue = await session.scalar(rows.execution_options(populate_existing=True))
    if issue is None:
        raise NotFound("issue")
    return issue


async def _seen(session: AsyncSession, issue_id: UUID, by: Actor) -> Issue:
    issue = await session.scalar(sa.select(Issue).where(Issue.id == issue_id, Issue.visible_to(by)))
    if issue is None:
        raise NotFound("issue")
    return issue


def _judged(part: Segment | BlockContent) -> dict[str, Any]:
    written: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(part))
    return {name: value for name, value in written.items() if name != "url"}
