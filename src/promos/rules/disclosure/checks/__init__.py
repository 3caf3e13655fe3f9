"""The checks, one function each: a block in, what is wrong with it out. What cannot be seen is not a pass."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from promos.rules.disclosure.checks import labels, offers, places, relationship, sight
from promos.rules.disclosure.checks.case import PASS, Answer, Case
from promos.rules.disclosure.checks.sight import contrast
from promos.rules.disclosure.findings import Finding, finding
from promos.rules.disclosure.label import entry_in
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.subject import Subject
from promos.rules.disclosure.vocabulary import Severity, Standing

__all__ = ["CHECKS", "check", "contrast"]

CHECKS: dict[str, Callable[[Case], Iterator[Answer]]] = {
    "REL-1": relationship.rel_1,
    "REL-2": relationship.rel_2,
    "LBL-1": labels.lbl_1,
    "LBL-2": labels.lbl_2,
    "LBL-3": labels.lbl_3,
    "LBL-4": labels.lbl_4,
    "POS-1": places.pos_1,
    "POS-2": places.pos_2,
    "POS-3": places.pos_3,
    "ID-1": offers.id_1,
    "OFF-1": offers.off_1,
    "OFF-2": offers.off_2,
    "OFF-3": offers.off_3,
    "VIS-1": sight.vis_1,
    "VIS-2": sight.vis_2,
    "VIS-3": sight.vis_3,
}


def check(subject: Subject, rule_set: RuleSet, audience: Sequence[str], at: date) -> list[Finding]:
    """Every check of every block for these readers by the rules of day `at`; those that pass as well."""
    rule_set = rule_set.on(at)
    found: list[Finding] = []
    for number, block in enumerate(subject.blocks):
        case = Case(subject, number, rule_set, audience)
        for name, ask in CHECKS.items():
            rule = rule_set.rule(name, audience, at)
            if rule is None:
                continue
            for verdict, why, fix, facts in ask(case):
                found.append(
                    finding(
                        rule,
                        verdict,
                        where=block.where,
                        why=why,
                        fix=fix if verdict is not PASS else "",
                        facts=facts,
                        is_ours=block.facts is not None,
                    )
                )
    return [_by_standing(one, rule_set) for one in found]


def _by_standing(one: Finding, rule_set: RuleSet) -> Finding:
    """A label's failure rests on what is known of that label, so it weighs as much as that."""
    label, country = one.facts.get("label"), one.facts.get("country")
    if one.check != "LBL-2" or one.verdict is PASS or not isinstance(label, str) or not isinstance(country, str):
        return one
    entry = entry_in(rule_set, label)
    known = entry.known.get(country) if entry else None
    if known is None:
        return replace(one, severity=Severity.WARN)
    is_grave = known.standing is Standing.REJECTED and not known.source.is_second_hand
    severity = Severity.ERROR if is_grave else Severity.WARN
    return replace(one, severity=severity, source=known.source, reviewed_by=known.reviewed_by)
