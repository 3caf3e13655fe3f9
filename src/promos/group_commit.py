"""Waiting claims on one offer become one transaction.

One transaction is in flight for each offer; whoever comes meanwhile waits for the next one. Alone, a claim goes at
once; under a crowd the batches grow by themselves. Several processes meet at the locked row. The batcher may be wrong,
the outcome cannot: constraints stand behind it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from promos.actions import idempotency, redemptions
from promos.actions.idempotency import Keyed, Stored
from promos.actions.locks import LimitsMoved
from promos.database import RETRIES, Database, is_lost, may_retry
from promos.rules.redemption import Ask, Outcome, Redeemed
from promos.rules.refusals import OutcomeUnknown, Overloaded

Answer = Callable[[Redeemed], tuple[int, Any]]  # status and document to keep for a repeat, without secrets


@dataclass(slots=True)
class Member:
    """One who waits."""

    ask: Ask
    decided: "asyncio.Future[Outcome | Stored]"
    key: Keyed | None = None
    answer: Answer | None = None


@dataclass(slots=True)
class Queue:
    """Those who wait for one offer, in order of arrival."""

    members: deque[Member] = field(default_factory=deque)
    running: "asyncio.Task[None] | None" = None
    seconds: float = 0.0  # of its last transactions, the newest weighing most


class GroupCommit:
    """Decides claims, `size` at most in one transaction; nobody waits longer than about `wait` seconds."""

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
        self, offer_id: UUID, ask: Ask, *, key: Keyed | None = None, answer: Answer | None = None
    ) -> Outcome | Stored:
        """The outcome of `ask`, committed; or the answer its key was given before.

        Raises `Overloaded` for whom the wait would be too long, `OutcomeUnknown` if the database went away.
        """
        queue = self._queues.setdefault(offer_id, Queue())
        if self._closing or (len(queue.members) / self._size + 1) * queue.seconds > self._wait:
            raise Overloaded(retry_after=max(1, round(self._wait / 2)))
        decided: asyncio.Future[Outcome | Stored] = asyncio.get_running_loop().create_future()
        queue.members.append(Member(ask, decided, key, answer))
        if queue.running is None:
            queue.running = asyncio.create_task(self._drain(offer_id, queue))
        return await decided

    async def close(self) -> None:
        """Take nobody new, and decide all who wait."""
        self._closing = True
        await asyncio.gather(*(queue.running for queue in self._queues.values() if queue.running))

    async def _drain(self, offer_id: UUID, queue: Queue) -> None:
        loop = asyncio.get_running_loop()
        while queue.members:
            members = [queue.members.popleft() for _ in range(min(self._size, len(queue.members)))]
            began = loop.time()
            await self._decide([member for member in members if not member.decided.done()])
            queue.seconds = 0.7 * (loop.time() - began) + 0.3 * queue.seconds
        del self._queues[offer_id]

    async def _decide(self, members: list[Member]) -> None:
        """Decide these in one transaction; if it cannot be had, each in its own."""
        if not members:
            return
        for attempt in range(RETRIES + 1):
            try:
                answers = await self._transaction(members)
            except Exception as error:  # the outermost loop: whatever went wrong, everybody who waits hears of it
                lost_race = isinstance(error, IntegrityError | LimitsMoved)
                if (lost_race or may_retry(error)) and attempt < RETRIES:
                    await asyncio.sleep(self._random.uniform(0.001, 0.02) * 2**attempt)
                    continue
                if len(members) > 1 and not is_lost(error):
                    for member in members:
                        await self._decide([member])
                    return
                _fail(members, error)
                return
            for member, answer in zip(members, answers, strict=True):
                if not member.decided.done():
                    member.decided.set_result(answer)
            return

    async def _transaction(self, members: list[Member]) -> list[Outcome | Stored]:
        now = self._clock()
        async with self._database.writing() as session:
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
            await idempotency.store(session, [(key, one.status, one.document) for key, one in kept.items()], now=now)
        return answers


def _fail(members: list[Member], error: Exception) -> None:
    """Tell everybody; a database that is out of reach may have committed, and asking again is safe."""
    for member in members:
        if not member.decided.done():
            member.decided.set_exception(OutcomeUnknown() if is_lost(error) else error)
