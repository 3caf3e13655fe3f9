from tests.mutants import HERE, MUTANTS, missing


def test_each_safeguard_that_is_taken_away_is_there_once() -> None:
    assert missing(MUTANTS) == []


def test_each_has_a_name_of_its_own_and_tests_that_exist() -> None:
    names = [each.name for each in MUTANTS]
    assert len(set(names)) == len(names)

    for test in {test for each in MUTANTS for test in each.tests}:
        path, _, name = test.partition("::")
        assert f"def {name}(" in (HERE / path).read_text(), test
