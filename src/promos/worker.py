"""Sends what is owed: claim, commit, send, settle; no transaction is open while a mail server is thinking. Beside that
it makes the codes that were ordered, settles holds that are over, and offers what is free to who waits.

No crash loses a mail, so a crash may send one twice: all copies carry the same Message-ID. Any number of workers may
run; they share the work by leases.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from promos import reporting, retrying, writing
from promos.actions import (
    codes,
    deliveries,
    holds,
    invitations,
    labels,
    line,
    making,
    moves,
    passes,
    redemptions,
    report_schedules,
    retention,
    wishes,
)
from promos.actions.deliveries import Due, LinkLost, Reported
from promos.database import Database, is_lost
from promos.outside.mail import Post
from promos.rendering.envelopes import Mail
from promos.rules import readers
from promos.rules.retries import Answer, Failed
from promos.settings import Keys, Settings

AT_ONCE = 8  # mails on their way together, each over a connection of its own
TOGETHER = 1.0  # seconds in which answers come that are written down together: a slow one keeps no other
SWEEP_EVERY = timedelta(minutes=10)

NOBODY = Failed(permanent=True, said="an address that nobody has")
NOT_NEEDED = Failed(permanent=True, said="no longer needed")

log = logging.getLogger(__name__)
T = TypeVar("T")


class Worker:
    """`run` until told to stop; `round` does what is due now."""

    def __init__(
        self,
        database: Database,
        post: Post,
        settings: Settings,
        keys: Keys,
        clock: Callable[[], datetime],
        *others: Callable[[], Awaitable[int]],
    ) -> None:
        """`others`: rounds of other work, done beside the worker's own; each says how much there was."""
        self._database, self._post, self._settings, self._keys, self._clock = database, post, settings, keys, clock
        self._others = others
        self._swept_at: datetime | None = None
        self._is_behind = False

    async def run(self, stop: asyncio.Event) -> None:
        """Look for work every `worker_poll` seconds, and at once again while there is some.

        `stop` ends it after the round that runs. Whatever goes wrong in a round, there is a next one. Mails, codes and
        waiting lists go on beside each other, so none holds another up.
        """
        works: list[Callable[[], Awaitable[int]]] = [self._mail, self.serve, partial(self.make_codes, stop)]
        works += self._others
        await asyncio.gather(*(self._again(work, stop) for work in works))

    async def _again(self, work: Callable[[], Awaitable[int]], stop: asyncio.Event) -> None:
        while not stop.is_set():
            found = 0
            try:
                found = await work()
            except Exception as error:  # the outermost loop
                if is_lost(error):
                    log.warning("the worker waits: the database does not answer")
                else:
                    log.exception("a round of the worker failed")
            if not found:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._settings.worker_poll)

    async def _mail(self) -> int:
        found = await self.round()
        await self._sweep()
        return found

    async def make_codes(self, stop: asyncio.Event | None = None) -> int:
        """Make the codes of the order that waits longest; whether there was one. `stop` leaves the rest for later."""
        return int(await making.make(self._database, self._clock, stop=stop) is not None)

    async def round(self) -> int:
        """Send some of the mails that are due, all together; how many they were."""
        now = self._clock()
        if not self._is_behind:  # else there is most likely more
            async with self._database.reading() as session:
                if not await deliveries.is_any_due(session, now=now):
                    return 0
        async with self._database.writing() as session:
            lease = timedelta(seconds=self._settings.mail_lease)
            found = await deliveries.claim(session, now=now, lease=lease, most=AT_ONCE)
        self._is_behind = len(found) == AT_ONCE
        tries = {asyncio.create_task(self._answer(due)): due for due in found}
        open_tries = set(tries)
        try:
            while open_tries:
                answered, open_tries = await asyncio.wait(open_tries, timeout=TOGETHER)
                if answered:
                    await self._settle([(tries[each], each.result()) for each in answered])
        finally:
            for each in open_tries:
                each.cancel()
            await asyncio.gather(*open_tries, return_exceptions=True)
        return len(found)

    async def _settle(self, answered: Sequence[tuple[Due, Answer]]) -> None:
        answers = {due.id: answer for due, answer in answered}
        states = await self._write(deliveries.settle, answers, pauses=self._settings.retry_pauses)
        for due, answer in answered:
            if states.get(due.id) == "dead" and answer not in {NOBODY, NOT_NEEDED}:
                log.warning("mail %s (%s) was given up: %s", due.id, due.kind, answer.said)

    async def serve(self) -> int:
        """Settle what is over, offer what is free to who waits, tell of events that moved, write the reports that are
        due by mail; how many all these were."""
        now = self._clock()
        async with self._database.reading() as session:
            overdue = await holds.overdue_events(session, now=now)
            offers = await line.due_offers(session, now=now)
            unlabelled = await labels.due(session, now=now)
            called_off = await line.called_off(session, now=now)
            unanswered = await passes.called_off(session)
            moved = await moves.due(session, now=now)
            to_report = await report_schedules.due(session, now=now)
        done = 0
        works: list[tuple[Callable[..., Awaitable[int]], UUID]] = [(holds.settle, event_id) for event_id in overdue]
        works += [(redemptions.serve_line, offer_id) for offer_id in offers]
        works += [(labels.pause, code_id) for code_id in unlabelled]
        works += [(line.call_off, event_id) for event_id in called_off]
        works += [(passes.call_off, event_id) for event_id in unanswered]
        works += [(moves.tell, move_id) for move_id in moved]
        works += [(partial(report_schedules.owe, keys=self._keys), schedule_id) for schedule_id in to_report]
        for work, of in works:
            try:
                done += await self._write(work, of)
            except Exception as error:  # one event or offer never stops the others
                if is_lost(error):
                    raise
                log.exception("holds, a waiting list or a report could not be served: %s", of)
        return done

    async def _write(self, effect: Callable[..., Awaitable[T]], *given: Any, **facts: Any) -> T:
        return await retrying.written(self._database, self._clock, effect, *given, **facts)

    async def _answer(self, due: Due) -> Answer:
        """What comes of one try. A mail that we fail to write is our own mistake: it waits for us to mend it."""
        try:
            if due.to and readers.is_nobodys(due.to):
                return NOBODY
            if not due.is_needed(self._clock()):
                return NOT_NEEDED
            async with asyncio.timeout(self._settings.mail_lease / 2):  # else somebody else would begin to send it
                report = await self._report(due.reported) if due.reported else None
                return await self._post(writing.written(due, self._settings, self._keys, report))
        except LinkLost:
            return Failed(permanent=True, said="the key that made its link is gone")
        except Exception as error:  # one mail never stops the others
            log.exception("mail %s (%s) could not be sent", due.id, due.kind)
            return Failed(permanent=False, said=type(error).__name__)

    async def _report(self, reported: Reported) -> Mail:
        return await reporting.mail(self._database, reported, self._settings.base_url, self._keys, now=self._clock())

    async def _sweep(self) -> None:
        now = self._clock()
        if self._swept_at is None or now - self._swept_at >= SWEEP_EVERY:
            async with self._database.writing() as session:
                kept = timedelta(seconds=self._settings.idempotency_retention)
                await retention.sweep(session, now=now, idempotency=kept)
            await self._write(codes.tell_ending)
            await self._write(invitations.end)
            await self._write(wishes.overtake)
            self._swept_at = now
