"""What came of a crowd: for a person, and for a program."""

from collections import Counter
from dataclasses import dataclass
from math import inf
from typing import Any

from promos.rules.histories import EXHAUSTED, Asked, Done, Finding, Refused, Unknown

SHOWN = 10  # findings that a person is shown


@dataclass(frozen=True, slots=True)
class Report:
    """`drift`: the code's counter less its confirmed redemptions, `None` where it was not to be seen; `left`: passes
    that could not be cancelled in the end.
    """

    code: str
    readers: int
    connections: int
    places: int | None  # free before; None: without any limit
    history: list[Asked]
    seconds: float
    drift: int | None
    left: int
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        return not self.findings and self.drift == 0 and self.left == 0

    def as_json(self) -> dict[str, Any]:
        found = Counter(finding.what for finding in self.findings)
        redeems = [each for each in self.history if each.kind == "redeem"]
        times = sorted(each.end - each.start for each in redeems if each.end != inf)
        return {
            "code": self.code,
            "readers": self.readers,
            "connections": self.connections,
            "places": self.places,
            "granted": sum(each.made_a_redemption for each in redeems),
            "cancelled": len({each.redemption for each in self.history if each.kind == "cancel" and _is_done(each)}),
            "limit_changes": sum(each.kind == "limit" and _is_done(each) for each in self.history),
            "refused": sum(isinstance(each.answer, Refused) and each.answer.slug in EXHAUSTED for each in redeems),
            "over": found["over"],
            "refused_while_free": found["free"],
            "second_passes": found["twice"],
            "unexplained": sum(found[what] for what in ("order", "gap", "stale", "other")),
            "drift": self.drift,
            "left_behind": self.left,
            "not_heard": sum(isinstance(each.answer, Unknown) for each in self.history),
            "seconds": round(self.seconds, 3),
            "answers_per_second": round(len(self.history) / self.seconds, 1) if self.seconds else None,
            "p50_ms": _percentile(times, 0.50),
            "p99_ms": _percentile(times, 0.99),
            "verdict": "well" if self.is_well else "wrong",
            "findings": [{"what": finding.what, "words": finding.words} for finding in self.findings],
        }

    def as_text(self) -> list[str]:
        said = self.as_json()
        places = "no limit" if self.places is None else f"{self.places} places were free"
        rows = [
            ("readers", said["readers"], f"over {self.connections} connections, in {self.seconds:.1f} s"),
            ("granted", said["granted"], f"{said['cancelled']} of them cancelled on the way; {places}"),
            ("over", said["over"], "passes beyond the limit"),
            ("refused", said["refused"], f"because none was left; the limit moved {said['limit_changes']} times"),
            ("refused while free", said["refused_while_free"], ""),
            ("second passes", said["second_passes"], "for one reader, or one place for two"),
            ("unexplained", said["unexplained"], "answers that no order of events makes true"),
            ("drift", "?" if self.drift is None else self.drift, "the counter against the ledger"),
            ("not heard", said["not_heard"], "answers that got lost; they were asked for again"),
            ("rate", said["answers_per_second"], "answers a second"),
            ("p50, p99", f"{said['p50_ms']}, {said['p99_ms']}", "ms until a redemption was answered"),
        ]
        if self.left:
            rows.append(("left behind", self.left, "passes that could not be cancelled"))
        lines = [f"  {name:<19}{value!s:>12}  {words}".rstrip() for name, value, words in rows]
        lines += ["", *(f"  {finding.what}: {finding.words}" for finding in self.findings[:SHOWN])]
        if len(self.findings) > SHOWN:
            lines.append(f"  … and {len(self.findings) - SHOWN} more, all of them with --json")
        if self.is_well:
            return [*lines, "All is well: every answer was true when it was given."]
        return [*lines, "", "Something is wrong."]


def _is_done(each: Asked) -> bool:
    return isinstance(each.answer, Done)


def _percentile(times: list[float], part: float) -> float | None:
    return round(1000 * times[min(int(part * len(times)), len(times) - 1)], 1) if times else None
