"""The smallest label that the countries of all readers accept, and the proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from promos.rules.disclosure.ruleset import Known, LabelEntry, RuleSet
from promos.rules.disclosure.vocabulary import Standing

GOOD = (Standing.MANDATED, Standing.ACCEPTED)
BETWEEN = " / "
_FROM_BEST = (*GOOD, Standing.UNVERIFIED, Standing.WEAK, Standing.REJECTED)


@dataclass(frozen=True, slots=True)
class Proof:
    """These words do in this country, because of that source."""

    country: str
    label: LabelEntry
    known: Known


@dataclass(frozen=True, slots=True)
class Gap:
    """No label in the language of the issue is known to do in this country.

    `nearest`: the best that is known of one of them there. `instead`: a label of another language that does, to write
    beside the first or into an issue for these readers alone.
    """

    country: str
    nearest: Proof | None
    instead: Proof | None


@dataclass(frozen=True, slots=True)
class Solution:
    """`labels` are written one beside the other. No `gaps`: every country is served."""

    language: str
    labels: tuple[LabelEntry, ...]
    proofs: tuple[Proof, ...]
    gaps: tuple[Gap, ...]

    @property
    def words(self) -> str:
        return BETWEEN.join(label.text for label in self.labels)


def solve(rule_set: RuleSet, audience: Sequence[str], language: str) -> Solution:
    """The fewest labels in `language` that do in as many countries of the audience as any do.

    Among as few, those count that no country rejects, then mandated ones, those read at the source, the words that
    Promos would write anyway, and the shortest. `language`: one that Promos writes.
    """
    return allowed(rule_set, audience, language)[0]


def allowed(rule_set: RuleSet, audience: Sequence[str], language: str) -> tuple[Solution, ...]:
    """Every choice of as few labels that does in the same countries and is rejected in none more; the best first."""
    countries = list(dict.fromkeys(audience))
    own = [label for label in rule_set.labels if label.language == language]
    usual = next(label for label in own if label.text == rule_set.wording[language].first)
    helpful = [label for label in own if _served([label], countries)]
    within_reach = _served(helpful, countries)
    choices: list[tuple[LabelEntry, ...]] = [(usual,)]
    for size in range(1, len(helpful) + 1):
        enough = [some for some in combinations(helpful, size) if _served(some, countries) == within_reach]
        if enough:
            choices = sorted(enough, key=lambda some: _cost(some, countries, usual))
            break
    rejected = _cost(choices[0], countries, usual)[0]
    kept = [some for some in choices if _cost(some, countries, usual)[0] == rejected]
    gaps = tuple(
        Gap(country, best_in(own, country), _instead(rule_set, country))
        for country in countries
        if country not in within_reach
    )
    served = [country for country in countries if country in within_reach]
    return tuple(_solution(language, some, served, gaps, usual) for some in kept)


def _solution(
    language: str, labels: Sequence[LabelEntry], served: Sequence[str], gaps: tuple[Gap, ...], usual: LabelEntry
) -> Solution:
    proofs = [best_in(labels, country) for country in served]
    in_order = tuple(sorted(labels, key=lambda label: (label is not usual, len(label.text), label.text)))
    return Solution(language, in_order, tuple(proof for proof in proofs if proof), gaps)


def _instead(rule_set: RuleSet, country: str) -> Proof | None:
    """A label that does in a country, in a language of its own if there is one."""
    accepted = _accepted(rule_set.labels, country)
    home = [label for label in accepted if label.language == rule_set.countries[country].language]
    return best_in(home or accepted, country)


def _accepted(labels: Sequence[LabelEntry], country: str) -> list[LabelEntry]:
    return [label for label in labels if label.standing(country) in GOOD]


def _served(labels: Sequence[LabelEntry], countries: Sequence[str]) -> frozenset[str]:
    return frozenset(country for country in countries if _accepted(labels, country))


def _cost(labels: Sequence[LabelEntry], countries: Sequence[str], usual: LabelEntry) -> tuple[int, ...]:
    proofs = [proof for country in countries if (proof := best_in(labels, country)) and proof.known.standing in GOOD]
    return (
        sum(label.standing(country) is Standing.REJECTED for label in labels for country in countries),
        -sum(proof.known.standing is Standing.MANDATED for proof in proofs),
        sum(proof.known.source.is_second_hand for proof in proofs),
        int(usual not in labels),
        sum(len(label.text) for label in labels),
    )


def best_in(labels: Sequence[LabelEntry], country: str) -> Proof | None:
    """What is known best of these labels in a country."""
    found = [Proof(country, label, known) for label in labels if (known := label.known.get(country))]
    return min(found, key=_weakness, default=None)


def _weakness(proof: Proof) -> tuple[int, bool, int]:
    return _FROM_BEST.index(proof.known.standing), proof.known.source.is_second_hand, len(proof.label.text)
