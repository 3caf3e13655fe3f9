"""The checks, one function each: a block in, what is wrong with it out. What cannot be seen is not a pass."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from promos.rules.disclosure.declarations import Declaration
from promos.rules.disclosure.findings import Finding, finding
from promos.rules.disclosure.label import entries_in, entry_in, label_for, primary_language
from promos.rules.disclosure.lexicon import contains, folded, names_what_was_given, sentences, spans
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.solver import best_in
from promos.rules.disclosure.subject import BlockSubject, LabelLine, Subject, label_lines
from promos.rules.disclosure.vocabulary import RelationshipKind, Severity, Standing, Verdict
from promos.rules.language import N_

CONTRAST, LEAST_SIZE, NEAR = 4.5, 14.0, 80
DIFFERENT = {
    "kinds": N_("the relationship"),
    "benefits": N_("what was given"),
    "editorial_control": N_("who has a say over the text"),
    "obligation": N_("the duty to publish"),
    "contract": N_("whether there is a written contract"),
}

# What a check answers: verdict, why, fix, facts
Answer = tuple[Verdict, str, str, dict[str, str | tuple[str, ...]]]
PASS = Verdict.PASS
FAIL = Verdict.FAIL
CANNOT_TELL = Verdict.CANNOT_TELL


class Case:
    """One block with what all its checks look at."""

    def __init__(self, subject: Subject, block: BlockSubject, rule_set: RuleSet, audience: Sequence[str]) -> None:
        self.subject, self.block, self.rules, self.audience = subject, block, rule_set, audience
        self.lines = label_lines(rule_set, block)
        self.visible = [line for line in self.lines if not self._hides(line)]

    @property
    def label(self) -> LabelLine | None:
        """The first label that a reader sees; one that stands before the rest in the text."""
        return next((line for line in self.visible if not line.is_footnote), next(iter(self.visible), None))

    def _hides(self, line: LabelLine) -> bool:
        look = self.block.segments[line.at].look
        return look.hidden_by is not None or look.is_image


def check(subject: Subject, rule_set: RuleSet, audience: Sequence[str], at: date) -> list[Finding]:
    """Every check of every block for these readers by the rules of day `at`; those that pass as well."""
    rule_set = rule_set.on(at)
    found: list[Finding] = []
    for block in subject.blocks:
        case = Case(subject, block, rule_set, audience)
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


def rel_1(case: Case) -> Iterator[Answer]:
    facts = case.block.facts
    if facts is None:
        yield (CANNOT_TELL, N_("A file says nothing of what was agreed: who gave what to whom is not in it."), "", {})
    elif facts.partner is None or facts.editor is None:
        why = N_("The declaration of the %(who)s is missing: what was exchanged for this block is not known.")
        both = ((N_("partner"), facts.partner), (N_("editor"), facts.editor))
        whose = tuple(who for who, made in both if made is None)
        yield (FAIL, why, N_("Ask for it, or make it, on the page of the block."), {"who": whose})
    elif facts.differences:
        why = N_("Partner and editor declare different things: %(what)s.")
        fix = N_("Agree on what was exchanged, and let whoever was wrong declare anew.")
        yield (FAIL, why, fix, {"what": tuple(DIFFERENT[name] for name in facts.differences)})
    else:
        yield (PASS, N_("Partner and editor declare the same."), "", {})


def rel_2(case: Case) -> Iterator[Answer]:
    lexicon, block = case.rules.lexicon, case.block
    disclosure = [block.segments[at].text for at in dict.fromkeys(line.at for line in case.visible)]
    if block.facts is not None:
        disclosure = [block.text]
    unpaid = next((word for text in disclosure for word in lexicon.unpaid if contains(text, word)), None)
    if unpaid is None:
        yield (PASS, N_("Nothing in the disclosure denies that something was given."), "", {})
        return
    said = any(names_what_was_given(sentence, lexicon) for text in disclosure for sentence in sentences(text))
    declared = [made for made in (block.facts.partner, block.facts.editor) if made] if block.facts else []
    if any(made.is_paid for made in declared):
        why = N_("The block says “%(word)s”, and payment was declared.")
        yield (FAIL, why, N_("Say that the partner pays."), {"word": unpaid})
    elif len(declared) == 2 and not any(_gives(made) for made in declared):
        yield (PASS, N_("It says that nothing was given, and nothing was declared."), "", {})
    elif said:
        yield (PASS, N_("It says that no money moved, and what was given instead."), "", {})
    else:
        why = N_("“%(word)s” denies a payment and does not say what was given: passes are worth money too.")
        fix = N_("Say what was exchanged: “No payment; the organiser provides n passes for our readers.”")
        yield (FAIL, why, fix, {"word": unpaid})


def _gives(made: Declaration) -> bool:
    return bool(made.benefits) or RelationshipKind.PASSES_FOR_READERS in made.kinds


def lbl_1(case: Case) -> Iterator[Answer]:
    if case.visible:
        yield (PASS, N_("A label stands there: “%(label)s”."), "", {"label": case.visible[0].line})
    else:
        why = N_("No word tells readers that this is advertising.")
        fix = N_("Put a label first inside the block, such as “%(label)s”.")
        yield (FAIL, why, fix, {"label": _proposal(case)})


def lbl_2(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    entries = entries_in(case.rules, case.label.line)
    for country in case.audience:
        best = best_in(entries, country)
        entry = best.label if best else next(iter(entries), None)
        standing = best.known.standing if best else Standing.UNVERIFIED
        text = entry.text if entry else case.label.line
        facts: dict[str, str | tuple[str, ...]] = {"label": text, "country": country, "better": _proposal(case)}
        if standing in (Standing.MANDATED, Standing.ACCEPTED):
            yield (PASS, N_("“%(label)s” is accepted in %(country)s."), "", facts)
        elif standing is Standing.UNVERIFIED:
            why = N_("Nobody has verified that “%(label)s” is accepted in %(country)s.")
            yield (FAIL, why, N_("Where many readers live there, use a label of their language and law."), facts)
        else:
            why = N_("“%(label)s” does not do in %(country)s: it is unclear, or looks like hiding something.")
            yield (FAIL, why, N_("Write “%(better)s” instead."), facts)


def lbl_3(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    entry = entry_in(case.rules, case.label.line)
    if case.subject.language is None or entry is None:
        yield (CANNOT_TELL, N_("The language of the issue cannot be told."), N_("Say the language of the issue."), {})
    elif entry.language == primary_language(case.subject.language):
        yield (PASS, N_("The label is in the language of the issue."), "", {})
    else:
        why = N_("The label is not in the language of the issue.")
        yield (FAIL, why, N_("Write “%(label)s” instead."), {"label": _proposal(case)})


def lbl_4(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    if all(line.is_footnote for line in case.visible):
        why = N_("Only a footnote says it: a reader has to look up an asterisk to learn that this is advertising.")
        fix = N_("Put “%(label)s” before the heading, and take the asterisk away.")
        yield (FAIL, why, fix, {"label": _proposal(case)})
    else:
        yield (PASS, N_("The label does not hang on an asterisk."), "", {})


def pos_1(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    block = case.block
    first_link = next((at for at, segment in enumerate(block.segments) if segment.links), len(block.segments))
    met = min(at for at in (block.heading_at, block.code_at, first_link) if at is not None)
    if case.label.at < met or (case.label.at == met and case.label.is_first_line):
        yield (PASS, N_("The label comes before heading, link and code."), "", {})
    else:
        why = N_("The label comes after the heading or the code: a reader meets the advertising first.")
        yield (FAIL, why, N_("Put “%(label)s” before the heading."), {"label": _proposal(case)})


def pos_2(case: Case) -> Iterator[Answer]:
    if case.label is not None:
        yield (PASS, N_("The label stands inside the block."), "", {})


def pos_3(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    notes = {line.line for line in case.lines if line.is_footnote}
    text = "\n".join(line for line in case.block.text.split("\n") if line.strip() not in notes)
    found = re.search(rf"(?<!\w){re.escape(case.block.code)}(?!\w)", text)  # "Kiln" is no KILN
    start = len(folded(text[: found.start()])) if found else -1
    end = start + len(folded(case.block.code))
    words = {entry.text for line in case.visible if (entry := entry_in(case.rules, line.line))}
    at = [span for word in words for span in spans(text, word)]
    if start >= 0 and any(start - NEAR <= last and first <= end + NEAR for first, last in at):
        yield (PASS, N_("A label stands beside the code."), "", {})
    else:
        why = N_("No label stands beside the code: a reader may take the code before reading one.")
        yield (FAIL, why, N_("Write the label within 80 characters of the code too."), {})


def id_1(case: Case) -> Iterator[Answer]:
    block = case.block
    if block.facts is not None:
        is_named = block.facts.advertiser.casefold() in block.text.casefold()
    else:
        forms = "|".join(re.escape(form) for form in case.rules.lexicon.legal_forms)
        is_named = re.search(rf"(?:[A-ZÀ-Þ][\w&.’'-]{{0,40}},? )(?:{forms})(?![\w-])", block.text) is not None
    if is_named:
        yield (PASS, N_("The advertiser is named with legal form."), "", {})
    else:
        why = N_("On whose behalf this is advertised is not said: the registered name is missing.")
        yield (FAIL, why, N_("Name the organiser as registered, such as “Generation Events SAS”."), {})


def off_1(case: Case) -> Iterator[Answer]:
    text, lexicon = case.block.text, case.rules.lexicon
    things = "|".join(re.escape(thing) for thing in lexicon.things)
    counted = re.compile(rf"(?<![\w,.])\d[\d  ]{{0,8}}\s?(?:\w{{1,20}}\s){{0,3}}(?:{things})", re.IGNORECASE)
    lacking = {
        N_("how many"): counted.search(text) is None,
        N_("whether VAT is included"): not any(contains(text, word) for word in lexicon.vat),
        N_("until when"): not any(contains(text, word) for word in lexicon.deadline),
        N_("the conditions"): not any(contains(text, word) for word in lexicon.conditions),
    }
    missing = tuple(name for name, lacks in lacking.items() if lacks)
    if missing:
        why = N_("The offer does not say: %(missing)s.")
        fix = N_("Say how many, worth what with or without VAT, until when and on which conditions.")
        yield (FAIL, why, fix, {"missing": missing})
    else:
        yield (PASS, N_("The offer says how many, worth what, until when and on which conditions."), "", {})


def off_2(case: Case) -> Iterator[Answer]:
    lexicon, text = case.rules.lexicon, case.block.text
    things = "|".join(re.escape(thing) for thing in lexicon.things)
    vague = "|".join(re.escape(word) for word in lexicon.vague)
    found = re.search(rf"\b(?:{vague})\s(?:\w{{1,20}}\s){{0,2}}(?:{things})\b", text, re.IGNORECASE)
    if found:
        why = N_("“%(words)s”: whoever gives passes away knows how many.")
        yield (FAIL, why, N_("Say the number."), {"words": " ".join(found[0].split())})
    else:
        yield (PASS, N_("No number is left vague."), "", {})


def off_3(case: Case) -> Iterator[Answer]:
    things = "|".join(re.escape(folded(thing)) for thing in case.rules.lexicon.claimed)
    claim = re.compile(rf"(?<![\w.,])\d(?:[\s.,]?\d){{0,8}}\+?(?:\s[^\W\d_]{{1,20}}){{0,3}}?\s+(?:{things})(?!\w)")
    found = claim.search(folded(case.block.text))
    if found:
        why = N_("“%(words)s” is a claim, and nothing here says what it rests on.")
        yield (FAIL, why, N_("Keep the evidence, or leave the number out."), {"words": " ".join(found[0].split())})
    else:
        yield (PASS, N_("No number is claimed without evidence."), "", {})


def vis_1(case: Case) -> Iterator[Answer]:
    hidden = [line for line in case.lines if line not in case.visible]
    if hidden and not case.visible:
        look = case.block.segments[hidden[0].at].look
        why = N_("The label is there and nobody sees it (%(how)s).")
        fix = N_("Show it as text, in the size and colour of the text around it.")
        yield (FAIL, why, fix, {"how": look.hidden_by or (N_("in a picture only"),)})
    elif case.visible:
        yield (PASS, N_("Nothing hides the label."), "", {})


def vis_2(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    look = case.block.segments[case.label.at].look
    if look.color is None or look.background is None:
        yield (CANNOT_TELL, N_("The colours of the label are not in the source."), "", {})
        return
    ratio = contrast(look.color, look.background)
    facts: dict[str, str | tuple[str, ...]] = {"ratio": f"{ratio:.1f}"}
    if ratio < CONTRAST:
        why = N_("The label is too pale: its contrast is %(ratio)s : 1.")
        yield (FAIL, why, N_("Use 4.5 : 1 or more."), facts)
    else:
        yield (PASS, N_("The label's contrast is %(ratio)s : 1."), "", facts)


def vis_3(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    size = case.block.segments[case.label.at].look.font_size
    if size is None:
        yield (CANNOT_TELL, N_("The size of the label is not in the source."), "", {})
    elif size < LEAST_SIZE:
        why = N_("The label is small: %(size)s pixels.")
        yield (FAIL, why, N_("Use 14 pixels or more."), {"size": f"{size:.0f}"})
    else:
        yield (PASS, N_("The label is large enough."), "", {})


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb` (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _proposal(case: Case) -> str:
    """The label that Promos would write."""
    advertiser = case.block.facts.advertiser if case.block.facts else "…"
    return label_for(case.rules, case.audience, case.subject.language, advertiser).text


CHECKS: dict[str, Callable[[Case], Iterator[Answer]]] = {
    "REL-1": rel_1,
    "REL-2": rel_2,
    "LBL-1": lbl_1,
    "LBL-2": lbl_2,
    "LBL-3": lbl_3,
    "LBL-4": lbl_4,
    "POS-1": pos_1,
    "POS-2": pos_2,
    "POS-3": pos_3,
    "ID-1": id_1,
    "OFF-1": off_1,
    "OFF-2": off_2,
    "OFF-3": off_3,
    "VIS-1": vis_1,
    "VIS-2": vis_2,
    "VIS-3": vis_3,
}
