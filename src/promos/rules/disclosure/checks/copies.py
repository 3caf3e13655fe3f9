"""Whether every copy of the block is the same block with the same label: in each form, in each tool, to its end."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from promos.rules.disclosure.checks.case import CANNOT_TELL, FAIL, PASS, Answer, Case, first_seen, seen_in
from promos.rules.disclosure.label import entries_in
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.subject import BlockSubject
from promos.rules.issues import Segment
from promos.rules.language import N_

CLIPPED_AT = 100_000  # bytes of HTML; Gmail shows 102 KB of a mail


def par_1(case: Case) -> Iterator[Answer]:
    if case.block.beside is None:
        return
    own = _label_of(case.rules, case.block)
    others = {name: _label_of(case.rules, _in(case.block, form)) for name, form in case.block.beside.items()}
    if not own and not any(others.values()):
        return
    other = next((name for name, said in others.items() if said != own), None)
    if other is None:
        yield (PASS, N_("Every form of the block has the same label."), "", {})
    elif own and others[other]:
        why = N_("The label is “%(one)s” in one form of the block, and “%(other)s” in another (%(form)s).")
        facts = {"one": " / ".join(own), "other": " / ".join(others[other]), "form": other}
        yield (FAIL, why, N_("Write the same label everywhere."), {**facts})
    else:
        why = N_("One form of the block has a label, and another has none (%(form)s).")
        yield (FAIL, why, N_("Write “%(label)s” into both."), {"form": other, "label": case.proposal})


def _in(block: BlockSubject, form: Sequence[Segment]) -> BlockSubject:
    return replace(block, segments=tuple(form), heading_at=None)


def _label_of(rules: RuleSet, block: BlockSubject) -> tuple[str, ...]:
    line = first_seen(seen_in(rules, block))
    return tuple(entry.text for entry in entries_in(rules, line.line)) if line else ()


def par_2(case: Case) -> Iterator[Answer]:
    facts = case.block.facts
    if facts is None or facts.content_hash is None or facts.approved_hash is None:
        return
    if facts.content_hash == facts.approved_hash:
        yield (PASS, N_("The block is as the partner approved it."), "", {})
    else:
        why = N_("The block is not as the partner approved it.")
        yield (FAIL, why, N_("Let the partner read it again, or write what was approved."), {})


def par_3(case: Case) -> Iterator[Answer]:
    size = case.subject.size
    if size is None or case.label is None:
        return
    if size <= CLIPPED_AT:
        yield (PASS, N_("The mail is short enough to be shown whole."), "", {})
        return
    offset = case.block.offsets[case.label.at] if case.block.offsets else None
    facts: dict[str, str | tuple[str, ...]] = {"size": f"{(offset or 0) / 1000:.0f}"}
    if offset is None:
        why = N_("The mail is longer than what mail programs show, and where in it the label stands cannot be told.")
        yield (CANNOT_TELL, why, "", {})
    elif offset > CLIPPED_AT:
        why = N_("The label stands behind %(size)s KB of HTML, and mail programs cut a mail off at 102 KB.")
        yield (FAIL, why, N_("Shorten what stands before it, or move the block up."), facts)
    else:
        yield (PASS, N_("The label stands where no mail program cuts it off."), "", facts)


def esp_1(case: Case) -> Iterator[Answer]:
    tool = case.block.facts.tool if case.block.facts else None
    if tool is None:
        return
    if tool.losses:
        why = N_("%(tool)s can lose the label: %(how)s.")
        fix = N_("Look at the mail as the tool sends it, or write the label into the issue's own text.")
        yield (FAIL, why, fix, {"tool": tool.name, "how": tuple(map(str, tool.losses))})
    else:
        yield (PASS, N_("%(tool)s keeps the label."), "", {"tool": tool.name})
