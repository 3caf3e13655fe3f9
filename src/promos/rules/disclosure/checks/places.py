"""Where the label stands."""

import re
from collections.abc import Iterator

from promos.rules.disclosure.checks.case import FAIL, PASS, Answer, Case, seen_in
from promos.rules.disclosure.label import entry_in
from promos.rules.disclosure.lexicon import folded, spans
from promos.rules.language import N_

NEAR = 80  # characters between label and code
FAR = 150  # words after a label


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
        yield (FAIL, why, N_("Put “%(label)s” before the heading."), {"label": case.proposal})


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


def pos_4(case: Case) -> Iterator[Answer]:
    if case.label is None:
        earlier = [block for block in case.subject.blocks[: case.number] if any(seen_in(case.rules, block))]
        if earlier:
            why = N_("An earlier promo block has a label and this one has none: each needs its own.")
            yield (FAIL, why, N_("Write “%(label)s” into this block too."), {"label": case.proposal})
        return
    text = case.block.text
    words = {entry.text for line in case.visible if (entry := entry_in(case.rules, line.line))}
    last = max((end for word in words for _, end in spans(text, word)), default=0)
    after = len(folded(text)[last:].split())
    if after > FAR:
        why = N_("The block goes on for %(words)s words after its last label: a reader has left it behind.")
        yield (FAIL, why, N_("Repeat the label further down, beside the code."), {"words": str(after)})
    else:
        yield (PASS, N_("No reader of the block is far from its label."), "", {})


def pos_5(case: Case) -> Iterator[Answer]:
    """The first line that is seen does not count: not every program shows it before a mail is opened."""
    if case.subject.title is None or not case.subject.is_one_advertisers:
        return
    first = next((each for each in case.subject.segments if each.text.strip()), None)
    preview = first.text if first and first.look.hidden_by else ""
    if any(entry_in(case.rules, line) for line in (case.subject.title, preview)):
        yield (PASS, N_("The subject or the preview line says that the mail is advertising."), "", {})
    else:
        why = N_("The whole mail is one advertiser's, and neither its subject nor a preview line says so.")
        yield (FAIL, why, N_("Begin the subject with “%(label)s”."), {"label": case.proposal})
