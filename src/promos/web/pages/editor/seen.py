"""An issue as its page shows it: its text from top to bottom, and what the checks say at each promo block."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from promos.actions import approvals
from promos.actions.approvals import Approval
from promos.actions.disclosure import Composed
from promos.queries.contents import Placed
from promos.rendering.language import Language
from promos.rules.blocks import BlockContent
from promos.rules.disclosure import subject
from promos.rules.disclosure.findings import Finding
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.vocabulary import Mark, Severity, Verdict
from promos.rules.issues import Segment
from promos.rules.language import N_

VERIFIED = {
    Mark.PRIMARY: N_("read in the text itself"),
    Mark.SECOND_HAND: N_("known second-hand, so it only warns"),
    Mark.KNOWN: N_("general knowledge, so it only warns"),
    Mark.OWN: N_("our own rule of prudence"),
}
BENEATH = {"email_text": N_("In plain text:"), "web": N_("On the web:")}
_ORDER = (Verdict.FAIL, Verdict.CANNOT_TELL, Verdict.PASS)


@dataclass(frozen=True, slots=True)
class Told:
    """A finding in the reader's language, as `parts/findings.html` takes it."""

    check: str
    severity: str
    verdict: str
    where: str
    why: str
    source: str
    fix: str
    stops: bool
    override: str = ""  # the reason for which it goes out nevertheless
    override_href: str = ""  # where one may ask for that


@dataclass(frozen=True, slots=True)
class Text:
    """One segment of the issue's own."""

    segment: Segment
    is_text = True

    @property
    def lines(self) -> list[str]:
        return [line.removeprefix("• ").strip() for line in self.segment.text.split("\n") if line.strip()]


@dataclass(frozen=True, slots=True)
class Foreign:
    """A promo block that somebody wrote into the text."""

    code: str
    heading: str | None
    texts: tuple[Text, ...]
    findings: tuple[Told, ...]
    is_text = False
    is_ours = False

    @property
    def anchor(self) -> str:
        return f"segment-{self.texts[0].segment.id}"

    def query(self, placeable: Collection[str]) -> str:
        """For the form of the block that takes its place; its code, where that can be placed."""
        code = self.code.replace("-", "").upper()
        chosen = f"&code={code}" if code in placeable else ""
        return f"replaces={','.join(text.segment.id for text in self.texts)}{chosen}"


@dataclass(frozen=True, slots=True)
class Ours:
    """A promo block that Promos renders."""

    placed: Placed
    content: BlockContent
    findings: tuple[Told, ...]
    is_text = False
    is_ours = True

    @property
    def approval(self) -> Approval:
        return approvals.of(self.placed.block, self.content)

    @property
    def code(self) -> str:
        return self.content.code

    @property
    def heading(self) -> str:
        return self.content.heading

    @property
    def anchor(self) -> str:
        return f"block-{self.placed.block.id}"


Part = Text | Foreign | Ours


def parts_of(whole: Composed, rule_set: RuleSet, findings: Sequence[Finding], language: Language) -> list[Part]:
    """The issue from top to bottom, each finding at the block it is about."""
    placed = {str(each.block.id): each for each in whole.placed}
    codes = [each.code.spelled for each in whole.placed]
    shown: list[Part] = []
    own: list[Segment] = []
    for part in (*whole.parts, None):
        if isinstance(part, Segment):
            own.append(part)
            continue
        shown += _own(own, rule_set, codes, findings, language)
        own = []
        if part is not None:
            about = [each for each in findings if each.where.get("block") == part.block_id]
            shown.append(
                Ours(
                    placed[part.block_id],
                    part,
                    told(about, language),
                )
            )
    return shown


def parts_of_file(
    segments: Sequence[Segment], rule_set: RuleSet, findings: Sequence[Finding], language: Language
) -> list[Part]:
    """Somebody's issue from top to bottom, each finding at the block it is about."""
    return _own(segments, rule_set, (), findings, language)


def told(findings: Iterable[Finding], language: Language) -> tuple[Told, ...]:
    """In words, what stops the issue first."""
    graver = sorted(
        findings, key=lambda each: (not each.stops, _ORDER.index(each.verdict), list(Severity).index(each.severity))
    )
    return tuple(_told(each, language) for each in graver)


def verdict_of(findings: Iterable[Finding]) -> str:
    """Fail where something stops the issue, else cannot tell where something that matters could not be seen."""
    found = list(findings)
    if any(each.stops for each in found):
        return str(Verdict.FAIL)
    unseen = [each for each in found if each.verdict is Verdict.CANNOT_TELL and each.severity in _WEIGHTY]
    return str(Verdict.CANNOT_TELL if unseen else Verdict.PASS)


_WEIGHTY = (Severity.BLOCK, Severity.ERROR)


def _own(
    segments: Sequence[Segment],
    rule_set: RuleSet,
    codes: Sequence[str],
    findings: Sequence[Finding],
    language: Language,
) -> list[Part]:
    """A stretch of the issue's own text, with the blocks that stand in it framed."""
    shown: list[Part] = []
    done = 0
    order = [segment.id for segment in segments]
    for block in subject.found_in(rule_set, segments, codes):
        first = order.index(block.segments[0].id)
        shown += [Text(segment) for segment in segments[done:first]]
        done = first + len(block.segments)
        heading = block.segments[block.heading_at].text if block.heading_at is not None else None
        about = [each for each in findings if each.where == block.where]
        texts = tuple(Text(segment) for segment in block.segments)
        shown.append(Foreign(block.code, heading, texts, told(about, language)))
    return [*shown, *(Text(segment) for segment in segments[done:])]


def _told(finding: Finding, language: Language) -> Told:
    speak = language.gettext
    words = finding.told(speak)
    surface = BENEATH.get(str(finding.where.get("surface")))
    source = words["source"]
    text = ", ".join(part for part in (source["instrument"], source["article"]) if part)
    return Told(
        check=words["check"],
        severity=words["severity"],
        verdict=words["verdict"],
        where="",
        why=f"{speak(surface)} {words['why']}" if surface else words["why"],
        source=f"{text} ({speak(VERIFIED[finding.source.mark])})",
        fix=words["fix"],
        stops=finding.stops,
        override=finding.override,
        override_href=_override(finding),
    )


def _override(finding: Finding) -> str:
    block = finding.where.get("block")
    may = block and (finding.may_be_overridden or finding.override)
    return f"/editor/blocks/{block}/override/{finding.check}" if may else ""
