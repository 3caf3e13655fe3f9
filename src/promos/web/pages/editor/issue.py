"""An issue on the editor's desk: its text with its promo blocks, what they lack, and the way to publishing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import disclosure, issues, publishing
from promos.actions.disclosure import Composed
from promos.models import Issue, IssueCheck, PromoBlock, PromoCode
from promos.queries import catalogue
from promos.rendering.language import Language
from promos.rules.disclosure import declarations
from promos.rules.disclosure.findings import Finding
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import DisclosureIncomplete
from promos.settings import Settings
from promos.web.given import Reads, Writes
from promos.web.pages.editor import seen
from promos.web.pages.editor.desk import READ, WRITE, issue_of
from promos.web.pages.editor.seen import Foreign, Ours, Part
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import Typed

STEPS = (N_("Text"), N_("Promo blocks"), N_("Declarations"), N_("Publish"))


@dataclass(frozen=True, slots=True)
class Next:
    """What to do now. `step` counts in `STEPS`; beyond the last one everything is done."""

    step: int
    tone: str
    text: str
    href: str = ""
    label: str = ""


@get("/editor/issues/{issue_id:uuid}", opt=READ)
async def issue_page(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    language, rules = language_of(request), rules_of(request)
    async with reads() as session:
        issue, publication = await issue_of(session, issue_id, actor)
        whole = await disclosure.composed(session, issue, rules, base_url=settings.base_url, now=now)
        findings = await findings_of(session, whole, rules)
        placeable = await catalogue.placeable(session, publication.id, actor)
        removed = await _removed(session, request.query_params.get("undo"), issue, actor)
    codes = {each.code.text for each in placeable}
    parts = seen.parts_of(whole, rules, findings, language)
    return page(
        request,
        "editor/issue.html",
        issue=issue,
        publication=publication,
        parts=parts,
        blocks=[part for part in parts if not part.is_text],
        verdict=seen.verdict_of(findings),
        next=None if issue.state == "published" else _next(issue, parts, codes, language),
        step_names=[language.gettext(step) for step in STEPS],
        placeable=codes,
        is_reviewed=all(each.reviewed_by for each in findings),
        removed=removed,
        judged_on=whole.judged_on,
    )


@post("/editor/issues/{issue_id:uuid}/publish", opt=WRITE)
async def publish(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> None:
        await publishing.publish(session, issue_id, rules_of(request), base_url=settings.base_url, now=now, by=actor)

    try:
        await writes.run(effect)
    except DisclosureIncomplete:
        return go(f"/editor/issues/{issue_id}", "not-published")
    return go(f"/editor/issues/{issue_id}", "published")


@post("/editor/issues/{issue_id:uuid}/recipients", opt=WRITE)
async def tell_recipients(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    recipients = typed.whole("recipients")
    typed.checked({}, {})

    async def effect(session: AsyncSession, now: datetime) -> None:
        await issues.tell_recipients(session, issue_id, recipients, now=now, by=actor)

    await writes.run(effect)
    return go(f"/editor/issues/{issue_id}", "saved")


def rules_of(request: Request[Any, Any, Any]) -> RuleSet:
    rules: RuleSet = request.app.state.rules
    return rules


async def findings_of(session: AsyncSession, whole: Composed, rule_set: RuleSet) -> Sequence[Finding]:
    """Of a draft as it is now; of a published issue those it went out with."""
    if whole.issue.state == "published":
        kept = await session.get_one(IssueCheck, whole.issue.passed_check_id)
        return disclosure.stored_findings(kept)
    return disclosure.judged(whole, rule_set)


async def _removed(session: AsyncSession, typed: str | None, issue: Issue, by: Actor) -> dict[str, str] | None:
    """The block that was just taken out, while it can still be put back."""
    try:
        block_id = UUID(typed or "")
    except ValueError:
        return None
    rows = (
        sa.select(PromoBlock.id, PromoCode.spelled)
        .join(PromoCode, PromoBlock.code_id == PromoCode.id)
        .where(PromoBlock.id == block_id, PromoBlock.issue_id == issue.id, PromoBlock.removed_at.is_not(None))
        .where(PromoBlock.edited_by(by))
    )
    found = (await session.execute(rows)).one_or_none()
    return {"id": str(found.id), "code": found.spelled} if found and issue.state == "draft" else None


def _next(issue: Issue, parts: Sequence[Part], placeable: Collection[str], language: Language) -> Next:
    """The first thing that stands between this draft and its readers."""
    speak = language.gettext
    ours = [part for part in parts if isinstance(part, Ours)]
    foreign = [part for part in parts if isinstance(part, Foreign)]
    lacking = next((part for part in foreign if any(each.stops for each in part.findings)), None)
    if lacking:
        text = N_(
            "A block with the code %(code)s stands in the text, and its disclosure is not complete. Mend the text."
        )
        href, label = f"#{lacking.anchor}", N_("Look at it")
        if placeable:
            text = N_(
                "A block with the code %(code)s stands in the text, and its disclosure is not complete. Replace it by "
                "ours, and label, advertiser and terms are written for you."
            )
            href, label = f"/editor/issues/{issue.id}/blocks/new?{lacking.query(placeable)}", N_("Replace it by ours")
        return Next(2, "bad", speak(text) % {"code": lacking.code}, href, speak(label))
    if not ours and not foreign:
        text = N_("No promo block stands here yet. Insert one where it belongs; without one there is nothing to label.")
        if not placeable:
            text = N_("No promo block stands here, and no offer names this newsletter yet: a partner makes it.")
        return Next(2, "wait", speak(text))
    for part in ours:
        if asked := _undeclared(part, language):
            return asked
    stopped = next((part for part in ours if any(each.stops for each in part.findings)), None)
    if stopped:
        text = speak(N_("Something in the block with the code %(code)s is to be mended first.")) % {
            "code": stopped.code
        }
        return Next(2, "bad", text, f"#{stopped.anchor}", speak(N_("Look at it")))
    return Next(4, "ok", speak(N_("Nothing stops this issue. Look at the previews once more, then publish.")))


def _undeclared(part: Ours, language: Language) -> Next | None:
    """What its declarations lack."""
    speak = language.gettext
    facts = {"code": part.code, "partner": part.placed.partner.name}
    said = part.placed.declared
    address = f"/editor/blocks/{part.placed.block.id}/declaration"
    if "editor" not in said:
        text = N_("Your declaration for %(code)s is missing: what was exchanged for the block?")
        return Next(3, "warn", speak(text) % facts, address, speak(N_("Declare")))
    if "partner" not in said:
        text = N_("%(partner)s has not declared yet what was exchanged for %(code)s. They see it on their desk.")
        return Next(3, "wait", speak(text) % facts, address, speak(N_("Look at your declaration")))
    if declarations.differences(said["partner"], said["editor"]):
        text = N_("You and %(partner)s declare different things for %(code)s. Whoever is wrong declares anew.")
        return Next(3, "warn", speak(text) % facts, address, speak(N_("Compare the declarations")))
    return None


HANDLERS: list[Any] = [issue_page, publish, tell_recipients]
