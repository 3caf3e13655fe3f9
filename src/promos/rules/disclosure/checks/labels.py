"""The words of the label."""

from collections.abc import Iterator

from promos.rules.disclosure.checks.case import CANNOT_TELL, FAIL, PASS, Answer, Case
from promos.rules.disclosure.label import entries_in, entry_in, primary_language
from promos.rules.disclosure.solver import best_in
from promos.rules.disclosure.vocabulary import Standing
from promos.rules.language import N_


def lbl_1(case: Case) -> Iterator[Answer]:
    if case.visible:
        yield (PASS, N_("A label stands there: “%(label)s”."), "", {"label": case.visible[0].line})
    else:
        why = N_("No word tells readers that this is advertising.")
        fix = N_("Put a label first inside the block, such as “%(label)s”.")
        yield (FAIL, why, fix, {"label": case.proposal})


def lbl_2(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    if case.block.facts is not None and case.block.facts.unused_label is not None:
        why = N_("“%(chosen)s” was chosen as the label and is not allowed here any more; “%(better)s” is written.")
        fix = N_("Choose another label on the page of the block, or leave it to Promos.")
        yield (FAIL, why, fix, {"chosen": case.block.facts.unused_label, "better": case.proposal})
    entries = entries_in(case.rules, case.label.line)
    for country in case.audience:
        best = best_in(entries, country)
        entry = best.label if best else next(iter(entries), None)
        standing = best.known.standing if best else Standing.UNVERIFIED
        text = entry.text if entry else case.label.line
        facts: dict[str, str | tuple[str, ...]] = {"label": text, "country": country, "better": case.proposal}
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
        yield (FAIL, why, N_("Write “%(label)s” instead."), {"label": case.proposal})


def lbl_4(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    if all(line.is_footnote for line in case.visible):
        why = N_("Only a footnote says it: a reader has to look up an asterisk to learn that this is advertising.")
        fix = N_("Put “%(label)s” before the heading, and take the asterisk away.")
        yield (FAIL, why, fix, {"label": case.proposal})
    else:
        yield (PASS, N_("The label does not hang on an asterisk."), "", {})
