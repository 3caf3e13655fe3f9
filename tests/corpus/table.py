"""How well each check finds what an editor finds: `python -m tests.corpus.table`.

`expected`: blocks for which the check should fail; `found`: for which it does; `right`: both. A check that does not
stand yet has no figures but the first.
"""

from collections import Counter
from collections.abc import Iterable

from promos.rules.disclosure.checks import CHECKS
from tests.corpus.cases import EARLIER, LANGUAGES, LATER, Case, cases, said_by

ROW = "{:7}{:>9}{:>7}{:>7}{:>11}{:>8}"


def main() -> None:
    every = cases()
    counted = [(case, *_counted(case)) for case in every]
    for language in (None, *LANGUAGES):
        chosen = [each for each in counted if language in (None, each[0].language)]
        blocks = sum(len(case.fail) for case, _, _ in chosen)
        print(f"{language or 'all'}: {len(chosen)} issues, {blocks} promo blocks")
        print(ROW.format("check", "expected", "found", "right", "precision", "recall"))
        for line in _lines(chosen):
            print(line)
        print()


Failing = Counter[tuple[str, str]]  # code and check


def _counted(case: Case) -> tuple[Failing, Failing]:
    expected = Counter((code, check) for code, checks in case.fail.items() for check in checks)
    said = said_by(case.report())
    found = Counter((code, check) for code, told in said.items() for check, what in told.items() if what == "fail")
    return expected, found


def _lines(chosen: Iterable[tuple[Case, Failing, Failing]]) -> Iterable[str]:
    expected, found, right = Counter[str](), Counter[str](), Counter[str]()
    for _, wanted, got in chosen:
        for total, part in ((expected, wanted), (found, got), (right, wanted & got)):
            total.update(check for _, check in part.elements())
    for check in (*EARLIER, *LATER):
        if check not in CHECKS:
            yield ROW.format(check, expected[check], "-", "-", "-", "-")
        elif expected[check] or found[check]:
            precision, recall = _share(right[check], found[check]), _share(right[check], expected[check])
            yield ROW.format(check, expected[check], found[check], right[check], precision, recall)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "-"


if __name__ == "__main__":
    main()
