"""The words of the label, and the sentence that says what was exchanged."""

from collections.abc import Sequence
from dataclasses import dataclass

from promos.rules.disclosure.declarations import Declaration
from promos.rules.disclosure.ruleset import LabelEntry, RuleSet
from promos.rules.disclosure.vocabulary import BenefitKind, ReceivedBy, RelationshipKind, Standing

_GOOD = frozenset({Standing.MANDATED, Standing.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Label:
    """`unmet`: countries of the audience where nobody has found these words accepted."""

    text: str
    language: str
    unmet: tuple[str, ...]


def label_for(rule_set: RuleSet, audience: Sequence[str], language: str, advertiser: str) -> Label:
    """The label of a block in the language of its issue; English where Promos writes no label in that language.

    A foreign label discloses, a missing one does not.
    """
    speaks = language if language in rule_set.wording else "en"
    text = rule_set.wording[speaks].label.format(advertiser=advertiser)
    entry = entry_in(rule_set, text)
    unmet = tuple(country for country in audience if entry is None or entry.standing(country) not in _GOOD)
    return Label(text, speaks, unmet)


def entry_in(rule_set: RuleSet, line: str) -> LabelEntry | None:
    """The longest label that a line begins with, after an asterisk or bracket."""
    folded = line.strip().lstrip('*†‡¹#[(«“"— –-•').lstrip().casefold()
    found = [
        entry
        for entry in rule_set.labels
        if folded.startswith(entry.text.casefold()) and not folded[len(entry.text) : len(entry.text) + 1].isalnum()
    ]
    return max(found, key=lambda entry: len(entry.text), default=None)


def given_sentence(
    rule_set: RuleSet, language: str, advertiser: str, declaration: Declaration | None, quantity: int | None
) -> str:
    """What was exchanged, said positively. Before anybody declared: the passes of the offer, `quantity` of them."""
    wording = rule_set.wording.get(language, rule_set.wording["en"])
    if declaration and RelationshipKind.NONE_DECLARED in declaration.kinds:
        return wording.nothing
    for_readers = declaration.passes_for(ReceivedBy.READERS) if declaration else quantity
    said = []
    if for_readers:
        said.append(wording.passes_for_readers.format(count=for_readers))
    elif declaration is None or RelationshipKind.PASSES_FOR_READERS in declaration.kinds:
        said.append(wording.passes_for_readers_uncounted)
    if declaration:
        for_us = declaration.passes_for(ReceivedBy.AUTHOR) + declaration.passes_for(ReceivedBy.PUBLICATION)
        if for_us:
            said.append(wording.passes_for_author.format(count=for_us))
        if any(each.kind not in _NAMED for each in declaration.benefits):
            said.append(wording.others)
    if declaration and declaration.is_paid:
        return " ".join([wording.paid.format(advertiser=advertiser), *(f"{_capital(part)}." for part in said)])
    return wording.between.join([wording.unpaid, *said]) + "."


_NAMED = frozenset({BenefitKind.PASS, BenefitKind.MONEY, BenefitKind.COMMISSION})


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
