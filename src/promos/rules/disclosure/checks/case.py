"""One block with what all its checks look at, and how a check answers."""

from collections.abc import Sequence
from functools import cached_property

from promos.rules.disclosure.label import label_for
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.subject import BlockSubject, LabelLine, Subject, label_lines
from promos.rules.disclosure.vocabulary import Verdict

# What a check answers: verdict, why, fix, facts
Answer = tuple[Verdict, str, str, dict[str, str | tuple[str, ...]]]
PASS = Verdict.PASS
FAIL = Verdict.FAIL
CANNOT_TELL = Verdict.CANNOT_TELL


class Case:
    """One block with what all its checks look at. `number`: its place among the blocks of its issue, from 0."""

    def __init__(self, subject: Subject, number: int, rule_set: RuleSet, audience: Sequence[str]) -> None:
        self.subject, self.number, self.audience = subject, number, audience
        self.block = subject.blocks[number]
        self.is_own = self.block.facts is not None and self.block.facts.is_own_event
        self.rules = rule_set.with_owners() if self.is_own else rule_set
        self.lines = label_lines(self.rules, self.block)
        self.visible = _seen(self.block, self.lines)

    @cached_property
    def proposal(self) -> str:
        """The label that Promos would write."""
        advertiser = self.block.facts.advertiser if self.block.facts else "…"
        return label_for(self.rules, self.audience, self.subject.language, advertiser, is_own=self.is_own).text

    @property
    def label(self) -> LabelLine | None:
        """The first label that a reader sees; one that stands before the rest in the text."""
        return first_seen(self.visible)


def seen_in(rule_set: RuleSet, block: BlockSubject) -> list[LabelLine]:
    """The labels of a block that a reader sees."""
    return _seen(block, label_lines(rule_set, block))


def _seen(block: BlockSubject, lines: Sequence[LabelLine]) -> list[LabelLine]:
    looks = [(line, block.segments[line.at].look) for line in lines]
    return [line for line, look in looks if look.hidden_by is None and not look.is_image]


def first_seen(visible: Sequence[LabelLine]) -> LabelLine | None:
    return next((line for line in visible if not line.is_footnote), next(iter(visible), None))
