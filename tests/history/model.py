"""Histories that are true by construction: requests done one after the other, whose askers saw more time pass."""

from dataclasses import dataclass, field
from itertools import count
from math import inf
from typing import Any

from hypothesis import strategies as st

from promos.rules.histories import Asked, Code, Done, Refused, Unknown

LONG_AFTER = 100.0
STATUS = {"pause": "paused", "resume": "active"}


@dataclass
class Desk:
    """One clerk with one code, who does one thing at a time and makes no mistakes."""

    limit: int | None
    used: int = 0
    version: int = 1
    status: str = "active"
    held: dict[str, Done] = field(default_factory=dict)
    ended: dict[str, Done] = field(default_factory=dict)
    confirmed: dict[str, Done] = field(default_factory=dict)
    _numbers: Any = field(default_factory=count)

    def look(self) -> Code:
        return Code(self.version, self.used, self.limit, self.status)

    def redeem(self, who: str) -> Done | Refused:
        if who in self.held:
            return Done(self.held[who].version, self.held[who].redemption, is_new=False)
        if self.status == "paused":
            return Refused("code-paused")
        if self.limit is not None and self.used >= self.limit:
            return Refused("code-exhausted")
        self.used, self.version = self.used + 1, self.version + 1
        self.held[who] = Done(self.version, f"r{next(self._numbers)}")
        return self.held[who]

    def cancel(self, redemption: str) -> Done:
        if redemption not in self.ended:
            [who] = [who for who, done in self.held.items() if done.redemption == redemption]
            del self.held[who]
            self.used, self.version = self.used - 1, self.version + 1
            self.ended[redemption] = Done(self.version)
        return self.ended[redemption]

    def confirm(self, redemption: str) -> Done | Refused:
        if redemption in self.ended:
            return Refused("redemption-ended")
        if redemption not in self.confirmed:
            if self.status == "paused":
                return Refused("code-paused")
            self.version += 1
            self.confirmed[redemption] = Done(self.version)
        return self.confirmed[redemption]

    def set_limit(self, limit: int | None) -> Done | Refused:
        if limit is not None and limit < self.used:
            return Refused("limit-below-used", self.used)
        if limit != self.limit:
            self.limit, self.version = limit, self.version + 1
        return Done(self.version)

    def set_status(self, kind: str) -> Done:
        if STATUS[kind] != self.status:
            self.status, self.version = STATUS[kind], self.version + 1
        return Done(self.version)


@st.composite
def histories(draw: st.DrawFn, *, most: int = 40) -> tuple[Code, list[Asked]]:
    """A code before, and what happened to it until a last look; some answers get lost, and some requests."""
    desk = Desk(draw(st.none() | st.integers(0, 6)))
    before = desk.look()
    asked: list[Asked] = []
    slack = st.floats(0, 5)
    for at in range(draw(st.integers(1, most))):
        kind = draw(
            st.sampled_from(
                ["redeem"] * 6 + ["cancel"] * 3 + ["confirm"] * 2 + ["limit", "pause", "resume", "look", "look"]
            )
        )
        who, redemption, limit = "", "", None
        is_lost = draw(st.integers(0, 9)) == 0
        is_done = not is_lost or draw(st.booleans())
        answer: Any = None
        if kind == "redeem":
            who = draw(st.sampled_from("abcdefghij"))
            answer = is_done and desk.redeem(who)
        elif kind in {"cancel", "confirm"}:
            told = {each.answer.redemption for each in asked if each.kind == "redeem" and isinstance(each.answer, Done)}
            if not told:  # nobody can name a redemption that nobody was told of
                continue
            redemption = draw(st.sampled_from(sorted(told)))
            answer = is_done and (desk.cancel(redemption) if kind == "cancel" else desk.confirm(redemption))
        elif kind == "limit":
            limit = draw(st.none() | st.integers(0, 8))
            answer = is_done and desk.set_limit(limit)
        elif kind == "look":
            answer = desk.look()
        else:
            answer = is_done and desk.set_status(kind)
        end = inf if is_lost else at + draw(slack)
        asked.append(Asked(kind, at - draw(slack), end, Unknown() if is_lost else answer, who, redemption, limit))
    return before, [*draw(st.permutations(asked)), Asked("look", LONG_AFTER, LONG_AFTER + 1, desk.look())]
