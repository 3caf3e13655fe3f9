"""Reports as SARIF 2.1.0 (OASIS), which code hosts and editors read: one run, a rule for each check."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from promos.parsing.lint import Report
from promos.rules.disclosure.findings import Finding
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.titles import TITLES
from promos.rules.disclosure.vocabulary import Severity, Verdict

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.BLOCK: "error", Severity.ERROR: "error", Severity.WARN: "warning", Severity.INFO: "note"}


def as_sarif(
    reports: Sequence[tuple[str, Report]], rule_set: RuleSet, gettext: Callable[[str], str], *, version: str
) -> dict[str, Any]:
    """`reports`: each with a relative path or an address. What passes is left out; what cannot be told is `open`."""
    day = max((report.at.isoformat() for _, report in reports), default="")
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Promos",
                        "version": version,
                        "rules": [_rule(check, rule_set, gettext) for check in TITLES],
                    }
                },
                "automationDetails": {"id": f"promos-lint/{day}"},
                "results": [
                    _result(finding, path, report, gettext)
                    for path, report in reports
                    for finding in report.findings
                    if finding.verdict is not Verdict.PASS
                ],
            }
        ],
    }


def _rule(check: str, rule_set: RuleSet, gettext: Callable[[str], str]) -> dict[str, Any]:
    title = gettext(TITLES[check])
    own = [rule for rule in rule_set.rules if rule.check == check]
    sources = [
        f"{', '.join(sorted(rule.countries))}: {rule.source.instrument}, {rule.source.article} [{rule.source.mark}]"
        for rule in own
    ]
    gravest = min((rule.weight for rule in own), key=list(Severity).index, default=Severity.INFO)
    return {
        "id": check,
        "shortDescription": {"text": title},
        "help": {
            "text": "\n".join([f"{title}.", *sources]),
            "markdown": "\n".join([f"{title}.", "", *(f"- {source}" for source in sources)]),
        },
        "defaultConfiguration": {"level": _LEVELS[gravest]},
    }


def _result(finding: Finding, path: str, report: Report, gettext: Callable[[str], str]) -> dict[str, Any]:
    told = finding.told(gettext)
    fails = finding.verdict is Verdict.FAIL
    block = next((block for block in report.blocks if block.where == finding.where), None)
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path, safe="/:?=&")}}
    known = [segment.line for segment in block.segments if segment.line is not None] if block else []
    if known:
        place["region"] = {"startLine": known[0], "endLine": known[-1]}
    about = f"{finding.check} {block.code if block else ''} {path}"
    return {
        "ruleId": finding.check,
        "ruleIndex": list(TITLES).index(finding.check),
        "kind": "fail" if fails else "open",
        "level": _LEVELS[finding.severity] if fails else "none",
        "message": {"text": " ".join(filter(None, (told["why"], told["fix"])))},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"promos/v1": hashlib.sha256(about.encode()).hexdigest()},
    }
