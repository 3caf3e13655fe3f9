"""The checks, one function each: a block in, what is wrong with it out. What cannot be seen is not a pass."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from promos.rules.disclosure.checks import copies, evidence, labels, offers, places, readers, relationship, sight
from promos.rules.disclosure.checks.case import CANNOT_TELL, PASS, Answer, Case
from promos.rules.disclosure.checks.sight import contrast
from promos.rules.disclosure.findings import Finding, finding
from promos.rules.disclosure.label import entry_in
from promos.rules.disclosure.ruleset import Lexicon, RuleSet
from promos.rules.disclosure.subject import Form, Subject
from promos.rules.disclosure.vocabulary import Severity, Standing
from promos.rules.language import N_

__all__ = ["CHECKS", "check", "contrast"]

OF_BLOCKS: Mapping[str, Callable[[Case], Iterator[Answer]]] = {
    "REL-1": relationship.rel_1,
    "REL-2": relationship.rel_2,
    "REL-3": relationship.rel_3,
    "REL-4": relationship.rel_4,
    "REL-5": relationship.rel_5,
    "LBL-1": labels.lbl_1,
    "LBL-2": labels.lbl_2,
    "LBL-3": labels.lbl_3,
    "LBL-4": labels.lbl_4,
    "POS-1": places.pos_1,
    "POS-2": places.pos_2,
    "POS-3": places.pos_3,
    "POS-4": places.pos_4,
    "POS-5": places.pos_5,
    "VIS-1": sight.vis_1,
    "VIS-2": sight.vis_2,
    "VIS-3": sight.vis_3,
    "VIS-4": sight.vis_4,
    "ID-1": offers.id_1,
    "OFF-1": offers.off_1,
    "OFF-2": offers.off_2,
    "OFF-3": offers.off_3,
    "OFF-4": offers.off_4,
    "OFF-5": offers.off_5,
    "PAR-1": copies.par_1,
    "PAR-2": copies.par_2,
    "PAR-3": copies.par_3,
    "ESP-1": copies.esp_1,
    "DAT-3": readers.dat_3,
    "EVI-1": evidence.evi_1,
    "EVI-2": evidence.evi_2,
}
OF_FORMS: Mapping[str, Callable[[Form, Lexicon], Iterator[Answer]]] = {"DAT-1": readers.dat_1, "DAT-2": readers.dat_2}
CHECKS: Mapping[str, Callable[..., Iterator[Answer]]] = {**OF_BLOCKS, **OF_FORMS}

# What somebody's file does not hold, said once for all its blocks.
_DECLARED = N_("A file says nothing of what was declared.")
_KNOWN = N_("A file says nothing of what becomes of its code, what was approved, which tool sends it and who saw it.")
_ONE_FORM = N_("There is one form of the issue here, and none to compare it with.")
_NO_SUBJECT = N_("One advertiser's text, and the subject of the mail that it goes into is not here.")
_NOT_IN_A_FILE = {
    **dict.fromkeys(("REL-3", "REL-4"), _DECLARED),
    **dict.fromkeys(("OFF-4", "OFF-5", "PAR-2", "ESP-1", "EVI-1", "EVI-2"), _KNOWN),
}


def check(subject: Subject, rule_set: RuleSet, audience: Sequence[str], at: date) -> list[Finding]:
    """Every check of every block and form for these readers by the rules of day `at`; those that pass as well.

    A check that has nothing to do with a block says nothing. What a whole file cannot say is told once, with an empty
    `where`.
    """
    rule_set = rule_set.on(at)
    asked: list[tuple[str, Mapping[str, Any], bool, Iterator[Answer]]] = []
    for number, block in enumerate(subject.blocks):
        case = Case(subject, number, rule_set, audience)
        is_ours = block.facts is not None
        asked += [(name, block.where, is_ours, ask(case)) for name, ask in OF_BLOCKS.items()]
    for number, form in enumerate(subject.forms, 1):
        beside = subject.blocks[0].where if subject.blocks else {"form": number}
        asked += [(name, beside, False, ask(form, rule_set.lexicon)) for name, ask in OF_FORMS.items()]
    asked += [(name, {}, False, iter([(CANNOT_TELL, why, "", {})])) for name, why in _unsaid(subject).items()]
    found = []
    for name, where, is_ours, answers in asked:
        rule = rule_set.rule(name, audience, at)
        if rule is None:
            continue
        for verdict, why, fix, facts in answers:
            told = {"why": why, "fix": "" if verdict is PASS else fix, "facts": facts}
            found.append(finding(rule, verdict, where=where, is_ours=is_ours, **told))
    return [_by_standing(one, rule_set) for one in found]


def _unsaid(subject: Subject) -> dict[str, str]:
    """By check, why somebody's file as a whole cannot answer it."""
    if not subject.blocks or subject.is_ours:
        return {}
    unsaid = dict(_NOT_IN_A_FILE)
    if all(block.beside is None for block in subject.blocks):
        unsaid["PAR-1"] = _ONE_FORM
    if subject.title is None and subject.is_one_advertisers:
        unsaid["POS-5"] = _NO_SUBJECT
    return unsaid


def _by_standing(one: Finding, rule_set: RuleSet) -> Finding:
    """A label's failure rests on what is known of that label, so it weighs as much as that."""
    if "chosen" in one.facts:
        return replace(one, severity=Severity.WARN)
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
