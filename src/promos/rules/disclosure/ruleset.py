"""The rules as values: what is checked where, which words count, and what Promos writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from operator import is_

from promos.rules.disclosure.vocabulary import Mark, Severity, Standing

_SEVEREST = (Severity.BLOCK, Severity.ERROR, Severity.WARN, Severity.INFO)
_SECOND_HAND = frozenset({Mark.SECOND_HAND, Mark.KNOWN})


@dataclass(frozen=True, slots=True)
class Source:
    instrument: str
    article: str
    code: str
    mark: Mark

    @property
    def is_second_hand(self) -> bool:
        return self.mark in _SECOND_HAND


@dataclass(frozen=True, slots=True)
class Rule:
    """One check in some countries, from `valid_from` on and before `valid_to`."""

    check: str
    severity: Severity
    countries: frozenset[str]  # {"*"}: everywhere
    source: Source
    valid_from: date | None
    valid_to: date | None
    reviewed_by: str

    def holds(self, audience: Sequence[str], at: date) -> bool:
        is_there = "*" in self.countries or not self.countries.isdisjoint(audience)
        return is_there and (self.valid_from or at) <= at and (self.valid_to is None or at < self.valid_to)

    @property
    def weight(self) -> Severity:
        """Its severity; a rule known only second-hand warns and never blocks."""
        is_weak = self.source.is_second_hand and self.severity in (Severity.BLOCK, Severity.ERROR)
        return Severity.WARN if is_weak else self.severity


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a label in one country, from `valid_from` on and before `valid_to`."""

    standing: Standing
    source: Source
    valid_from: date | None
    valid_to: date | None
    reviewed_by: str

    def holds(self, at: date) -> bool:
        return (self.valid_from or at) <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True)
class LabelEntry:
    language: str
    text: str
    known: Mapping[str, Known]  # by country

    def on(self, day: date) -> "LabelEntry":
        """What is known of it on a day."""
        if all(known.holds(day) for known in self.known.values()):
            return self
        return replace(self, known={country: known for country, known in self.known.items() if known.holds(day)})

    def standing(self, country: str) -> Standing:
        found = self.known.get(country)
        return found.standing if found else Standing.UNVERIFIED


@dataclass(frozen=True, slots=True)
class Country:
    code: str
    name: str
    language: str
    also: tuple[str, ...]
    groups: tuple[str, ...]  # EU


@dataclass(frozen=True, slots=True)
class Lexicon:
    unpaid: tuple[str, ...]
    gives: tuple[str, ...]
    parties: tuple[str, ...]
    things: tuple[str, ...]
    claimed: tuple[str, ...]
    connectors: tuple[str, ...]
    vague: tuple[str, ...]
    vat: tuple[str, ...]
    deadline: tuple[str, ...]
    conditions: tuple[str, ...]
    legal_forms: tuple[str, ...]
    attends: tuple[str, ...]
    sponsored: tuple[str, ...]
    marketing: tuple[str, ...]
    partners: tuple[str, ...]
    agrees: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one language, with `{label}`, `{advertiser}` and `{count}` in them."""

    first: str  # the words of a label, where no country asks for others
    label: str
    own_first: str  # the same for an event of the newsletter's own
    own_label: str
    paid: str
    unpaid: str
    own: str
    passes_for_readers: str
    pass_for_readers: str
    passes_for_readers_uncounted: str
    passes_for_author: str
    pass_for_author: str
    others: str
    press: str
    gift: str
    tie: str
    past: str
    nothing: str
    between: str


@dataclass(frozen=True)
class RuleSet:
    countries: Mapping[str, Country]
    labels: tuple[LabelEntry, ...]
    rules: tuple[Rule, ...]
    wording: Mapping[str, Wording]
    lexicon: Lexicon
    version: str = ""  # SHA-256 of the files that it was read from
    owners: tuple[LabelEntry, ...] = ()  # words for an event of the newsletter's own: a label of nothing else

    def on(self, day: date) -> "RuleSet":
        """The rules as they were, or will be, on a day."""
        labels, owners = _on(day, self.labels), _on(day, self.owners)
        is_same = all(map(is_, (*labels, *owners), (*self.labels, *self.owners)))
        return self if is_same else replace(self, labels=labels, owners=owners)

    def with_owners(self) -> "RuleSet":
        """The words for an event of the newsletter's own count as a label too."""
        return replace(self, labels=(*self.labels, *self.owners))

    def of_owners(self) -> "RuleSet":
        """The words for an event of the newsletter's own are the only labels, and what Promos writes."""
        wording = {
            language: replace(words, first=words.own_first, label=words.own_label)
            for language, words in self.wording.items()
        }
        return replace(self, labels=self.owners, wording=wording)

    def rule(self, check: str, audience: Sequence[str], at: date) -> Rule | None:
        """The severest rule of a check that is in force for these readers; `None` where none of them asks for it."""
        holding = [rule for rule in self._by_check.get(check, ()) if rule.holds(audience, at)]
        return min(holding, key=lambda rule: _SEVEREST.index(rule.weight), default=None)

    @cached_property
    def _by_check(self) -> Mapping[str, Sequence[Rule]]:
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            found.setdefault(rule.check, []).append(rule)
        return found

    def country(self, typed: str) -> str | None:
        """The code of a country however it is written; `None` for one that the rules say nothing about."""
        code = typed.strip().upper()
        return next((one.code for one in self.countries.values() if code in (one.code, *one.also)), None)

    def home_of(self, language: str | None) -> str:
        """Where a newsletter in this language is taken to be read, if nobody says."""
        return next((one.code for one in self.countries.values() if one.language == language), "FR")


def _on(day: date, entries: Sequence[LabelEntry]) -> tuple[LabelEntry, ...]:
    return tuple([entry.on(day) for entry in entries])
