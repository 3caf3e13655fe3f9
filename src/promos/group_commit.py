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

GRACE = 3.0  # seconds beyond the longest wait, after which a transaction is given up
Answer = Callable[[Redeemed], tuple[int, Any]]  # status and document to keep for a repeat, without secrets


@dataclass(slots=True)
class Member:
    """One who waits."""

    ask: Ask
    decided: "asyncio.Future[Outcome | Stored]"
    key: Keyed | None = None
    answer: Answer | None = None
    is_running: bool = False  # in a transaction, which may commit at any moment


@dataclass(slots=True)
class Queue:
    """Those who wait for one offer, in order of arrival."""

    members: deque[Member] = field(default_factory=deque)
    running: "asyncio.Task[None] | None" = None
    seconds: float = 0.0  # of its last transactions, the newest weighing most


class GroupCommit:
    """Decides claims, `size` at most in one transaction, in order of arrival; nobody waits longer than `wait` seconds.

    Whose time is over before a transaction took them hears `Overloaded`, and nothing happened; whose transaction has
    not answered by then, `OutcomeUnknown`.
    """

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
        loop = asyncio.get_running_loop()
        member = Member(ask, loop.create_future(), key, answer)
        queue.members.append(member)
        if queue.running is None:
            queue.running = asyncio.create_task(self._drain(offer_id, queue))
        patience = loop.call_later(self._wait, self._lose_patience, member)
        try:
            return await member.decided
        finally:
            patience.cancel()

    def is_busy(self, offer_id: UUID) -> bool:
        """Whether a transaction on this offer is under way."""
        queue = self._queues.get(offer_id)
        return queue is not None and not queue.members

    async def close(self) -> None:
        """Take nobody new, and decide all who wait."""
        self._closing = True
        await asyncio.gather(*(queue.running for queue in self._queues.values() if queue.running))

    def _lose_patience(self, member: Member) -> None:
        if not member.decided.done():
            retry_after = max(1, round(self._wait / 2))
            member.decided.set_exception(OutcomeUnknown() if member.is_running else Overloaded(retry_after))

    async def _drain(self, offer_id: UUID, queue: Queue) -> None:
        loop = asyncio.get_running_loop()
        while members := self._next(queue):
            began = loop.time()
            await self._decide(members, until=began + self._wait)
            queue.seconds = 0.7 * (loop.time() - began) + 0.3 * queue.seconds
        del self._queues[offer_id]

    def _next(self, queue: Queue) -> list[Member]:
        """Who is decided next: those who wait still, without a second request under the same Idempotency-Key.

        Whether that one is refused depends on what becomes of the first, so it waits for the transaction after.
        """
        taken: list[Member] = []
        later: list[Member] = []
        keys: dict[tuple[str, str], str] = {}
        while queue.members and len(taken) < self._size:
            member = queue.members.popleft()
            if member.decided.done():
                continue
            key = member.key
            if key and keys.setdefault((key.principal, key.key), key.fingerprint) != key.fingerprint:
                later.append(member)
                continue
            member.is_running = True
            taken.append(member)
        queue.members.extendleft(reversed(later))
        return taken

    async def _decide(self, members: list[Member], *, until: float) -> None:
        """Decide these in one transaction, begun anew where that may help while there is time; else each in its own."""
        loop = asyncio.get_running_loop()
        for attempt in range(RETRIES + 1):
            try:
                async with asyncio.timeout_at(until + GRACE):
                    answers = await self._transaction(members)
            except Exception as error:  # the outermost loop: whatever went wrong, everybody who waits hears of it
                lost_race = isinstance(error, IntegrityError | LimitsMoved)
                if (lost_race or may_retry(error)) and attempt < RETRIES and loop.time() < until:
                    await asyncio.sleep(self._random.uniform(0.001, 0.02) * 2**attempt)
                    continue
                if len(members) > 1 and not is_lost(error):
                    for member in members:
                        await self._decide([member], until=until)
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
