"""What is judged: promo blocks as a reader meets them, with what is known beside the text."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from promos.rules.disclosure.declarations import Benefit, Declaration
from promos.rules.disclosure.label import entry_in
from promos.rules.disclosure.lexicon import MOST
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.issues import Segment, find_blocks, is_footnote, is_heading
from promos.rules.language import N_

_MOST_LINES = 500  # of one segment
_MOST_LABELS = 50  # of one block


class Loss(StrEnum):
    """How a newsletter tool can lose a label; each value says it."""

    EMPTY_SLOT = N_("where the slot of the block stays empty, the mail goes out without it and nobody is told")
    ONE_SURFACE = N_("mail and web are switched on and off apart from each other")
    NO_HTML = N_("it keeps no HTML of ours")
    NO_TEXT_PART = N_("it writes the plain text of a mail without the label")


@dataclass(frozen=True, slots=True)
class Tool:
    """A newsletter tool as this newsletter uses it. No `losses`: it keeps what it is given."""

    name: str
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Redeemable:
    """What readers are told of a code, and what it does. Instants are aware, and the first at which it is over.

    `None`: without end, without a limit.
    """

    told_until: datetime | None
    until: datetime | None
    told_quantity: int | None
    quantity: int | None
    used: int = 0  # passes that readers hold


@dataclass(frozen=True, slots=True)
class Observation:
    """Somebody or something looked at the issue as it was sent."""

    at: datetime  # aware
    is_labelled: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """An issue that went out: when, what time it is now (both aware), and every look at it since."""

    at: datetime
    now: datetime
    observations: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What Promos knows of a block that it placed; a file that is only linted has none.

    `None` in what has a default: nobody says, and what rests on it alone is not judged.
    """

    partner: Declaration | None
    editor: Declaration | None
    differences: tuple[str, ...]
    advertiser: str
    quantity: int | None  # passes of the offer
    given_this_year: tuple[Benefit, ...] | None = None  # by this advertiser for this event, with those of this block
    redeemable: Redeemable | None = None
    content_hash: str | None = None  # of what readers are told, `rules.blocks.fingerprint`
    approved_hash: str | None = None  # the same, as the partner approved it
    tool: Tool | None = None
    sending: Sending | None = None
    halted: str | None = None  # suspended: the partner is; cancelled: the event; "": the code can open
    unused_label: str | None = None  # was chosen, and is allowed no longer

    @property
    def declared(self) -> tuple[Declaration, ...]:
        """Both declarations, or none."""
        return (self.partner, self.editor) if self.partner and self.editor else ()

    @property
    def is_own_event(self) -> bool:
        """Whether both say that it is the newsletter's own event and nothing else."""
        return bool(self.declared) and all(made.is_own for made in self.declared)


@dataclass(frozen=True, slots=True)
class BlockSubject:
    """One promo block. Indexes are into `segments`, which are the block's own."""

    segments: tuple[Segment, ...]
    code: str
    code_at: int
    heading_at: int | None
    where: dict[str, Any]  # how a finding says which block it is about
    facts: Facts | None = None
    beside: Mapping[str, tuple[Segment, ...]] | None = None  # the block in other forms, by name; None: nobody knows
    offsets: tuple[int | None, ...] = ()  # bytes of HTML before each segment

    @property
    def text(self) -> str:
        """As far as it is looked through; no promo block is as long."""
        return "\n".join(segment.text for segment in self.segments)[:MOST]


@dataclass(frozen=True, slots=True)
class Box:
    """A checkbox of a form, and the words beside it."""

    text: str
    is_ticked: bool
    is_required: bool


@dataclass(frozen=True, slots=True)
class Form:
    """A form that asks for an e-mail address. `text`: all its words, the addresses of its links among them."""

    text: str
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    blocks: tuple[BlockSubject, ...]
    language: str | None
    is_styled: bool  # whether the source can say how things look
    segments: tuple[Segment, ...] = ()  # of the whole file, from top to bottom
    title: str | None = None  # the subject of a mail; None: it is no mail
    forms: tuple[Form, ...] = ()
    size: int | None = None  # bytes of HTML

    @property
    def is_ours(self) -> bool:
        return any(block.facts is not None for block in self.blocks)

    @property
    def is_one_advertisers(self) -> bool:
        """Whether the promo block is all there is: nothing to read before it, no other heading, no other code."""
        if len(self.blocks) != 1 or not self.segments:
            return False
        own = {segment.id for segment in self.blocks[0].segments}
        shown = (at for at, each in enumerate(self.segments) if each.text.strip() and each.look.hidden_by is None)
        first = next(shown, None)
        if first is None or self.segments[first].id not in own:
            return False
        others = (at for at in shown if self.segments[at].id not in own)
        return not any(is_heading(self.segments, at) for at in others)


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A line that begins with a label of the catalogue."""

    at: int  # index of its segment
    line: str
    is_footnote: bool
    is_first_line: bool


def of_file(
    rule_set: RuleSet,
    segments: Sequence[Segment],
    language: str | None,
    *,
    is_styled: bool,
    codes: Collection[str] = (),
) -> Subject:
    """The promo blocks of somebody's issue. A label standing just above a block belongs to it."""
    return Subject(tuple(found_in(rule_set, segments, codes)), language, is_styled, tuple(segments))


def found_in(rule_set: RuleSet, segments: Sequence[Segment], known_codes: Collection[str] = ()) -> list[BlockSubject]:
    """The promo blocks that a text holds, whoever wrote them."""
    subjects: list[BlockSubject] = []
    floor = 0
    for block in find_blocks(segments, known_codes):
        first = block.first
        if subjects and first == floor:
            floor -= _labels_of_the_next(rule_set, subjects)
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


def _labels_of_the_next(rule_set: RuleSet, subjects: list[BlockSubject]) -> int:
    """Takes from the last block the labels below its code, if it has one above: those are of the next block."""
    block = subjects[-1]
    kept = len(block.segments)
    while kept > block.code_at + 1 and _is_label(rule_set, block.segments[kept - 1]):
        if is_footnote(block.segments[kept - 1].text):
            break
        kept -= 1
    own = block.segments[:kept]
    taken = len(block.segments) - kept
    if taken and any(_is_label(rule_set, segment) for segment in own[: block.code_at]):
        where = {**block.where, "segments": [segment.id for segment in own]}
        subjects[-1] = replace(block, segments=own, where=where)
        return taken
    return 0


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
