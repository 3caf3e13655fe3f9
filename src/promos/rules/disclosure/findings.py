"""What a check says: verdict, place, reason, source and how to mend it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from promos.rules.disclosure.ruleset import Rule, Source
from promos.rules.disclosure.vocabulary import Severity, Verdict

OWN_MUST_TELL = frozenset({"LBL-1", "VIS-1"})


@dataclass(frozen=True, slots=True)
class Finding:
    """`why` and `fix` are sentences with `%(…)s` places for `facts`; they are translated when they are told."""

    check: str
    severity: Severity
    verdict: Verdict
    where: Mapping[str, Any]
    why: str
    fix: str
    source: Source
    reviewed_by: str = ""
    is_ours: bool = False
    facts: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)  # a tuple holds sentences of ours
    override: str = ""  # the reason for which two people let it go out nevertheless

    def told(self, gettext: Callable[[str], str]) -> dict[str, Any]:
        """As the API writes it, in the language of `gettext`."""
        facts = {
            name: fact if isinstance(fact, str) else ", ".join(map(gettext, fact)) for name, fact in self.facts.items()
        }
        overridden = {"override": self.override} if self.override else {}
        return overridden | {
            "check": self.check,
            "severity": str(self.severity),
            "verdict": str(self.verdict),
            "where": dict(self.where),
            "why": gettext(self.why) % facts if facts else gettext(self.why),
            "source": {
                "instrument": self.source.instrument,
                "article": self.source.article,
                "code": self.source.code,
                "mark": str(self.source.mark),
                "reviewed_by": self.reviewed_by or None,
            },
            "fix": (gettext(self.fix) % facts if facts else gettext(self.fix)) if self.fix else "",
        }

    @property
    def may_be_overridden(self) -> bool:
        """An error may go out on the word of two people; what would deceive everybody may not."""
        return self.stops and self.severity is Severity.ERROR and self.verdict is Verdict.FAIL

    @property
    def stops(self) -> bool:
        """Whether an issue with it cannot go out."""
        if self.override:
            return False
        if self.verdict is Verdict.CANNOT_TELL:
            return self.is_ours and self.check in OWN_MUST_TELL
        return self.verdict is Verdict.FAIL and self.severity in (Severity.BLOCK, Severity.ERROR)


def finding(rule: Rule, verdict: Verdict, **rest: Any) -> Finding:
    """A finding that rests on `rule`."""
    return Finding(rule.check, rule.weight, verdict, source=rule.source, reviewed_by=rule.reviewed_by, **rest)


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Fail if anything stops the issue or fails as an error; cannot tell if a check of that weight could not."""
    weighty = [one for one in findings if one.severity in (Severity.BLOCK, Severity.ERROR)]
    if any(one.verdict is Verdict.FAIL for one in weighty):
        return Verdict.FAIL
    return Verdict.CANNOT_TELL if any(one.verdict is Verdict.CANNOT_TELL for one in weighty) else Verdict.PASS
