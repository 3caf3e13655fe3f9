"""Of each issue of the corpus the program says what a careful editor says; where it does not, we know."""

from collections import Counter

import pytest

from tests.corpus.cases import EARLIER, FOLDER, KINDS, LANGUAGES, LATER, Case, cases, differences, known

CASES = cases()
KNOWN = known()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_program_judges_an_issue_as_an_editor_does(case: Case) -> None:
    mine = {difference for difference in KNOWN if difference.split(" ")[0] == case.name}

    assert differences(case, case.report()) == mine


def test_every_known_difference_is_of_an_issue_of_the_corpus() -> None:
    assert {difference.split(" ")[0] for difference in KNOWN} <= {case.name for case in CASES}


def test_every_issue_has_an_expectation_and_every_expectation_an_issue() -> None:
    issues = {path.relative_to(FOLDER).as_posix() for code in LANGUAGES for path in (FOLDER / code).iterdir()}

    assert issues == {case.name for case in CASES}


def test_the_corpus_is_as_broad_as_it_says() -> None:
    in_language = Counter(case.language for case in CASES)
    of_form = Counter(case.name.rsplit(".", 1)[1] for case in CASES)

    assert set(in_language) == set(LANGUAGES)
    assert min(in_language.values()) >= 20
    assert of_form["html"] * 2 >= len(CASES)
    assert {(code, kind) for code in LANGUAGES for kind in KINDS} == {(case.language, case.kind) for case in CASES}
    assert all(case.why for case in CASES if case.kind == "borderline")


def test_an_expectation_speaks_of_checks_and_fits_itself() -> None:
    for case in CASES:
        assert case.fail.keys() == case.unsure.keys(), case.name
        for code, failing in case.fail.items():
            assert failing <= {*EARLIER, *LATER}, case.name
            assert not failing & case.unsure[code], case.name
        assert (case.verdict == "pass") is (not case.fail), case.name
