"""Waiting claims on one offer become one transaction.

One transaction is in flight for each offer; whoever comes meanwhile waits for the next one. Alone, a claim goes at
once; under a crowd the batches grow by themselves. Several processes meet at the locked row. The batcher may be wrong,
the outcome cannot: constraints stand behind it.

Everybody waits for a bounded time. Who is not in a transaction when it is over was not decided and never will be; of
who is in one, nobody can say.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from promos.actions import holds, idempotency, redemptions
from promos.actions.idempotency import Keyed, Stored
from promos.actions.locks import LimitsMoved
from promos.database import RETRIES, Database, is_busy, is_full, is_lost, may_retry
from promos.rules.redemption import Ask, Outcome, Redeemed
from promos.rules.refusals import DiskFull, OutcomeUnknown, Overloaded

Answer = Callable[[Redeemed], tuple[int, Any]]  # status and document to keep for a repeat, without secrets


@dataclass(slots=True)
class Member:
    """One who waits, `until` a time of the event loop."""

    ask: Ask
    decided: "asyncio.Future[Outcome | Stored]"
    until: float
    key: Keyed | None = None
    answer: Answer | None = None
    is_asked: bool = False  # in a transaction that is not known to have been undone


@dataclass(slots=True)
class Queue:
    """Those who wait for one offer, in order of arrival. `of`: the offer's partner, about whose rows it is alone."""

    of: frozenset[UUID]
    members: deque[Member] = field(default_factory=deque)
    running: "asyncio.Task[None] | None" = None
    seconds: float = 0.0  # of its last transactions, the newest weighing most
    began: float = 0.0  # the one in flight

    def next(self, size: int) -> list[Member]:
        """The first `size` who still wait. One key twice with different requests: the later one has to wait on."""
        chosen: list[Member] = []
        later: list[Member] = []
        keys: dict[tuple[str, str], Keyed] = {}
        while self.members and len(chosen) < size:
            member = self.members.popleft()
            if member.decided.done():
                continue
            is_same = member.key is None or keys.setdefault(member.key.name, member.key) == member.key
            (chosen if is_same else later).append(member)
        self.members.extendleft(reversed(later))
        return chosen


class GroupCommit:
    """Decides claims, `size` at most in one transaction; nobody waits longer than `wait` seconds."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        *,
        size: int = 128,
        wait: float = 10.0,
        random: Random | None = None,
    ) -> None:
        self._database, self._clock, self._size, self._wait = database, clock, size, wait
        self._random = random or Random()  # noqa: S311 -- jitter, not a secret
        self._queues: dict[UUID, Queue] = {}
        self._closing = False

    async def redeem(
        self, offer_id: UUID, ask: Ask, *, of: UUID, key: Keyed | None = None, answer: Answer | None = None
    ) -> Outcome | Stored:
        """The outcome of `ask`, committed; or the answer its key was given before. `of`: the offer's partner.

        Raises `Overloaded` for whom the wait is too long, and then nothing was done and nothing will be; and
        `OutcomeUnknown` if the database went away, or does not come back, in the transaction of this ask.
        """
        loop = asyncio.get_running_loop()
        queue = self._queues.setdefault(offer_id, Queue(frozenset({of})))
        if self._closing or self._delay(queue, loop.time()) > self._wait:
            raise self._overloaded()
        member = Member(ask, loop.create_future(), loop.time() + self._wait, key, answer)
        queue.members.append(member)
        if queue.running is None:
            queue.began = loop.time()
            queue.running = asyncio.create_task(self._drain(offer_id, queue))
        try:
            async with asyncio.timeout_at(member.until):
                return await member.decided
        except TimeoutError:
            raise (OutcomeUnknown() if member.is_asked else self._overloaded()) from None

    async def close(self) -> None:
        """Take nobody new, and decide all who wait."""
        self._closing = True
        await asyncio.gather(*(queue.running for queue in self._queues.values() if queue.running))

    def _delay(self, queue: Queue, now: float) -> float:
        """For how long, as things go, somebody who came now would wait; seconds."""
        if queue.running is None:
            return 0.0
        return (len(queue.members) // self._size + 1) * max(queue.seconds, now - queue.began)

    def _overloaded(self) -> Overloaded:
        return Overloaded(retry_after=max(1, round(self._wait / 2)))

    async def _drain(self, offer_id: UUID, queue: Queue) -> None:
        loop = asyncio.get_running_loop()
        while queue.members:
            queue.began = loop.time()
            await self._decide(queue.next(self._size), queue.of)
            queue.seconds = 0.7 * (loop.time() - queue.began) + 0.3 * queue.seconds
        del self._queues[offer_id]

    async def _decide(self, members: list[Member], of: frozenset[UUID]) -> None:
        """Decide these in one transaction; if it cannot be had, each in its own."""
        overdue: Collection[UUID] = ()
        for attempt in range(RETRIES + 1):
            members = [member for member in members if not member.decided.done()]
            if not members:
                return
            try:
                async with asyncio.timeout_at(max(member.until for member in members)):
                    await holds.clear(self._database, overdue, self._clock, of)
                answers = await self._transaction(members, of)
            except OutcomeUnknown as unknown:
                _fail(members, unknown)
                return
            except Exception as error:  # the outermost loop: whatever went wrong, everybody who waits hears of it
                is_moment = is_lost(error) and not is_full(error)
                overdue = error.events if isinstance(error, LimitsMoved) else ()
                if (is_moment or may_retry(error) or isinstance(error, IntegrityError | LimitsMoved)) and (
                    attempt < RETRIES
                ):
                    await asyncio.sleep(self._random.uniform(0.001, 0.02) * 2**attempt)
                    continue
                if len(members) > 1 and not is_lost(error):
                    for member in members:
                        await self._decide([member], of)
                    return
                _fail(members, self._refused(error))
                return
            for member, answer in zip(members, answers, strict=True):
                if not member.decided.done():
                    member.decided.set_result(answer)
            return

    def _refused(self, error: Exception) -> Exception:
        """What those hear whose transaction was undone by `error`."""
        if is_full(error):
            return DiskFull()
        return self._overloaded() if is_busy(error) else OutcomeUnknown() if is_lost(error) else error

    async def _transaction(self, members: list[Member], of: frozenset[UUID]) -> list[Outcome | Stored]:
        """Their answers, committed; given up when nobody waits for them any more.

        Raises `OutcomeUnknown` if the database was lost while it committed; any other error left nothing behind.
        """
        now = self._clock()
        is_decided = False
        for member in members:
            member.is_asked = True
        try:
            until = asyncio.timeout_at(max(member.until for member in members))
            async with until, self._database.writing(of) as session:
                before = await idempotency.answered(session, [member.key for member in members if member.key])
                new = [member.ask for member in members if member.key not in before]
                outcomes = await redemptions.redeem(session, new, now=now) if new else {}
                kept: dict[Keyed, Stored] = {}
                answers: list[Outcome | Stored] = []
                for member in members:
                    stored = before.get(member.key) or kept.get(member.key) if member.key else None
                    answer = stored or outcomes[member.ask.id]
                    if member.key and member.answer and isinstance(answer, Redeemed):
                        kept[member.key] = Stored(*member.answer(answer))
                    answers.append(answer)
                settled = [(key, one.status, one.document) for key, one in kept.items()]
                await idempotency.store(session, settled, now=now)
                is_decided = True
        except Exception as error:
            if is_decided and is_lost(error) and not is_full(error):
                raise OutcomeUnknown from error
            for member in members:
                member.is_asked = False
            raise
        return answers


def _fail(members: list[Member], error: Exception) -> None:
    for member in members:
        if not member.decided.done():
            member.decided.set_exception(error)
