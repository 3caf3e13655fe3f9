"""The smallest label that all readers' countries accept, by the rules that Promos ships."""

from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest

from promos.parsing.rules import rule_set
from promos.rules.disclosure.label import choices, entries_in, label_for
from promos.rules.disclosure.ruleset import Known, LabelEntry, RuleSet, Source
from promos.rules.disclosure.solver import GOOD, Proof, Solution, allowed, solve
from promos.rules.disclosure.vocabulary import Mark, Standing

DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return rule_set().on(DAY)


def _text(proof: Proof | None) -> str | None:
    return proof.label.text if proof else None


def gaps(solution: Solution) -> dict[str, tuple[str | None, str | None]]:
    """By country: the nearest label of the issue's language, and what would do instead."""
    return {gap.country: (_text(gap.nearest), _text(gap.instead)) for gap in solution.gaps}


@pytest.mark.parametrize(
    ("audience", "language", "words", "missing"),
    [
        ("FR", "fr", "Publicité", {}),
        ("FR BE CH CA", "fr", "Publicité / #pub", {"CH": ("Publicité", None)}),
        ("FR DE", "fr", "Publicité", {"DE": (None, "Werbung")}),
        ("DE", "de", "Anzeige", {}),
        ("GB US", "en", "Advertisement", {}),
        ("GB US AU CA", "en", "Ad", {}),
        ("ES IT NL", "es", "Publicidad", {"IT": (None, "Pubblicità"), "NL": (None, "Reclame")}),
        ("NL BE", "nl", "Advertentie", {}),
        ("CH", "fr", "Publicité", {"CH": ("Publicité", None)}),
    ],
)
def test_the_words_of_some_audiences(
    rules: RuleSet, audience: str, language: str, words: str, missing: dict[str, tuple[str | None, str | None]]
) -> None:
    solution = solve(rules, audience.split(), language)

    assert solution.words == words
    assert gaps(solution) == missing


@pytest.mark.parametrize("language", ["fr", "en", "de", "es", "it", "nl"])
def test_every_country_has_a_proof_or_a_gap_and_no_fewer_words_would_do(rules: RuleSet, language: str) -> None:
    own = [label for label in rules.labels if label.language == language]
    for size in (1, 2, 3):
        for audience in combinations(rules.countries, size):
            solution = solve(rules, audience, language)

            met = {proof.country for proof in solution.proofs}
            assert met | {gap.country for gap in solution.gaps} == set(audience)
            assert all(proof.known.standing in GOOD and proof.label in solution.labels for proof in solution.proofs)
            assert met == {code for code in audience if any(label.standing(code) in GOOD for label in own)}
            for fewer in combinations(own, len(solution.labels) - 1) if len(solution.labels) > 1 else ():
                assert any(all(label.standing(code) not in GOOD for label in fewer) for code in met)


def test_a_label_that_one_country_rejects_is_not_taken_for_another() -> None:
    source = Source("a law", "", "X1", Mark.PRIMARY)

    def known(standing: Standing) -> Known:
        return Known(standing, source, None, None, "")

    shipped = rule_set()
    usual = LabelEntry("fr", "Publicité", {})
    short = LabelEntry("fr", "Pub", {"FR": known(Standing.ACCEPTED), "BE": known(Standing.REJECTED)})
    long = LabelEntry("fr", "Annonce publicitaire", {"FR": known(Standing.ACCEPTED)})
    mandated = LabelEntry("fr", "Communication commerciale", {"FR": known(Standing.MANDATED)})
    rules = replace(shipped, labels=(usual, short, long))

    assert solve(rules, ["FR"], "fr").words == "Pub"
    assert solve(rules, ["FR", "BE"], "fr").words == "Annonce publicitaire"
    assert solve(replace(rules, labels=(usual, short, long, mandated)), ["FR"], "fr").words == mandated.text


def test_a_standing_counts_on_its_days_only() -> None:
    source = Source("a law", "", "X1", Mark.PRIMARY)
    of_2027 = Known(Standing.ACCEPTED, source, date(2027, 1, 1), date(2028, 1, 1), "")
    rules = replace(rule_set(), labels=(LabelEntry("fr", "Publicité", {"CH": of_2027}),))

    days = (date(2026, 12, 31), date(2027, 1, 1), date(2028, 1, 1))
    assert [len(solve(rules.on(day), ["CH"], "fr").gaps) for day in days] == [1, 0, 1]


def test_what_promos_writes_is_read_back_as_the_labels_it_meant(rules: RuleSet) -> None:
    for language in rules.wording:
        for audience in (["FR", "CA"], list(rules.countries)):
            label = label_for(rules, audience, language, "Generation Events SAS")
            assert entries_in(rules, label.text) == list(solve(rules, audience, language).labels), label.text


@pytest.mark.parametrize(
    ("audience", "language", "words"),
    [
        ("FR", "fr", ["Publicité", "Collaboration commerciale"]),
        ("FR BE", "fr", ["Publicité"]),
        ("FR BE CA", "fr", ["Publicité / #pub", "Publicité / Commandité"]),
        ("CH", "fr", ["Publicité"]),
        ("GB US", "en", ["Advertisement", "Ad"]),
    ],
)
def test_there_is_a_choice_and_never_nothing(rules: RuleSet, audience: str, language: str, words: list[str]) -> None:
    assert [each.words for each in choices(rules, audience.split(), language)] == words


@pytest.mark.parametrize("language", ["fr", "en", "de", "es", "it", "nl"])
def test_every_choice_does_where_the_first_does_and_offends_nowhere_else(rules: RuleSet, language: str) -> None:
    for audience in combinations(rules.countries, 2):
        first, *others = allowed(rules, audience, language)

        assert first == solve(rules, audience, language)
        for other in others:
            assert len(other.labels) == len(first.labels)
            assert other.gaps == first.gaps
            assert [proof.country for proof in other.proofs] == [proof.country for proof in first.proofs]
            assert all(proof.known.standing in GOOD and proof.label in other.labels for proof in other.proofs)
            rejected = [
                sum(label.standing(code) is Standing.REJECTED for label in some.labels for code in audience)
                for some in (first, other)
            ]
            assert rejected[0] == rejected[1]


@pytest.mark.parametrize(
    ("audience", "language", "text"),
    [
        ("FR DE GB US", "fr", "Notre propre événement – organisé par X SAS"),
        ("DE", "de", "Eigene Veranstaltung – veranstaltet von X SAS"),
        ("FR BE", "fr", "Publicité / Notre propre événement – organisé par X SAS"),
    ],
)
def test_an_event_of_ones_own_is_called_advertising_only_where_nobody_knows_better(
    rules: RuleSet, audience: str, language: str, text: str
) -> None:
    assert label_for(rules, audience.split(), language, "X SAS", is_own=True).text == text


def test_chosen_words_count_as_long_as_they_are_allowed(rules: RuleSet) -> None:
    chosen = "Collaboration commerciale"

    assert label_for(rules, ["FR"], "fr", "X SAS", chosen=chosen).text == "Collaboration commerciale – X SAS"
    assert label_for(rules, ["FR", "BE"], "fr", "X SAS", chosen=chosen).text.startswith("Publicité – ")
    assert label_for(rules, ["FR"], "fr", "X SAS", chosen="Partenariat").text.startswith("Publicité – ")
    assert label_for(rules, ["FR"], "fr", "X SAS", chosen="").text.startswith("Publicité – ")
