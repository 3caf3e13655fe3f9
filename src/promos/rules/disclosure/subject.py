"""What is judged: promo blocks as a reader meets them, with what is known beside the text."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promos.rules.disclosure.declarations import Declaration
from promos.rules.disclosure.label import entry_in
from promos.rules.disclosure.lexicon import MOST
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.issues import Segment, find_blocks, is_footnote

_MOST_LINES = 500  # of one segment
_MOST_LABELS = 50  # of one block


@dataclass(frozen=True, slots=True)
class Facts:
    """What Promos knows of a block that it placed; a file that is only linted has none."""

    partner: Declaration | None
    editor: Declaration | None
    differences: tuple[str, ...]
    advertiser: str
    quantity: int | None  # passes of the offer


@dataclass(frozen=True, slots=True)
class BlockSubject:
    """One promo block. Indexes are into `segments`, which are the block's own."""

    segments: tuple[Segment, ...]
    code: str
    code_at: int
    heading_at: int | None
    where: dict[str, Any]  # how a finding says which block it is about
    facts: Facts | None = None

    @property
    def text(self) -> str:
        """As far as it is looked through; no promo block is as long."""
        return "\n".join(segment.text for segment in self.segments)[:MOST]


@dataclass(frozen=True, slots=True)
class Subject:
    blocks: tuple[BlockSubject, ...]
    language: str | None
    is_styled: bool  # whether the source can say how things look


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A line that begins with a label of the catalogue."""

    at: int  # index of its segment
    line: str
    is_footnote: bool
    is_first_line: bool


def of_file(rule_set: RuleSet, segments: Sequence[Segment], language: str | None, *, is_styled: bool) -> Subject:
    """The promo blocks of somebody's issue. A label standing just above a block belongs to it."""
    return Subject(tuple(found_in(rule_set, segments)), language, is_styled)


def found_in(rule_set: RuleSet, segments: Sequence[Segment], known_codes: Collection[str] = ()) -> list[BlockSubject]:
    """The promo blocks that a text holds, whoever wrote them."""
    subjects: list[BlockSubject] = []
    floor = 0
    for block in find_blocks(segments, known_codes):
        first = block.first
        while first > floor and _is_label(rule_set, segments[first - 1]):
            first -= 1
        floor = block.last + 1
        own = tuple(segments[first:floor])
        where: dict[str, Any] = {"segments": [segment.id for segment in own]}
        if own[0].line is not None:
            where["line"] = own[0].line
        heading_at = block.first - first if block.heading is not None else None
        subjects.append(BlockSubject(own, block.code, block.code_at - first, heading_at, where))
    return subjects


def of_rendering(
    segments: Sequence[Segment], code: str, heading: str, facts: Facts, where: dict[str, Any]
) -> BlockSubject:
    """A block of ours, read back from its own rendering as a reader's mail program would."""
    numbered = tuple(replace(segment, id=f"b{number}") for number, segment in enumerate(segments, 1))
    code_at = next((at for at, segment in enumerate(numbered) if code in segment.text), len(numbered) - 1)
    heading_at = next((at for at, segment in enumerate(numbered) if segment.text.strip() == heading.strip()), None)
    return BlockSubject(numbered, code, code_at, heading_at, where, facts)


def label_lines(rule_set: RuleSet, block: BlockSubject) -> list[LabelLine]:
    """The lines of a block that are labels, in order, whatever hides them; the first few of very many."""
    found: list[LabelLine] = []
    for at, segment in enumerate(block.segments):
        is_heading = at == block.heading_at or segment.kind == "heading"
        for number, line in enumerate(segment.text.split("\n", _MOST_LINES)[:_MOST_LINES]):
            if entry_in(rule_set, line, is_heading=is_heading) is not None:
                found.append(LabelLine(at, line.strip(), is_footnote(line), number == 0))
            if len(found) == _MOST_LABELS:
                return found
    return found


def _is_label(rule_set: RuleSet, segment: Segment) -> bool:
    is_heading = segment.kind == "heading"
    return len(segment.text) <= 400 and entry_in(rule_set, segment.text, is_heading=is_heading) is not None
