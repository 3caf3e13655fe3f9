"""Newsletter issues of our own writing, and what a careful editor expects each check to say of them.

Beside each folder of issues in one language stands a TOML file with an entry for each issue. `audience` and `date` hold
for those that name none. `fail.CODE` are the checks that fail for the promo block with that code, `unsure.CODE` those
that cannot tell; an issue with neither has no promo block. Every other check passes or does not apply. `why` explains
what could be disputed. The expectations were written before the program was asked, from the rules and not from it;
where the two differ, and the program is wrong, `known.toml` has the difference, as `differences` writes it.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from promos.parsing.lint import Report, lint, media_type_of
from promos.parsing.rules import rule_set
from promos.rules.disclosure.checks import CHECKS
from promos.rules.disclosure.vocabulary import Verdict

FOLDER = Path(__file__).parent
LANGUAGES = ("fr", "en", "de", "es", "it", "nl")
KINDS = ("good", "bad", "borderline", "hostile", "clean")
RULES = rule_set()
# What the expectations speak of. Of the later ones they say only where they fail.
EARLIER = tuple(
    "REL-1 REL-2 LBL-1 LBL-2 LBL-3 LBL-4 POS-1 POS-2 POS-3 ID-1 OFF-1 OFF-2 OFF-3 VIS-1 VIS-2 VIS-3".split()
)
LATER = ("POS-4", "POS-5", "VIS-4", "PAR-1", "PAR-3", "DAT-3")
COMPARED = tuple(check for check in (*EARLIER, *LATER) if check in CHECKS)


@dataclass(frozen=True)
class Case:
    name: str  # fr/potager.html
    kind: str
    audience: tuple[str, ...]
    at: date
    verdict: Verdict
    fail: Mapping[str, frozenset[str]]  # by the code of the block
    unsure: Mapping[str, frozenset[str]]
    why: str

    @property
    def language(self) -> str:
        return self.name[:2]

    def expected(self, code: str, check: str) -> str | None:
        """`None`: it passes, or does not apply."""
        if check in self.fail.get(code, ()):
            return "fail"
        return "cannot_tell" if check in self.unsure.get(code, ()) else None

    def report(self) -> Report:
        path = FOLDER / self.name
        return lint(path.read_bytes(), media_type_of(path.name), RULES, audience=self.audience, at=self.at)


def cases() -> list[Case]:
    return [case for language in LANGUAGES for case in _of(language)]


def _of(language: str) -> Iterator[Case]:
    entries = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    audience, at = entries.pop("audience"), entries.pop("date")
    for name, entry in entries.items():
        yield Case(
            f"{language}/{name}",
            entry["kind"],
            tuple(entry.get("audience", audience)),
            entry.get("date", at),
            Verdict(entry["verdict"]),
            _by_code(entry.get("fail", {})),
            _by_code(entry.get("unsure", {})),
            entry.get("why", ""),
        )


def _by_code(entry: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    return {code: frozenset(checks) for code, checks in entry.items()}


def said_by(report: Report) -> dict[str, dict[str, str]]:
    """By code and check: `fail` if it fails anywhere in a block of this code, else `cannot_tell`, else `pass`.

    What is said of the whole issue is said of each block.
    """
    grave = (Verdict.PASS, Verdict.CANNOT_TELL, Verdict.FAIL)
    said: dict[str, dict[str, str]] = {block.code: {} for block in report.blocks}
    for finding in report.findings:
        codes = {block.code for block in report.blocks if block.where == finding.where} or set(said)
        for code in codes:
            before = Verdict(said[code].get(finding.check, Verdict.PASS))
            said[code][finding.check] = str(max(before, finding.verdict, key=grave.index))
    return said


def differences(case: Case, report: Report) -> set[str]:
    """Where the program says otherwise: `fr/a.html ABC OFF-1 pass`, `fr/a.html ABC missing`, `fr/a.html verdict fail`.

    `missing`: it sees no such promo block. `found`: it sees one that is none.
    """
    said, found = said_by(report), set[str]()
    for code in case.fail.keys() | said.keys():
        if code not in said or code not in case.fail:
            found.add(f"{case.name} {code} {'found' if code in said else 'missing'}")
            continue
        for check in COMPARED:
            told, expected = said[code].get(check, "silent"), case.expected(code, check)
            if check in LATER and "fail" not in (told, expected):
                continue
            if told != expected and not (expected is None and told in ("pass", "silent")):
                found.add(f"{case.name} {code} {check} {told}")
    stands = all(checks <= CHECKS.keys() for checks in case.fail.values())
    if stands and report.verdict is not case.verdict:
        found.add(f"{case.name} verdict {report.verdict}")
    return found


def known() -> dict[str, str]:
    """The differences in which the program is wrong, each with the cause."""
    causes = tomllib.loads((FOLDER / "known.toml").read_text(encoding="utf-8"))["cause"]
    return {difference: cause["why"] for cause in causes for difference in cause["differences"]}
