"""A crowd of invented readers at one code of an installation, and whether everybody in it was told the truth."""

import asyncio
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from urllib.parse import quote

from promos.crowd.desk import Desk, NotPossible
from promos.crowd.report import Report
from promos.crowd.wire import Lost, Wire
from promos.rules import histories
from promos.rules.histories import Asked, Code, Done, Unknown

__all__ = ["NotPossible", "Plan", "Report", "run"]

TWICE = 0.1  # of the readers press a second time
LOOKS = 0.05  # looks at the code, for each reader
NEARLY = 3  # a lowered limit may be this far below what is out, and is refused then

Progress = Callable[[int, int], None]  # answers so far, and of how many at least


@dataclass(frozen=True, slots=True)
class Plan:
    """`cancels`: the part of the passes that is cancelled on the way. In the end all are, unless `keep`."""

    code: str
    url: str
    token: str
    readers: int = 500
    connections: int = 64
    cancels: float = 0.2
    limit_changes: int = 5
    keep: bool = False


async def run(plan: Plan, progress: Progress = lambda _done, _all: None) -> Report:
    """Send the crowd, check what it was told, and leave the code as it was; raises `NotPossible`."""
    history: list[Asked] = []
    desks = [Desk(Wire(plan.url, plan.token), plan.code, history) for _ in range(min(plan.connections, plan.readers))]
    aside = Desk(Wire(plan.url, plan.token), plan.code, [])
    try:
        before, ceiling = await _terms(aside, plan)
        crowd = Crowd(plan, before, ceiling, desks)
        try:
            await crowd.come(progress)
            seconds, requests = _span(history), len(history)
            if plan.limit_changes:
                await desks[0].limit(before.limit)
            last = (await desks[0].look()).answer
            drift = last.used - await _ledger(aside, plan.code) if isinstance(last, Code) else None
        finally:
            left = await crowd.leave(aside)
        found = histories.findings(before, history, ceiling=ceiling)
    finally:
        for desk in [*desks, aside]:
            desk.wire.close()
    places = None if ceiling is None else ceiling - before.used
    return Report(plan.code, plan.readers, len(desks), places, history[:requests], seconds, drift, left, found)


class Crowd:
    """All that will be asked, in an order that nobody can foresee, and who is left with a pass."""

    def __init__(self, plan: Plan, before: Code, ceiling: int | None, desks: list[Desk]) -> None:
        self._plan, self._before, self._ceiling, self._desks = plan, before, ceiling, desks
        self._random = random.Random()  # noqa: S311 -- an order, not a secret
        run_id = secrets.token_hex(4)
        readers = [f"reader{number}@crowd-{run_id}.invalid" for number in range(plan.readers)]
        again = self._random.sample(readers, int(TWICE * len(readers)))
        self._todo = [("redeem", email) for email in [*readers, *again]] + [("look", "")] * int(LOOKS * len(readers))
        self._random.shuffle(self._todo)
        for number in range(plan.limit_changes):
            self._todo.insert((number + 1) * len(self._todo) // (plan.limit_changes + 1), ("limit", ""))
        self._held: dict[str, str] = {}  # who holds which redemption
        self._unheard: set[str] = set()
        self._lowered = False
        self._answered = 0

    async def come(self, progress: Progress) -> None:
        """Everybody at once: each connection's first request lacks its last byte until all of them are there."""
        firsts = []
        for desk in self._desks:
            at = next((at for at in range(len(self._todo) - 1, -1, -1) if self._todo[at][0] == "redeem"), None)
            if at is None:
                break
            firsts.append((desk, self._todo.pop(at)[1]))
        try:
            await asyncio.gather(*(desk.ready(email) for desk, email in firsts))
        except Lost as lost:
            raise NotPossible(f"it does not take {len(firsts)} connections at once: {lost}") from None
        try:
            async with asyncio.TaskGroup() as serving:
                for desk, email in firsts:
                    serving.create_task(self._serve(desk, email, progress))
        except ExceptionGroup as group:  # one that cannot go on stops all the others
            raise group.exceptions[0] from None

    async def leave(self, desk: Desk) -> int:
        """Set the limit as it was and, unless all is kept, cancel what is held; how many passes could not be."""
        if self._plan.limit_changes:
            await desk.limit(self._before.limit)
        if self._plan.keep:
            return 0
        for email in sorted(self._unheard):
            if isinstance((await self._redeem(desk, email)).answer, Unknown):
                break  # it answers no more
        waiting = list(self._held.values())
        ended: list[str] = []

        async def cancel(wire: Wire) -> None:
            own = Desk(wire, self._plan.code, [])
            while waiting:
                redemption = waiting.pop()
                if not isinstance((await own.cancel(redemption)).answer, Done):
                    return
                ended.append(redemption)

        await asyncio.gather(*(cancel(each.wire) for each in self._desks))
        return len(self._held) + len(self._unheard) - len(ended)

    async def _serve(self, desk: Desk, first: str, progress: Progress) -> None:
        await self._redeem(desk, first, is_ready=True)
        while self._todo:
            what, whom = self._todo.pop()
            if what == "redeem":
                await self._redeem(desk, whom)
            elif what == "cancel":
                await desk.cancel(whom)
            elif what == "look":
                await desk.look()
            else:
                await self._move_limit(desk)
            self._answered += 1
            progress(self._answered, self._answered + len(self._todo))

    async def _redeem(self, desk: Desk, email: str, *, is_ready: bool = False) -> Asked:
        self._unheard.add(email)
        asked = await desk.redeem(email, is_ready=is_ready)
        if not isinstance(asked.answer, Unknown):
            self._unheard.discard(email)
        if isinstance(asked.answer, Done):
            if self._random.random() < self._plan.cancels and asked.made_a_redemption:
                self._todo.insert(self._random.randint(0, len(self._todo)), ("cancel", asked.answer.redemption))
            self._held[email] = asked.answer.redemption
        return asked

    async def _move_limit(self, desk: Desk) -> None:
        """Down to near what is out, and up again the next time."""
        self._lowered = not self._lowered
        if not self._lowered:
            await desk.limit(self._before.limit)
        elif isinstance(seen := (await desk.look()).answer, Code):
            top = self._ceiling if self._ceiling is not None else seen.used + self._plan.readers
            await desk.limit(self._random.randint(max(seen.used - NEARLY, 1), max(seen.used, top)))


async def _terms(desk: Desk, plan: Plan) -> tuple[Code, int | None]:
    """The code before, and how far its `used` can go by the nearest limit; raises `NotPossible`."""
    path = f"/api/v1/codes/{quote(plan.code, safe='')}"
    seen = await desk.document("GET", path)
    offer = await desk.document("GET", f"/api/v1/offers/{seen['offer_id']}")
    if offer["on_cancel"] != "return":
        raise NotPossible("cancelled passes of this offer stay used up; take a code of an offer that returns them")
    tried = await desk.document("POST", f"{path}/check")
    if no := next((each for each in tried["reasons"] if each["verdict"] == "fail"), None):
        raise NotPossible(f"nothing can be redeemed with it now: {no['code']}")
    code = Code(seen["version"], seen["used"], seen["limit"], seen["status"])
    if plan.limit_changes:
        await desk.limit(code.limit)  # changes nothing, and says whether this token may
    return code, None if tried["remaining"] is None else code.used + tried["remaining"]


async def _ledger(desk: Desk, code: str) -> int:
    """How many live redemptions the code has, counted one by one."""
    number = 0
    for state in ("held", "confirmed"):
        path = f"/api/v1/redemptions?size=100&state={state}&code={quote(code, safe='')}"
        page = await desk.document("GET", path)
        number += len(page["items"])
        while page["next"]:
            page = await desk.document("GET", f"{path}&cursor={page['next']}")
            number += len(page["items"])
    return number


def _span(history: list[Asked]) -> float:
    """Seconds from the first request to the last answer."""
    ends = [each.end for each in history if each.end != inf]
    return max(ends) - min(each.start for each in history) if ends else 0.0
