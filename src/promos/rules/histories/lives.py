"""Which change made which version of a code, and what the code was after each."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import accumulate
from math import inf

from promos.rules.histories.asked import Asked, Code, Done, Finding, Unknown

STATUS_BY = {"pause": "paused", "resume": "active", "revoke": "revoked"}


@dataclass(frozen=True, slots=True)
class Change:
    """What made a version, at some time between `earliest` and `latest`."""

    kind: str
    earliest: float
    latest: float
    who: str = ""
    redemption: str = ""
    limit: int | None = None


class Life:
    """A code from version to version, as the changes made it; what they should not have done is in `findings`."""

    def __init__(self, before: Code, ceiling: int | None, returns: bool) -> None:
        self.first = before.version
        self.states = [before]
        self.changes: list[Change] = []
        self.spans: dict[str, tuple[int, float]] = {}  # by redemption: live from this version, until that one
        self.held: dict[str, list[str]] = defaultdict(list)  # redemptions by person
        self.confirmed: dict[str, int] = {}  # by redemption, that was a hold: at this version
        self.findings: list[Finding] = []
        self._ceiling, self._returns = ceiling, returns

    def is_full(self, code: Code) -> bool:
        return any(most is not None and code.used >= most for most in (code.limit, self._ceiling))

    def span_at(self, who: str, version: float) -> tuple[int, float] | None:
        """Between which versions this person holds the pass held at `version`."""
        spans = (self.spans[each] for each in self.held.get(who, ()))
        return next((span for span in spans if span[0] <= version < span[1]), None)

    def apply(self, change: Change) -> None:
        now = self.states[-1]
        after = replace(now, version=now.version + 1)
        if change.kind == "redeem":
            after = self._redeemed(change, after)
        elif change.kind == "cancel":
            after = self._cancelled(change, after)
        elif change.kind == "confirm":
            self._confirm(change, after)
        elif change.kind == "limit":
            if change.limit is not None and change.limit < now.used:
                self._found("over", after, f"set the limit to {change.limit} with {now.used} passes out")
            after = replace(after, limit=change.limit)
        elif change.kind in STATUS_BY:
            after = replace(after, status=STATUS_BY[change.kind])
        else:
            self._found("gap", after, "is nobody's")
        self.states.append(after)
        self.changes.append(change)

    def _redeemed(self, change: Change, after: Code) -> Code:
        if self.is_full(after):
            self._found("over", after, f"gave a pass with {after.used} out, which was the limit")
        if after.status != "active":
            self._found("order", after, f"gave a pass while the code was {after.status}")
        if self.span_at(change.who, after.version):
            self._found("twice", after, f"gave {change.who} a second pass")
        if change.redemption in self.spans:
            self._found("order", after, "made a redemption that was there, or had ended, before")
        self.spans[change.redemption] = (after.version, inf)
        self.held[change.who].append(change.redemption)
        return replace(after, used=after.used + 1)

    def _cancelled(self, change: Change, after: Code) -> Code:
        begun, ended = self.spans.get(change.redemption, (self.first, inf))  # it may be older than this history
        if ended != inf:
            self._found("twice", after, f"ended a redemption that had ended with version {ended}")
        self.spans[change.redemption] = (begun, after.version)
        return replace(after, used=after.used - 1) if self._returns else after

    def _confirm(self, change: Change, after: Code) -> None:
        if change.redemption in self.confirmed or self.spans.get(change.redemption, (0, inf))[1] != inf:
            self._found("twice", after, "confirmed a hold that was confirmed, or had ended, before")
        if after.status != "active":
            self._found("order", after, f"confirmed a hold while the code was {after.status}")
        self.confirmed[change.redemption] = after.version

    def _found(self, what: str, at: Code, words: str) -> None:
        self.findings.append(Finding(what, f"version {at.version} {words}"))


def lives(history: Sequence[Asked], before: Code, ceiling: int | None, returns: bool) -> Iterator[Life]:
    """Every life that fits the versions; more than one only where unknown outcomes may fill gaps."""
    told: dict[int, list[Asked]] = defaultdict(list)
    last = before.version
    for each in history:
        if isinstance(each.answer, Done | Code):
            last = max(last, each.answer.version)
        if isinstance(each.answer, Done) and each.answer.version > before.version:
            told[each.answer.version].append(each)
    unheard = [each for each in history if isinstance(each.answer, Unknown) and each.kind != "look"]
    known = {version: list(_candidates(group, unheard)) for version, group in told.items()}
    by_when = _by_when(known, last)
    asks_of = Counter(each.who for each in history)
    begun = [(Life(before, ceiling, returns), unheard)]
    while begun:
        life, left = begun.pop()
        while (now := life.states[-1]).version < last:
            version = now.version + 1
            made = next((each for each in known.get(version, ()) if not is_so(each, now)), None)
            ways = [(made, left)] if made else []
            for each in _able(left, by_when[version], asks_of):
                change = _silent(each, made)
                if (made is None or _is_like(change, made)) and not is_so(change, now):
                    ways.append((change, [other for other in left if other is not each]))
            for way, rest in ways[1:]:
                begun.append((deepcopy(life), rest))
                begun[-1][0].apply(way)
            change, left = ways[0] if ways else (Change("", -inf, inf), left)
            life.apply(change)
        yield life


def _candidates(told: Sequence[Asked], unheard: Sequence[Asked]) -> Iterator[Change]:
    """Who may have made a version, of those who were told it.

    Of those who asked for the same, the first to ask may have; none of them can have been answered before.
    """
    alike: dict[tuple[str, str, str, int | None], list[Asked]] = defaultdict(list)
    for each in told:
        redemption = each.answer.redemption if isinstance(each.answer, Done) else ""
        alike[each.kind, each.who, each.redemption or redemption, each.limit].append(each)
    for (kind, who, redemption, limit), members in alike.items():
        makers = [each for each in unheard if each.kind == kind and _is_same(each, who, redemption)]
        if kind != "redeem":
            makers += members
        elif new := [each for each in members if each.made_a_redemption]:
            makers = new
        earliest = min((each.start for each in makers), default=inf)
        yield Change(kind, earliest, min(each.end for each in members), who, redemption, limit)


def _is_same(each: Asked, who: str, redemption: str) -> bool:
    return each.who == who if each.kind == "redeem" else bool(redemption) and each.redemption == redemption


def is_so(change: Change, now: Code) -> bool:
    """Whether there was nothing to change: asking for what is so already answers the version as it is."""
    return change.limit == now.limit if change.kind == "limit" else STATUS_BY.get(change.kind) == now.status


def _by_when(known: Mapping[int, Sequence[Change]], last: int) -> dict[int, float]:
    """When each version had been made at the latest, as it or a later one was told then."""
    versions = range(last, -1, -1)
    ends = (min((change.latest for change in known.get(version, ())), default=inf) for version in versions)
    return dict(zip(versions, accumulate(ends, min), strict=True))


def _able(unheard: Iterable[Asked], by_when: float, asks_of: Mapping[str, int]) -> Iterable[Asked]:
    """Which requests that nobody heard the outcome of had been sent by then.

    Of those who never asked for anything else, one is as good as another: the first will do.
    """
    able: dict[tuple[str, str, str, int | None], Asked] = {}
    for each in unheard:
        if each.start <= by_when:
            able.setdefault((each.kind, each.who if asks_of[each.who] > 1 else "", each.redemption, each.limit), each)
    return able.values()


def _silent(each: Asked, told: Change | None) -> Change:
    """What came of a request that nobody heard of, though others may have been told of it."""
    redemption = each.redemption or f"what {each.who} never heard of"
    return Change(each.kind, each.start, told.latest if told else inf, each.who, redemption, each.limit)


def _is_like(change: Change, told: Change) -> bool:
    """Whether either may have been the one that changed something. (Redemptions are told apart above.)"""
    return change.kind == told.kind and change.kind in {"limit", *STATUS_BY} and change.limit == told.limit


def out_of_order(life: Life) -> Iterator[Finding]:
    begun = accumulate((change.earliest for change in life.changes), max)
    for version, (start, over) in enumerate(zip(begun, ended(life), strict=True), life.first + 1):
        if start > over:
            yield Finding("order", f"by version {version} something was answered before what it rests on was asked for")


def ended(life: Life) -> list[float]:
    """By when each change was over, as it or a later one was answered then; ascending."""
    return list(accumulate((change.latest for change in reversed(life.changes)), min))[::-1]


def misnumbered(life: Life, history: Iterable[Asked]) -> Iterator[Finding]:
    """New passes that are not what their version made: one version for two, or one pass told to be new twice."""
    told = set()
    for each in history:
        if not isinstance(each.answer, Done) or not each.made_a_redemption:
            continue
        version, redemption = each.answer.version, each.answer.redemption
        if version in told or life.spans.get(redemption, (None,))[0] != version:
            yield Finding("twice", f"version {version} was told to {each.who} as new, and is not")
        told.add(version)
