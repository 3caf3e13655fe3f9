"""A newsletter issue as a file, ours or not, judged by the same rules as one in Promos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath
from typing import Any

from promos.parsing import Unreadable
from promos.parsing.forms import read_forms
from promos.parsing.issues import HTML, MAIL, MARKDOWN, TEXT, Parsed, read_issue
from promos.parsing.places import byte_offsets, lines, positions
from promos.rules.disclosure.checks import check
from promos.rules.disclosure.findings import Finding, verdict_of
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.subject import BlockSubject, Subject, found_in, label_lines, of_file
from promos.rules.disclosure.vocabulary import Severity, Verdict
from promos.rules.issues import Look, Segment

_TYPES = {
    ".txt": TEXT,
    ".text": TEXT,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".eml": MAIL,
}
# How a browser sees some of the lines of HTML, by their indexes; those that it does not find are left out.
Measure = Callable[[str, Sequence[str], Sequence[int]], Mapping[int, Look]]
_MOST_BLOCKS = 100  # more are no newsletter
_SIGNS = {Verdict.PASS: "ok", Verdict.FAIL: "FAIL", Verdict.CANNOT_TELL: "?"}


@dataclass(frozen=True, slots=True)
class Report:
    language: str | None
    audience: tuple[str, ...]
    at: date
    blocks: tuple[BlockSubject, ...]
    findings: tuple[Finding, ...]
    unmeasured: tuple[str, ...] = ()  # labels that a browser was to look at and did not find

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.findings)

    @property
    def has_errors(self) -> bool:
        return self.verdict is Verdict.FAIL

    def as_json(self, gettext: Callable[[str], str]) -> dict[str, Any]:
        return {
            "verdict": str(self.verdict),
            "language": self.language,
            "audience": list(self.audience),
            "date": self.at.isoformat(),
            "blocks": [
                {
                    "code": block.code,
                    "heading": block.segments[block.heading_at].text if block.heading_at is not None else None,
                    "segments": [segment.id for segment in block.segments],
                    "lines": [block.segments[0].line, block.segments[-1].line],
                }
                for block in self.blocks
            ],
            "findings": [finding.told(gettext) for finding in self.findings],
        }

    def as_text(self, gettext: Callable[[str], str]) -> list[str]:
        """For a terminal: one block after the other, the graver findings first."""
        if not self.blocks:
            return [gettext("No promo block found.")]
        lines = []
        for block in self.blocks:
            known = next((segment.line for segment in block.segments if segment.line), None)
            line = f":{known}" if known else ""
            part = f" ({block.where['part']})" if "part" in block.where else ""
            lines += ["", f"{block.code}{line}{part}"]
            mine = [finding for finding in self.findings if finding.where == block.where]
            order = {Verdict.FAIL: 0, Verdict.CANNOT_TELL: 1, Verdict.PASS: 2}
            for one in sorted(mine, key=lambda each: (order[each.verdict], list(Severity).index(each.severity))):
                told = one.told(gettext)
                lines.append(f"  {_SIGNS[one.verdict]:4} {one.severity:5} {one.check:6} {told['why']}")
                if told["fix"]:
                    lines.append(f"{'':18}→ {told['fix']}")
                if one.verdict is Verdict.FAIL:
                    source = told["source"]
                    lines.append(f"{'':18}  {source['instrument']}, {source['article']} [{source['mark']}]")
        whole: dict[str, list[str]] = {}
        for one in self.findings:
            if not one.where:
                whole.setdefault(one.told(gettext)["why"], []).append(one.check)
        lines += ["", *(f"  ?    {', '.join(checks)}: {why}" for why, checks in whole.items())] if whole else []
        return [*lines[1:], "", f"{self.verdict} ({', '.join(self.audience)}, {self.at.isoformat()})"]


def lint(
    content: str | bytes,
    media_type: str,
    rule_set: RuleSet,
    *,
    audience: Sequence[str] | None,
    at: date,
    codes: Sequence[str] = (),
    measure: Measure | None = None,
) -> Report:
    """Judge each promo block of an issue by the rules of day `at`, for readers in `audience`.

    Without an audience: the main country of the issue's language. `codes`: that are known to open an offer.
    `measure`: looks at the labels of HTML as well. Raises `Unreadable`, what `measure` raises, and `ValueError` for a
    country that the rules do not know.
    """
    parsed = read_issue(content, media_type, keeps_markup=False)
    countries = [rule_set.country(typed) for typed in audience or [rule_set.home_of(parsed.language)]]
    known = tuple(dict.fromkeys(country for country in countries if country))
    if None in countries:
        raise ValueError(f"the rules know {', '.join(rule_set.countries)}")
    subject = _subject(parsed, rule_set, codes)
    unmeasured: tuple[str, ...] = ()
    if measure and parsed.source:
        subject, unmeasured = _measured(subject, parsed.source, rule_set.on(at), measure)
    blocks, findings = list(subject.blocks), check(subject, rule_set, known, at)
    if parsed.text_part is not None and parsed.text_part != parsed.segments:
        of_html = Report(parsed.language, known, at, tuple(blocks), tuple(findings))
        more, failing = _in_the_text_part(parsed.text_part, of_html, rule_set)
        blocks, findings = blocks + more, findings + failing
    return Report(parsed.language, known, at, tuple(blocks), tuple(findings), unmeasured)


def _measured(subject: Subject, html: str, rule_set: RuleSet, measure: Measure) -> tuple[Subject, tuple[str, ...]]:
    """The labels with what a browser sees of them too, and those that it did not find.

    What the source hides stays hidden and is not looked at: some mail program hides it, whatever this browser does.
    """
    lines: list[str] = []
    first: dict[str, int] = {}
    for segment in subject.segments:
        first[segment.id] = len(lines)
        lines += [""] if segment.look.is_image else [line.strip() for line in segment.text.split("\n")]
    places: list[dict[int, list[int]]] = []  # for each block, by segment, where in `lines` its labels stand
    for block in subject.blocks:
        places.append({})
        for label in label_lines(rule_set, block):
            segment = block.segments[label.at]
            if segment.look.hidden_by is None and not segment.look.is_image:
                place = lines.index(label.line, first[segment.id])
                places[-1].setdefault(label.at, []).append(place)
    wanted = sorted({place for own in places for each in own.values() for place in each})
    looks = measure(html, lines, wanted)
    blocks = []
    for block, own in zip(subject.blocks, places, strict=True):
        segments = list(block.segments)
        for at, each in own.items():
            seen = [looks[place] for place in each if place in looks]
            if seen:
                best = next((look for look in seen if look.hidden_by is None), seen[0])
                segments[at] = replace(segments[at], look=_both(segments[at].look, best))
        blocks.append(replace(block, segments=tuple(segments)))
    return replace(subject, blocks=tuple(blocks)), tuple(lines[place] for place in wanted if place not in looks)


def _both(said: Look, seen: Look) -> Look:
    """What is measured, where it is; a pair of colours is taken whole or not at all."""
    is_seen = seen.color is not None and seen.background is not None
    return replace(
        said,
        hidden_by=seen.hidden_by,
        font_size=said.font_size if seen.font_size is None else seen.font_size,
        color=seen.color if is_seen else said.color,
        background=seen.background if is_seen else said.background,
    )


def _subject(parsed: Parsed, rule_set: RuleSet, codes: Sequence[str]) -> Subject:
    """The file with all that it says of itself: its forms, its subject, where in the HTML each segment begins."""
    html = parsed.source
    found = of_file(rule_set, parsed.segments, parsed.language, is_styled=bool(html), codes=codes)
    if len(found.blocks) > _MOST_BLOCKS:
        raise Unreadable(f"more than {_MOST_BLOCKS} promo blocks")
    blocks = list(found.blocks)
    if html and blocks:
        ids = [each.id for each in parsed.segments]
        ids = ids[: ids.index(blocks[-1].segments[-1].id) + 1]
        places = positions(html, parsed.segments[: len(ids)])
        offset = dict(zip(ids, byte_offsets(html, places), strict=True))
        line = dict(zip(ids, lines(html, places), strict=True)) if parsed.media_type == HTML else {}
        blocks = [
            replace(
                block,
                segments=tuple(replace(each, line=line.get(each.id)) for each in block.segments),
                offsets=tuple(offset[each.id] for each in block.segments),
            )
            for block in blocks
        ]
    if html and parsed.text_part is not None:
        plain: dict[str, list[Segment]] = {}
        for other in found_in(rule_set, parsed.text_part):
            plain.setdefault(other.code, []).extend(other.segments)
        blocks = [replace(each, beside=_beside(plain.get(each.code))) for each in blocks]
    return replace(
        found,
        blocks=tuple(blocks),
        title=parsed.title,
        forms=tuple(read_forms(html)),
        size=len(html.encode("utf-8", "replace")) if html else None,
    )


def _beside(plain: Sequence[Segment] | None) -> dict[str, tuple[Segment, ...]]:
    """A plain part that leaves the block out has nothing to label."""
    return {TEXT: tuple(plain)} if plain else {}


def _in_the_text_part(
    segments: Sequence[Segment], of_html: Report, rule_set: RuleSet
) -> tuple[list[BlockSubject], list[Finding]]:
    """Some read a mail's plain part instead of its HTML: the blocks where something fails there alone, and what."""
    numbered = [replace(segment, id=f"t{number}") for number, segment in enumerate(segments, 1)]
    subject = of_file(rule_set, numbered, of_html.language, is_styled=False)
    known = {
        (block.code, one.check)
        for block in of_html.blocks
        for one in of_html.findings
        if one.where == block.where and one.verdict is Verdict.FAIL
    }
    blocks: list[BlockSubject] = []
    findings: list[Finding] = []
    for block in subject.blocks[:_MOST_BLOCKS]:
        placed = replace(block, where={**block.where, "part": TEXT})
        failing = [
            one
            for one in check(replace(subject, blocks=(placed,)), rule_set, of_html.audience, of_html.at)
            if one.verdict is Verdict.FAIL and (block.code, one.check) not in known
        ]
        if failing:
            blocks.append(placed)
            findings += failing
    return blocks, findings


def media_type_of(name: str) -> str:
    """By the ending of the name; raises `Unreadable` for one that is none of ours."""
    try:
        return _TYPES[PurePath(name).suffix.lower()]
    except KeyError:
        raise Unreadable(f"one of {', '.join(_TYPES)} is needed") from None
