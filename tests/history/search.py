"""The second opinion: any order at all that explains a history, by trial (Wing and Gong 1993, with a memo).

Shares nothing with `promos.rules.histories` but the words, and is for small histories: it may look at very many orders.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from promos.rules.histories import EXHAUSTED, Asked, Code, Done, Refused, Unknown

STATUS = {"pause": "paused", "resume": "active"}


@dataclass(frozen=True, slots=True)
class Model:
    """A code as a sheet of paper would keep it; `version` is `None` where versions are not to be read."""

    limit: int | None
    status: str
    used: int
    version: int | None
    held: frozenset[tuple[str, str, int]] = frozenset()  # person, redemption, version
    ended: frozenset[tuple[str, int]] = frozenset()  # redemption, version
    confirmed: frozenset[tuple[str, int]] = frozenset()  # redemption, version

    def after(self, each: Asked) -> Iterator["Model"]:
        """What the code may be after this request was answered so; nothing if that cannot be."""
        answer = each.answer
        if isinstance(answer, Code):
            if (self.limit, self.status, self.used) == (answer.limit, answer.status, answer.used):
                yield from self._if_told(self, answer)
        elif isinstance(answer, Refused):
            if self._refuses(each, answer):
                yield self
        elif each.kind == "redeem":
            yield from self._redeemed(each.who, answer)
        elif each.kind == "cancel":
            yield from self._cancelled(each.redemption, answer)
        elif each.kind == "confirm":
            yield from self._confirmed(each.redemption, answer)
        elif each.kind == "limit":
            if each.limit is None or each.limit >= self.used:
                yield from self._if_told(self._next(limit=each.limit) if each.limit != self.limit else self, answer)
        else:
            status = STATUS[each.kind]
            yield from self._if_told(self._next(status=status) if status != self.status else self, answer)

    def _redeemed(self, who: str, answer: Done | Unknown) -> Iterator["Model"]:
        is_new = isinstance(answer, Unknown) or answer.is_new
        redemption = answer.redemption if isinstance(answer, Done) else ""
        mine = next((each for each in self.held if each[0] == who), None)
        if mine and not is_new and mine[1] in {redemption, ""}:
            if self.version is None or (isinstance(answer, Done) and answer.version == mine[2]):
                yield replace(self, held=self.held - {mine} | {(who, redemption, mine[2])})
        elif not mine and is_new and self.status == "active" and (self.limit is None or self.used < self.limit):
            after = self._next(used=self.used + 1)
            yield from self._if_told(replace(after, held=self.held | {(who, redemption, after.version or 0)}), answer)

    def _cancelled(self, redemption: str, answer: Done | Unknown) -> Iterator["Model"]:
        if mine := next((each for each in self.held if each[1] == redemption), None):
            after = self._next(used=self.used - 1, held=self.held - {mine})
            after = replace(after, ended=self.ended | {(redemption, after.version or 0)})
            yield from self._if_told(after, answer)
        elif isinstance(answer, Done):
            version = 0 if self.version is None else answer.version
            if (redemption, version) in self.ended:
                yield self

    def _confirmed(self, redemption: str, answer: Done | Unknown) -> Iterator["Model"]:
        if not any(each[1] == redemption for each in self.held):
            return
        before = next((each for each in self.confirmed if each[0] == redemption), None)
        if before is None:
            if self.status != "active":
                return
            after = self._next()
            after = replace(after, confirmed=self.confirmed | {(redemption, after.version or 0)})
            yield from self._if_told(after, answer)
        elif isinstance(answer, Done) and (self.version is None or answer.version == before[1]):
            yield self

    def _refuses(self, each: Asked, answer: Refused) -> bool:
        if each.kind == "limit":
            return answer.used == self.used and each.limit is not None and each.limit < self.used
        if each.kind == "confirm":
            if any(one == each.redemption for _, one, _ in self.held):
                is_hold = all(one != each.redemption for one, _ in self.confirmed)
                return is_hold and self.status != "active" and answer.slug == f"code-{self.status}"
            return answer.slug == "redemption-ended" and any(one == each.redemption for one, _ in self.ended)
        holds = any(who == each.who for who, _, _ in self.held)
        if answer.slug in EXHAUSTED:
            return not holds and self.status == "active" and self.limit is not None and self.used >= self.limit
        return not holds and answer.slug == f"code-{self.status}"

    def _next(self, **changes: object) -> "Model":
        version = None if self.version is None else self.version + 1
        return replace(self, version=version, **changes)  # type: ignore[arg-type]

    def _if_told(self, after: "Model", answer: Done | Code | Unknown) -> Iterator["Model"]:
        if after.version is None or isinstance(answer, Unknown) or answer.version == after.version:
            yield after


def is_explained(before: Code, asked: Sequence[Asked], *, versions: bool = False, most: int = 2_000_000) -> bool:
    """Whether some order within real time gives everybody the answer they got, nobody holding a pass before."""
    told = (each for each in asked if each.kind != "look" or not isinstance(each.answer, Unknown))
    history = sorted(told, key=lambda each: (each.start, each.end))
    ends = [inf if isinstance(each.answer, Unknown) else each.end for each in history]
    all_known = sum(1 << at for at, each in enumerate(history) if not isinstance(each.answer, Unknown))
    start = Model(before.limit, before.status, before.used, before.version if versions else None)
    seen: set[tuple[int, Model]] = set()
    path = [(0, start, _next(history, ends, 0))]
    while path:
        done, model, choices = path[-1]
        if done & all_known == all_known:
            return True
        at = next(choices, None)
        if at is None:
            path.pop()
            continue
        for after in model.after(history[at]):
            key = (done | 1 << at, after)
            if key not in seen:
                seen.add(key)
                path.append((*key, _next(history, ends, key[0])))
        if len(seen) > most:
            raise ValueError("too many orders to try")
    return False


def _next(history: Sequence[Asked], ends: Sequence[float], done: int) -> Iterator[int]:
    """Who may be next: nobody who asked after another was answered. Answers that change nothing first."""
    first_end, able = inf, []
    for at, each in enumerate(history):
        if each.start > first_end:
            break
        if not done >> at & 1:
            able.append(at)
            first_end = min(first_end, ends[at])
    return iter(sorted(able, key=lambda at: (not isinstance(history[at].answer, Refused | Code), ends[at])))
