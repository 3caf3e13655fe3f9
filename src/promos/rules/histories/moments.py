"""Answers that changed nothing: whether there was a moment at which they were true."""

import heapq
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from math import inf

from promos.rules.histories.asked import Asked, Code, Done, Finding, Refused, Unknown
from promos.rules.histories.lives import Change, Life, ended, is_so

EXHAUSTED = frozenset({"capacity-exhausted", "offer-exhausted", "allotment-exhausted", "code-exhausted"})
STATUS_SAID = {"code-paused": "paused", "code-revoked": "revoked"}


def unexplained(life: Life, history: Iterable[Asked]) -> Iterator[Finding]:
    """Answers for which there was no moment.

    In the order of asking, each gets the first version that fits it and is not before that of an answer which had
    arrived by then: an early one is never worse for those who follow.
    """
    begun = list(accumulate((change.earliest for change in life.changes), max))
    over = ended(life)
    moments = Moments(life)
    arrived: list[tuple[float, int]] = []
    floor = life.first
    for each in history:
        if isinstance(each.answer, Unknown) or each.made_a_redemption:
            continue
        while arrived and arrived[0][0] < each.start:
            floor = max(floor, heapq.heappop(arrived)[1])
        version = moments.first_fit(each, max(floor, life.first + bisect_left(over, each.start)))
        if version is None or version > life.first + bisect_right(begun, each.end):
            yield moments.finding(each)
        else:
            heapq.heappush(arrived, (each.end, version))


class Moments:
    """From which version on an answer is true."""

    def __init__(self, life: Life) -> None:
        self._life, self._states = life, life.states
        self._full = _following(life.states, lambda code: code.status == "active" and life.is_full(code))
        self._status = {
            status: _following(life.states, lambda code, status=status: code.status == status)  # type: ignore[misc]
            for status in STATUS_SAID.values()
        }
        self._used: dict[int, list[int]] = defaultdict(list)
        for code in life.states:
            self._used[code.used].append(code.version)

    def first_fit(self, each: Asked, version: int) -> int | None:
        """The first version from `version` on at which this answer is true."""
        found: int | None = None
        match each.answer:
            case Code():
                found = self._at(each.answer, version)
            case Done():
                found = self._done(each, each.answer, version)
            case Refused(slug) if slug in EXHAUSTED and each.kind == "redeem":
                found = self._without_pass(each.who, self._full, version)
            case Refused(slug) if slug in STATUS_SAID and each.kind == "redeem":
                found = self._without_pass(each.who, self._status[STATUS_SAID[slug]], version)
            case Refused(slug) if slug in STATUS_SAID and each.kind == "confirm":
                found = self._while_held(each.redemption, self._status[STATUS_SAID[slug]], version)
            case Refused("redemption-ended"):
                until = self._life.spans.get(each.redemption, (0, inf))[1]
                found = None if until == inf else max(version, int(until))
            case Refused("code-revoked"):
                found = self._next(self._status["revoked"], version)
            case Refused("limit-below-used", used) if used is not None and each.limit is not None and used > each.limit:
                at = self._used[used]
                found = next(iter(at[bisect_left(at, version) :]), None)
        return found

    def finding(self, each: Asked) -> Finding:
        if isinstance(each.answer, Refused):
            what = "free" if each.answer.slug in EXHAUSTED else "other"
            return Finding(what, f"{each.who or each.kind} was told {each.answer.slug} while that was not so")
        return Finding("stale", f"{each.who or each.kind} was told {each.answer} when that was not so")

    def _done(self, each: Asked, answer: Done, version: int) -> int | None:
        first = self._life.first
        if each.kind == "redeem":  # the same pass again
            begun, until = self._life.spans.get(answer.redemption, (first, inf))
            is_older = answer.version <= first == begun
            is_its = is_older or (answer.version == begun and answer.redemption in self._life.held[each.who])
            return max(version, begun) if is_its and max(version, begun) < until else None
        if each.kind == "cancel":
            until = self._life.spans.get(each.redemption, (first, answer.version))[1]
            return max(version, answer.version) if until == answer.version else None
        if each.kind == "confirm":
            begun, until = self._life.spans.get(each.redemption, (first, inf))
            told = self._life.confirmed.get(each.redemption)
            is_its = answer.version <= first == begun if told is None else answer.version == told
            return max(version, answer.version) if is_its and max(version, answer.version) < until else None
        if answer.version < first:
            return None
        code = self._states[answer.version - first]
        wanted = Change(each.kind, each.start, each.end, limit=each.limit)
        return self._at(code, version) if is_so(wanted, code) else None

    def _at(self, code: Code, version: int) -> int | None:
        at = code.version - self._life.first
        return code.version if code.version >= version and self._states[at] == code else None

    def _next(self, following: Sequence[int | None], version: int) -> int | None:
        at = version - self._life.first
        return following[at] if at < len(following) else None

    def _while_held(self, redemption: str, following: Sequence[int | None], version: int) -> int | None:
        """A pass is confirmed again whatever became of the code."""
        begun, until = self._life.spans.get(redemption, (self._life.first, inf))
        found = self._next(following, max(version, begun))
        return found if found is not None and found < min(until, self._life.confirmed.get(redemption, inf)) else None

    def _without_pass(self, who: str, following: Sequence[int | None], version: int) -> int | None:
        """Whoever holds a pass is given it again, whatever is left."""
        found = self._next(following, version)
        while found is not None and (span := self._life.span_at(who, found)):
            found = self._next(following, int(span[1])) if span[1] != inf else None
        return found


def _following(states: Sequence[Code], holds: Callable[[Code], bool]) -> list[int | None]:
    """For each version the first one from it on for which this holds."""
    found: list[int | None] = []
    following: int | None = None
    for code in reversed(states):
        following = code.version if holds(code) else following
        found.append(following)
    return found[::-1]
