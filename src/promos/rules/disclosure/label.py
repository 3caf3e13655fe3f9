"""The words of the label, and the sentence that says what was exchanged."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from promos.rules.disclosure.declarations import Declaration
from promos.rules.disclosure.lexicon import folded
from promos.rules.disclosure.ruleset import LabelEntry, RuleSet
from promos.rules.disclosure.solver import BETWEEN, Solution, allowed
from promos.rules.disclosure.vocabulary import BenefitKind, ReceivedBy, RelationshipKind


@dataclass(frozen=True, slots=True)
class Label:
    """`unmet`: countries of the audience where nobody has found these words accepted."""

    text: str
    language: str
    unmet: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Words that may be a block's label (`Publicité / #pub`), and why. `beside`: whose own event it is, after them."""

    solution: Solution
    beside: str = ""

    @property
    def words(self) -> str:
        return BETWEEN.join(part for part in (self.solution.words, self.beside) if part)


def choices(
    rule_set: RuleSet, audience: Sequence[str], language: str | None, *, is_own: bool = False
) -> tuple[Choice, ...]:
    """What the label of a block may be, Promos' own choice first: never nothing.

    `is_own`: of an event of the newsletter's own, which is not called advertising. Where a country of the readers is
    not known to let that pass, the words of both stand there.
    """
    speaks = spoken(rule_set, language)
    adverts = tuple(map(Choice, allowed(rule_set, audience, speaks)))
    if not is_own:
        return adverts
    owners = allowed(rule_set.of_owners(), audience, speaks)
    if not owners[0].gaps:
        return tuple(map(Choice, owners))
    return tuple(Choice(each.solution, rule_set.wording[speaks].own_first) for each in adverts)


def label_for(
    rule_set: RuleSet,
    audience: Sequence[str],
    language: str | None,
    advertiser: str,
    *,
    is_own: bool = False,
    chosen: str | None = None,
) -> Label:
    """The label of a block in the language of its issue; English where Promos writes no label in that language.

    A foreign label discloses, a missing one does not. `chosen`: words that count as long as they are allowed.
    """
    possible = choices(rule_set, audience, language, is_own=is_own)
    choice = next((each for each in possible if each.words == chosen), possible[0])
    speaks = choice.solution.language
    wording = rule_set.wording[speaks]
    sentence = wording.own_label if is_own else wording.label
    if choice.words.casefold() in sentence.casefold():  # "Collaboration commerciale" is said once
        sentence = "{label} – {advertiser}"
    text = sentence.format(label=choice.words, advertiser=advertiser)
    return Label(text, speaks, tuple(gap.country for gap in choice.solution.gaps))


def spoken(rule_set: RuleSet, language: str | None) -> str:
    """The language Promos writes a label in, for an issue in `language` (BCP 47: `fr` for `fr-CA`)."""
    primary = primary_language(language)
    return primary if primary is not None and primary in rule_set.wording else "en"


def primary_language(language: str | None) -> str | None:
    return re.split("[-_]", language.strip().lower())[0] if language else None


def entry_in(rule_set: RuleSet, line: str, *, is_heading: bool = False) -> LabelEntry | None:
    """The longest label that a line begins with, set apart from what follows: `Ad: …`, not `Ad blockers …`.

    A heading has to set it apart by a mark: `[Anzeige] …`, or be nothing else.
    """
    text, connectors = folded(line), () if is_heading else rule_set.lexicon.connectors
    first = _FIRST.match(text)
    may_begin = _by_first_word(tuple([entry.text for entry in rule_set.labels])).get(first[1], ()) if first else ()
    found = [
        rule_set.labels[at] for at in may_begin if _begins(rule_set.labels[at].text, connectors, is_heading).match(text)
    ]
    spelled = line.casefold()  # "Reclame" is Dutch, "Réclame" French
    return max(found, key=lambda entry: (len(entry.text), entry.text.casefold() in spelled), default=None)


def entries_in(rule_set: RuleSet, line: str) -> list[LabelEntry]:
    """The labels that a line begins with, where several stand beside each other: `Publicité / Anzeige – …`."""
    found = [entry_in(rule_set, part) for part in line.split(BETWEEN)]
    return [entry for entry in found if entry is not None]


_FIRST = re.compile(r"[\W_]*([^\W_]+)")


@cache
def _by_first_word(labels: tuple[str, ...]) -> Mapping[str, tuple[int, ...]]:
    """Which of the labels begin with a word: most lines begin with a word of none."""
    found: dict[str, tuple[int, ...]] = {}
    for at, label in enumerate(labels):
        first = _FIRST.match(folded(label))
        if first:
            found[first[1]] = (*found.get(first[1], ()), at)
    return found


@cache
def _begins(label: str, connectors: tuple[str, ...], is_heading: bool) -> re.Pattern[str]:
    words = r"[\s-]{1,3}".join(map(re.escape, re.split(r"[\s-]+", folded(label))))
    if " " in label and not is_heading:
        return re.compile(rf"[\W_]*{words}(?!\w)")
    after = "".join(rf"|\s+{re.escape(folded(each))}(?!\w)" for each in connectors)
    return re.compile(rf"[\W_]*{words}(?:[\W_]*$|\s*[:–—|()\])»”.·,;!*_/]|\s+-\s{after})")


def given_sentence(
    rule_set: RuleSet, language: str, advertiser: str, declaration: Declaration | None, quantity: int | None
) -> str:
    """What was exchanged, said positively. Before anybody declared: the passes of the offer, `quantity` of them."""
    wording = rule_set.wording[spoken(rule_set, language)]
    if declaration and RelationshipKind.NONE_DECLARED in declaration.kinds:
        return wording.nothing
    for_readers = declaration.passes_for(ReceivedBy.READERS) if declaration else quantity
    is_own = declaration is not None and declaration.is_own
    said = []
    if for_readers:
        said.append(_counted(wording.pass_for_readers, wording.passes_for_readers, for_readers))
    elif declaration is None or RelationshipKind.PASSES_FOR_READERS in declaration.kinds:
        said.append(wording.passes_for_readers_uncounted)
    if declaration:
        for_us = declaration.passes_for(ReceivedBy.AUTHOR) + declaration.passes_for(ReceivedBy.PUBLICATION)
        if for_us:
            said.append(_counted(wording.pass_for_author, wording.passes_for_author, for_us))
        if any(each.kind not in _NAMED for each in declaration.benefits):
            said.append(wording.others)
        ties = ((kind, getattr(wording, name)) for kind, name in _TIES)
        said += [words for kind, words in ties if kind in declaration.kinds]
    if declaration and declaration.is_paid:
        return " ".join([wording.paid.format(advertiser=advertiser), *(f"{_capital(part)}." for part in said)])
    return wording.between.join([wording.own if is_own else wording.unpaid, *said]) + "."


# Each is no payment, and something that a reader would want to know.
_TIES = (
    (RelationshipKind.PRESS_ACCREDITATION, "press"),
    (RelationshipKind.UNSOLICITED_GIFT, "gift"),
    (RelationshipKind.OWNERSHIP_EMPLOYMENT_FAMILY, "tie"),
    (RelationshipKind.PAST_RELATIONSHIP_12M, "past"),
)
_NAMED = frozenset({BenefitKind.PASS, BenefitKind.MONEY, BenefitKind.COMMISSION})


def _counted(one: str, many: str, count: int) -> str:
    return one if count == 1 else many.format(count=count)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
